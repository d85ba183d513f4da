// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/boot_entry.h"

#include <stdio.h>
#include <string.h>

#include <imgfmt/options.h>

bool boot_order_decode(const void *data, size_t size, struct boot_order *ret_order)
{
	const uint8_t *from = data;

	if (size % 2 || size / 2 > BOOT_MAX_ENTRIES)
		return false;
	ret_order->count = size / 2;
	for (size_t i = 0; i < ret_order->count; i++)
		ret_order->number[i] = (uint16_t)(from[2 * i] | from[2 * i + 1] << 8);
	return true;
}

void boot_order_encode(const struct boot_order *order, void *data)
{
	uint8_t *to = data;

	for (size_t i = 0; i < order->count; i++) {
		to[2 * i] = (uint8_t)order->number[i];
		to[2 * i + 1] = (uint8_t)(order->number[i] >> 8);
	}
}

int boot_order_find(const struct boot_order *order, uint16_t number)
{
	for (size_t i = 0; i < order->count; i++) {
		if (order->number[i] == number)
			return (int)i;
	}
	return -1;
}

bool boot_order_add(struct boot_order *order, uint16_t number, bool first)
{
	bool present = boot_order_find(order, number) >= 0;

	if (present && !first)
		return true;
	if (present)
		boot_order_remove(order, number);
	if (order->count == BOOT_MAX_ENTRIES)
		return false;
	if (first)
		memmove(order->number + 1, order->number, order->count * sizeof(order->number[0]));
	order->number[first ? 0 : order->count] = number;
	order->count++;
	return true;
}

void boot_order_remove(struct boot_order *order, uint16_t number)
{
	size_t kept = 0;

	for (size_t i = 0; i < order->count; i++) {
		if (order->number[i] != number)
			order->number[kept++] = order->number[i];
	}
	order->count = kept;
}

struct boot_name boot_number_name(uint16_t number)
{
	struct boot_name name;

	snprintf(name.s, sizeof(name.s), "Boot%04X", number);
	return name;
}

bool boot_number_parse(const char *name, uint16_t *ret_number)
{
	static const char digits[] = "0123456789ABCDEF";
	uint16_t number = 0;

	if (strncmp(name, "Boot", 4) != 0 || strlen(name) != 8)
		return false;
	for (const char *at = name + 4; *at; at++) {
		const char *digit = strchr(digits, *at);

		if (!digit)
			return false;
		number = (uint16_t)(number << 4 | (digit - digits));
	}
	*ret_number = number;
	return true;
}

bool boot_number_unused(const uint16_t *used, size_t count, uint16_t *ret_number)
{
	for (uint32_t number = 0; number <= UINT16_MAX; number++) {
		size_t i = 0;

		while (i < count && used[i] != number)
			i++;
		if (i == count) {
			*ret_number = (uint16_t)number;
			return true;
		}
	}
	return false;
}

/* Returns the number of characters; what does not fit is left out. */
static size_t widen(const char *options, uint16_t wide[BOOT_MAX_OPTIONS])
{
	size_t count = 0;

	for (; count < BOOT_MAX_OPTIONS && options[count]; count++)
		wide[count] = (uint8_t)options[count];
	return count;
}

const char *boot_options_unknown(const char *options)
{
	uint16_t wide[BOOT_MAX_OPTIONS];
	size_t count = widen(options, wide);
	struct img_options parsed;
	struct img_word unknown;

	if (img_options_parse(wide, count, false, &parsed, &unknown))
		return NULL;
	return options + unknown.start;
}

bool boot_options_seal_always(const char *options)
{
	uint16_t wide[BOOT_MAX_OPTIONS];
	size_t count = widen(options, wide);
	struct img_options parsed;
	struct img_word unknown;

	return img_options_parse(wide, count, false, &parsed, &unknown) && parsed.seal_always;
}

/* Removes the words of one kind; *ret_parsed has what they say. */
static void remove_words(char *options, enum img_option kind, struct img_options *ret_parsed)
{
	uint16_t wide[BOOT_MAX_OPTIONS];
	size_t count = widen(options, wide);
	struct img_word word = { 0 };
	char *to = options;

	while (img_word_next(wide, count, &word)) {
		if (img_option_find(wide, word) == kind) {
			(void)img_option_parse(wide, word, ret_parsed);
			continue;
		}
		if (to != options)
			*to++ = ' ';
		memmove(to, options + word.start, word.length);
		to += word.length;
	}
	*to = '\0';
}

int boot_options_take_slot(char *options)
{
	struct img_options parsed = IMG_OPTIONS_DEFAULT;

	remove_words(options, IMG_OPTION_SLOT, &parsed);
	return parsed.slot;
}

bool boot_options_put_area(char options[BOOT_MAX_OPTIONS + 1], const char *area)
{
	struct img_options ignored = IMG_OPTIONS_DEFAULT;
	size_t used;

	remove_words(options, IMG_OPTION_AREA, &ignored);
	if (!*area)
		return true;
	remove_words(options, IMG_OPTION_PARTUUID, &ignored);
	used = strlen(options);
	if (used + 1 + strlen(area) > BOOT_MAX_OPTIONS)
		return false;
	snprintf(options + used, BOOT_MAX_OPTIONS + 1 - used, "%s%s", used ? " " : "", area);
	return true;
}

bool boot_options_have_area(const char *options, const char *area)
{
	uint16_t wide[BOOT_MAX_OPTIONS], wanted[BOOT_MAX_OPTIONS];
	size_t length = widen(options, wide), length_wanted = widen(area, wanted);
	struct img_options have, want;
	struct img_word word;

	if (!img_options_parse(wide, length, false, &have, &word) ||
	    !img_options_parse(wanted, length_wanted, false, &want, &word))
		return false;
	return have.have_area == want.have_area && have.area_offset == want.area_offset &&
	       memcmp(have.area_part_uuid, want.area_part_uuid, sizeof(have.area_part_uuid)) == 0;
}

static uint8_t *put_wide(uint8_t *to, const char *text)
{
	for (; *text; text++) {
		*to++ = (uint8_t)*text;
		*to++ = 0;
	}
	return to;
}

bool boot_options_encode(const char *options, bool behind_shim, uint8_t *data, size_t *ret_size)
{
	uint8_t *to = data;

	if (strlen(options) > BOOT_MAX_OPTIONS)
		return false;
	if (behind_shim)
		to = put_wide(to, BOOT_FILE_PATH);
	if (behind_shim && *options)
		to = put_wide(to, " ");
	to = put_wide(to, options);
	if (to != data) {
		*to++ = 0;
		*to++ = 0;
	}
	*ret_size = (size_t)(to - data);
	return true;
}

void boot_options_decode(const uint8_t *data, size_t size, char to[BOOT_MAX_OPTIONS + 1])
{
	size_t i;

	for (i = 0; i < size / 2 && i < BOOT_MAX_OPTIONS; i++) {
		unsigned int c = data[2 * i] | (unsigned int)data[2 * i + 1] << 8;

		if (!c)
			break;
		to[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	to[i] = '\0';
}

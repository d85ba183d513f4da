// SPDX-License-Identifier: GPL-2.0-or-later
/* Options are few words of ASCII; anything unknown is a refusal, not a guess. */
#include "options.h"

struct word {
	const uint16_t *text;
	size_t length;
};

static bool is_space(uint16_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint16_t lower(uint16_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint16_t)(c - 'A' + 'a') : c;
}

static bool next_word(const uint16_t **at, const uint16_t *end, struct word *ret_word)
{
	const uint16_t *from;

	while (*at < end && is_space(**at))
		(*at)++;
	from = *at;
	while (*at < end && !is_space(**at))
		(*at)++;
	*ret_word = (struct word){ from, (size_t)(*at - from) };
	return ret_word->length != 0;
}

static bool starts_with(struct word w, const char *ascii, struct word *ret_rest)
{
	size_t i;

	for (i = 0; ascii[i]; i++) {
		if (i >= w.length || lower(w.text[i]) != (uint16_t)ascii[i])
			return false;
	}
	*ret_rest = (struct word){ w.text + i, w.length - i };
	return true;
}

static bool is(struct word w, const char *ascii)
{
	struct word rest;

	return starts_with(w, ascii, &rest) && rest.length == 0;
}

static bool ends_with_efi(struct word w)
{
	return w.length >= 4 && is((struct word){ w.text + w.length - 4, 4 }, ".efi");
}

static int hex_digit(uint16_t c)
{
	c = lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Text 33221100-5544-7766-8899-aabbccddeeff to bytes 00 11 22 ...: RFC 9562 text, GPT bytes. */
static bool parse_uuid(struct word w, uint8_t ret_uuid[16])
{
	static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	size_t at = 0;
	int i;

	if (w.length != 36)
		return false;
	for (i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && w.text[at++] != '-')
			return false;
		high = hex_digit(w.text[at++]);
		low = hex_digit(w.text[at++]);
		if (high < 0 || low < 0)
			return false;
		ret_uuid[place[i]] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool parse_word(struct word w, struct options *o)
{
	struct word rest;

	if (is(w, "verbose"))
		return o->verbose = true;
	if (is(w, "simulate"))
		return o->simulate = true;
	if (is(w, "probe"))
		return o->probe = true;
	if (is(w, "quiet"))
		return o->quiet = true;
	if (is(w, "cores=1"))
		return o->one_core = true;
	if (starts_with(w, "slot=", &rest) && rest.length == 1) {
		o->slot = lower(rest.text[0]) - 'a';
		return o->slot == 0 || o->slot == 1;
	}
	if (starts_with(w, "partuuid=", &rest))
		return o->have_part_uuid = parse_uuid(rest, o->part_uuid);
	return false;
}

enum img_reason options_parse(const uint16_t *text, size_t count, struct options *ret_options,
			      struct img_detail *detail)
{
	struct options o = { .slot = -1 };
	const uint16_t *end = text;
	struct word w;
	uint64_t number;

	while ((size_t)(end - text) < count && *end)
		end++;
	for (number = 0; next_word(&text, end, &w); number++) {
		if (number == 0 && ends_with_efi(w))
			continue;
		if (!parse_word(w, &o)) {
			*detail = (struct img_detail){ .object = "boot entry option",
						       .index = number };
			return IMG_E_BAD_OPTION;
		}
	}
	*ret_options = o;
	return IMG_OK;
}

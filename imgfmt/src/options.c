// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* An unknown word is an error, never a guess. */
#include <imgfmt/format.h>
#include <imgfmt/guid.h>
#include <imgfmt/options.h>

struct chars {
	const uint16_t *at;
	size_t count;
};

static bool is_space(uint16_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint16_t lower(uint16_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint16_t)(c - 'A' + 'a') : c;
}

static bool at_end(const uint16_t *text, size_t count, size_t at)
{
	return at >= count || !text[at];
}

bool img_word_next(const uint16_t *text, size_t count, struct img_word *word)
{
	size_t at = word->start + word->length;

	word->number += word->length != 0;
	while (!at_end(text, count, at) && is_space(text[at]))
		at++;
	word->start = at;
	while (!at_end(text, count, at) && !is_space(text[at]))
		at++;
	word->length = at - word->start;
	return word->length != 0;
}

static bool starts_with(struct chars chars, const char *ascii, struct chars *ret_rest)
{
	size_t i;

	for (i = 0; ascii[i]; i++) {
		if (i >= chars.count || lower(chars.at[i]) != (uint16_t)ascii[i])
			return false;
	}
	*ret_rest = (struct chars){ chars.at + i, chars.count - i };
	return true;
}

static bool ends_with_efi(struct chars chars)
{
	struct chars rest;

	if (chars.count < 4)
		return false;
	return starts_with((struct chars){ chars.at + chars.count - 4, 4 }, ".efi", &rest);
}

static bool parse_slot(struct chars value, struct img_options *options)
{
	if (value.count != 1 || (lower(value.at[0]) != 'a' && lower(value.at[0]) != 'b'))
		return false;
	options->slot = lower(value.at[0]) - 'a';
	return true;
}

static bool parse_part_uuid(struct chars value, struct img_options *options)
{
	options->have_part_uuid = img_guid_parse(value.at, value.count, options->part_uuid);
	return options->have_part_uuid;
}

/* Decimal; false: no number, or too large. */
static bool parse_number(struct chars value, uint64_t *ret_number)
{
	uint64_t number = 0;

	for (size_t i = 0; i < value.count; i++) {
		if (value.at[i] < '0' || value.at[i] > '9' || number > ~0ull / 10 - 1)
			return false;
		number = number * 10 + (uint64_t)(value.at[i] - '0');
	}
	*ret_number = number;
	return value.count != 0;
}

static bool parse_area(struct chars value, struct img_options *options)
{
	size_t guid = IMG_GUID_TEXT - 1;

	options->have_area =
		value.count > guid && value.at[guid] == '+' &&
		img_guid_parse(value.at, guid, options->area_part_uuid) &&
		parse_number((struct chars){ value.at + guid + 1, value.count - guid - 1 },
			     &options->area_offset) &&
		options->area_offset % IMG_BLOCK == 0;
	return options->have_area;
}

/* Absolute, in the firmware's spelling; what else a path may contain is the file system's. */
static bool parse_path(struct chars value, uint16_t ret_path[IMG_PATH_MAX + 1])
{
	if (value.count < 2 || value.count > IMG_PATH_MAX || value.at[0] != '\\')
		return false;
	memset(ret_path, 0, (IMG_PATH_MAX + 1) * sizeof(*ret_path));
	memcpy(ret_path, value.at, value.count * sizeof(*ret_path));
	return true;
}

/* The value is what follows the word; a word without '=' has an empty value. */
static enum img_option find(const uint16_t *text, struct img_word word, struct chars *ret_value)
{
#define OPTION_WORD(sym, word, values, meaning) { word, sizeof(values) > 1 },
	static const struct {
		const char *word;
		bool has_value;
	} options[] = { IMG_OPTIONS(OPTION_WORD) };
	struct chars chars = { text + word.start, word.length };

	for (int option = 0; option < IMG_OPTION_UNKNOWN; option++) {
		if (starts_with(chars, options[option].word, ret_value) &&
		    (options[option].has_value || ret_value->count == 0))
			return (enum img_option)option;
	}
	return IMG_OPTION_UNKNOWN;
}

enum img_option img_option_find(const uint16_t *text, struct img_word word)
{
	struct chars value;

	return find(text, word, &value);
}

bool img_option_parse(const uint16_t *text, struct img_word word, struct img_options *options)
{
	struct chars value;

	switch (find(text, word, &value)) {
	case IMG_OPTION_SLOT:
		return parse_slot(value, options);
	case IMG_OPTION_PARTUUID:
		return parse_part_uuid(value, options);
	case IMG_OPTION_AREA:
		return parse_area(value, options);
	case IMG_OPTION_CORES:
		return options->one_core = true;
	case IMG_OPTION_VERBOSE:
		return options->verbose = true;
	case IMG_OPTION_PROBE:
		return options->probe = true;
	case IMG_OPTION_QUIET:
		return options->quiet = true;
	case IMG_OPTION_SEAL:
		return options->seal_always = true;
	case IMG_OPTION_SIMULATE:
		return options->simulate = true;
	case IMG_OPTION_KERNEL:
		return parse_path(value, options->kernel);
	case IMG_OPTION_UNKNOWN:
		break;
	}
	return false;
}

bool img_options_parse(const uint16_t *text, size_t count, bool program,
		       struct img_options *ret_options, struct img_word *ret_unknown)
{
	struct img_options options = IMG_OPTIONS_DEFAULT;
	struct img_word word = { 0 };

	while (img_word_next(text, count, &word)) {
		if (program && word.number == 0 &&
		    ends_with_efi((struct chars){ text + word.start, word.length }))
			continue;
		if (!img_option_parse(text, word, &options)) {
			*ret_unknown = word;
			return false;
		}
	}
	*ret_options = options;
	return true;
}

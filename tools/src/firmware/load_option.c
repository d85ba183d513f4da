// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/load_option.h"

#include <ctype.h>
#include <string.h>

/* UEFI 2.10, 3.1.3: attributes, the size of the path list, the description. */
#define PATH_SIZE   4u
#define DESCRIPTION 6u

/* UEFI 2.10, 10.3.1, 10.3.5.4. */
#define NODE_HEAD	4u
#define TYPE_MEDIA	4u
#define SUBTYPE_FILE	4u
#define TYPE_END	0x7fu
#define SUBTYPE_END_ALL 0xffu

static unsigned int load16(const uint8_t *from)
{
	return from[0] | (unsigned int)from[1] << 8;
}

bool load_option_decode(const uint8_t *data, size_t size, struct load_option *ret_option)
{
	size_t at = DESCRIPTION, path_size;

	while (at + 2 <= size && load16(data + at))
		at += 2;
	if (at + 2 > size)
		return false;
	at += 2;
	path_size = load16(data + PATH_SIZE);
	if (path_size > size - at)
		return false;
	*ret_option = (struct load_option){ data + at, path_size, data + at + path_size,
					    size - at - path_size };
	return true;
}

static bool begins_with(const uint8_t *wide, size_t count, const char *text)
{
	for (; *text; text++, wide += 2, count--) {
		if (!count || load16(wide) > 0x7f ||
		    tolower((int)load16(wide)) != tolower((unsigned char)*text))
			return false;
	}
	return true;
}

static bool contains(const uint8_t *wide, size_t count, const char *text)
{
	for (; count && load16(wide); wide += 2, count--) {
		if (begins_with(wide, count, text))
			return true;
	}
	return false;
}

bool load_option_names_file(const struct load_option *option, const char *file)
{
	const uint8_t *node = option->path;
	size_t left = option->path_size;

	while (left >= NODE_HEAD) {
		size_t length = load16(node + 2);

		if (length < NODE_HEAD || length > left ||
		    (node[0] == TYPE_END && node[1] == SUBTYPE_END_ALL))
			return false;
		if (node[0] == TYPE_MEDIA && node[1] == SUBTYPE_FILE &&
		    contains(node + NODE_HEAD, (length - NODE_HEAD) / 2, file))
			return true;
		node += length;
		left -= length;
	}
	return false;
}

/* shim ends the word at a space or a NUL (load-options.c). */
bool load_option_skip_file(struct load_option *option, const char *file)
{
	size_t count = option->options_size / 2, length = strlen(file);
	unsigned int end;

	if (!begins_with(option->options, count, file))
		return false;
	end = length < count ? load16(option->options + 2 * length) : 0;
	if (end && end != ' ')
		return false;
	length += end == ' ';
	option->options += 2 * length;
	option->options_size -= 2 * length;
	return true;
}

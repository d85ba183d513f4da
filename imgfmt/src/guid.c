// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#include <imgfmt/guid.h>

/* The bytes of a GUID in the order of its text; a dash precedes the last four groups. */
static const uint8_t order[IMG_GUID_SIZE] = {
	3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
};

static bool dash_before(size_t i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

void img_guid_text(const uint8_t guid[IMG_GUID_SIZE], char ret_text[IMG_GUID_TEXT])
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < IMG_GUID_SIZE; i++) {
		if (dash_before(i))
			*ret_text++ = '-';
		*ret_text++ = digit[guid[order[i]] >> 4];
		*ret_text++ = digit[guid[order[i]] & 15];
	}
	*ret_text = '\0';
}

static int hex_digit(uint16_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool img_guid_parse(const uint16_t *text, size_t count, uint8_t ret_guid[IMG_GUID_SIZE])
{
	if (count != IMG_GUID_TEXT - 1)
		return false;
	for (size_t i = 0; i < IMG_GUID_SIZE; i++) {
		int high, low;

		if (dash_before(i) && *text++ != '-')
			return false;
		high = hex_digit(*text++);
		low = hex_digit(*text++);
		if (high < 0 || low < 0)
			return false;
		ret_guid[order[i]] = (uint8_t)(high << 4 | low);
	}
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 48u /* bytes of a line of 64 characters */

/* X.690: a SEQUENCE; a length of two bytes; an INTEGER of one byte, which is 0. */
#define TAG_SEQUENCE 0x30u
#define AT_VERSION   4u
#define AT_NEXT	     7u

bool pem_is_text(const uint8_t *data, size_t size)
{
	return memmem(data, size, "-----BEGIN ", 11) != NULL;
}

static char *put_group(char *to, const uint8_t *from, size_t count)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = (uint32_t)from[0] << 16;

	if (count > 1)
		bits |= (uint32_t)from[1] << 8;
	if (count > 2)
		bits |= from[2];
	for (unsigned int i = 0; i < 4; i++)
		*to++ = i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
	return to;
}

static char *encode(const char *label, const uint8_t *der, size_t size)
{
	size_t room = size / 3 * 4 + size / LINE + 2 * strlen(label) + 64;
	char *text = malloc(room), *to = text;

	if (!text)
		return NULL;
	to += sprintf(to, "-----BEGIN %s-----\n", label);
	for (size_t at = 0; at < size; at += 3) {
		to = put_group(to, der + at, size - at < 3 ? size - at : 3);
		if (at % LINE == LINE - 3 || size - at <= 3)
			*to++ = '\n';
	}
	sprintf(to, "-----END %s-----\n", label);
	return text;
}

char *pem_certificate(const uint8_t *der, size_t size)
{
	return encode("CERTIFICATE", der, size);
}

char *pem_private_key(const uint8_t *der, size_t size)
{
	bool wrapped = size > AT_NEXT && memcmp(der + AT_VERSION, "\2\1\0", 3) == 0 &&
		       der[AT_NEXT] == TAG_SEQUENCE;

	return encode(wrapped ? "PRIVATE KEY" : "RSA PRIVATE KEY", der, size);
}

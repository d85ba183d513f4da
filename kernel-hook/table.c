// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <imgfmt/imgfmt.h>

#include "table.h"

#define SECTOR 512u

/* "MAJOR:MINOR"; 0 or -EPROTO. */
static int device_parse(const char *word, dev_t *ret_device)
{
	unsigned int major, minor;

	if (!word || sscanf(word, "%u:%u", &major, &minor) != 2)
		return -EPROTO;
	*ret_device = MKDEV(major, minor);
	return 0;
}

static int number_parse(const char *word, u64 unit, u64 *ret_bytes)
{
	u64 number;

	if (!word || kstrtou64(word, 10, &number) || number > U64_MAX / unit)
		return -EPROTO;
	*ret_bytes = number * unit;
	return 0;
}

/* "DEVICE SECTOR" (Linux, admin-guide/device-mapper/linear.rst) */
static int linear_parse(char *text, struct mapper_segment *segment)
{
	int error = device_parse(strsep(&text, " "), &segment->below);

	return error ?: number_parse(strsep(&text, " "), SECTOR, &segment->offset);
}

/* "CIPHER KEY IV_OFFSET DEVICE SECTOR ..." (likewise, dm-crypt.rst) */
static int crypt_parse(char *text, struct mapper_segment *segment)
{
	char *key;

	strsep(&text, " ");
	key = strsep(&text, " ");
	if (key)
		memzero_explicit(key, strlen(key));
	strsep(&text, " ");
	return linear_parse(text, segment);
}

/* "VERSION DEVICE HASH_DEVICE BLOCK HASH_BLOCK BLOCKS HASH_START ..." (likewise, verity.rst) */
static int verity_parse(char *text, struct mapper_segment *segment)
{
	u64 size = 0;
	int error;

	strsep(&text, " ");
	error = device_parse(strsep(&text, " "), &segment->below);
	if (!error)
		error = device_parse(strsep(&text, " "), &segment->hash);
	strsep(&text, " ");
	if (!error)
		error = number_parse(strsep(&text, " "), 1, &size);
	strsep(&text, " ");
	if (!error && (size < SECTOR || size > IMG_BLOCK || size % SECTOR))
		error = -EPROTO;
	segment->root_size = size;
	return error ?: number_parse(strsep(&text, " "), size, &segment->root);
}

int table_parse(char *text, struct mapper_segment *segment)
{
	if (!strcmp(segment->type, "linear"))
		return linear_parse(text, segment);
	if (!strcmp(segment->type, "crypt"))
		return crypt_parse(text, segment);
	if (!strcmp(segment->type, "verity"))
		return verity_parse(text, segment);
	return 0;
}

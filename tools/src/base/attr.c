// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/attr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/io.h"
#include "base/text.h"

/* An attribute has one page at most. */
int attr_read(const char *file, char **ret_text)
{
	_cleanup_free_ char *path = io_system_path("%s", file);
	size_t size;

	*ret_text = NULL;
	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", file);
	if (io_read_file(path, 4096, ret_text, &size)) {
		*ret_text = NULL;
		return errno == ENOENT ? 0 : fail_errno(FAIL_OPEN, "%s", file);
	}
	text_trim(*ret_text);
	text_printable_lines(*ret_text);
	return 0;
}

bool attr_restored(const char *text, uint64_t *ret_generation)
{
	static const char start[] = "restored generation=";
	const char *number = text + sizeof(start) - 1;
	unsigned long long value;
	char *end;

	if (strncmp(text, start, sizeof(start) - 1) != 0 || *number < '0' || *number > '9')
		return false;
	errno = 0;
	value = strtoull(number, &end, 10);
	if (errno || (*end && *end != ' '))
		return false;
	*ret_generation = value;
	return true;
}

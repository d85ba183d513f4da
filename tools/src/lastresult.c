// SPDX-License-Identifier: GPL-2.0-or-later
#include "lastresult.h"

#include <stdlib.h>
#include <string.h>

#include "efivars.h"
#include "io.h"
#include "sysattr.h"
#include "text.h"

/*
 * efivarfs shows the variables that were there when it was mounted: in a restored system not the
 * loader's, which the module knows.
 */
int lastresult_read(bool variables, char **ret_text)
{
	int status = 0, from_module;

	*ret_text = NULL;
	if (variables)
		status = efivars_read_last_result(ret_text);
	if (*ret_text) {
		text_printable_lines(*ret_text);
		return status;
	}
	from_module = sysattr_read(SYSATTR_DIR "loader_result", ret_text);
	if (*ret_text && !**ret_text) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return from_module > status ? from_module : status;
}

/* Cuts the next line of `*rest` into key and value; false: there is none. */
static bool next_line(char **rest, char **ret_key, char **ret_value)
{
	char *line;

	while ((line = strsep(rest, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		text_trim(value);
		*ret_key = line;
		*ret_value = value;
		return true;
	}
	return false;
}

char *lastresult_value(const char *text, const char *key)
{
	_cleanup_free_ char *lines = text ? strdup(text) : NULL;
	char *rest = lines, *found, *value;

	while (lines && next_line(&rest, &found, &value)) {
		if (strcmp(found, key) == 0)
			return strdup(value);
	}
	return strdup("");
}

void lastresult_json(const char *text, struct json_object *to)
{
	_cleanup_free_ char *lines = text ? strdup(text) : NULL;
	char *rest = lines, *key, *value;

	while (lines && next_line(&rest, &key, &value))
		json_put_text(to, key, value);
}

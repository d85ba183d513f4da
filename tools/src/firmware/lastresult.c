// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/lastresult.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/text.h"
#include "firmware/efivars.h"

/*
 * efivarfs shows the variables that existed when it was mounted: in a restored system the loader's
 * result is not among them, but the module knows it.
 */
int lastresult_read(char **ret_text)
{
	int status = 0;

	*ret_text = NULL;
	if (efivars_available())
		status = efivars_read_last_result(ret_text);
	if (*ret_text) {
		text_printable_lines(*ret_text);
		return status;
	}
	status = fail_worse(status, attr_read(ATTR_DIR "loader_result", ret_text));
	if (*ret_text && !(*ret_text)[0]) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return status;
}

char *lastresult_value(const char *text, enum img_result_key key)
{
	_cleanup_free_ char *lines = text ? strdup(text) : NULL;
	char *rest = lines;
	const char *found, *value;

	while (lines && text_next_pair(&rest, &found, &value)) {
		if (strcmp(found, img_result_key(key)) == 0)
			return strdup(value);
	}
	return strdup("");
}

void lastresult_json(const char *text, struct json_object *to)
{
	_cleanup_free_ char *lines = strdup(text);
	char *rest = lines;
	const char *key, *value;

	while (text_next_pair(&rest, &key, &value))
		json_put_text(to, key, value);
}

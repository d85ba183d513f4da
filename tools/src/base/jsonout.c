// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/jsonout.h"

#include <inttypes.h>
#include <stdio.h>
#include <uuid/uuid.h>

/* json-c owns `value` once it is added; if it cannot be added, it is released here. */
static void put(struct json_object *object, const char *key, struct json_object *value)
{
	if (!object || json_object_object_add(object, key, value))
		json_object_put(value);
}

void json_put_number(struct json_object *object, const char *key, uint64_t value)
{
	put(object, key, json_object_new_uint64(value));
}

void json_put_real(struct json_object *object, const char *key, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.2f", value);
	put(object, key, json_object_new_double_s(value, text));
}

void json_put_bool(struct json_object *object, const char *key, bool value)
{
	put(object, key, json_object_new_boolean(value));
}

void json_put_text(struct json_object *object, const char *key, const char *value)
{
	put(object, key, value ? json_object_new_string(value) : NULL);
}

void json_put_hex(struct json_object *object, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%#" PRIx64, value);
	json_put_text(object, key, text);
}

void json_put_uuid(struct json_object *object, const char *key, const uint8_t uuid[16])
{
	char text[UUID_STR_LEN];

	uuid_unparse_lower(uuid, text);
	json_put_text(object, key, text);
}

void json_put_slot(struct json_object *object, const char *key, uint32_t slot)
{
	json_put_text(object, key, slot ? "b" : "a");
}

static struct json_object *put_container(struct json_object *object, const char *key,
					 struct json_object *container)
{
	if (object && container && json_object_object_add(object, key, container) == 0)
		return container;
	json_object_put(container);
	return NULL;
}

struct json_object *json_put_object(struct json_object *object, const char *key)
{
	return put_container(object, key, json_object_new_object());
}

struct json_object *json_put_array(struct json_object *object, const char *key)
{
	return put_container(object, key, json_object_new_array());
}

struct json_object *json_array_of(struct json_object *object, const char *key)
{
	struct json_object *array;

	if (object && json_object_object_get_ex(object, key, &array))
		return array;
	return json_put_array(object, key);
}

static struct json_object *append(struct json_object *array, struct json_object *value)
{
	if (array && value && json_object_array_add(array, value) == 0)
		return value;
	json_object_put(value);
	return NULL;
}

struct json_object *json_append_object(struct json_object *array)
{
	return append(array, json_object_new_object());
}

void json_append_text(struct json_object *array, const char *value)
{
	(void)append(array, json_object_new_string(value));
}

bool json_print(struct json_object *object)
{
	const char *text =
		object ? json_object_to_json_string_ext(
				 object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)
		       : NULL;

	if (text)
		puts(text);
	json_object_put(object);
	return text;
}

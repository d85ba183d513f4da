/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shorthands for json-c.  A NULL object means "out of memory": adding to it, or adding it, does
 * nothing, and json_print returns false.
 */
#ifndef FASTBOOTCTL_JSONOUT_H
#define FASTBOOTCTL_JSONOUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

void json_put_number(struct json_object *object, const char *key, uint64_t value);
void json_put_real(struct json_object *object, const char *key, double value);
void json_put_bool(struct json_object *object, const char *key, bool value);
/* value: UTF-8, see text_printable.  NULL: null. */
void json_put_text(struct json_object *object, const char *key, const char *value);
/* "0x..." */
void json_put_hex(struct json_object *object, const char *key, uint64_t value);
void json_put_uuid(struct json_object *object, const char *key, const uint8_t uuid[16]);
/* "a", "b" */
void json_put_slot(struct json_object *object, const char *key, uint32_t slot);

/* A new object or array inside `object`. */
struct json_object *json_put_object(struct json_object *object, const char *key);
struct json_object *json_put_array(struct json_object *object, const char *key);
/* The array of that name, created if it is missing. */
struct json_object *json_array_of(struct json_object *object, const char *key);
struct json_object *json_append_object(struct json_object *array);
void json_append_text(struct json_object *array, const char *value);

/* Prints and frees; false: out of memory. */
bool json_print(struct json_object *object);

#endif

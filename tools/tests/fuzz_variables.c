// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firmware's variables: boot entries, their order, the loader's result.  This program has its
 * own libefivar; the system's libefiboot parses load options and device paths.
 *
 * Input: variables until the end: which one (1 byte), its parameters, the length of its content
 * (2 bytes), the content.
 */
#include "fuzz_tool.h"

#include <efivar/efivar.h>
#include <errno.h>

#include "base/text.h"
#include "firmware/efivars.h"
#include "firmware/lastresult.h"

#define MAX_VARIABLES 8u

struct variable {
	char name[24];
	efi_guid_t guid;
	const uint8_t *data;
	size_t size;
};

static struct variable variables[MAX_VARIABLES];
static unsigned int nr_variables, nr_listed;

static void take_variable(struct input *in)
{
	static const char *const names[] = { "BootOrder", "BootNext", "FastbootLastResult" };
	struct variable *v = &variables[nr_variables++];
	unsigned int which = (unsigned int)take(in, 1) % 5;

	*v = (struct variable){ .guid = EFI_GLOBAL_GUID };
	if (which < 3)
		snprintf(v->name, sizeof(v->name), "%s", names[which]);
	if (which == 2)
		v->guid = EFI_GUID(0x8ac4f28e, 0x6d6f, 0x4bd2, 0x9e59, 0x1a, 0x1c, 0xf6, 0x6f, 0x2b,
				   0x35);
	if (which == 3)
		snprintf(v->name, sizeof(v->name), "Boot%04X", (unsigned int)take(in, 1));
	if (which == 4)
		take_bytes(in, v->name, 8);
	v->size = (size_t)take(in, 2);
	if (v->size > in->size)
		v->size = in->size;
	v->data = in->data;
	in->data += v->size;
	in->size -= v->size;
}

/* libefivar. */

int efi_variables_supported(void)
{
	return 1;
}

int efi_get_next_variable_name(efi_guid_t **guid, char **name)
{
	if (nr_listed == nr_variables)
		return 0;
	*guid = &variables[nr_listed].guid;
	*name = variables[nr_listed++].name;
	return 1;
}

/* Allocates exactly the content's size, so that the sanitizer sees a step outside. */
int efi_get_variable(efi_guid_t guid, const char *name, uint8_t **data, size_t *size,
		     uint32_t *attributes)
{
	unsigned int i = 0;

	while (i < nr_variables && (strcmp(variables[i].name, name) != 0 ||
				    memcmp(&variables[i].guid, &guid, sizeof(guid)) != 0))
		i++;
	if (i == nr_variables) {
		errno = ENOENT;
		return -1;
	}
	*size = variables[i].size;
	*attributes = 7;
	*data = malloc(*size + !*size);
	must(*data != NULL);
	if (*size)
		memcpy(*data, variables[i].data, *size);
	return 0;
}

/* What the tool does with the variables. */

static void read_entry(void)
{
	char options[BOOT_MAX_OPTIONS + 1];
	struct boot_entry entry;

	nr_listed = 0;
	if (efivars_find_entry(&entry))
		return;
	must(entry.present == (entry.nr_ours > 0) && entry.nr_ours <= entry.nr_used);
	must(entry.present == (entry.data != NULL));
	must(!entry.present || entry.number == entry.ours[0]);
	efivars_entry_options(&entry, options);
	must(text_is_printable(options));
	must(boot_options_take_slot(options) <= 1 && strlen(options) <= BOOT_MAX_OPTIONS);
	efivars_entry_free(&entry);
}

static void read_order(void)
{
	uint8_t data[2 * BOOT_MAX_ENTRIES];
	struct boot_order order;
	int next;

	if (efivars_read_next(&next) == 0)
		must(next >= -1 && next <= UINT16_MAX);
	if (efivars_read_order(&order))
		return;
	must(order.count <= BOOT_MAX_ENTRIES);
	boot_order_encode(&order, data);
	if (boot_order_add(&order, 0, true))
		must(boot_order_find(&order, 0) == 0);
	boot_order_remove(&order, 0);
	must(boot_order_find(&order, 0) < 0);
}

static void read_last_result(void)
{
	struct json_object *json = json_object_new_object();
	char *text, *value;

	must(json != NULL);
	if (lastresult_read(&text) || !text)
		goto out;
	value = lastresult_value(text, IMG_KEY_CODE);
	must(value && text_is_printable(value));
	lastresult_json(text, json);
	must(json_object_to_json_string(json) != NULL);
	free(value);
	free(text);
out:
	json_object_put(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	silence();
	nr_variables = 0;
	while (in.size && nr_variables < MAX_VARIABLES)
		take_variable(&in);
	read_entry();
	read_order();
	read_last_result();
	return 0;
}

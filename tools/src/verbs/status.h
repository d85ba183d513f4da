/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status shows: collected once, shown as text or as JSON. */
#ifndef FASTBOOTCTL_STATUS_H
#define FASTBOOTCTL_STATUS_H

#include "area/image.h"
#include "area/slots.h"
#include "base/jsonout.h"
#include "firmware/boot_entry.h"
#include "firmware/efivars.h"
#include "firmware/secureboot.h"

/* The module's sysfs files; NULL: no such file (the module is not loaded). */
struct status_kernel {
	char *state, *target, *last_refusal, *generation, *restore_count, *mode, *attempts, *seal;
};

struct status_images {
	bool present; /* all below */
	struct area area;
	struct part_content content;
	struct slots slots;
};

struct status_loader {
	bool available; /* whether EFI variables are */
	struct boot_entry entry;
	char options[BOOT_MAX_OPTIONS + 1];
	int position; /* in the boot order, from 0; -1: not in it */
	size_t order_count;
	bool next;	   /* BootNext names it */
	char *last_result; /* lines "key=value"; NULL: none */
};

struct status_secure_boot {
	enum secureboot state;
	char *loader; /* the file; NULL: not looked at */
	enum loader_trust trust;
};

struct status {
	struct status_kernel kernel;
	struct status_images images;
	struct status_loader loader;
	struct status_secure_boot secure_boot;
};

void status_text(const struct status *status);
void status_json(const struct status *status, struct json_object *to);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's variables, through libefivar and libefiboot. */
#ifndef FASTBOOTCTL_EFIVARS_H
#define FASTBOOTCTL_EFIVARS_H

#include "firmware/boot_entry.h"

/* Our boot entry, the first if a cloned disk has left several, and what adding one needs. */
struct boot_entry {
	bool present;
	uint16_t number;
	uint8_t *data; /* the load option; NULL if not present */
	size_t size;
	bool behind_shim;		 /* it starts shim, whose options name the loader */
	uint16_t ours[BOOT_MAX_ENTRIES]; /* all that are for the loader, sorted */
	size_t nr_ours;
	uint16_t used[BOOT_MAX_ENTRIES]; /* numbers of all Boot#### variables */
	size_t nr_used;
};

/* True if this kernel was started by UEFI and shows the variables. */
bool efivars_available(void);

/* 0, or the exit status after a report of why there are no variables, and what to do. */
int efivars_require(void);

/*
 * Finds the entry whose device path ends in BOOT_FILE_PATH, or whose options begin with it.  A
 * missing entry is no failure.
 * 0, or the exit status after a report, as for all functions below.
 */
int efivars_find_entry(struct boot_entry *ret_entry);
void efivars_entry_free(struct boot_entry *entry);
#define _cleanup_entry_ __attribute__((cleanup(efivars_entry_free)))

/* The entry's options for the loader; "" if it has none. */
void efivars_entry_options(const struct boot_entry *entry, char to[BOOT_MAX_OPTIONS + 1]);

/*
 * Makes the load option of an active entry.  dp: the device path; options: see boot_options_encode.
 * The caller frees *ret_data.
 */
int efivars_make_option(const uint8_t *dp, size_t dp_size, const uint8_t *options,
			size_t options_size, uint8_t **ret_data, size_t *ret_size);

int efivars_write_entry(uint16_t number, uint8_t *data, size_t size);

int efivars_read_order(struct boot_order *ret_order);
int efivars_write_order(const struct boot_order *order);

/*
 * Removes an entry from the order and then deletes it, so that the order never names a missing
 * entry.  If the firmware's store has no room for the new order, the entry is deleted first to make
 * room: firmware skips numbers without an entry (UEFI 2.10, 3.1.1).
 */
int efivars_delete_entry(uint16_t number, struct boot_order *order);

/* *ret_number: -1 if it is not set. */
int efivars_read_next(int *ret_number);
int efivars_write_next(uint16_t number);
int efivars_clear_next(void);

/* The loader's result; NULL: none.  Text, NUL-terminated; the caller frees it. */
int efivars_read_last_result(char **ret_text);

/* What firmware and shim say of Secure Boot: UEFI 2.10, 32.3; shim's mok.c. */
enum efivars_key {
	EFIVARS_SECURE_BOOT,
	EFIVARS_SETUP_MODE,
	EFIVARS_DB,
	EFIVARS_DBX,
	EFIVARS_MOK_SB_STATE,
	EFIVARS_MOK_IGNORE_DB,
	EFIVARS_MOK_LIST,
	EFIVARS_MOK_LIST_X,
};

/* *ret_data: NULL if the variable is missing; the caller frees it. */
int efivars_read_key(enum efivars_key which, uint8_t **ret_data, size_t *ret_size);

/* Deletes what a restored kernel left for the loader: docs/loader.md, "The kernel's refusal". */
int efivars_forget_refusal(void);

#endif

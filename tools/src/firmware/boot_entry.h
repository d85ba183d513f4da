/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot entries as numbers, orders and option texts.  Pure functions. */
#ifndef FASTBOOTCTL_BOOT_ENTRY_H
#define FASTBOOTCTL_BOOT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT_DESCRIPTION "Fast boot"
#define BOOT_FILE_PATH	 "\\EFI\\fastboot\\fastbootx64.efi"

/* More than any firmware keeps. */
#define BOOT_MAX_ENTRIES 256u
#define BOOT_MAX_OPTIONS 256u /* characters */

struct boot_order {
	uint16_t number[BOOT_MAX_ENTRIES];
	size_t count;
};

/* data: the BootOrder variable, little-endian.  False: odd size or too long. */
bool boot_order_decode(const void *data, size_t size, struct boot_order *ret_order);
/* data: 2 * order->count bytes. */
void boot_order_encode(const struct boot_order *order, void *data);

/* The position of `number`, from 0; -1: it is not in the order. */
int boot_order_find(const struct boot_order *order, uint16_t number);

/*
 * Adds `number` at the end or, with `first`, at the front; one that is there already moves only
 * with `first`.  False: no room.
 */
bool boot_order_add(struct boot_order *order, uint16_t number, bool first);
void boot_order_remove(struct boot_order *order, uint16_t number);

struct boot_name {
	char s[16];
};

/* 0x1a to "Boot001A". */
struct boot_name boot_number_name(uint16_t number);

/* "Boot001A" to 0x1a; UEFI 2.10, 3.1.2: four upper-case hexadecimal digits. */
bool boot_number_parse(const char *name, uint16_t *ret_number);

/* The lowest number that is not among `used` (any order, repeats allowed).  False: no number. */
bool boot_number_unused(const uint16_t *used, size_t count, uint16_t *ret_number);

/*
 * The loader refuses options it does not know, so they must not get into an entry.  NULL: all are
 * known; otherwise the first unknown word, in the caller's text.  options: at most BOOT_MAX_OPTIONS
 * characters, here and below.
 */
const char *boot_options_unknown(const char *options);

/* Do they ask for sealed images even while Secure Boot is off? */
bool boot_options_seal_always(const char *options);

/*
 * Removes the words "slot=..." from the options.  Returns the slot that the last one names, which
 * the loader uses, or -1.
 */
int boot_options_take_slot(char *options);

/*
 * Replaces the words "area=..." by `area`; a partuuid= then has no meaning, and goes, too.  area:
 * "": a partition, which the loader finds by itself or by partuuid=.  False: no room.
 */
bool boot_options_put_area(char options[BOOT_MAX_OPTIONS + 1], const char *area);

/* Does the loader look at the place that `area` names, "area=..." or ""? */
bool boot_options_have_area(const char *options, const char *area);

/* The options' UCS-2, with BOOT_FILE_PATH, a space and a NUL. */
#define BOOT_OPTIONS_SIZE (2 * (sizeof(BOOT_FILE_PATH) + 1 + BOOT_MAX_OPTIONS))

/*
 * Encodes the options, which must be ASCII, as UCS-2, little-endian, with a NUL at the end; ""
 * becomes nothing at all.  behind_shim: after BOOT_FILE_PATH, which shim then starts.  data: room
 * for BOOT_OPTIONS_SIZE bytes.  False: too long.
 */
bool boot_options_encode(const char *options, bool behind_shim, uint8_t *data, size_t *ret_size);

/* The inverse; what is not printable ASCII becomes '?'.  Cuts at BOOT_MAX_OPTIONS. */
void boot_options_decode(const uint8_t *data, size_t size, char to[BOOT_MAX_OPTIONS + 1]);

#endif

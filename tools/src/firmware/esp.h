/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI system partition as a mounted directory. */
#ifndef FASTBOOTCTL_ESP_H
#define FASTBOOTCTL_ESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* BOOT_FILE_PATH as seen from the mount point. */
#define ESP_LOADER_DIR	"EFI/fastboot"
#define ESP_LOADER_NAME "fastbootx64.efi"

/* wanted: --esp, or NULL for the usual places.  The caller frees *ret_dir.  Exit status. */
int esp_find(const char *wanted, char **ret_dir);

/* The same for the usual places without a report; NULL: not mounted. */
char *esp_look(void);

/* The caller frees it; NULL: out of memory. */
char *esp_loader_path(const char *esp);

/* Installs the loader under its name, whole or not at all.  Exit status. */
int esp_put_loader(const char *esp, const void *data, size_t size, bool *ret_changed);

/* Removes the loader and its directory, if present.  Exit status. */
int esp_remove_loader(const char *esp);

/*
 * What only a mounted disk can answer, in a file of its own (esp_device.c), so that a test without
 * a disk can replace it.
 */
bool esp_device_is_fat(const char *dir);

/*
 * The firmware's device path of a file on the partition: HD(...)/File(...).  The caller frees
 * *ret_dp.  0, or -1 with errno.
 */
int esp_device_path(const char *file, uint8_t **ret_dp, size_t *ret_size);

#endif

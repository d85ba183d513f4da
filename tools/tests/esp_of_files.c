// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fastbootctl for tests without a disk and without firmware: a directory with a folder EFI is an
 * EFI system partition, and $EFIVARFS_PATH another with the variables.
 */
#include <efivar/efiboot.h>
#include <efivar/efivar.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "firmware/esp.h"

bool esp_device_is_fat(const char *dir)
{
	_cleanup_free_ char *path = NULL;

	return asprintf(&path, "%s/EFI", dir) >= 0 && access(path, F_OK) == 0;
}

int esp_device_path(const char *file, uint8_t **ret_dp, size_t *ret_size)
{
	static const uint8_t guid[16] = { 1 };
	const char *name = strstr(file, "/EFI/");
	_cleanup_free_ char *path = strdup(name ? name : "");
	ssize_t hd, node, end;

	*ret_dp = calloc(1, 1024);
	if (!*ret_dp || !path || !name || access(file, F_OK))
		return -1;
	for (char *at = path; *at; at++) {
		if (*at == '/')
			*at = '\\';
	}
	hd = efidp_make_hd(*ret_dp, 1024, 1, 2048, 4096, (uint8_t *)(uintptr_t)guid, 2, 2);
	node = efidp_make_file(*ret_dp + hd, 1024 - hd, path);
	end = efidp_make_end_entire(*ret_dp + hd + node, 1024 - hd - node);
	*ret_size = (size_t)(hd + node + end);
	return 0;
}

/* efivarfs replaces a variable; a plain file would keep its tail. */
int __real_efi_set_variable(efi_guid_t guid, const char *name, uint8_t *data, size_t size,
			    uint32_t attributes, mode_t mode);
int __wrap_efi_set_variable(efi_guid_t guid, const char *name, uint8_t *data, size_t size,
			    uint32_t attributes, mode_t mode);
int __wrap_efi_set_variable(efi_guid_t guid, const char *name, uint8_t *data, size_t size,
			    uint32_t attributes, mode_t mode)
{
	_cleanup_free_ char *path = NULL, *text = NULL;

	if (efi_guid_to_str(&guid, &text) < 0 ||
	    asprintf(&path, "%s%s-%s", getenv("EFIVARFS_PATH"), name, text) < 0)
		return -1;
	(void)unlink(path);
	return __real_efi_set_variable(guid, name, data, size, attributes, mode);
}

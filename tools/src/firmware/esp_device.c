// SPDX-License-Identifier: GPL-2.0-or-later
#include <efivar/efiboot.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/statfs.h>

#include "base/io.h"
#include "firmware/esp.h"

bool esp_device_is_fat(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && fs.f_type == MSDOS_SUPER_MAGIC;
}

int esp_device_path(const char *file, uint8_t **ret_dp, size_t *ret_size)
{
	_cleanup_free_ uint8_t *dp = NULL;
	ssize_t size = efi_generate_file_device_path(NULL, 0, file, EFIBOOT_ABBREV_HD);

	if (size <= 0)
		return -1;
	dp = malloc((size_t)size);
	if (!dp)
		return -1;
	size = efi_generate_file_device_path(dp, size, file, EFIBOOT_ABBREV_HD);
	if (size <= 0)
		return -1;
	*ret_dp = dp;
	*ret_size = (size_t)size;
	dp = NULL;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/io.h"
#include "firmware/esp.h"
#include "firmware/pe.h"

#define MAX_LOADER (16u << 20)

void loader_free(struct loader *loader)
{
	free(loader->data);
	*loader = (struct loader){ 0 };
}

int loader_read(const char *file, struct loader *ret_loader)
{
	char *data;
	size_t size;

	*ret_loader = (struct loader){ 0 };
	if (io_read_file(file, MAX_LOADER, &data, &size))
		return fail_errno(FAIL_OPEN, "%s", file);
	if (!pe_is_x64((uint8_t *)data, size)) {
		free(data);
		return fail(FAIL_LOADER_INVALID, "%s is not an x86-64 EFI program", file);
	}
	*ret_loader = (struct loader){ (uint8_t *)data, size };
	return 0;
}

int loader_read_installed(const char *esp, struct loader *ret_loader)
{
	_cleanup_free_ char *path = esp_loader_path(esp);
	char *data;
	size_t size;

	*ret_loader = (struct loader){ 0 };
	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", esp);
	if (io_read_file(path, MAX_LOADER, &data, &size))
		return errno == ENOENT || errno == ENOTDIR ? 0 : fail_errno(FAIL_OPEN, "%s", path);
	*ret_loader = (struct loader){ (uint8_t *)data, size };
	return 0;
}

bool loader_is_signed(const struct loader *loader)
{
	return loader->data && pe_is_signed(loader->data, loader->size);
}

/* *ret_kept: the loader is the installed one now. */
static int keep_installed(struct loader *loader, const struct loader *installed,
			  const struct signer_key *key, bool *ret_kept)
{
	int status;

	*ret_kept = false;
	if (!installed->data ||
	    !pe_is_signed_copy(loader->data, loader->size, installed->data, installed->size))
		return 0;
	status = signer_verify(key->cert, installed->data, installed->size, ret_kept);
	if (status || !*ret_kept)
		return status;
	free(loader->data);
	loader->data = malloc(installed->size);
	if (!loader->data)
		return fail_errno(FAIL_NO_MEMORY, "the loader");
	memcpy(loader->data, installed->data, installed->size);
	loader->size = installed->size;
	return 0;
}

int loader_sign(struct loader *loader, const struct loader *installed, const struct signer_key *key)
{
	struct loader with;
	bool kept;
	int status = keep_installed(loader, installed, key, &kept);

	if (status || kept)
		return status;
	status = signer_sign(key, loader->data, loader->size, &with.data, &with.size);
	if (status)
		return status;
	if (signer_is_for_modules(with.data, with.size)) {
		loader_free(&with);
		return fail(FAIL_KEY_USAGE, "%s is for modules alone", key->cert_file);
	}
	loader_free(loader);
	*loader = with;
	return 0;
}

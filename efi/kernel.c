// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One kernel whose initrd and command line have its owner's signature, too: so that a key can be
 * left for it alone.  A boot loader that is signed does not pass, because it starts any kernel, and
 * neither does a kernel that is, because it takes any initrd (imgfmt/unified.h).
 *
 * The file is read once.  What LoadImage() verifies is what was looked at here: under shim, shim's
 * own LoadImage() (16 or later), which takes what the distribution and the machine's owner have
 * signed; without it, the firmware's, which takes what its db has a key for.
 */
#include "kernel.h"

#include <imgfmt/unified.h>

#include "alloc.h"
#include "keypage.h"
#include "loader.h"
#include "report.h"

struct kernel {
	uint8_t *file;
	UINTN size;
	EFI_HANDLE image; /* NULL: not loaded */
};

static EFI_LOADED_IMAGE *loaded_image(EFI_HANDLE handle)
{
	EFI_GUID guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *image;

	return EFI_ERROR(BS->HandleProtocol(handle, &guid, (void **)&image)) ? NULL : image;
}

static EFI_FILE_HANDLE open_file(EFI_HANDLE device, const CHAR16 *path)
{
	EFI_GUID guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *volume;
	EFI_FILE_HANDLE root, file;
	EFI_STATUS status;

	if (EFI_ERROR(BS->HandleProtocol(device, &guid, (void **)&volume)) ||
	    EFI_ERROR(volume->OpenVolume(volume, &root)))
		return NULL;
	status = root->Open(root, &file, (CHAR16 *)path, EFI_FILE_MODE_READ, 0);
	root->Close(root);
	return EFI_ERROR(status) ? NULL : file;
}

/* NULL, or what is wrong with it. */
static const char *read_all(struct loader *l, EFI_FILE_HANDLE file, struct kernel *k)
{
	UINT64 size;

	/* UEFI 2.10, 13.5: this position is the end. */
	if (EFI_ERROR(file->SetPosition(file, UINT64_MAX)) ||
	    EFI_ERROR(file->GetPosition(file, &size)) || EFI_ERROR(file->SetPosition(file, 0)))
		return "cannot be read";
	k->size = size;
	k->file = alloc_pages(&l->memory, size);
	if (!k->file)
		return "no memory for it";
	if (EFI_ERROR(file->Read(file, &k->size, k->file)) || k->size != size)
		return "cannot be read";
	return NULL;
}

static const char *read_kernel(struct loader *l, EFI_HANDLE device, struct kernel *k)
{
	EFI_FILE_HANDLE file = open_file(device, l->options.kernel);
	const char *trouble;

	if (!file)
		return "not found";
	trouble = read_all(l, file, k);
	file->Close(file);
	return trouble ? trouble : img_unified_trouble(k->file, k->size);
}

static const char *load(struct loader *l, EFI_HANDLE device, struct kernel *k)
{
	EFI_DEVICE_PATH *path = FileDevicePath(device, l->options.kernel);
	EFI_STATUS status;

	if (!path)
		return "no memory for it";
	status = BS->LoadImage(FALSE, l->self, path, k->file, k->size, &k->image);
	BS->FreePool(path);
	if (!EFI_ERROR(status))
		return NULL;
	/* What is not accepted can have been loaded (UEFI 2.10, 7.4.1). */
	if (k->image)
		BS->UnloadImage(k->image);
	return status == EFI_SECURITY_VIOLATION || status == EFI_ACCESS_DENIED
		       ? "Secure Boot does not accept it"
		       : "cannot be loaded";
}

static const char *prepare(struct loader *l, struct kernel *k)
{
	EFI_LOADED_IMAGE *self = loaded_image(l->self);
	const char *trouble;

	if (!self)
		return "not found";
	trouble = read_kernel(l, self->DeviceHandle, k);
	if (!trouble)
		trouble = load(l, self->DeviceHandle, k);
	/* The firmware has a copy. */
	alloc_release(&l->memory);
	return trouble;
}

void kernel_start(struct loader *l)
{
	struct kernel kernel = { 0 };
	const char *trouble;

	if (!l->options.kernel[0])
		return;
	trouble = prepare(l, &kernel);
	if (!trouble) {
		report_kernel(l, l->options.kernel);
		keypage_leave_vetted(&l->trust, &l->handoff);
		BS->StartImage(kernel.image, NULL, NULL);
		keypage_withdraw();
		trouble = "it gave up";
	}
	report_no_kernel(l, l->options.kernel, trouble);
}

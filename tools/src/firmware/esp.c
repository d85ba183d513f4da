// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/esp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/io.h"

#define TEMPORARY_NAME "fastbootx64.new"

char *esp_look(void)
{
	static const char *const places[] = { "/boot/efi", "/efi", "/boot" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *dir = io_system_path("%s", places[i]);

		if (dir && esp_device_is_fat(dir))
			return dir;
		free(dir);
	}
	return NULL;
}

int esp_find(const char *wanted, char **ret_dir)
{
	if (wanted && access(wanted, F_OK))
		return fail_errno(FAIL_ESP_MISSING, "%s", wanted);
	if (wanted && !esp_device_is_fat(wanted))
		return fail(FAIL_ESP_NOT_FAT, "%s is not on a FAT file system", wanted);
	*ret_dir = wanted ? strdup(wanted) : esp_look();
	if (*ret_dir)
		return 0;
	if (wanted)
		return fail_errno(FAIL_NO_MEMORY, "%s", wanted);
	return fail(FAIL_ESP_MISSING,
		    "no EFI system partition is mounted on /boot/efi, /efi or /boot");
}

char *esp_loader_path(const char *esp)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s", esp, ESP_LOADER_DIR, ESP_LOADER_NAME) < 0)
		return NULL;
	return path;
}

static int make_dir(int at, const char *name)
{
	return mkdirat(at, name, 0755) && errno != EEXIST ? -1 : 0;
}

static int open_loader_dir(const char *esp, bool create)
{
	_cleanup_close_ int esp_fd = open(esp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (esp_fd < 0)
		return -1;
	if (create && (make_dir(esp_fd, "EFI") || make_dir(esp_fd, ESP_LOADER_DIR)))
		return -1;
	return openat(esp_fd, ESP_LOADER_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool same_content(int dir, const void *data, size_t size)
{
	_cleanup_close_ int fd = openat(dir, ESP_LOADER_NAME, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ void *now = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || (uint64_t)st.st_size != size)
		return false;
	now = malloc(size ? size : 1);
	return now && io_pread(fd, now, size, 0) == 0 && memcmp(now, data, size) == 0;
}

static int write_temporary(int dir, const void *data, size_t size)
{
	_cleanup_close_ int fd =
		openat(dir, TEMPORARY_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || io_write(fd, data, size) || fsync(fd))
		return -1;
	return 0;
}

/* FAT has no journal: everything is flushed, because the machine may be switched off next. */
static int replace_loader(int dir, const void *data, size_t size)
{
	if (write_temporary(dir, data, size) ||
	    renameat(dir, TEMPORARY_NAME, dir, ESP_LOADER_NAME) || syncfs(dir)) {
		int saved = errno;

		(void)unlinkat(dir, TEMPORARY_NAME, 0);
		errno = saved;
		return -1;
	}
	return 0;
}

int esp_put_loader(const char *esp, const void *data, size_t size, bool *ret_changed)
{
	_cleanup_close_ int dir = open_loader_dir(esp, true);

	if (dir < 0)
		return fail_errno(FAIL_ESP_WRITE, "%s/%s", esp, ESP_LOADER_DIR);
	*ret_changed = !same_content(dir, data, size);
	if (*ret_changed && replace_loader(dir, data, size))
		return fail_errno(FAIL_ESP_WRITE, "%s/%s/%s", esp, ESP_LOADER_DIR, ESP_LOADER_NAME);
	return 0;
}

/* A directory in which the user keeps other files stays. */
static int remove_dir(const char *esp)
{
	_cleanup_close_ int fd = open(esp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (unlinkat(fd, ESP_LOADER_DIR, AT_REMOVEDIR) && errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	return syncfs(fd);
}

int esp_remove_loader(const char *esp)
{
	_cleanup_close_ int dir = open_loader_dir(esp, false);

	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0 || (unlinkat(dir, ESP_LOADER_NAME, 0) && errno != ENOENT) || remove_dir(esp))
		return fail_errno(FAIL_ESP_WRITE, "%s/%s/%s", esp, ESP_LOADER_DIR, ESP_LOADER_NAME);
	return 0;
}

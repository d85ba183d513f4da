// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/shim.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/io.h"
#include "base/text.h"

#define OS_RELEASE "/etc/os-release"
#define MAX_TEXT   65536u

/* os-release(5): ID has no spaces; quotes are allowed.  "" if unknown. */
static void read_distribution(char to[64])
{
	_cleanup_free_ char *path = io_system_path("%s", OS_RELEASE), *text = NULL;
	const char *key, *value;
	char *rest;
	size_t size;

	to[0] = '\0';
	if (!path || io_read_file(path, MAX_TEXT, &text, &size))
		return;
	rest = text;
	while (text_next_pair(&rest, &key, &value)) {
		if (strcmp(key, "ID") == 0)
			snprintf(to, 64, "%.*s", (int)strcspn(value + strspn(value, "\"'"), "\"'"),
				 value + strspn(value, "\"'"));
	}
}

static bool is_in(const char *esp, const char *dir, const char *name)
{
	_cleanup_free_ char *path = NULL;

	return asprintf(&path, "%s/EFI/%s/%s", esp, dir, name) >= 0 && access(path, F_OK) == 0;
}

static int accept(const char *esp, const char *name, char **ret_file)
{
	if (asprintf(ret_file, "%s/%s", esp, name) < 0) {
		*ret_file = NULL;
		return fail_errno(FAIL_NO_MEMORY, "%s", name);
	}
	if (access(*ret_file, F_OK) == 0)
		return 0;
	free(*ret_file);
	*ret_file = NULL;
	return fail(FAIL_NO_SHIM, "there is no %s/%s", esp, name);
}

/* Returns how many folders have a shim beside a GRUB; name: the distribution's, or the last. */
static unsigned int list(const char *esp, const char *distribution, char name[300])
{
	_cleanup_free_ char *path = NULL;
	struct dirent *entry;
	unsigned int found = 0;
	DIR *dir;

	if (asprintf(&path, "%s/EFI", esp) < 0)
		return 0;
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || !is_in(esp, entry->d_name, "shimx64.efi") ||
		    !is_in(esp, entry->d_name, "grubx64.efi"))
			continue;
		snprintf(name, 300, "EFI/%s/shimx64.efi", entry->d_name);
		found++;
		if (strcasecmp(entry->d_name, distribution) == 0) {
			found = 1;
			break;
		}
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

int shim_find(const char *esp, const char *wanted, char **ret_file)
{
	char distribution[64], name[300];
	unsigned int found;

	*ret_file = NULL;
	if (wanted)
		return accept(esp, wanted, ret_file);
	read_distribution(distribution);
	found = list(esp, distribution, name);
	if (found == 1)
		return accept(esp, name, ret_file);
	return fail(FAIL_NO_SHIM, "%s: %s", esp,
		    found ? "several folders below EFI have a shimx64.efi and a grubx64.efi"
			  : "no folder below EFI has a shimx64.efi and a grubx64.efi");
}

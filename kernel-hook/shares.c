// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "findings.h"
#include "shares.h"

static char network_ok[512];
module_param_string(network_ok, network_ok, sizeof(network_ok), 0644);
MODULE_PARM_DESC(network_ok, "mount points, separated by commas, of writable network file systems "
			     "that a golden image may contain nevertheless");

/*
 * The parameter ends with a newline if it came from sysfs.  If a file system is mounted twice, as
 * NFS does with two directories of one server, naming one mount would permit the other, too.
 */
static bool is_permitted(const struct survey_fs *fs)
{
	size_t length = strlen(fs->point), size;
	const char *at = network_ok;
	bool found = false;

	kernel_param_lock(THIS_MODULE);
	while (length && !fs->elsewhere && !found && *at) {
		size = strcspn(at, ",\n");
		found = size == length && !strncmp(at, fs->point, length);
		at += size + !!at[size];
	}
	kernel_param_unlock(THIS_MODULE);
	return found;
}

static bool is_one_of(const char *name, const char *const *names, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

/* Shares of the host, whose transport cannot be restored: see drivers.c. */
static bool is_of_the_host(const struct survey_fs *fs)
{
	static const char *const types[] = { "9p", "virtiofs", "vboxsf" };

	return is_one_of(fs->type, types, ARRAY_SIZE(types));
}

/* FUSE file systems whose program, which is in the image, has all of their contents. */
static bool is_of_a_program(const struct survey_fs *fs)
{
	static const char *const subtypes[] = { "lxcfs",    "portal",	  "gvfsd-fuse",
						"snapfuse", "squashfuse", "squashfuse_ll",
						"bindfs",   "jmtpfs" };

	return !strcmp(fs->type, "fuse") && is_one_of(fs->subtype, subtypes, ARRAY_SIZE(subtypes));
}

static void share_add(struct findings *findings, const struct survey_fs *fs)
{
	finding_add(findings, "%s: %s%s%s%s", fs->point[0] ? fs->point : "in a mount namespace",
		    fs->type, fs->subtype[0] ? "." : "", fs->subtype,
		    fs->writable ? ", writable" : "");
}

void gate_shares(const struct survey *survey, enum img_mode mode, struct report *report)
{
	struct findings host = { .report = report, .reason = IMG_E_GATE_SHARE };
	struct findings network = { .report = report, .reason = IMG_E_GATE_NETWORK };
	const struct survey_fs *fs, *end = survey->fs + survey->nr_fs;

	for (fs = survey->fs; fs < end; fs++) {
		if (fs->present && fs->home == SURVEY_REMOTE && is_of_the_host(fs))
			share_add(&host, fs);
	}
	findings_close(&host);
	for (fs = survey->fs; fs < end && mode == IMG_MODE_GOLDEN; fs++) {
		if (fs->present && fs->home == SURVEY_REMOTE && fs->writable &&
		    !is_of_the_host(fs) && !is_of_a_program(fs) && !is_permitted(fs))
			share_add(&network, fs);
	}
	findings_close(&network);
}

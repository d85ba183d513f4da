// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process context, also with tasks frozen.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "disks.h"
#include "findings.h"
#include "gates_fs.h"
#include "proofs.h"

/* "dm-0 on " and its lower devices. */
#define LABEL_SIZE (DEVICE_NAME_SIZE + 4 + SURVEY_BELOW_SIZE)

/* The label of a file system: "vda1", "dm-0 on vda4". */
static void fs_label(const struct survey_fs *fs, char *ret_label, size_t size)
{
	scnprintf(ret_label, size, "%s%s%s", fs->name, fs->below[0] ? " on " : "", fs->below);
}

void gate_fs_writable(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_WRITABLE };
	char label[LABEL_SIZE];
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];

		if (!fs->present || !fs->writable || fs->home == SURVEY_MEMORY ||
		    fs->home == SURVEY_REMOTE)
			continue;
		fs_label(fs, label, sizeof(label));
		finding_add(&findings, "%s: %s is writable", label, fs->type);
	}
	findings_close(&findings);
}

/* Tries the proof of a file system whose home allows one.  NULL, or why it has no proof. */
static const char *fs_try(const struct survey_fs *fs, void *block)
{
	struct img_fs_proof proof;
	struct img_detail detail = { 0 };

	if (fs->home != SURVEY_PARTITION)
		return fs->home == SURVEY_UNPROVABLE ? fs->why : NULL;
	switch (proofs_fs_extents(fs, block, &proof, &detail)) {
	case IMG_OK:
		return NULL;
	case IMG_E_DISK_READ:
		return "its disk cannot be read";
	default:
		return strcmp(detail.field ?: "type", "type") ? detail.field
							      : "no proof is known for this type";
	}
}

/* block: IMG_BLOCK bytes. */
void gate_fs_unprovable(const struct survey *survey, void *block, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_UNPROVABLE };
	char label[LABEL_SIZE];
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];
		const char *why = fs->present ? fs_try(fs, block) : NULL;

		if (!why)
			continue;
		fs_label(fs, label, sizeof(label));
		finding_add(&findings, "%s: %s: %s", label, fs->type, why);
	}
	for (i = 0; i < survey->nr_disks; i++) {
		const char *why = disks_try(&survey->disk[i], block);

		if (why)
			finding_add(&findings, "%s: %s", survey->disk[i].name, why);
	}
	if (survey->overflow)
		finding_add(&findings, "more than %u file systems on devices", survey->nr_fs);
	findings_close(&findings);
}

/* With the tasks frozen: the others were checked before. */
void gate_fs_late(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_UNPROVABLE };
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];

		if (fs->present && fs->late && fs->home != SURVEY_MEMORY &&
		    fs->home != SURVEY_REMOTE)
			finding_add(&findings, "%s: %s: %s", fs->name, fs->type, fs->why);
	}
	if (survey->overflow)
		finding_add(&findings, "more than %u file systems on devices", survey->nr_fs);
	findings_close(&findings);
}

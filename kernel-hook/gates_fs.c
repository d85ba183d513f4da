// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process context, also with tasks frozen.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "backing.h"
#include "disks.h"
#include "findings.h"
#include "gates_fs.h"
#include "proofs.h"

void gate_fs_writable(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_WRITABLE };
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];

		if (!fs->present || !fs->writable || fs->home == SURVEY_MEMORY ||
		    fs->home == SURVEY_REMOTE)
			continue;
		finding_add(&findings, "%s: %s is writable", fs->label, fs->type);
	}
	findings_close(&findings);
}

/*
 * What a writable one has in its journal may be blocks of the file (ext4, data=journal), and would
 * be written over the image later.
 */
void gate_fs_of_file(const struct survey *survey, struct report *report)
{
	const struct file *file = survey->target;

	if (file && !device_of_file(file) && backing_is_writable(file))
		report_obstacle(report, IMG_E_GATE_FS_WRITABLE, 0,
				"%s: %s with the file of the image is writable",
				file_inode(file)->i_sb->s_id, file_inode(file)->i_sb->s_type->name);
}

/* Tries the proof of a source.  NULL, or why it has no proof. */
static const char *source_try(const struct survey_source *source, void *block)
{
	struct img_fs_proof proof;
	struct img_detail detail = { 0 };

	switch (proofs_extents(source, block, &proof, &detail)) {
	case IMG_OK:
		return NULL;
	case IMG_E_DISK_READ:
		return "its disk cannot be read";
	default:
		return strcmp(detail.field ?: "type", "type") ? detail.field
							      : "no proof is known for this type";
	}
}

static const char *fs_try(const struct survey *survey, const struct survey_fs *fs, void *block)
{
	const char *why = NULL;
	unsigned int i;

	if (fs->home != SURVEY_PARTITION)
		return fs->home == SURVEY_UNPROVABLE ? fs->why : NULL;
	for (i = 0; i < survey->nr_sources && !why; i++) {
		if (survey->source[i].fs == fs)
			why = source_try(&survey->source[i], block);
	}
	return why;
}

/* block: IMG_BLOCK bytes. */
void gate_fs_unprovable(const struct survey *survey, void *block, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_UNPROVABLE };
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];
		const char *why = fs->present ? fs_try(survey, fs, block) : NULL;

		if (!why)
			continue;
		finding_add(&findings, "%s: %s: %s", fs->label, fs->type, why);
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Visits superblocks type by type, because only that iterator is exported, and notes them under
 * their lock.  Locates each afterwards, because that walks paths and opens files.  Process context.
 */
#include <linux/backing-dev.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "compat/compat.h"
#include "held.h"
#include "layers.h"
#include "parts.h"
#include "stacks.h"
#include "survey.h"

#define MAX_FS 256u

struct visit {
	struct survey *survey;
	const struct file_system_type *type;
	unsigned int seen;
};

/*
 * The note of a superblock seen before, or a new one; NULL: no room.  The memory of an unmounted
 * superblock may have been reused, so its address alone does not identify it.
 */
static struct survey_fs *note_find(struct survey *survey, const struct super_block *sb,
				   const char *name, const char *type)
{
	const uuid_t *uuid = sb ? &sb->s_uuid : &uuid_null;
	struct survey_fs *fs;

	for (fs = survey->fs; fs < survey->fs + survey->nr_fs; fs++) {
		if (fs->sb == sb && !strcmp(fs->name, name) && !strcmp(fs->type, type) &&
		    uuid_equal(&fs->uuid, uuid))
			return fs;
	}
	if (survey->nr_fs == MAX_FS) {
		survey->overflow = true;
		return NULL;
	}
	survey->nr_fs++;
	fs->sb = sb;
	fs->uuid = *uuid;
	strscpy(fs->name, name, sizeof(fs->name));
	strscpy(fs->type, type, sizeof(fs->type));
	strscpy(fs->label, name, sizeof(fs->label));
	fs->late = survey->late;
	if (device_name_is_memory(name))
		fs->home = SURVEY_MEMORY;
	else
		fs->why = "mounted after the snapshot began";
	return fs;
}

/*
 * Has no device, but a place to write back to: a file system in memory has no backing device of its
 * own (mm/backing-dev.c, noop_backing_dev_info).  ecryptfs writes to another file system of this
 * machine.
 */
static bool is_remote(const struct super_block *sb)
{
	return sb->s_bdi != &noop_backing_dev_info && strcmp(sb->s_type->name, "ecryptfs");
}

static void remote_note(struct survey_fs *fs, const struct super_block *sb)
{
	fs->home = SURVEY_REMOTE;
	fs->device = sb->s_dev;
	if (sb->s_subtype)
		snprintf(fs->subtype, sizeof(fs->subtype), "%s", sb->s_subtype);
}

/*
 * A file system on a device.  btrfs leaves s_bdev empty, because it may have several devices, but
 * its s_id is the name of one.
 */
static void superblock_visit(struct super_block *sb, void *context)
{
	struct visit *visit = context;
	bool remote = false;
	struct survey_fs *fs;

	visit->seen++;
	if (!sb->s_bdev && !sb->s_mtd && !(visit->type->fs_flags & FS_REQUIRES_DEV)) {
		remote = is_remote(sb);
		if (!remote)
			return;
	}
	fs = note_find(visit->survey, sb, sb->s_id, visit->type->name);
	if (!fs)
		return;
	if (remote)
		remote_note(fs, sb);
	if (sb->s_bdev)
		fs->device = sb->s_bdev->bd_dev;
	fs->writable = !sb_rdonly(sb);
	fs->present = true;
}

/*
 * One line of mountinfo (Linux, filesystems/proc.rst 3.5): "ID PARENT DEV ROOT POINT ... - TYPE
 * SOURCE OPTIONS".  False if it is of another type.
 */
static bool mount_parse(char *line, const char *type, char **ret_point, char **ret_source)
{
	char *rest = strstr(line, " - ");
	unsigned int field;

	if (!rest)
		return false;
	*rest = '\0';
	rest += 3;
	if (strcmp(strsep(&rest, " ") ?: "", type) || !rest)
		return false;
	*ret_source = strsep(&rest, " ");
	for (field = 0; field < 5 && line; field++)
		*ret_point = strsep(&line, " ");
	if (!line)
		return false;
	string_unescape_inplace(*ret_point, UNESCAPE_OCTAL);
	return true;
}

/* A file system of that type is mounted, but no mount of it can be reached. */
static void unreached_note(struct survey *survey, const char *source, const char *type)
{
	struct survey_fs *fs = note_find(survey, NULL, kbasename(source), type);

	if (!fs)
		return;
	fs->why = "mounted where the module cannot reach it";
	fs->present = true;
}

/*
 * The type on whose list the superblock of a mount is; NULL unless it has the name of the visited
 * type.  An unregistered type is kept, through its mount.
 */
static struct file_system_type *mount_type(const struct visit *visit, const char *point)
{
	struct survey *survey = visit->survey;
	struct file_system_type *type;
	struct path path;

	if (survey->late || kern_path(point, 0, &path))
		return NULL;
	type = path.dentry->d_sb->s_type;
	if (type != visit->type && !strcmp(type->name, visit->type->name) &&
	    !survey->hidden.dentry) {
		survey->hidden = path;
		held_add(1);
		return type;
	}
	path_put(&path);
	return type == visit->type ? type : NULL;
}

/* Searches all mounts. */
static struct file_system_type *mounts_type(const struct visit *visit)
{
	const char *name = visit->type->name;
	struct file_system_type *type = NULL;
	char *point, *source = NULL;
	char *text = procfs_text("/proc/1/mountinfo");
	char *rest, *line;

	if (IS_ERR(text)) {
		unreached_note(visit->survey, "/proc/1/mountinfo", name);
		return NULL;
	}
	rest = text;
	while (!type && (line = strsep(&rest, "\n"))) {
		if (mount_parse(line, name, &point, &source))
			type = mount_type(visit, point);
	}
	if (source && !type)
		unreached_note(visit->survey, source, name);
	held_kvfree(text);
	return type;
}

/*
 * For a type that needs devices but has no superblock on its list: its superblocks may be on the
 * list of an unregistered type of the same name, which is reachable only through a mount.  Or one
 * was mounted just now.
 */
static struct file_system_type *hidden_type(const struct visit *visit)
{
	const struct path *hidden = &visit->survey->hidden;

	if (hidden->dentry && !strcmp(hidden->dentry->d_sb->s_type->name, visit->type->name))
		return hidden->dentry->d_sb->s_type;
	return mounts_type(visit);
}

static void type_visit(struct survey *survey, const char *name)
{
	struct file_system_type *type = get_fs_type(name);
	struct visit visit = { .survey = survey, .type = type };
	struct file_system_type *hidden;

	if (!type)
		return;
	iterate_supers_type(type, superblock_visit, &visit);
	if (!visit.seen && (type->fs_flags & FS_REQUIRES_DEV)) {
		hidden = hidden_type(&visit);
		if (hidden)
			iterate_supers_type(hidden, superblock_visit, &visit);
	}
	module_put(type->owner);
}

static int survey_look(struct survey *survey, struct report *report)
{
	char *text = procfs_text("/proc/filesystems");
	char *rest, *line;
	unsigned int i;

	if (IS_ERR(text))
		return report_obstacle(report, IMG_E_GATE_FS_UNPROVABLE, PTR_ERR(text),
				       "/proc/filesystems cannot be read: error %ld",
				       PTR_ERR(text));
	for (i = 0; i < survey->nr_fs; i++)
		survey->fs[i].present = false;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char *name = strchr(line, '\t');

		if (name)
			type_visit(survey, name + 1);
	}
	held_kvfree(text);
	return 0;
}

static bool device_is_member(const struct survey_fs *fs, const struct block_device *bdev)
{
	return device_sysfs_has("/sys/fs/btrfs/%pUb/devices/%s", &fs->uuid,
				dev_name(&bdev->bd_device));
}

static const char *fs_device_take(struct survey *survey, struct survey_fs *fs,
				  struct block_device *bdev)
{
	struct survey_source source = { .role = SURVEY_FS, .type = fs->type, .fs = fs };
	const char *why = layers_take(survey, bdev, &source);

	if (!why)
		fs->devices++;
	return why;
}

/* The further devices of a btrfs. */
static const char *fs_members_take(struct survey *survey, struct survey_fs *fs)
{
	struct block_device *bdev;
	struct device_walk walk;
	const char *why = NULL;

	device_walk_begin(&walk, survey->anchor);
	while (!why && (bdev = device_walk_next(&walk))) {
		if (bdev->bd_dev != fs->device && device_is_member(fs, bdev))
			why = fs_device_take(survey, fs, bdev);
	}
	device_walk_end(&walk);
	return why;
}

static const char *fs_take(struct survey *survey, struct survey_fs *fs, struct block_device *bdev)
{
	const char *why = fs_device_take(survey, fs, bdev);

	layers_label(survey->anchor, bdev, fs->label, sizeof(fs->label));
	if (!why && !strcmp(fs->type, "btrfs"))
		why = fs_members_take(survey, fs);
	return why;
}

/*
 * The contents that mkswap and mkfs write to its first block.  The block's last sector is the
 * kernel's: hibernation keeps its own notes there (kernel/power/swap.c, struct swsusp_header).
 */
static const struct img_fs_extent swap_header = {
	.kind = IMG_PROOF_SWAP,
	.size = IMG_BLOCK - IMG_PROOF_ALIGN,
};

const char *survey_take_swap(struct survey *survey, dev_t device)
{
	struct block_device *bdev = device_find(survey->anchor, device, NULL);
	struct survey_source source = { .role = SURVEY_SWAP, .extent = swap_header };
	const char *why = "its device is unknown";

	if (bdev)
		why = layers_take(survey, bdev, &source);
	device_put(bdev);
	return why;
}

static void fs_locate(struct survey *survey, struct survey_fs *fs, struct block_device *bdev)
{
	char lower[DEVICE_NAME_SIZE];

	fs->device = bdev->bd_dev;
	switch (device_home(bdev, lower, &fs->why)) {
	case DEVICE_HOME_MEMORY:
		fs->home = SURVEY_MEMORY;
		break;
	case DEVICE_HOME_FILE:
		fs->home = SURVEY_FILE;
		break;
	case DEVICE_HOME_DISK:
		fs->why = fs_take(survey, fs, bdev);
		fs->home = fs->why ? SURVEY_UNPROVABLE : SURVEY_PARTITION;
		break;
	case DEVICE_HOME_UNKNOWN:
		scnprintf(fs->label, sizeof(fs->label), "%s%s%s", fs->name, lower[0] ? " on " : "",
			  lower);
		fs->home = SURVEY_UNPROVABLE;
		break;
	}
}

/*
 * The first place where process 1 sees the file system of that number, and whether it is the only
 * one.
 */
static void point_find(struct survey_fs *fs, char *mounts)
{
	unsigned int major, minor, offset;
	char *rest = mounts, *line;

	while ((line = strsep(&rest, "\n"))) {
		offset = 0;
		if (sscanf(line, "%*u %*u %u:%u %*s %n", &major, &minor, &offset) != 2 || !offset ||
		    MKDEV(major, minor) != fs->device)
			continue;
		if (fs->point[0]) {
			fs->elsewhere = true;
			return;
		}
		line += offset;
		snprintf(fs->point, sizeof(fs->point), "%.*s", (int)strcspn(line, " "), line);
		string_unescape_inplace(fs->point, UNESCAPE_OCTAL);
	}
}

static void remote_examine(struct survey_fs *fs)
{
	char *mounts = procfs_text("/proc/1/mountinfo");

	if (IS_ERR(mounts))
		return;
	point_find(fs, mounts);
	held_kvfree(mounts);
}

static void fs_examine(struct survey *survey, struct survey_fs *fs)
{
	struct block_device *bdev;

	if (!fs->sb)
		return;
	if (fs->home == SURVEY_REMOTE) {
		remote_examine(fs);
		return;
	}
	bdev = device_find(survey->anchor, fs->device, fs->device ? NULL : fs->name);
	if (bdev)
		fs_locate(survey, fs, bdev);
	else
		fs->why = "its device is unknown";
	device_put(bdev);
}

/* A partition that is the area is proven too, with its disk, but no GUID names them. */
static const char *target_disk_take(struct survey *survey)
{
	static const u8 zero[16];
	struct block_device *bdev = device_of_file(survey->target);

	return bdev && part_disk_add(survey, bdev, zero) ? NULL : "its disk cannot be opened";
}

/* The partitions of a mapped area have names. */
static const char *target_piece_take(struct survey *survey, dev_t number)
{
	struct block_device *bdev = device_find(survey->anchor, number, NULL);
	const char *why = bdev ? part_take(survey, bdev) : "a partition below it is unknown";

	device_put(bdev);
	return why;
}

static const char *target_disks_take(struct survey *survey, const struct target *target)
{
	const char *why = target_is_mapped(target) ? NULL : target_disk_take(survey);
	unsigned int i;

	for (i = 0; i < target->area.nr_map && !why; i++)
		why = target_piece_take(survey, target->below[i]);
	for (i = 0; i < survey->nr_disks; i++)
		survey->disk[i].of_target = true;
	return why;
}

static struct file *target_file(const struct target *target)
{
	return target->file ? held(get_file(target->file)) : device_open(target->node, O_RDONLY);
}

static int target_take(struct survey *survey, const struct target *target, struct report *report)
{
	struct file *file;
	const char *why;

	if (!target->name[0])
		return 0;
	file = target_file(target);
	if (IS_ERR(file))
		return report_obstacle(report, IMG_E_GATE_TARGET, PTR_ERR(file), "%s: error %ld",
				       target->name, PTR_ERR(file));
	survey->target = file;
	why = target_disks_take(survey, target);
	if (!why)
		return 0;
	return report_obstacle(report, IMG_E_GATE_TARGET, -ENODEV, "%s: %s", target->name, why);
}

static bool lists_allocate(struct survey *survey)
{
	survey->fs = held_kvcalloc(MAX_FS, sizeof(*survey->fs));
	survey->disk = held_kvcalloc(PARTS_MAX_DISKS, sizeof(*survey->disk));
	survey->part = held_kvcalloc(SURVEY_MAX_PARTS, sizeof(*survey->part));
	survey->source = held_kvcalloc(SURVEY_MAX_SOURCES, sizeof(*survey->source));
	survey->stack = held_kvcalloc(SURVEY_MAX_STACKS, sizeof(*survey->stack));
	survey->leg = held_kvcalloc(SURVEY_MAX_LEGS, sizeof(*survey->leg));
	survey->held = held_kvcalloc(SURVEY_MAX_HELD, sizeof(*survey->held));
	return survey->fs && survey->disk && survey->part && survey->source && survey->stack &&
	       survey->leg && survey->held;
}

int survey_prepare(struct survey *survey, const struct target *target, const struct mapper *mapper,
		   struct report *report)
{
	unsigned int i;
	int error;

	survey->mapper = mapper;
	if (!lists_allocate(survey))
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM,
				       "no memory for a list of file systems");
	survey->anchor = device_walk_prepare();
	error = target_take(survey, target, report);
	if (!error) {
		stacks_find(survey);
		error = survey_look(survey, report);
	}
	for (i = 0; i < survey->nr_fs && !error; i++)
		fs_examine(survey, &survey->fs[i]);
	if (!error)
		parts_add_idle_disks(survey);
	survey->late = true;
	return error;
}

int survey_again(struct survey *survey, struct report *report)
{
	return survey_look(survey, report);
}

const struct survey_fs *survey_fs_on(const struct survey *survey, dev_t device)
{
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		if (survey->fs[i].present && survey->fs[i].device == device)
			return &survey->fs[i];
	}
	return NULL;
}

bool survey_is_member(const struct survey *survey, const struct block_device *bdev)
{
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];

		if (fs->present && !strcmp(fs->type, "btrfs") && device_is_member(fs, bdev))
			return true;
	}
	return false;
}

void survey_release(struct survey *survey)
{
	unsigned int i;

	for (i = 0; i < survey->nr_sources; i++)
		held_close(survey->source[i].file);
	for (i = 0; i < survey->nr_stacks; i++)
		held_close(survey->stack[i].state);
	for (i = 0; i < survey->nr_parts; i++)
		held_close(survey->part[i].file);
	for (i = 0; i < survey->nr_disks; i++)
		held_close(survey->disk[i].file);
	held_close(survey->target);
	if (survey->hidden.dentry) {
		path_put(&survey->hidden);
		held_add(-1);
	}
	device_walk_release(survey->anchor);
	held_kvfree(survey->held);
	held_kvfree(survey->leg);
	held_kvfree(survey->stack);
	held_kvfree(survey->source);
	held_kvfree(survey->part);
	held_kvfree(survey->disk);
	held_kvfree(survey->fs);
	memset(survey, 0, sizeof(*survey));
}

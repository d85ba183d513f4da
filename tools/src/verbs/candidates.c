// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order is that of docs/storage-stacks.md: the less is between an area and the disk, the less
 * can move it.
 */
#include "verbs/candidates.h"

#include <imgfmt/writer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area/map.h"
#include "area/swap_header.h"
#include "area/swaps.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"

#define KINDS(X)                                                                                   \
	X(PARTITION, "swap partition")                                                             \
	X(VOLUME, "logical volume")                                                                \
	X(ENCRYPTED, "inside LUKS")                                                                \
	X(FILE, "swap file")                                                                       \
	X(UNUSABLE, "not usable")

enum kind {
#define KIND_ENUM(sym, name) KIND_##sym,
	KINDS(KIND_ENUM)
#undef KIND_ENUM
		KIND_COUNT
};

static const char *const kind_names[KIND_COUNT] = {
#define KIND_NAME(sym, name) name,
	KINDS(KIND_NAME)
#undef KIND_NAME
};

struct candidate {
	enum kind kind;
	char *path;
	uint64_t size;
	bool active, encrypted;
	struct map_refusal why; /* of KIND_UNUSABLE */
};

struct candidates {
	struct candidate *list;
	size_t nr;
	struct disks disks;
};

static void free_candidates(struct candidates *all)
{
	for (size_t i = 0; i < all->nr; i++)
		free(all->list[i].path);
	free(all->list);
	disks_close(&all->disks);
}

static void add(struct candidates *all, const struct part *part, struct candidate *candidate)
{
	struct candidate *grown = realloc(all->list, (all->nr + 1) * sizeof(*grown));

	if (!grown)
		return;
	all->list = grown;
	candidate->path = strdup(part->path);
	candidate->size = part->size;
	candidate->active = swaps_active(part->path);
	if (candidate->path)
		all->list[all->nr++] = *candidate;
}

/* Is it swap space, and large enough for one image? */
static bool is_suitable(const struct part *part)
{
	static struct img_area area; /* too large for the stack */
	uint8_t page[IMG_PAGE_SIZE];

	return img_area_layout(part->size, SWAP_MIN_SIZE, 1, &area) == IMG_OK &&
	       io_pread(part->fd, page, sizeof(page), 0) == 0 && swap_header_present(page);
}

/* Finds out of what the device or file is made, if it is no partition. */
static void add_mapped(struct candidates *all, struct part *part, enum kind kind)
{
	struct candidate candidate = { .kind = kind };

	if (!map_try(part, PART_READ, &all->disks, &candidate.why))
		candidate.kind = KIND_UNUSABLE;
	else
		candidate.encrypted = part->pieces->encrypted;
	if (candidate.kind == KIND_VOLUME && candidate.encrypted)
		candidate.kind = KIND_ENCRYPTED;
	add(all, part, &candidate);
}

static void look_at_device(void *ctx, const char *name, const char *path)
{
	_cleanup_part_ struct part part = PART_CLOSED;
	struct candidate plain = { .kind = KIND_PARTITION };

	(void)name;
	if (part_try_open(path, PART_READ, &part) || !is_suitable(&part))
		return;
	if (map_is_stacked(&part))
		add_mapped(ctx, &part, KIND_VOLUME);
	else if (part_is_partition(&part))
		add(ctx, &part, &plain);
}

static void look_at_file(void *ctx, const char *path)
{
	_cleanup_part_ struct part part = PART_CLOSED;

	if (part_try_open(path, PART_READ, &part) == 0 && !part.rdev && is_suitable(&part))
		add_mapped(ctx, &part, KIND_FILE);
}

/* By kind; then the largest first. */
static int compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return strcmp(a->path, b->path);
}

static void show_commands(const struct candidate *candidate, struct json_object *to)
{
	char command[3][256] = { "" };

	if (candidate->active)
		snprintf(command[0], sizeof(command[0]), "swapoff %s", candidate->path);
	snprintf(command[1], sizeof(command[1]), "fastbootctl prepare %s", candidate->path);
	snprintf(command[2], sizeof(command[2]), "fastbootctl install%s",
		 candidate->encrypted ? " --options seal=always" : "");
	to = json_put_array(to, "commands");
	for (size_t i = candidate->active ? 0 : 1; i < 3; i++) {
		out_text("    %s\n", command[i]);
		json_append_text(to, command[i]);
	}
}

static void show(const struct candidate *candidate, struct json_object *to)
{
	bool unusable = candidate->kind == KIND_UNUSABLE;

	out_text("%s: %s, %s%s\n", candidate->path, text_size(candidate->size).s,
		 kind_names[candidate->kind], candidate->active ? ", in use as swap space" : "");
	json_put_text(to, "device", candidate->path);
	json_put_number(to, "size", candidate->size);
	json_put_text(to, "kind", kind_names[candidate->kind]);
	json_put_bool(to, "active", candidate->active);
	json_put_bool(to, "encrypted", candidate->encrypted);
	json_put_text(to, "why", unusable ? candidate->why.s : NULL);
	if (unusable)
		out_text("    %s: %s\n", fail_code(candidate->why.failure), candidate->why.s);
	else
		show_commands(candidate, to);
}

int candidates_list(void)
{
	__attribute__((cleanup(free_candidates))) struct candidates all = { 0 };
	struct json_object *json = json_put_array(out_json(), "candidates");
	int status = part_for_each(look_at_device, &all);

	if (status)
		return status;
	swaps_for_each_file(look_at_file, &all);
	if (all.nr)
		qsort(all.list, all.nr, sizeof(*all.list), compare);
	else
		out_text("There is no swap space on this machine that could carry images.\n");
	for (size_t i = 0; i < all.nr; i++)
		show(&all.list[i], json_append_object(json));
	return 0;
}

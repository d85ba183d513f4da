// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * prepare: lays out a partition, a logical volume or a file as a short swap area and the fast-boot
 * area.
 *
 *	0            area->offset                                        the end
 *	| swap area  | slot A           | slot B           | area header |
 *
 * The swap header is for the kernel that runs, and goes through the device or file that swapon will
 * be given: inside LUKS, it is encrypted; of an unwritten extent, the file system learns that it
 *was written.  Slots and area header are for the loader, and go to the pieces of partitions below.
 *
 * Everything is decided and shown before the first write.  The order of the writes makes a crash
 * leave the old layout or none, never a mixture: the old area header goes first, the new one comes
 * last, each followed by a flush.  An image of the old layout cannot come back, because it names
 * the old area's uuid.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "area/image.h"
#include "area/loss.h"
#include "area/map.h"
#include "area/swap_header.h"
#include "area/swaps.h"
#include "area/where.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"
#include "firmware/secureboot.h"
#include "verbs/candidates.h"
#include "verbs/verbs.h"

/* Types of a swap partition, in a GPT and in a DOS table. */
#define GPT_SWAP "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"
#define DOS_SWAP "0x82"

#define MODULE_PATH_MAX 255u /* kernel-hook/target.h, TARGET_NAME_SIZE */

struct request {
	const char *path;
	const char *label; /* NULL: keep */
	uint64_t swap_size;
	uint32_t nr_slots; /* 0: as many as fit */
	bool mapped, yes, force, dry_run;
};

static int parse_slots(void *request, const char *value)
{
	struct request *req = request;

	if (strcmp(value, "1") != 0 && strcmp(value, "2") != 0)
		return fail(FAIL_USAGE, "prepare: --slots must be 1 or 2, not %s", value);
	req->nr_slots = (uint32_t)(value[0] - '0');
	return 0;
}

static int parse_label(void *request, const char *value)
{
	struct request *req = request;

	if (strlen(value) > 15)
		return fail(FAIL_USAGE, "prepare: a swap label has at most 15 bytes: %s", value);
	req->label = value;
	return 0;
}

const struct option_row prepare_options[] = {
	OPTION_SIZE("swap-size", struct request, swap_size,
		    "size of the swap area, such as 512M (default: the smallest, 40K)"),
	OPTION_PARSED("slots", "1|2", parse_slots,
		      "room for one image or two (default: two, if they fit)"),
	OPTION_PARSED("label", "LABEL", parse_label,
		      "label of the swap area (default: keep the old one)"),
	OPTION_FLAG("mapped", struct request, mapped,
		    "DEV is a file of this machine (default if it is swap in /etc/fstab)"),
	OPTION_FLAG("yes", struct request, yes, "do not ask"),
	OPTION_FLAG("force", struct request, force, "destroy a file system or other content"),
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be done, and stop"),
	{ 0 },
};

static bool is_swap(const struct part_content *content)
{
	return strcmp(content->type, "swap") == 0;
}

static bool is_foreign(const struct part_content *content)
{
	return content->table[0] || (content->type[0] && !is_swap(content));
}

/*
 * Protects what must not be destroyed by mistake; part_open has refused a device in use.  The
 * partition table of a disk is never destroyed; within a partition, a table is a left-over like any
 * other.
 */
static int check_content(const struct request *req, const struct part_content *content)
{
	if (content->table[0] && !content->partition)
		return fail(FAIL_HAS_PARTITIONS, "%s carries a partition table (%s)", req->path,
			    content->table);
	if (is_foreign(content) && !req->force)
		return fail(FAIL_FOREIGN_CONTENT, "%s carries %s%s", req->path,
			    content->table[0] ? "a partition table" : content->type,
			    strcmp(content->type, "swsuspend") == 0 ? ", a hibernated system" : "");
	return 0;
}

/* Warns of what may be intended. */
static void warn_of_type(const struct part *part, const struct part_content *content)
{
	if (content->entry_type[0] && strcasecmp(content->entry_type, GPT_SWAP) != 0 &&
	    strcmp(content->entry_type, DOS_SWAP) != 0)
		warning("%s is not marked as a swap partition (its type is %s)", part->path,
			content->entry_type);
	if (part->block && !content->partition && !part->pieces)
		warning("%s is not a partition: it has no PARTUUID to name it by", part->path);
}

/* The module refuses others (crypt-clear), but only when an image is wanted. */
static int warn_of_encryption(const struct part *part)
{
	enum secureboot state;
	int status;

	if (!part->pieces || !part->pieces->encrypted)
		return 0;
	status = secureboot_read(&state);
	if (!status && !secureboot_is_on(state))
		warning("%s is encrypted, and images are not encrypted twice: they must be sealed, "
			"with Secure Boot, or with fastbootctl install --options seal=always",
			part->path);
	return status;
}

static void put_map(const struct part *part, struct img_area *header)
{
	if (!part->pieces)
		return;
	header->nr_map = part->pieces->place.nr_map;
	memcpy(header->map, part->pieces->place.map, sizeof(header->map));
}

/*
 * Makes the header of the new area.  With two slots a new image can be taken while the old one
 * stays good.
 */
static int lay_out(const struct request *req, struct area *area)
{
	const struct part *part = &area->part;
	struct img_area *header = &area->header;
	uint64_t swap = req->swap_size > SWAP_MIN_SIZE ? req->swap_size : SWAP_MIN_SIZE;
	uint32_t most = req->nr_slots ? req->nr_slots : IMG_MAX_SLOTS;
	uint32_t least = req->nr_slots ? req->nr_slots : 1;

	if (swap > SWAP_MAX_SIZE)
		return fail(FAIL_TOO_SMALL, "a swap area has at most %s",
			    text_size(SWAP_MAX_SIZE).s);
	for (uint32_t n = most; n >= least; n--) {
		if (img_area_layout(part->size, swap, n, header) == IMG_OK) {
			uuid_generate_random(header->uuid);
			header->created = (uint64_t)time(NULL);
			put_map(part, header);
			return 0;
		}
	}
	return fail(FAIL_TOO_SMALL,
		    "%s has %s: too small for %s of swap space and %" PRIu32
		    " slot%s of at least %s",
		    part->path, text_size(part->size).s, text_size(swap).s, least,
		    least > 1 ? "s" : "", text_size(IMG_MIN_SLOT_SIZE).s);
}

static void describe_loss(const struct part *part, const struct part_content *content)
{
	static struct area old; /* too large for the stack */

	if (is_foreign(content)) {
		const char *what = content->table[0] ? "a partition table" : content->type;

		out_text("  lost:       %s %s\n", what, content->label);
		json_put_text(json_append_object(json_array_of(out_json(), "lost")), "content",
			      what);
	}
	old.part = *part; /* which the caller closes */
	if (image_read_area(part, &old.header, NULL) != IMG_OK)
		return;
	for (uint32_t i = 0; i < old.header.nr_slots; i++)
		(void)loss_describe(&old, i, NULL);
}

static void describe_slot(const struct img_area *header, uint32_t i, struct json_object *to)
{
	out_text("  slot %c:     %s at byte %" PRIu64 "\n", text_slot(i),
		 text_size(header->slot[i].size).s, header->slot[i].offset);
	json_put_slot(to, "slot", i);
	json_put_number(to, "offset", header->slot[i].offset);
	json_put_number(to, "size", header->slot[i].size);
}

static void describe(const struct request *req, const struct part_content *content,
		     const struct area *area)
{
	const struct part *part = &area->part;
	const struct img_area *header = &area->header;
	struct json_object *json = out_json(), *slots;

	out_text("%s (%s):\n", part->path, text_size(part->size).s);
	json_put_text(json, "device", part->path);
	json_put_number(json, "partition_size", part->size);
	json_put_bool(json, "encrypted", part->pieces && part->pieces->encrypted);
	json_put_bool(json, "written", false);
	where_show_map(header, json);
	(void)json_put_array(json, "lost");
	describe_loss(part, content);
	out_text("  swap area:  %s%s\n", text_size(header->offset).s,
		 header->offset == SWAP_MIN_SIZE ? ", the smallest possible" : "");
	json_put_number(json, "swap_bytes", header->offset);
	slots = json_put_array(json, "slots");
	for (uint32_t i = 0; i < header->nr_slots; i++)
		describe_slot(header, i, json_append_object(slots));
	if (header->nr_slots == 1)
		out_text("  Only one slot%s: a new image overwrites the old one, and if that is\n"
			 "  interrupted, no image is left.\n",
			 req->nr_slots ? "" : " fits");
}

static int write_and_flush(const struct part *part, const void *data, size_t size, uint64_t offset)
{
	if (part_put(part, data, size, offset) || part_flush(part))
		return fail_errno(FAIL_WRITE, "%s", part->path);
	return 0;
}

static int write_empty_slots(const struct area *area)
{
	static const uint8_t zero[IMG_SLOT_DATA_OFFSET];

	for (uint32_t i = 0; i < area->header.nr_slots; i++) {
		int status = write_and_flush(&area->part, zero, sizeof(zero),
					     area->header.slot[i].offset);

		if (status)
			return status;
	}
	return 0;
}

/* Not part of the area: see above. */
static int write_swap_header(const struct part *part, const uint8_t page[IMG_PAGE_SIZE])
{
	if (io_pwrite(part->fd, page, IMG_PAGE_SIZE, 0) || fsync(part->fd))
		return fail_errno(FAIL_WRITE, "%s", part->path);
	return 0;
}

static int write_layout(const struct area *area, const uint8_t swap_page[IMG_PAGE_SIZE], bool wipe)
{
	const struct part *part = &area->part;
	static const uint8_t zero[IMG_BLOCK];
	uint64_t header_offset = img_area_header_offset(part->size);
	uint8_t header[IMG_BLOCK];
	int status;

	img_area_encode(&area->header, header);
	status = write_and_flush(part, zero, sizeof(zero), header_offset);
	if (!status && wipe)
		status = part_wipe(part);
	if (!status)
		status = write_empty_slots(area);
	if (!status)
		status = write_swap_header(part, swap_page);
	if (!status)
		status = write_and_flush(part, header, sizeof(header), header_offset);
	return status;
}

/* What was written must be what is read back. */
static int check_written(const struct area *area)
{
	struct img_detail detail = { 0 };
	static struct img_area now; /* too large for the stack */
	enum img_reason reason;

	part_drop_cache(&area->part);
	reason = image_read_area(&area->part, &now, &detail);
	if (reason)
		return image_fail(reason, &detail, area->part.path);
	if (memcmp(now.uuid, area->header.uuid, sizeof(now.uuid)) != 0) {
		errno = EIO;
		return fail_errno(FAIL_WRITE, "%s", area->part.path);
	}
	return 0;
}

/* Has somebody moved the volume or file meanwhile, as pvmove and defragmentation do? */
static int check_map(const struct area *area)
{
	struct part again = area->part;
	int status;

	if (!again.pieces)
		return 0;
	if (!again.rdev && swaps_active(again.path)) /* since it was opened: the user was asked */
		return fail(FAIL_IN_USE, "%s is active swap space", again.path);
	again.pieces = NULL;
	status = map_part(&again, PART_READ);
	if (!status && !pieces_match(again.pieces, &area->header))
		status = fail_reason(IMG_E_GATE_AREA_MOVED, NULL, area->part.path);
	pieces_free(again.pieces);
	return status;
}

/* fstab may name the swap area by uuid or label: if there was one before, both stay the same. */
static int make_swap_header(const struct request *req, const struct part_content *content,
			    const struct area *area, void *page)
{
	const char *label = is_swap(content) ? content->label : "";
	const char *uuid = is_swap(content) ? content->uuid : "";

	return swap_header_make(area->header.offset, req->label ? req->label : label, uuid, page);
}

/* Is it a part of this machine, whose blocks the loader has to find? */
static bool is_own_file(const struct request *req, const struct part *part)
{
	return !part->rdev && (req->mapped || swaps_has_file(part->path));
}

static int open_part(const struct request *req, struct part *part)
{
	enum part_access access = part_claim(req->dry_run);
	int status = part_open(req->path, access, part);

	if (!status) /* the swap header goes through the file */
		status = part_check_writable(part);
	if (!status && (map_is_stacked(part) || is_own_file(req, part)))
		status = map_part(part, access);
	return status;
}

static int write_all(const struct request *req, const struct part_content *content,
		     const struct area *area)
{
	static uint8_t swap_page[IMG_PAGE_SIZE]; /* too large for the stack */
	int status = make_swap_header(req, content, area, swap_page);

	if (!status) /* the question may have waited for long */
		status = check_map(area);
	if (!status)
		status = write_layout(area, swap_page, is_foreign(content));
	if (!status)
		status = check_written(area);
	return status ? status : check_map(area);
}

/*
 * What the parameter of the module must be for a file, which it does not find by itself.  NULL: for
 * a device; or it cannot be written as a word of modprobe.d(5).  The caller frees it.
 */
static char *module_target(const struct part *part)
{
	char *path = part->rdev || !part->pieces ? NULL : realpath(part->path, NULL);

	if (path && (strlen(path) > MODULE_PATH_MAX || strpbrk(path, " \t\n\"'\\#"))) {
		warning("the module cannot be given this path: it has blanks, quotes, \\ or #, or "
			"more than %u bytes",
			MODULE_PATH_MAX);
		free(path);
		path = NULL;
	}
	return path;
}

static void report(const struct area *area)
{
	_cleanup_free_ char *target = module_target(&area->part);
	struct json_object *json = out_json();

	out_text("%s is ready for images.\n", area->part.path);
	if (area->header.nr_map)
		out_text("The boot entry must say where it is: fastbootctl install\n");
	if (target)
		out_text(
			"The module must be given its path, too, in /etc/modprobe.d/fastboot.conf\n"
			"(with overlayroot: the one below /media/root-ro):\n"
			"  options fastboot_snapshot target=%s\n",
			target);
	json_put_text(json, "module_target", target);
	json_put_bool(json, "written", true);
}

static int prepare(const struct request *req)
{
	_cleanup_area_ struct area area = AREA_CLOSED;
	struct part_content content;
	int status;

	status = open_part(req, &area.part);
	if (!status)
		status = part_probe(&area.part, &content);
	if (!status)
		status = check_content(req, &content);
	if (!status)
		status = lay_out(req, &area);
	if (status)
		return status;
	warn_of_type(&area.part, &content);
	status = warn_of_encryption(&area.part);
	if (status)
		return status;
	describe(req, &content, &area);
	if (req->dry_run)
		return 0;
	status = loss_confirm(req->yes);
	if (!status)
		status = write_all(req, &content, &area);
	if (!status)
		report(&area);
	return status;
}

/* An empty variable of a script must not make it believe that something was prepared. */
static int list_candidates(const struct request *req)
{
	if (req->label || req->swap_size || req->nr_slots || req->mapped || req->yes ||
	    req->force || req->dry_run)
		return fail(FAIL_USAGE, "prepare: DEV is missing");
	return candidates_list();
}

int verb_prepare(const struct verb *verb, int argc, char **argv)
{
	struct request req = { 0 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	if (status)
		return status;
	return req.path ? prepare(&req) : list_candidates(&req);
}

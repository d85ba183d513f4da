// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/io.h"
#include "base/text.h"

enum img_reason image_read_area(const struct part *part, struct img_area *ret_area,
				struct img_detail *detail)
{
	uint64_t offset = img_area_header_offset(part->size);
	enum img_reason reason;
	uint8_t block[IMG_BLOCK];

	if (!offset)
		return IMG_E_AREA_MAGIC;
	if (part_read(part, block, sizeof(block), offset))
		return IMG_E_DISK_READ;
	reason = img_area_decode(block, part->size, ret_area, detail);
	if (!reason && !pieces_match(part->pieces, ret_area))
		reason = IMG_E_GATE_AREA_MOVED;
	return reason;
}

enum img_reason image_read_slot(const struct area *area, uint32_t slot, struct img_slot *ret_slot,
				struct img_detail *detail)
{
	uint8_t block[IMG_BLOCK];

	if (part_read(&area->part, block, sizeof(block), area->header.slot[slot].offset))
		return IMG_E_DISK_READ;
	return img_slot_decode(block, &area->header, slot, ret_slot, detail);
}

static bool state_damaged(const struct img_state_disk *disk)
{
	static const struct img_state_disk zero;
	struct img_state state;

	img_state_decode(disk, disk->image_uuid, &state);
	return !state.valid && memcmp(disk, &zero, sizeof(zero)) != 0;
}

enum img_reason image_read_state(const struct area *area, uint32_t slot,
				 const struct img_slot *header, struct img_state *ret_state,
				 bool *ret_damaged)
{
	struct img_state_disk disk;

	if (part_read(&area->part, &disk, sizeof(disk), area->header.slot[slot].offset + IMG_BLOCK))
		return IMG_E_DISK_READ;
	img_state_decode(&disk, header->image_uuid, ret_state);
	if (ret_damaged)
		*ret_damaged = state_damaged(&disk);
	return IMG_OK;
}

/* In the loader's order; authenticity, which comes between, takes the key. */
static enum img_reason decode_meta(const struct img_slot *header, struct image_meta *meta,
				   struct img_detail *detail)
{
	enum img_reason reason = IMG_OK;

	if (img_slot_is_sealed(header))
		reason = img_seal_decode(header, meta->buf, &meta->seal, detail);
	return reason ? reason : img_meta_decode(header, meta->buf, &meta->meta, detail);
}

enum img_reason image_read_meta(const struct area *area, uint32_t slot,
				const struct img_slot *header, struct image_meta *ret_meta,
				struct img_detail *detail)
{
	struct image_meta meta = { .buf = malloc((size_t)header->meta_size) };
	enum img_reason reason = IMG_OK;

	if (!meta.buf)
		return IMG_E_NO_MEMORY;
	if (part_read(&area->part, meta.buf, (size_t)header->meta_size,
		      area->header.slot[slot].offset + header->meta_offset))
		reason = IMG_E_DISK_READ;
	else
		reason = decode_meta(header, &meta, detail);
	if (reason) {
		image_meta_free(&meta);
		return reason;
	}
	*ret_meta = meta;
	return IMG_OK;
}

enum img_reason image_read_domain(const struct area *area, uint32_t slot,
				  const struct img_slot *header, enum img_seal_domain *ret_domain)
{
	_cleanup_free_ void *buf = malloc((size_t)header->meta_size);
	enum img_reason reason;
	struct img_seal seal;

	if (!buf)
		return IMG_E_NO_MEMORY;
	if (part_read(&area->part, buf, (size_t)header->meta_size,
		      area->header.slot[slot].offset + header->meta_offset))
		return IMG_E_DISK_READ;
	reason = img_seal_decode(header, buf, &seal, NULL);
	if (!reason)
		*ret_domain = seal.domain;
	return reason;
}

void image_meta_free(struct image_meta *meta)
{
	int saved = errno;

	free(meta->buf);
	meta->buf = NULL;
	errno = saved;
}

enum img_reason image_check_chunk(const struct area *area, uint32_t slot,
				  const struct img_chunk *chunk,
				  const struct image_buffers *buffers)
{
	if (part_read(&area->part, buffers->stored, chunk->size,
		      area->header.slot[slot].offset + chunk->offset))
		return IMG_E_DISK_READ;
	return img_chunk_check(chunk, buffers->stored);
}

enum img_reason image_read_chunk(const struct area *area, uint32_t slot,
				 const struct img_chunk *chunk, const struct image_buffers *buffers)
{
	enum img_reason reason = image_check_chunk(area, slot, chunk, buffers);

	return reason ? reason : img_chunk_decode(chunk, buffers->stored, buffers->pages);
}

int image_erase_slot(const struct area *area, uint32_t slot)
{
	static const uint8_t zero[IMG_BLOCK];
	uint64_t offset = area->header.slot[slot].offset;
	int status = part_write(&area->part, zero, sizeof(zero), offset);

	return status ? status : part_write(&area->part, zero, sizeof(zero), offset + IMG_BLOCK);
}

struct image_where image_where(const struct area *area, uint32_t slot)
{
	struct image_where where;
	int error = errno;

	snprintf(where.s, sizeof(where.s), "%s: slot %c", area->part.path, text_slot(slot));
	errno = error;
	return where;
}

int image_fail(enum img_reason reason, const struct img_detail *detail, const char *where)
{
	if (reason == IMG_E_DISK_READ)
		return fail_read(where);
	if (reason == IMG_E_NO_MEMORY)
		return fail(FAIL_NO_MEMORY, "%s: the image's tables do not fit into memory", where);
	return fail_reason(reason, detail, where);
}

int image_fail_chunk(const struct area *area, uint32_t slot, uint64_t number,
		     const struct img_chunk *chunk, enum img_reason reason)
{
	int error = errno;
	char where[512];

	snprintf(where, sizeof(where), "%s: slot %c: chunk %" PRIu64 " (slot byte %" PRIu64 ")",
		 area->part.path, text_slot(slot), number, chunk->offset);
	errno = error;
	return image_fail(reason, NULL, where);
}

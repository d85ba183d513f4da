// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The writes come in the order of docs/image-format.md, "Writing an image", with one step added:
 * before the header, which makes it an image, the whole copy is read back from the disk and
 * compared with the original.
 */
#include "area/recode.h"

#include <errno.h>
#include <inttypes.h>
#include <lz4hc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/fail.h"
#include "base/io.h"
#include "base/text.h"

/* Sections 1 to 7, which every image has. */
#define NR_SECTIONS ((uint32_t)IMG_SEC_CHUNK_TABLE)

/*
 * A signature, or a feature that this program does not know, must not be copied blindly.  A sealed
 * image cannot be: only the loader and the module of one boot ever have its key.
 */
static int check_features(const struct recode *r)
{
	const struct img_slot *original = r->original;
	const struct img_detail compat = { .object = "slot header",
					   .field = "compat",
					   .golden = original->compat };
	const struct img_detail section = { .object = "section", .index = NR_SECTIONS };

	if (img_slot_is_sealed(original))
		return fail_reason(IMG_E_SEALED, NULL, image_where(r->area, r->from).s);
	if (original->compat)
		return fail_reason(IMG_E_INCOMPAT, &compat, image_where(r->area, r->from).s);
	if (original->nr_sections > NR_SECTIONS)
		return fail_reason(IMG_E_INCOMPAT, &section, image_where(r->area, r->from).s);
	return 0;
}

static int allocate(struct recode *r)
{
	r->run = calloc((size_t)r->meta.meta.nr_runs, sizeof(*r->run));
	r->chunk = calloc((size_t)r->meta.meta.nr_chunks + 1, sizeof(*r->chunk));
	r->hc = malloc((size_t)LZ4_sizeofStateHC());
	r->old = (struct image_buffers){ malloc(IMG_CHUNK_SIZE), malloc(IMG_CHUNK_SIZE) };
	r->new = (struct image_buffers){ malloc(IMG_ENCODE_BOUND), malloc(IMG_CHUNK_SIZE) };
	if (!r->run || !r->chunk || !r->hc || !r->old.stored || !r->old.pages || !r->new.stored ||
	    !r->new.pages)
		return fail_errno(FAIL_NO_MEMORY, "%s", r->area->part.path);
	return 0;
}

int recode_open(struct recode *r)
{
	struct img_detail detail = { 0 };
	enum img_reason reason;
	int status;

	status = check_features(r);
	if (status)
		return status;
	reason = image_read_meta(r->area, r->from, r->original, &r->meta, &detail);
	if (reason)
		return image_fail(reason, &detail, image_where(r->area, r->from).s);
	return allocate(r);
}

void recode_close(struct recode *r)
{
	image_meta_free(&r->meta);
	free(r->run);
	free(r->chunk);
	free(r->hc);
	free(r->old.stored);
	free(r->old.pages);
	free(r->new.stored);
	free(r->new.pages);
}

/* Into r->old, checked and decoded. */
static int read_original(const struct recode *r, uint64_t number, struct img_chunk *ret_chunk)
{
	struct img_chunk chunk = img_meta_chunk(&r->meta.meta, number);
	enum img_reason reason = image_read_chunk(r->area, r->from, &chunk, &r->old);

	if (reason)
		return image_fail_chunk(r->area, r->from, number, &chunk, reason);
	*ret_chunk = chunk;
	return 0;
}

static int compress_hc(const void *in, int size, void *out, int capacity, void *context)
{
	const struct recode *r = context;

	return LZ4_compress_HC_extStateHC(r->hc, in, out, size, capacity, r->level);
}

/*
 * From r->old to r->new.  If the original's bytes take fewer blocks, they are kept, so that no copy
 * is larger than its original.
 */
static struct img_chunk encode(struct recode *r, const struct img_chunk *old)
{
	uint64_t had = img_block_align(old->size);
	struct img_chunk chunk;

	img_chunk_encode_with(compress_hc, r->old.pages, old->pages, r->new.stored, r, &chunk);
	if (img_block_align(chunk.size) <= had)
		return chunk;
	memset(r->new.stored, 0, (size_t)had);
	memcpy(r->new.stored, r->old.stored, old->size);
	return *old;
}

/* From r->new; a fill chunk has no bytes. */
static int write_chunk(const struct recode *r, const struct img_chunk *chunk)
{
	size_t size = (size_t)img_block_align(chunk->size);

	if (size && part_put(&r->area->part, r->new.stored, size,
			     r->area->header.slot[r->to].offset + chunk->offset))
		return fail_errno(FAIL_WRITE, "%s", image_where(r->area, r->to).s);
	return 0;
}

static int recode_chunk(struct recode *r, uint64_t number, bool write)
{
	struct img_chunk chunk;
	enum img_reason reason;
	int status = read_original(r, number, &chunk);

	if (status)
		return status;
	chunk = encode(r, &chunk);
	reason = img_writer_chunk(&r->writer, &chunk);
	if (reason)
		return image_fail(reason, NULL, image_where(r->area, r->to).s);
	return write ? write_chunk(r, &chunk) : 0;
}

static const void *original_section(const struct recode *r, enum img_section_type type)
{
	const struct img_section *section = &r->original->section[type - 1];
	const uint8_t *tables = r->meta.buf;

	return tables + (section->offset - r->original->meta_offset);
}

/* Makes the header of the copy; data[i]: the content of section i. */
static int lay_out(struct recode *r, const void *data[IMG_MAX_SECTIONS])
{
	const struct img_meta *meta = &r->meta.meta;
	const struct img_writer_sections in = {
		.record = original_section(r, IMG_SEC_RECORD),
		.fp = meta->fp,
		.nr_fp = meta->nr_fp,
		.rtmap = meta->rtmap,
		.nr_rtmap = meta->nr_rtmap,
		.aux = meta->aux,
		.nr_aux = meta->nr_aux,
		.proof = meta->proof,
		.nr_proofs = meta->nr_proofs,
	};
	enum img_reason reason;

	r->copy = *r->original;
	r->copy.generation = r->generation;
	uuid_generate_random(r->copy.image_uuid);
	reason = img_writer_finish(&r->writer, &in, &r->copy, data);
	return reason ? image_fail(reason, NULL, image_where(r->area, r->to).s) : 0;
}

static int recode_chunks(struct recode *r, bool write, const void *data[IMG_MAX_SECTIONS])
{
	const struct img_meta *meta = &r->meta.meta;
	enum img_reason reason;
	int status = 0;

	img_writer_init(&r->writer, r->area->header.slot[r->to].size, r->run, meta->nr_runs,
			r->chunk, meta->nr_chunks);
	reason = img_writer_index(&r->writer, meta);
	if (reason)
		return image_fail(reason, NULL, image_where(r->area, r->to).s);
	for (uint64_t i = 0; i < meta->nr_chunks && !status; i++)
		status = recode_chunk(r, i, write);
	return status ? status : lay_out(r, data);
}

/* No chunk grows, and the sections keep their size. */
static bool always_fits(const struct recode *r)
{
	uint64_t size = IMG_SLOT_DATA_OFFSET + r->original->meta_size;

	for (uint64_t i = 0; i < r->meta.meta.nr_chunks; i++)
		size += img_block_align(img_meta_chunk(&r->meta.meta, i).size);
	return size <= r->area->header.slot[r->to].size;
}

int recode_try(struct recode *r, bool encode)
{
	const void *data[IMG_MAX_SECTIONS];
	struct img_chunk ignored;
	int status = 0;

	if (encode || !always_fits(r))
		return recode_chunks(r, false, data);
	for (uint64_t i = 0; i < r->meta.meta.nr_chunks && !status; i++)
		status = read_original(r, i, &ignored);
	return status;
}

/* The copy's sections as they will be on the disk, padding included; the caller frees them. */
static int make_tables(const struct recode *r, const void *const data[], uint8_t **ret_tables)
{
	uint8_t *tables = calloc(1, (size_t)r->copy.meta_size);

	if (!tables)
		return fail_errno(FAIL_NO_MEMORY, "%s", r->area->part.path);
	for (uint32_t i = 0; i < r->copy.nr_sections; i++) {
		const struct img_section *section = &r->copy.section[i];

		if (section->size)
			memcpy(tables + (section->offset - r->copy.meta_offset), data[i],
			       (size_t)section->size);
	}
	*ret_tables = tables;
	return 0;
}

/* part_write ends with a flush: all that the header will refer to is on the disk after it. */
static int write_tables(const struct recode *r, const uint8_t *tables)
{
	uint64_t offset = r->area->header.slot[r->to].offset;
	uint8_t state[IMG_BLOCK] = { 0 };

	if (part_put(&r->area->part, tables, (size_t)r->copy.meta_size,
		     offset + r->copy.meta_offset))
		return fail_errno(FAIL_WRITE, "%s", image_where(r->area, r->to).s);
	img_state_encode(&r->state, r->copy.image_uuid, state);
	return part_write(&r->area->part, state, sizeof(state), offset + IMG_BLOCK);
}

static int not_as_written(const char *what)
{
	return fail(FAIL_WRITE, "%s: what is read back is not what was written", what);
}

static int verify_tables(const struct recode *r, const uint8_t *tables, struct image_meta *ret_meta)
{
	enum img_reason reason = image_read_meta(r->area, r->to, &r->copy, ret_meta, NULL);

	if (reason == IMG_E_DISK_READ || reason == IMG_E_NO_MEMORY)
		return image_fail(reason, NULL, image_where(r->area, r->to).s);
	if (reason || memcmp(ret_meta->buf, tables, (size_t)r->copy.meta_size) != 0)
		return not_as_written(image_where(r->area, r->to).s);
	return 0;
}

static int verify_chunk(const struct recode *r, const struct img_meta *copy, uint64_t number)
{
	struct img_chunk new = img_meta_chunk(copy, number), old;
	enum img_reason reason;
	char what[560];
	int status = read_original(r, number, &old);

	if (status)
		return status;
	reason = image_read_chunk(r->area, r->to, &new, &r->new);
	if (reason == IMG_E_DISK_READ)
		return image_fail_chunk(r->area, r->to, number, &new, reason);
	if (!reason && new.pages == old.pages &&new.first == old.first &&
	    memcmp(r->new.pages, r->old.pages, (size_t)old.pages * IMG_PAGE_SIZE) == 0)
		return 0;
	snprintf(what, sizeof(what), "%s: chunk %" PRIu64, image_where(r->area, r->to).s, number);
	return not_as_written(what);
}

/* Compares every byte of the copy, as read from the disk, with the original. */
static int verify(const struct recode *r, const uint8_t *tables)
{
	_cleanup_meta_ struct image_meta copy = { .buf = NULL };
	int status;

	part_drop_cache(&r->area->part);
	status = verify_tables(r, tables, &copy);
	if (!status && copy.meta.nr_chunks != r->meta.meta.nr_chunks)
		status = not_as_written(image_where(r->area, r->to).s);
	for (uint64_t i = 0; i < r->meta.meta.nr_chunks && !status; i++)
		status = verify_chunk(r, &copy.meta, i);
	return status;
}

/* A header whose write failed may still be on the disk. */
static void withdraw(const struct recode *r)
{
	if (image_erase_slot(r->area, r->to))
		warning("%s may still show an image; it is the same as in slot %c",
			image_where(r->area, r->to).s, text_slot(r->from));
}

static int commit(const struct recode *r)
{
	uint8_t block[IMG_BLOCK];
	struct img_detail detail = { 0 };
	struct img_slot slot;
	enum img_reason reason;
	int status;

	img_slot_encode(&r->copy, block);
	reason = img_slot_decode(block, &r->area->header, r->to, &slot, &detail);
	if (reason)
		return image_fail(reason, &detail, image_where(r->area, r->to).s);
	status = part_write(&r->area->part, block, sizeof(block),
			    r->area->header.slot[r->to].offset);
	if (status)
		withdraw(r);
	return status;
}

int recode_write(struct recode *r)
{
	const void *data[IMG_MAX_SECTIONS];
	_cleanup_free_ uint8_t *tables = NULL;
	int status;

	status = image_erase_slot(r->area, r->to);
	if (!status)
		status = recode_chunks(r, true, data);
	if (!status)
		status = make_tables(r, data, &tables);
	if (!status)
		status = write_tables(r, tables);
	if (!status)
		status = verify(r, tables);
	return status ? status : commit(r);
}

struct img_meta recode_copy(const struct recode *r)
{
	struct img_meta copy = r->meta.meta;

	copy.chunk = r->chunk;
	copy.nr_chunks = r->writer.nr_chunks;
	return copy;
}

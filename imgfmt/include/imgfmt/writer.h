/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The streaming writer.  The caller owns buffers, threads and I/O:
 *
 *   img_writer_init
 *   for each page, by rising pfn: img_page_is_fill?, img_writer_page
 *   for each IMG_CHUNK_PAGES stored pages: img_chunk_encode (any thread), then,
 *           in order, img_writer_chunk; write the padded bytes at chunk->offset
 *   img_writer_finish, then write each section at its offset
 *   flush; img_slot_encode; write the header; flush
 *
 * The header of the slot being overwritten must be erased, and
 * that erasure flushed, before its first chunk is written.
 */
#ifndef IMGFMT_WRITER_H
#define IMGFMT_WRITER_H

#include "reader.h"

/* Bytes that a stored object occupies on disk. */
static inline uint64_t img_block_align(uint64_t size)
{
	return (size + IMG_BLOCK - 1) & ~(uint64_t)(IMG_BLOCK - 1);
}

struct img_writer {
	uint64_t slot_size;
	struct img_run_disk *run; /* the caller's */
	uint64_t run_capacity, nr_runs;
	struct img_chunk_disk *chunk; /* the caller's */
	uint64_t chunk_capacity, nr_chunks;
	struct img_tag_disk *tag;     /* the caller's, chunk_capacity of them; NULL: not sealed */
	uint64_t nr_pages, nr_stored; /* of the index */
	uint64_t nr_chunked;	      /* stored pages already in chunks */
	uint64_t position;	      /* slot bytes: where the next chunk goes */
};

void img_writer_init(struct img_writer *w, uint64_t slot_size, struct img_run_disk *run,
		     uint64_t run_capacity, struct img_chunk_disk *chunk, uint64_t chunk_capacity);

/* True if all 64-bit words of the page (8-byte aligned) are equal; *ret_word is the word. */
bool img_page_is_fill(const void *page, uint64_t *ret_word);

/*
 * Adds a page to the index; pfns must rise strictly.  IMG_E_INDEX_ORDER, IMG_E_INDEX_BOUNDS,
 * or IMG_E_INDEX_FULL, which a caller can avoid for a fill page by storing it: adding to the
 * last run needs no room.
 */
enum img_reason img_writer_page(struct img_writer *w, uint64_t pfn, enum img_run_kind kind,
				uint64_t fill);

/*
 * Instead of any img_writer_page: copies the page index of a validated image unchanged, to write
 * the same pages in other chunks.  IMG_E_INDEX_FULL: it needs room for nr_runs runs.
 */
enum img_reason img_writer_index(struct img_writer *w, const struct img_meta *meta);

/* True if the index has room for `runs` more runs. */
static inline bool img_writer_has_room(const struct img_writer *w, uint64_t runs)
{
	return w->run_capacity - w->nr_runs >= runs;
}

/* Bytes of output buffer that img_chunk_encode needs for any chunk: padded to whole blocks. */
#define IMG_ENCODE_BOUND (IMG_CHUNK_SIZE)

/*
 * Encodes pages (1 to IMG_CHUNK_PAGES of them at `in`, 8-byte aligned) into out (IMG_ENCODE_BOUND
 * bytes) and pads with zeroes to whole blocks.  Keeps the form that is smallest in whole blocks: a
 * fill word, an LZ4 block, the raw bytes.  workmem: IMG_PORT_LZ4_WORKMEM bytes.  Sets all but
 * offset and first of *ret_chunk.
 */
void img_chunk_encode(const void *in, uint32_t pages, void *out, void *workmem,
		      struct img_chunk *ret_chunk);

/*
 * An LZ4 compressor: returns the bytes written, or 0 if they do not fit `capacity`, beyond which it
 * never writes.  workmem is passed through to it.
 */
typedef int (*img_lz4_fn)(const void *in, int size, void *out, int capacity, void *workmem);

/* The same with a compressor other than the port's. */
void img_chunk_encode_with(img_lz4_fn compress, const void *in, uint32_t pages, void *out,
			   void *workmem, struct img_chunk *ret_chunk);

/*
 * Appends an encoded chunk: sets chunk->offset and ->first.  IMG_E_SLOT_FULL; IMG_E_INDEX_FULL
 * (no room in the chunk table); IMG_E_CHUNK_COUNT (more pages than the index has stored).
 */
enum img_reason img_writer_chunk(struct img_writer *w, struct img_chunk *chunk);

/*
 * Before the first chunk: the image will be sealed.  tag: chunk_capacity entries, zeroed here as
 * far as they will be used.
 */
void img_writer_sealed(struct img_writer *w, struct img_tag_disk *tag);

/* The tag of the chunk that img_writer_chunk added last. */
void img_writer_tag(struct img_writer *w, const uint8_t tag[IMG_TAG_SIZE]);

/* The small sections, in memory, in disk form; pointers may be NULL if the count is 0. */
struct img_writer_sections {
	const struct img_record_disk *record;
	const struct img_fp_disk *fp;
	const struct img_rtmap_disk *rtmap;
	const struct img_aux_disk *aux;
	const struct img_proof_disk *proof;
	const struct img_seal_disk *seal; /* with img_writer_sealed: see img_seal_close */
	uint64_t nr_fp, nr_rtmap, nr_aux, nr_proofs;
};

/*
 * Lays the sections out after the last chunk and fills in every field of *slot that the writer
 * knows: counts, data_size, meta_offset, meta_size and the section table with checksums.  The
 * caller writes section[i] from data[i]: section[i].size bytes, padded with zeroes.
 * IMG_E_SLOT_FULL, IMG_E_INDEX_FULL (sections above IMG_MAX_META_SIZE), IMG_E_INDEX_COUNT (pages
 * not yet in chunks).
 */
enum img_reason img_writer_finish(struct img_writer *w, const struct img_writer_sections *in,
				  struct img_slot *slot, const void *data[IMG_MAX_SECTIONS]);

struct img_record_disk img_record_encode(const struct img_record *record);
struct img_fp_disk img_fp_encode(const struct img_fp_item *item);
struct img_rtmap_disk img_rtregion_encode(const struct img_rtregion *region);
struct img_aux_disk img_aux_encode(const struct img_aux *aux);
struct img_proof_disk img_proof_encode(const struct img_proof *proof);

/* block: IMG_BLOCK bytes, overwritten. */
void img_slot_encode(const struct img_slot *slot, void *block);
void img_area_encode(const struct img_area *area, void *block);
/*
 * Divides a partition: swap_size bytes (rounded up to blocks) of swap area, then nr_slots (1 or 2)
 * equal slots, then the area header.  AREA_BOUNDS if a slot would be smaller than
 * IMG_MIN_SLOT_SIZE.  The caller fills in uuid, created and, for other than a partition, the map.
 */
enum img_reason img_area_layout(uint64_t partition_size, uint64_t swap_size, uint32_t nr_slots,
				struct img_area *ret_area);

#endif

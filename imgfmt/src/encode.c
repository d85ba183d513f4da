// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Encoding one chunk.  Needs a compressor, so it is built for the kernel and for userspace only.
 * No state: any thread may encode any chunk.
 */
#include <imgfmt/writer.h>

bool img_page_is_fill(const void *page, uint64_t *ret_word)
{
	const uint64_t *word = page;

	for (size_t i = 1; i < IMG_PAGE_SIZE / sizeof(*word); i++)
		if (word[i] != word[0])
			return false;
	*ret_word = word[0];
	return true;
}

static bool all_alike(const void *in, uint32_t pages, uint64_t *ret_word)
{
	const uint8_t *page = in;
	uint64_t first, word;

	if (!img_page_is_fill(page, &first))
		return false;
	for (uint32_t i = 1; i < pages; i++)
		if (!img_page_is_fill(page + (size_t)i * IMG_PAGE_SIZE, &word) || word != first)
			return false;
	*ret_word = first;
	return true;
}

/* Stored bytes, or 0 if LZ4 does not save at least one block. */
static uint32_t encode_lz4(img_lz4_fn compress, const void *in, uint32_t size, void *out,
			   void *workmem)
{
	int got = 0;

	if (size > IMG_BLOCK)
		got = compress(in, (int)size, out, (int)(size - IMG_BLOCK), workmem);
	return got > 0 ? (uint32_t)got : 0;
}

void img_chunk_encode_with(img_lz4_fn compress, const void *in, uint32_t pages, void *out,
			   void *workmem, struct img_chunk *ret_chunk)
{
	struct img_chunk chunk = { .pages = pages };
	uint32_t size = pages * IMG_PAGE_SIZE;

	if (all_alike(in, pages, &chunk.fill)) {
		chunk.kind = IMG_CHUNK_FILL;
	} else if ((chunk.size = encode_lz4(compress, in, size, out, workmem)) != 0) {
		chunk.kind = IMG_CHUNK_LZ4;
	} else {
		chunk.kind = IMG_CHUNK_RAW;
		chunk.size = size;
		memcpy(out, in, size);
	}
	memset((uint8_t *)out + chunk.size, 0, (size_t)(img_block_align(chunk.size) - chunk.size));
	img_chunk_sum(&chunk, out);
	*ret_chunk = chunk;
}

void img_chunk_encode(const void *in, uint32_t pages, void *out, void *workmem,
		      struct img_chunk *ret_chunk)
{
	img_chunk_encode_with(img_port_lz4_compress, in, pages, out, workmem, ret_chunk);
}

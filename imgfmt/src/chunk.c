// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Reading one chunk.  The checksum covers the stored bytes, so that damage is found before a
 * decoder sees it.  May run on any processor, without help from an operating system or firmware.
 */
#include <imgfmt/reader.h>

void img_chunk_sum(struct img_chunk *chunk, const void *stored)
{
	chunk->csum = img_port_xxh64(stored, chunk->size);
}

enum img_reason img_chunk_check(const struct img_chunk *chunk, const void *stored)
{
	uint64_t csum = img_port_xxh64(stored, chunk->size);

	return csum == chunk->csum ? IMG_OK : IMG_E_CHUNK_CHECKSUM;
}

static enum img_reason decode_lz4(const struct img_chunk *chunk, const void *stored, void *out)
{
	int size = (int)(chunk->pages * IMG_PAGE_SIZE);
	int got = img_port_lz4_decompress(stored, (int)chunk->size, out, size);

	return got == size ? IMG_OK : IMG_E_CHUNK_DECODE;
}

enum img_reason img_chunk_decode(const struct img_chunk *chunk, const void *stored, void *out)
{
	switch (chunk->kind) {
	case IMG_CHUNK_LZ4:
		return decode_lz4(chunk, stored, out);
	case IMG_CHUNK_RAW:
		memcpy(out, stored, (size_t)chunk->pages * IMG_PAGE_SIZE);
		return IMG_OK;
	case IMG_CHUNK_FILL:
		img_fill_pages(out, chunk->fill, chunk->pages);
		return IMG_OK;
	}
	return IMG_E_CHUNK_KIND;
}

void img_fill_pages(void *out, uint64_t word, uint64_t pages)
{
	uint64_t *to = out;
	uint64_t words = pages * (IMG_PAGE_SIZE / sizeof(word));

	for (uint64_t i = 0; i < words; i++)
		to[i] = word;
}

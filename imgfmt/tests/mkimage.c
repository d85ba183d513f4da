// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Writes a deterministic partition image and, in a second file, the pages that it
 * must hold, for readers that share no code with this project's:
 *
 *   mkimage tiny|full|tiny-sealed|sealed IMAGE [PAGES [SECRET]]
 *
 * PAGES: for each page of the newest image, by rising pfn, the pfn as a
 * little-endian 64-bit integer and the 4096 bytes.  SECRET: the 32 bytes that
 * the image was sealed with, as the firmware would keep them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sample.h"

static FILE *open_or_die(const char *path)
{
	FILE *f = fopen(path, "wb");

	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

static void write_or_die(const void *data, size_t size, FILE *f, const char *path)
{
	if (fwrite(data, 1, size, f) != size) {
		perror(path);
		exit(1);
	}
}

static void close_or_die(FILE *f, const char *path)
{
	if (fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void write_pages(const struct sample_image *image, const char *path)
{
	FILE *f = open_or_die(path);
	uint8_t page[IMG_PAGE_SIZE];

	for (uint32_t i = 0; i < image->nr_runs; i++)
		for (uint64_t j = 0; j < image->run[i].pages; j++) {
			img_le64 pfn = img_put64(image->run[i].pfn + j);

			sample_page(image->run[i].pfn + j, image->run[i].content, page);
			write_or_die(&pfn, sizeof(pfn), f, path);
			write_or_die(page, sizeof(page), f, path);
		}
	close_or_die(f, path);
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *f = open_or_die(path);

	write_or_die(data, size, f, path);
	close_or_die(f, path);
}

struct kind {
	const char *name;
	struct sample (*make)(void);
	const struct sample_image *newest;
};

static const struct kind kinds[] = {
	{ "tiny", sample_make_tiny, &sample_tiny },
	{ "full", sample_make_full, &sample_full },
	{ "tiny-sealed", sample_make_tiny_sealed, &sample_tiny_sealed },
	{ "sealed", sample_make_sealed, &sample_sealed },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct kind *kind = argc > 2 && argc < 6 ? find_kind(argv[1]) : NULL;
	struct sample sample;

	if (!kind || (argc == 5 && !kind->newest->seal)) {
		fputs("usage: mkimage tiny|full|tiny-sealed|sealed IMAGE [PAGES [SECRET]]\n",
		      stderr);
		return 2;
	}
	sample = kind->make();
	write_file(argv[2], sample.partition, sample.size);
	if (argc > 3)
		write_pages(kind->newest, argv[3]);
	if (argc > 4)
		write_file(argv[4], kind->newest->seal->secret, IMG_KEY_SIZE);
	sample_free(&sample);
	return 0;
}

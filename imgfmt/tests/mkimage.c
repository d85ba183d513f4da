// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Writes a deterministic partition image and, in a second file, the pages that it
 * must hold, for readers that share no code with this project's:
 *
 *   mkimage tiny|full IMAGE [PAGES]
 *
 * PAGES: for each page of the newest image, by rising pfn, the pfn as a
 * little-endian 64-bit integer and the 4096 bytes.
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

int main(int argc, char **argv)
{
	bool tiny = argc > 1 && !strcmp(argv[1], "tiny");
	struct sample sample;
	FILE *f;

	if (argc < 3 || argc > 4 || (!tiny && strcmp(argv[1], "full"))) {
		fputs("usage: mkimage tiny|full IMAGE [PAGES]\n", stderr);
		return 2;
	}
	sample = tiny ? sample_make_tiny() : sample_make_full();
	f = open_or_die(argv[2]);
	write_or_die(sample.partition, sample.size, f, argv[2]);
	close_or_die(f, argv[2]);
	if (argc == 4)
		write_pages(tiny ? &sample_tiny : &sample_full, argv[3]);
	sample_free(&sample);
	return 0;
}

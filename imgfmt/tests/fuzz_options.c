// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The boot entry's options: the input is LoadOptions, possibly with half a character at the end. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct img_options o = { .slot = 77 };
	size_t count = size / sizeof(uint16_t);
	/* Allocated to its exact size, so that the sanitizer sees a step outside. */
	uint16_t *text = malloc(size + !size);
	struct img_word word = { 77, 77, 77 };

	must(text != NULL);
	if (size)
		memcpy(text, data, size);
	if (img_options_parse(text, count, true, &o, &word)) {
		must(o.slot >= -1 && o.slot <= 1);
		must(o.have_area ? o.area_offset % IMG_BLOCK == 0 : !o.area_offset);
	} else {
		must(word.length && word.start + word.length <= count && word.number <= count / 2);
		must(o.slot == 77); /* untouched */
	}
	free(text);
	return 0;
}

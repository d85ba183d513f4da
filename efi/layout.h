/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loader's picture without the firmware: positions and progress.  Pure functions. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "imgfmt_port.h"

/* The cell of the firmware's font, in its pixels (UEFI 2.10, 33.3.2: simplified font). */
#define GLYPH_WIDTH  8u
#define GLYPH_HEIGHT 19u

/*
 * The panel, lines of text on a dark background, near the bottom of the screen:
 *
 *   0        title
 *   2        bar, or the first line of a refusal
 *   3        what the loader is doing
 *   5        what Esc does
 *   8        what follows a refusal
 */
#define PANEL_COLUMNS 80u
#define PANEL_LINES   9u

enum {
	LINE_TITLE = 0,
	LINE_BAR = 2,
	LINE_MESSAGE = 2,
	LINE_WORDS = 3,
	LINE_ESC = 5,
	LINE_NEXT = 8
};

/* The bar is redrawn at most this many times while it grows. */
#define PROGRESS_STEPS 16u

struct rect {
	uint32_t x, y, width, height; /* pixels */
};

struct layout {
	uint32_t scale;	  /* screen pixels to a pixel of the font, in either direction */
	uint32_t columns; /* of text */
	struct rect panel;
	struct rect bar;
};

/* False: the screen is too small for the panel. */
bool layout_screen(uint32_t width, uint32_t height, struct layout *ret_layout);

struct rect layout_line(const struct layout *layout, uint32_t line);

/* The left part of the bar: the share that is done. */
struct rect layout_filled(const struct layout *layout, uint64_t done, uint64_t total);

/* `done` of `total` parts of the work are finished, `spent` ticks after it began. */
struct progress {
	uint64_t done;
	uint64_t total;
	uint64_t spent;
	uint64_t hz; /* ticks a second */
};

/* 0 to PROGRESS_STEPS. */
uint32_t progress_step(const struct progress *p);

/* The remaining time in seconds, rounded up; UINT64_MAX: not yet known. */
uint64_t progress_seconds_left(const struct progress *p);

/*
 * Is there time to look at a picture, `age` ticks after the loader was entered?  A picture shown
 * for less than half a second is a flash.
 */
bool progress_is_worth_showing(const struct progress *p, uint64_t age);

/*
 * The length of the first line of a text of `length` characters: at most `columns`, which is not 0,
 * and up to a blank if possible.  *ret_next: where the next line begins.
 */
size_t text_wrap(const uint16_t *text, size_t length, size_t columns, size_t *ret_next);

/* Each pixel of `from` becomes scale x scale pixels of `to`. */
void pixels_enlarge(const uint32_t *from, uint32_t width, uint32_t height, uint32_t scale,
		    uint32_t *to);

#endif

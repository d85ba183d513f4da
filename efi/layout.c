// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout.h"

#define LINE_HEIGHT 24u /* the space between two lines included */
#define MARGIN	    16u
#define BAR_HEIGHT  14u
#define MIN_COLUMNS 40u

/* Enlarges the firmware's font where pixels are too small to read it. */
#define LINES_A_SCALE 1000u

/* The whole panel, in pixels of the font. */
#define PANEL_HEIGHT (PANEL_LINES * LINE_HEIGHT + 2 * MARGIN)

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

bool layout_screen(uint32_t width, uint32_t height, struct layout *ret_layout)
{
	struct layout l = { .scale = height < 2 * LINES_A_SCALE ? 1 : height / LINES_A_SCALE };
	uint32_t fonts_width = width / l.scale, line;

	if (fonts_width < MIN_COLUMNS * GLYPH_WIDTH + 2 * MARGIN || height / l.scale < PANEL_HEIGHT)
		return false;
	l.columns = smaller((fonts_width - 2 * MARGIN) / GLYPH_WIDTH, PANEL_COLUMNS);
	l.panel.width = (l.columns * GLYPH_WIDTH + 2 * MARGIN) * l.scale;
	l.panel.height = PANEL_HEIGHT * l.scale;
	l.panel.x = (width - l.panel.width) / 2;
	/* Near the bottom: the middle often shows the firmware's picture. */
	l.panel.y = (height - l.panel.height) / 8 * 7;
	line = l.panel.y + (MARGIN + LINE_BAR * LINE_HEIGHT) * l.scale;
	l.bar = (struct rect){ .x = l.panel.x + MARGIN * l.scale,
			       .y = line + (GLYPH_HEIGHT - BAR_HEIGHT) / 2 * l.scale,
			       .width = l.columns * GLYPH_WIDTH * l.scale,
			       .height = BAR_HEIGHT * l.scale };
	*ret_layout = l;
	return true;
}

struct rect layout_line(const struct layout *layout, uint32_t line)
{
	return (struct rect){ .x = layout->bar.x,
			      .y = layout->panel.y + (MARGIN + line * LINE_HEIGHT) * layout->scale,
			      .width = layout->columns * GLYPH_WIDTH * layout->scale,
			      .height = GLYPH_HEIGHT * layout->scale };
}

struct rect layout_filled(const struct layout *layout, uint64_t done, uint64_t total)
{
	struct rect filled = layout->bar;

	if (done < total)
		filled.width = (uint32_t)(filled.width * done / total);
	return filled;
}

uint32_t progress_step(const struct progress *p)
{
	return p->done < p->total ? (uint32_t)(p->done * PROGRESS_STEPS / p->total)
				  : PROGRESS_STEPS;
}

/* Divided first: ticks of hours times a million chunks would not fit. */
static uint64_t ticks_left(const struct progress *p)
{
	return p->done < p->total ? p->spent / p->done * (p->total - p->done) : 0;
}

uint64_t progress_seconds_left(const struct progress *p)
{
	if (p->done == 0 || p->hz == 0)
		return UINT64_MAX;
	return ticks_left(p) / p->hz + (ticks_left(p) % p->hz != 0);
}

bool progress_is_worth_showing(const struct progress *p, uint64_t age)
{
	uint64_t half = p->hz / 2;

	if (half == 0 || age < half)
		return false;
	return p->done ? ticks_left(p) >= half : age >= p->hz;
}

size_t text_wrap(const uint16_t *text, size_t length, size_t columns, size_t *ret_next)
{
	size_t end = columns;

	*ret_next = length;
	if (length <= columns)
		return length;
	while (end && text[end] != ' ')
		end--;
	if (end == 0)
		end = columns;
	*ret_next = end;
	while (*ret_next < length && text[*ret_next] == ' ')
		(*ret_next)++;
	return end;
}

void pixels_enlarge(const uint32_t *from, uint32_t width, uint32_t height, uint32_t scale,
		    uint32_t *to)
{
	uint32_t x, y;

	for (y = 0; y < height * scale; y++) {
		for (x = 0; x < width * scale; x++)
			*to++ = from[y / scale * width + x / scale];
	}
}

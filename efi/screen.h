/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture; without a screen, or if the options forbid it, nothing is drawn. */
#ifndef SCREEN_H
#define SCREEN_H

#include "base.h"
#include "layout.h"

struct console;
struct hii_font;
struct img_handoff;
struct img_options;
struct img_slot;

struct screen {
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop; /* NULL: no usable screen, or no font */
	struct hii_font *font;
	struct layout layout;
	const struct img_options *options; /* quiet and verbose forbid the picture */
	const struct img_handoff *handoff; /* the ticks per second, the time of the entry */
	bool shown;			   /* the panel with the bar is on the screen */
	uint32_t step;			   /* of the bar, as drawn */
	uint64_t began;			   /* TSC, when the wait for the first chunk began */
};

/* A refusal in lines for people, without newlines. */
#define MESSAGE_LINES 3
#define MESSAGE_CHARS 240
struct message {
	CHAR16 line[MESSAGE_LINES][MESSAGE_CHARS];
	UINTN lines;
};

/* Finds the console's screen, if it has one.  Later calls read the options and the handoff page. */
void screen_open(const struct console *console, const struct img_options *options,
		 const struct img_handoff *handoff, struct screen *ret_screen);

/* May lines appear on the screen?  They would spoil a picture. */
bool screen_takes_lines(const struct screen *s);

/* done: how many chunks are in their places, of `total`.  Call it often; it seldom draws. */
void screen_progress(struct screen *s, int slot_number, const struct img_slot *slot, uint64_t done,
		     uint64_t total);

/* The last thing drawn, if anything was. */
void screen_starting(const struct screen *s);

/* next: what follows the refusal.  False: nothing was drawn. */
bool screen_refusal(const struct screen *s, const struct message *message, const CHAR16 *next);

#endif

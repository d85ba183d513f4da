/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture; without a screen, or if the options forbid it, nothing is drawn. */
#ifndef SCREEN_H
#define SCREEN_H

#include "base.h"
#include "layout.h"

struct console;
struct loader;
struct hii_font;

struct screen {
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop; /* NULL: no usable screen, or no font */
	struct hii_font *font;
	struct layout layout;
	bool shown;	/* the panel with the bar is on the screen */
	uint32_t step;	/* of the bar, as drawn */
	uint64_t began; /* TSC, when the wait for the first chunk began */
};

/* A refusal in lines for people, without newlines. */
#define MESSAGE_LINES 3
#define MESSAGE_CHARS 240
struct message {
	CHAR16 line[MESSAGE_LINES][MESSAGE_CHARS];
	UINTN lines;
};

/* Finds the console's screen, if it has one. */
void screen_open(const struct console *console, struct screen *ret_screen);

/* chunks: how many are in their places.  Call it often; it seldom draws. */
void screen_progress(struct loader *l, uint64_t chunks);

/* The last thing drawn, if anything was. */
void screen_starting(struct loader *l);

/* next: what follows the refusal.  False: nothing was drawn. */
bool screen_refusal(const struct loader *l, const struct message *message, const CHAR16 *next);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's consoles: plain lines, key strokes. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "base.h"

#define MAX_TEXT_CONSOLES 8
struct console {
	EFI_SIMPLE_TEXT_OUT_PROTOCOL *text[MAX_TEXT_CONSOLES]; /* consoles without a screen */
	UINTN nr_text;
	bool graphics;	 /* a console has a screen */
	uint64_t hz;	 /* TSC ticks per second */
	uint64_t polled; /* TSC, when key strokes were last read */
};

/* Finds the devices.  hz: TSC ticks per second. */
void console_open(uint64_t hz, struct console *ret_console);

/* Writes to the consoles without a screen, or to every console. */
void console_write(const struct console *c, bool everywhere, CHAR16 *text);

/* Has Esc been pressed?  Other keys are read and ignored. */
bool console_escape(struct console *c);

/* Returns when the time is up or a key is pressed. */
void console_wait(uint32_t seconds);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, sizes, times and foreign strings, to and from text.  Pure functions. */
#ifndef FASTBOOTCTL_TEXT_H
#define FASTBOOTCTL_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct text {
	char s[96];
};

/* "4096", "512K", "64M", "2G", "1T" (powers of 1024).  False: not a size, or too large. */
bool text_parse_size(const char *s, uint64_t *ret_bytes);

/* "1.5 GiB" */
struct text text_size(uint64_t bytes);

/* "3 hours", "in the future" */
struct text text_age(uint64_t seconds, time_t now);

/* "2026-01-31 12:00:00 UTC, 3 hours ago" */
struct text text_time(uint64_t seconds, time_t now);

/*
 * Makes a foreign string safe for a terminal and for JSON, in place: control characters become '?',
 * and so do all bytes beyond ASCII if the string is not UTF-8.
 */
void text_printable(char *s);

/* The same for a text of several lines: line feeds stay. */
void text_printable_lines(char *s);

/* True if text_printable() would not change it: UTF-8 without control characters. */
bool text_is_printable(const char *s);

/* Cuts white space off the end; in place. */
void text_trim(char *s);

/*
 * Takes the next line "key=value" from *rest, which it modifies; the value has no trailing white
 * space.  Other lines are skipped.  False: no more lines.
 */
bool text_next_pair(char **rest, const char **ret_key, const char **ret_value);

/* A GUID as a GPT stores it, in lower case: its first three fields are little-endian. */
struct text text_guid(const uint8_t guid[16]);

bool text_is_zero_uuid(const uint8_t uuid[16]);

/* 'A' or 'B' */
char text_slot(unsigned int slot);

/* "a", "b" in either case.  False: neither. */
bool text_parse_slot(const char *s, int *ret_slot);

#endif

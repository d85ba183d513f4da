/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The options of the loader's boot entry: words of ASCII in the load option's optional data, in
 * UCS-2 (UEFI 2.10, 3.1.3).  The loader obeys them, the tool writes them, and docs/loader.md lists
 * them, all from this table.
 */
#ifndef IMGFMT_OPTIONS_H
#define IMGFMT_OPTIONS_H

#include "imgfmt_port.h"

/*
 * X(symbol, word, values, meaning), in the order of the documents.  word: in lower case, though
 * either case is accepted; a value follows if it ends in '='.  meaning: Markdown.
 */
#define IMG_OPTIONS(X)                                                                             \
	X(SLOT, "slot=", "a|b",                                                                    \
	  "this slot and no other; default: the usable image of the highest "                      \
	  "[rank](safety.md#which-image-is-restored)")                                             \
	X(PARTUUID, "partuuid=", "UUID",                                                           \
	  "the partition of the image area, if several disks have one")                            \
	X(AREA, "area=", "UUID+BYTE",                                                              \
	  "where the header of an image area is that is no partition, but a logical volume or "    \
	  "a file: the partition, and the byte of it; `fastbootctl install` writes this")          \
	X(CORES, "cores=1", "", "do not use the other processors")                                 \
	X(VERBOSE, "verbose", "",                                                                  \
	  "progress as lines of text on every console instead of the picture, even if the "        \
	  "restore "                                                                               \
	  "takes less than a second; times of the stages; marks `c` (copying) and `j` (jump) on "  \
	  "COM1 after the exit from boot services")                                                \
	X(PROBE, "probe", "",                                                                      \
	  "before the restore, read, verify and decode every chunk once, each step alone: the "    \
	  "least time that a restore takes, see [performance.md](performance.md)")                 \
	X(QUIET, "quiet", "",                                                                      \
	  "draw nothing on the screen, and do not wait after a refusal; Esc still works")          \
	X(SEAL, "seal=always", "",                                                                 \
	  "with Secure Boot off, too: leave a key, and restore sealed images only")                \
	X(SIMULATE, "simulate", "", "decide, report, boot normally; nothing is written")           \
	X(KERNEL, "kernel=", "PATH",                                                               \
	  "a normal boot starts this [unified kernel image](#the-kernel-of-the-boot-entry), a "    \
	  "file on the loader's own partition, `\\EFI\\Linux\\...`")

enum img_option {
#define IMG_OPTION_ENUM(sym, word, values, meaning) IMG_OPTION_##sym,
	/* clang-format off */
	IMG_OPTIONS(IMG_OPTION_ENUM)
#undef IMG_OPTION_ENUM
	IMG_OPTION_UNKNOWN
	/* clang-format on */
};

/* All options one after the other, each preceded by a space: a string literal. */
#define IMG_OPTION_WORD(sym, word, values, meaning) " " word values
#define IMG_OPTION_WORDS			    IMG_OPTIONS(IMG_OPTION_WORD)

/* Characters at most, without a NUL. */
#define IMG_PATH_MAX 255u

struct img_options {
	int slot;	       /* 0, 1; -1: the usable image of the highest rank */
	bool have_part_uuid;   /* partuuid= was given */
	uint8_t part_uuid[16]; /* as a GPT stores it */
	bool have_area;	       /* area= was given */
	uint8_t area_part_uuid[16];
	uint64_t area_offset; /* a multiple of IMG_BLOCK */
	bool one_core;
	bool verbose;
	bool seal_always;
	bool simulate;
	bool probe;
	bool quiet;
	uint16_t kernel[IMG_PATH_MAX + 1]; /* a path, ended by a NUL; empty: none */
};

/* A word of a text: its number and its position in characters, both from 0. */
struct img_word {
	size_t number;
	size_t start;
	size_t length;
};

/* The options of an entry without any. */
#define IMG_OPTIONS_DEFAULT ((struct img_options){ .slot = -1 })

/*
 * Walks over the words of a text of `count` characters, ended early by a NUL; begin with { 0 }.
 * False: no more words.
 */
bool img_word_next(const uint16_t *text, size_t count, struct img_word *word);

/* The option that a word names, whatever its value; IMG_OPTION_UNKNOWN: none. */
enum img_option img_option_find(const uint16_t *text, struct img_word word);

/* Stores one word in the options.  False: not an option, or its value is invalid. */
bool img_option_parse(const uint16_t *text, struct img_word word, struct img_options *options);

/*
 * All words of a text.  program: a first word that ends in ".efi" is the program's name, as the
 * UEFI shell passes it.  False: *ret_unknown is the first word that is not an option.
 */
bool img_options_parse(const uint16_t *text, size_t count, bool program,
		       struct img_options *ret_options, struct img_word *ret_unknown);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The EFI variables through which loader, kernel and tool communicate (docs/loader.md).  All have
 * one vendor GUID.  The names are narrow; L"" before one makes it wide.
 */
#ifndef IMGFMT_RESULT_H
#define IMGFMT_RESULT_H

/*
 * 8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35.  GUID(a, b, c, d0 ... d7): the host's own macro, its
 * first three fields of 32, 16 and 16 bits, the others of 8.
 */
#define IMG_VENDOR_GUID(GUID)                                                                      \
	GUID(0x8ac4f28e, 0x6d6f, 0x4bd2, 0x9e, 0x59, 0x1a, 0x1c, 0xf6, 0x6f, 0x2b, 0x35)

/* The loader's result: volatile, lines "key=value" of printable ASCII, at most IMG_RESULT_SIZE. */
#define IMG_RESULT_VARIABLE "FastbootLastResult"
#define IMG_RESULT_SIZE	    1024u

/* The kernel's refusal: non-volatile, a struct img_refusal (handoff.h). */
#define IMG_REFUSAL_VARIABLE "FastbootKernelRefusal"

/*
 * For boot services only: 32 random bytes that no system can read or change, one for each
 * enum img_seal_domain; and a struct img_history (handoff.h).
 */
#define IMG_SECRET_VARIABLE	 "FastbootSecret"
#define IMG_OPEN_SECRET_VARIABLE "FastbootOpenSecret"
#define IMG_HISTORY_VARIABLE	 "FastbootHistory"

/*
 * The physical address, 8 bytes, of a struct img_key_page (handoff.h).  Volatile: a system can
 * neither make nor change such a variable, so one with these attributes is the loader's
 * (UEFI 2.10, 8.2.2).
 */
#define IMG_KEY_PAGE_VARIABLE "FastbootKeyPage"

/* X(symbol, key, meaning); meaning: Markdown. */
#define IMG_RESULT_KEYS(X)                                                                         \
	X(RESULT, "result", "`refused`, `simulated`, `restored`")                                  \
	X(CODE, "code", "the code of the reason: [troubleshooting](troubleshooting.md)")           \
	X(SENTENCE, "sentence", "what the code means")                                             \
	X(ADVICE, "advice", "what to do about it")                                                 \
	X(OBJECT, "object",                                                                        \
	  "what differs: a field of the fingerprint, a section, a chunk, a proof")                 \
	X(INDEX, "index", "which one, if there are several")                                       \
	X(FIELD, "field", "which part of it")                                                      \
	X(GOLDEN, "golden", "what the image has")                                                  \
	X(TODAY, "today", "what the machine has")                                                  \
	X(PARTITION, "partition",                                                                  \
	  "PARTUUID in lower case, if the reason is about a disk and the partition has one")       \
	X(SLOT, "slot", "with `restored`: `a` or `b`")                                             \
	X(GENERATION, "generation", "with `restored`: the image's")                                \
	X(RANK, "rank", "with `restored`: the number by which the image was chosen")               \
	X(ATTEMPTS, "attempts",                                                                    \
	  "with `restored`: since the image was last called good, this one included")              \
	X(SEALED, "sealed", "with `restored`: `yes` or `no`")                                      \
	X(PASSED, "passed", "the slot that was passed over, `a` or `b`; with any result")          \
	X(PASSED_CODE, "passed_code", "why")                                                       \
	X(KERNEL, "kernel", "why the kernel of the boot entry was not started, if it has one")

enum img_result_key {
#define IMG_RESULT_KEY_ENUM(sym, key, meaning) IMG_KEY_##sym,
	/* clang-format off */
	IMG_RESULT_KEYS(IMG_RESULT_KEY_ENUM)
#undef IMG_RESULT_KEY_ENUM
	IMG_KEY_COUNT
	/* clang-format on */
};

const char *img_result_key(enum img_result_key key);

#endif

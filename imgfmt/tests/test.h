/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Common functions of the unit tests. */
#ifndef IMGFMT_TESTS_TEST_H
#define IMGFMT_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "disks.h"
#include "sample.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Asserts that exactly this reason was given, and records it: test_reasons.c fails if no test has
 * asserted a reason of the core.
 */
void assert_reason(enum img_reason want, enum img_reason got);
/* The same, with the location: object and field as in struct img_detail; NULL field: none. */
void assert_refusal(enum img_reason want, enum img_reason got, const struct img_detail *detail,
		    const char *object, const char *field);
bool reason_was_asserted(enum img_reason reason);

/* The slot's section of that type; fails the test if there is none. */
struct img_section *section_of(struct img_slot *slot, uint32_t type);

/* Corrects a header block's checksum. */
void resum_header(void *block);

int run_area_tests(void);
int run_slot_tests(void);
int run_sections_tests(void);
int run_seal_tests(void);
int run_state_tests(void);
int run_proof_tests(void);
int run_smbios_tests(void);
int run_fs_tests(void);
int run_stack_tests(void);
int run_mkfs_tests(void);
int run_chunk_tests(void);
int run_writer_tests(void);
int run_fingerprint_tests(void);
int run_decide_tests(void);
int run_options_tests(void);
int run_unified_tests(void);
int run_example_tests(void);
int run_power_loss_tests(void);
/* Last, because it checks what the others asserted. */
int run_reason_tests(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Runs all unit tests of the image format. */
#include "test.h"

static bool asserted[IMG_REASON_COUNT];

void assert_reason(enum img_reason want, enum img_reason got)
{
	assert_string_equal(img_reason_code(got), img_reason_code(want));
	asserted[want] = true;
}

void assert_refusal(enum img_reason want, enum img_reason got, const struct img_detail *detail,
		    const char *object, const char *field)
{
	assert_reason(want, got);
	assert_string_equal(detail->object, object);
	if (field)
		assert_string_equal(detail->field ? detail->field : "(none)", field);
	else
		assert_null(detail->field);
}

bool reason_was_asserted(enum img_reason reason)
{
	return asserted[reason];
}

struct img_section *section_of(struct img_slot *slot, uint32_t type)
{
	for (uint32_t i = 0; i < slot->nr_sections; i++)
		if (slot->section[i].type == type)
			return &slot->section[i];
	fail();
	return NULL;
}

void resum_header(void *block)
{
	put_le((uint8_t *)block + 4088, img_port_xxh64(block, 4088), 8);
}

int main(void)
{
	int failures = 0;

	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	failures += run_area_tests();
	failures += run_slot_tests();
	failures += run_sections_tests();
	failures += run_seal_tests();
	failures += run_state_tests();
	failures += run_proof_tests();
	failures += run_chunk_tests();
	failures += run_writer_tests();
	failures += run_fingerprint_tests();
	failures += run_smbios_tests();
	failures += run_decide_tests();
	failures += run_fs_tests();
	failures += run_stack_tests();
	failures += run_mkfs_tests();
	failures += run_options_tests();
	failures += run_unified_tests();
	failures += run_example_tests();
	failures += run_power_loss_tests();
	failures += run_reason_tests();
	return failures ? 1 : 0;
}

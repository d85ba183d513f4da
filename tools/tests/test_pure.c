// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts without I/O: boot order, numbers, options; sizes, times, strings. */
#include "cmocka_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area/place.h"
#include "base/attr.h"
#include "base/text.h"
#include "firmware/boot_entry.h"
#include "firmware/load_option.h"
#include "firmware/siglist.h"
#include "machine/fingerprint_item.h"
#include "machine/memmap.h"

static struct boot_order order_of(size_t count, const uint16_t *number)
{
	struct boot_order order = { .count = count };

	memcpy(order.number, number, count * sizeof(number[0]));
	return order;
}
#define ORDER(...)                                                                                 \
	order_of(sizeof((uint16_t[]){ __VA_ARGS__ }) / 2, (const uint16_t[]){ __VA_ARGS__ })

static void assert_order(const struct boot_order *order, const struct boot_order *wanted)
{
	assert_int_equal(order->count, wanted->count);
	assert_memory_equal(order->number, wanted->number, 2 * wanted->count);
}

static void order_add_appends(void **state)
{
	struct boot_order order = ORDER(3, 1), wanted = ORDER(3, 1, 7);

	(void)state;
	assert_true(boot_order_add(&order, 7, false));
	assert_order(&order, &wanted);
}

static void order_add_puts_first(void **state)
{
	struct boot_order order = ORDER(3, 1), wanted = ORDER(7, 3, 1);

	(void)state;
	assert_true(boot_order_add(&order, 7, true));
	assert_order(&order, &wanted);
}

static void order_add_leaves_a_present_one_where_it_is(void **state)
{
	struct boot_order order = ORDER(3, 7, 1), wanted = ORDER(3, 7, 1);

	(void)state;
	assert_true(boot_order_add(&order, 7, false));
	assert_order(&order, &wanted);
}

static void order_add_moves_a_present_one_first(void **state)
{
	struct boot_order order = ORDER(3, 7, 1, 7), wanted = ORDER(7, 3, 1);

	(void)state;
	assert_true(boot_order_add(&order, 7, true));
	assert_order(&order, &wanted);
}

static void order_add_to_empty(void **state)
{
	struct boot_order order = { .count = 0 }, wanted = ORDER(0);

	(void)state;
	assert_true(boot_order_add(&order, 0, false));
	assert_order(&order, &wanted);
}

static void order_add_refuses_when_full(void **state)
{
	struct boot_order order = { .count = BOOT_MAX_ENTRIES };

	(void)state;
	for (uint16_t i = 0; i < BOOT_MAX_ENTRIES; i++)
		order.number[i] = i;
	assert_false(boot_order_add(&order, 9999, false));
	assert_false(boot_order_add(&order, 9999, true));
	assert_int_equal(order.count, BOOT_MAX_ENTRIES);
	/* One that is present only moves, which needs no room. */
	assert_true(boot_order_add(&order, 200, true));
	assert_int_equal(order.number[0], 200);
	assert_int_equal(order.number[200], 199);
}

static void order_remove_takes_every_one(void **state)
{
	struct boot_order order = ORDER(7, 3, 7, 1), wanted = ORDER(3, 1);

	(void)state;
	boot_order_remove(&order, 7);
	assert_order(&order, &wanted);
	boot_order_remove(&order, 42);
	assert_order(&order, &wanted);
}

static void order_decodes_what_it_encodes(void **state)
{
	const uint8_t disk[] = { 0x34, 0x12, 0x01, 0x00 };
	uint8_t data[2 * BOOT_MAX_ENTRIES + 2] = { 0 };
	struct boot_order order, wanted = ORDER(0x1234, 1);

	(void)state;
	assert_true(boot_order_decode(disk, sizeof(disk), &order));
	assert_order(&order, &wanted);
	boot_order_encode(&order, data);
	assert_memory_equal(data, disk, sizeof(disk));
	assert_false(boot_order_decode(disk, 3, &order));
	assert_false(boot_order_decode(data, sizeof(data), &order));
	assert_true(boot_order_decode(NULL, 0, &order));
	assert_int_equal(order.count, 0);
}

static void number_parse_takes_upper_case_only(void **state)
{
	uint16_t number = 0;

	(void)state;
	assert_true(boot_number_parse("Boot001A", &number));
	assert_int_equal(number, 0x1a);
	assert_true(boot_number_parse("BootFFFF", &number));
	assert_int_equal(number, 0xffff);
	assert_false(boot_number_parse("Boot001a", &number));
	assert_false(boot_number_parse("BootOrder", &number));
	assert_false(boot_number_parse("BootNext", &number));
	assert_false(boot_number_parse("Boot001", &number));
	assert_false(boot_number_parse("Boot00011", &number));
	assert_false(boot_number_parse("boot0001", &number));
}

static void number_unused_is_the_lowest(void **state)
{
	const uint16_t used[] = { 3, 0, 1, 0 };
	uint16_t number = 99;

	(void)state;
	assert_true(boot_number_unused(used, 4, &number));
	assert_int_equal(number, 2);
	assert_true(boot_number_unused(NULL, 0, &number));
	assert_int_equal(number, 0);
}

static void options_known_and_unknown(void **state)
{
	static const char *const known[] = {
		"",
		"verbose",
		"slot=a",
		"slot=b verbose simulate",
		" \tverbose  cores=1 ",
		"quiet probe",
		"verbose\n", /* as the loader accepts it */
		"SLOT=A",
		"partuuid=33221100-5544-7766-8899-aabbccddeeff verbose",
	};
	static const char *const unknown[] = {
		"x",
		"slot=c",
		"slot=ab",
		"verbos",
		"verbose quick",
		"cores=2",
		"partuuid=",
		"partuuid=33221100-5544-7766-8899-aabbccddeef",
		"x.efi",
		"partuuid=33221100-5544-7766-8899-aabbccddeefg",
		"caf\xc3\xa9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_null(boot_options_unknown(known[i]));
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_non_null(boot_options_unknown(unknown[i]));
	assert_string_equal(boot_options_unknown("verbose quick"), "quick");
	assert_true(boot_options_seal_always("verbose seal=always"));
	assert_false(boot_options_seal_always("verbose"));
	assert_false(boot_options_seal_always("seal=always quick"));
}

static void options_name_a_slot(void **state)
{
	static const struct {
		const char *options, *left;
		int slot;
	} row[] = {
		{ "", "", -1 },
		{ "cores=1  verbose", "cores=1 verbose", -1 },
		{ "slot=a", "", 0 },
		{ " SLOT=B", "", 1 },
		{ "slot=a cores=1\tslot=b verbose ", "cores=1 verbose", 1 },
		{ "verbose slot=c", "verbose", -1 },
		{ "noslot=a", "noslot=a", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char options[64];

		snprintf(options, sizeof(options), "%s", row[i].options);
		assert_int_equal(boot_options_take_slot(options), row[i].slot);
		assert_string_equal(options, row[i].left);
	}
}

#define AREA  "area=33221100-5544-7766-8899-aabbccddeeff+4096"
#define OTHER "area=33221100-5544-7766-8899-aabbccddeeff+8192"

static void options_name_an_area(void **state)
{
	static const struct {
		const char *options, *area, *left;
	} row[] = {
		{ "", "", "" },
		{ "", AREA, AREA },
		{ "quiet", AREA, "quiet " AREA },
		{ OTHER " quiet " AREA, AREA, "quiet " AREA },
		{ "quiet partuuid=33221100-5544-7766-8899-aabbccddeeff", AREA, "quiet " AREA },
		{ "quiet " OTHER, "", "quiet" },
		{ "partuuid=33221100-5544-7766-8899-aabbccddeeff", "",
		  "partuuid=33221100-5544-7766-8899-aabbccddeeff" },
	};
	char options[BOOT_MAX_OPTIONS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(options, sizeof(options), "%s", row[i].options);
		assert_true(boot_options_put_area(options, row[i].area));
		assert_string_equal(options, row[i].left);
		assert_true(boot_options_have_area(options, row[i].area));
		assert_false(boot_options_have_area(options, OTHER));
	}
	memset(options, 'x', BOOT_MAX_OPTIONS - strlen(AREA) - 1);
	options[BOOT_MAX_OPTIONS - strlen(AREA) - 1] = '\0';
	assert_true(boot_options_put_area(options, AREA));
	assert_int_equal(strlen(options), BOOT_MAX_OPTIONS);
	memset(options, 'x', BOOT_MAX_OPTIONS - strlen(AREA));
	options[BOOT_MAX_OPTIONS - strlen(AREA)] = '\0';
	assert_false(boot_options_put_area(options, AREA));
	assert_false(boot_options_have_area("no-such-option", ""));
}

static void options_encode_to_ucs2(void **state)
{
	static const uint8_t wanted[] = { 's', 0, '=', 0, 'a', 0, 0, 0 };
	uint8_t data[2 * (BOOT_MAX_OPTIONS + 1)];
	char text[BOOT_MAX_OPTIONS + 2], back[BOOT_MAX_OPTIONS + 1];
	size_t size = 99;

	(void)state;
	assert_true(boot_options_encode("s=a", false, data, &size));
	assert_int_equal(size, sizeof(wanted));
	assert_memory_equal(data, wanted, sizeof(wanted));
	assert_true(boot_options_encode("", false, data, &size));
	assert_int_equal(size, 0);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(boot_options_encode(text, false, data, &size));
	text[BOOT_MAX_OPTIONS] = '\0';
	assert_true(boot_options_encode(text, false, data, &size));
	assert_int_equal(size, sizeof(data));
	boot_options_decode(data, size, back);
	assert_string_equal(back, text);
}

/* shim ignores options of an odd size, and keeps what follows its own word. */
static void options_follow_the_loader_behind_shim(void **state)
{
	uint8_t data[BOOT_OPTIONS_SIZE];
	char longest[BOOT_MAX_OPTIONS + 1], text[BOOT_MAX_OPTIONS + 1];
	size_t size;

	(void)state;
	assert_true(boot_options_encode("quiet", true, data, &size));
	assert_int_equal(size, 2 * sizeof(BOOT_FILE_PATH " quiet"));
	boot_options_decode(data, size, text);
	assert_string_equal(text, "\\EFI\\fastboot\\fastbootx64.efi quiet");
	assert_true(boot_options_encode("", true, data, &size));
	assert_int_equal(size, 2 * sizeof(BOOT_FILE_PATH));
	memset(longest, 'x', BOOT_MAX_OPTIONS);
	longest[BOOT_MAX_OPTIONS] = '\0';
	assert_true(boot_options_encode(longest, true, data, &size));
	assert_int_equal(size, sizeof(data));
}

static void options_decode_what_others_wrote(void **state)
{
	static const uint8_t foreign[] = { 'a', 0, 0x1b, 0, 0x3b, 0x04, 'b', 0, 'c' };
	char text[BOOT_MAX_OPTIONS + 1];

	(void)state;
	boot_options_decode(foreign, sizeof(foreign), text);
	assert_string_equal(text, "a??b");
	boot_options_decode(foreign, 0, text);
	assert_string_equal(text, "");
}

static void sizes_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "1k", 1024 },
		{ "512M", 512u << 20 },
		{ "2GiB", 2ull << 30 },
		{ "3t", 3ull << 40 },
		{ "16777215T", 16777215ull << 40 },
	};
	static const char *const bad[] = { "",
					   "M",
					   "-1",
					   "+1",
					   " 1",
					   "1.5G",
					   "1MB",
					   "1X",
					   "1M1",
					   "16777216T",
					   "99999999999999999999" };
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(text_parse_size(good[i].text, &bytes));
		assert_true(bytes == good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_parse_size(bad[i], &bytes));
}

static void sizes_and_times_read_well(void **state)
{
	(void)state;
	assert_string_equal(text_size(100).s, "100 bytes");
	assert_string_equal(text_size(40960).s, "40.0 KiB");
	assert_string_equal(text_size(3ull << 30).s, "3.0 GiB");
	assert_string_equal(text_size(200ull << 20).s, "200 MiB");
	assert_string_equal(text_time(0, 90).s, "1970-01-01 00:00:00 UTC, 90 seconds ago");
	assert_string_equal(text_time(0, 7200).s, "1970-01-01 00:00:00 UTC, 2 hours ago");
	assert_string_equal(text_time(0, 86400 * 9).s, "1970-01-01 00:00:00 UTC, 9 days ago");
	assert_string_equal(text_time(60, 0).s, "1970-01-01 00:01:00 UTC, in the future");
	assert_string_equal(text_age(0, 90).s, "90 seconds");
	assert_string_equal(text_age(60, 0).s, "in the future");
	assert_non_null(strstr(text_time(UINT64_MAX / 2, 0).s, "second 9223372036854775807"));
}

static void assert_printable(const char *foreign, const char *wanted)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", foreign);
	text_printable(text);
	assert_string_equal(text, wanted);
}

static void strings_are_made_printable(void **state)
{
	char lines[] = "a\nb\033c";

	(void)state;
	assert_printable("plain", "plain");
	assert_printable("a\033[2Jb\nc\x7f", "a?[2Jb?c?");
	assert_printable("w\xc3\xb6rld \xe2\x82\xac \xf0\x9f\x98\x80",
			 "w\xc3\xb6rld \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_printable("latin1 \xf6", "latin1 ?");
	assert_printable("c1 \xc2\x9b", "c1 ??");
	assert_printable("overlong \xc0\xaf", "overlong ??");
	assert_printable("overlong \xe0\x80\xaf", "overlong ???");
	assert_printable("surrogate \xed\xa0\x80", "surrogate ???");
	assert_printable("cut \xe2\x82", "cut ??");
	text_printable_lines(lines);
	assert_string_equal(lines, "a\nb?c");
}

static void guids_are_formatted_as_in_a_gpt(void **state)
{
	static const uint8_t guid[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	static const uint8_t almost_zero[16] = { [15] = 1 }, zero[16];

	(void)state;
	assert_string_equal(text_guid(guid).s, "33221100-5544-7766-8899-aabbccddeeff");
	assert_true(text_is_zero_uuid(zero));
	assert_false(text_is_zero_uuid(almost_zero));
}

static void restored_state_is_recognised(void **state)
{
	static const char *const other[] = {
		"",
		"idle",
		"saved generation=3",
		"restored",
		"restored generation=",
		"restored generation=-1 restores=1",
		"restored generation= 1",
		"restored generation=1x restores=1",
		"restored generation=99999999999999999999 restores=1",
		" restored generation=1",
	};
	uint64_t generation = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_false(attr_restored(other[i], &generation));
	assert_int_equal(generation, 77);
	assert_true(attr_restored("restored generation=12 restores=3", &generation));
	assert_int_equal(generation, 12);
	assert_true(attr_restored("restored generation=13", &generation));
	assert_int_equal(generation, 13);
}

static void slots_parse(void **state)
{
	int slot = -1;

	(void)state;
	assert_true(text_parse_slot("a", &slot) && slot == 0);
	assert_true(text_parse_slot("B", &slot) && slot == 1);
	assert_false(text_parse_slot("", &slot));
	assert_false(text_parse_slot("c", &slot));
	assert_false(text_parse_slot("ab", &slot));
}

static void fingerprint_items_are_described(void **state)
{
	struct img_fp_item item = { .field = IMG_FP_PCI_DEVICE,
				    .index = 0x000100fa,
				    .value = { 0x5678123429228086ull, 0x0000000101060102ull } };
	struct fingerprint_item_text text = fingerprint_item_describe(&item);

	(void)state;
	assert_string_equal(text.what, "PCI device 0001:00:1f.2");
	assert_string_equal(text.value, "8086:2922 subsystem 1234:5678 class 010601 revision 02 "
					"header 01");
	item = (struct img_fp_item){ .field = IMG_FP_MACHINE_ID,
				     .value = { 0x7766554433221100ull, 0xffeeddccbbaa9988ull } };
	text = fingerprint_item_describe(&item);
	assert_string_equal(text.what, "machine UUID");
	assert_string_equal(text.value, "33221100-5544-7766-8899-aabbccddeeff");
	item = (struct img_fp_item){ .field = IMG_FP_MACHINE_ID,
				     .index = 1,
				     .value = { 0xabc, 12 } };
	text = fingerprint_item_describe(&item);
	assert_string_equal(text.what, "serial number");
	assert_string_equal(text.value, "12 bytes, digest 0000000000000abc");
	item = (struct img_fp_item){ .field = 4711, .index = 3, .value = { 1, 2 } };
	text = fingerprint_item_describe(&item);
	assert_string_equal(text.value, "0000000000000001 0000000000000002");
}

static struct memmap map;

static int parse_map(const char *text)
{
	char buffer[256];

	snprintf(buffer, sizeof(buffer), "%s", text);
	return memmap_parse("map", buffer, &map);
}

static void assert_range(uint64_t i, uint64_t phys, uint64_t pages, uint32_t type)
{
	assert_in_range(i, 0, map.nr - 1);
	assert_int_equal(map.range[i].phys, phys);
	assert_int_equal(map.range[i].pages, pages);
	assert_int_equal(map.range[i].type, type);
}

static void maps_parse_sorted_in_whole_pages(void **state)
{
	(void)state;
	assert_int_equal(parse_map("3000 4fff bs_data\n0 17ff 7 # half a page\n"
				   "5800 5fff Available\n6000 6fff RT_Data\n7000 7fff MMIO 1"),
			 0);
	assert_int_equal(map.nr, 4);
	assert_range(0, 0, 1, IMG_EFI_CONVENTIONAL);
	assert_range(1, 0x3000, 2, IMG_EFI_BOOT_DATA);
	assert_range(2, 0x6000, 1, IMG_EFI_RUNTIME_DATA);
	assert_range(3, 0x7000, 1, 11);
	assert_true(map.range[2].attribute == IMG_EFI_ATTR_RUNTIME);
	assert_int_equal(map.range[3].attribute, 1);
	assert_string_equal(memmap_type_name(11), "MMIO");
	assert_string_equal(memmap_type_name(16), "unknown");
	assert_string_equal(memmap_type_name(~0ull), "unknown");
}

static void runtime_regions_cut_what_they_cover(void **state)
{
	struct img_memrange region = { .phys = 0x2000,
				       .pages = 4,
				       .type = IMG_EFI_RUNTIME_CODE,
				       .attribute = IMG_EFI_ATTR_RUNTIME };

	(void)state;
	assert_int_equal(parse_map("0 2fff 7\n3000 3fff 0\n5000 8fff 9"), 0);
	assert_true(memmap_put_runtime(&map, &region));
	assert_int_equal(map.nr, 3);
	assert_range(0, 0, 2, IMG_EFI_CONVENTIONAL);
	assert_range(1, 0x2000, 4, IMG_EFI_RUNTIME_CODE);
	assert_range(2, 0x6000, 3, 9);
	region.type = IMG_EFI_BOOT_DATA;
	region.phys = 0;
	assert_true(memmap_put_runtime(&map, &region));
	region.type = IMG_EFI_RUNTIME_DATA;
	region.attribute = 0xf;
	assert_true(memmap_put_runtime(&map, &region));
	assert_range(0, 0, 2, IMG_EFI_CONVENTIONAL);
	region.attribute |= IMG_EFI_ATTR_RUNTIME;
	region.phys = 0x7000;
	region.pages = 1;
	assert_true(memmap_put_runtime(&map, &region));
	assert_int_equal(map.nr, 5);
	assert_range(2, 0x6000, 1, 9);
	assert_range(3, 0x7000, 1, IMG_EFI_RUNTIME_DATA);
	assert_range(4, 0x8000, 1, 9);
}

static void a_full_map_takes_no_more(void **state)
{
	const struct img_memrange region = { .phys = 0x1000,
					     .pages = 1,
					     .type = IMG_EFI_RUNTIME_CODE,
					     .attribute = IMG_EFI_ATTR_RUNTIME };

	(void)state;
	for (map.nr = 0; map.nr < MEMMAP_MAX; map.nr++)
		map.range[map.nr] = (struct img_memrange){ .phys = map.nr * 0x4000,
							   .pages = 3,
							   .type = IMG_EFI_CONVENTIONAL };
	assert_false(memmap_put_runtime(&map, &region));
}

#define PCI0 "/sys/devices/pci0000:00/"

/* Paths as kernels from 6.1 to 7.3 have them. */
static void path_shows_the_place(void **state)
{
	static const struct {
		const char *path;
		struct place_path place;
	} row[] = {
		{ PCI0 "0000:00:03.0/virtio1/block/vda",
		  { .devfn = 0x18, .kind = IMG_PLACE_CONTROLLER } },
		{ PCI0 "0000:00:1f.2/ata12/host11/target11:0:1/11:0:1:0/block/sda",
		  { .devfn = 0xfa, .kind = IMG_PLACE_ATA, .ata = 12, .target = 1 } },
		{ PCI0 "0000:00:1f.2/ata2/link2/dev2.0/host1/target1:3:0/1:3:0:0/block/sdc",
		  { .devfn = 0xfa, .kind = IMG_PLACE_ATA, .ata = 2, .channel = 3 } },
		{ PCI0 "0000:00:1d.0/0000:02:00.0/nvme/nvme0/nvme0n1",
		  { .bus = 2, .kind = IMG_PLACE_NVME } },
		{ "/sys/devices/pci0001:e0/0001:e0:06.0/0001:e1:00.0/nvme/nvme1/nvme1n2",
		  { .segment = 1, .bus = 0xe1, .kind = IMG_PLACE_NVME } },
		{ PCI0 "0000:00:05.0/virtio2/host2/target2:0:4/2:0:4:7/block/sda",
		  { .devfn = 0x28, .kind = IMG_PLACE_SCSI, .target = 4, .lun = 7 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct place_path place;

		assert_true(place_parse(row[i].path, &place));
		assert_int_equal(place.segment, row[i].place.segment);
		assert_int_equal(place.bus, row[i].place.bus);
		assert_int_equal(place.devfn, row[i].place.devfn);
		assert_int_equal(place.kind, row[i].place.kind);
		if (place.kind == IMG_PLACE_ATA)
			assert_int_equal(place.ata, row[i].place.ata);
		assert_int_equal(place.channel, row[i].place.channel);
		assert_int_equal(place.target, row[i].place.target);
		assert_int_equal(place.lun, row[i].place.lun);
	}
}

static void path_shows_no_place(void **state)
{
	static const char *const path[] = {
		"",
		"/sys/devices/virtual/block/dm-0",
		"/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1",
		"/sys/devices/pci10000:e0/10000:e0:06.0/10000:e1:00.0/nvme/nvme1/nvme1n2",
		PCI0 "0000:03:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda",
		PCI0 "0000:00:14.0/usb1/1-2/1-2:1.0/host3/target3:0:0/3:0:0:0/block/sdb",
		PCI0 "0000:00:1a.0/mmc_host/mmc0/mmc0:0001/block/mmcblk0",
	};
	struct place_path place;

	(void)state;
	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		assert_false(place_parse(path[i], &place));
}

/* The first byte is the lowest, as in the number that the firmware has. */
static void eui64_is_read(void **state)
{
	(void)state;
	assert_true(place_parse_eui64("01 02 03 04 05 06 07 80\n") == 0x8007060504030201ull);
	assert_true(place_parse_eui64("52 54 00 aB cd Ef 00 00") == 0xefcdab005452ull);
	assert_true(place_parse_eui64("") == 0);
	assert_true(place_parse_eui64("01 02 03 04 05 06 07") == 0);
	assert_true(place_parse_eui64("01 02 03 04 05 06 07 08 09") == 0);
	assert_true(place_parse_eui64("eui.0102030405060708") == 0);
}

/* Load options: one whose path is a partition, a file and the end, followed by two characters. */

#define FILE_NODE 18 /* its offset, after the header and the partition of 6 bytes */

static size_t make_option(const char *file, uint8_t to[256])
{
	static const uint8_t head[] = { 1, 0, 0, 0, 0, 0, 'F', 0, 'b', 0, 0, 0 };
	static const uint8_t partition[] = { 4, 1, 6, 0, 9, 9 };
	static const uint8_t tail[] = { 0x7f, 0xff, 4, 0, 'a', 0, 'b', 0 };
	size_t length = strlen(file), size = sizeof(head);

	memcpy(to, head, sizeof(head));
	memcpy(to + size, partition, sizeof(partition));
	size += sizeof(partition);
	to[size] = to[size + 1] = 4;
	to[size + 2] = (uint8_t)(4 + 2 * (length + 1));
	to[size + 3] = 0;
	assert_true(boot_options_encode(file, false, to + size + 4, &length));
	size += 4 + length;
	memcpy(to + size, tail, sizeof(tail));
	size += sizeof(tail);
	to[4] = (uint8_t)(size - sizeof(head) - 4);
	return size;
}

/* A copy of exactly its size, so that the sanitizer sees a step outside. */
static bool is_ours(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size + !size);
	struct load_option option;
	bool ours;

	assert_non_null(exact);
	memcpy(exact, data, size);
	ours = load_option_decode(exact, size, &option) &&
	       load_option_names_file(&option, BOOT_FILE_PATH);
	free(exact);
	return ours;
}

static void load_options_name_a_file(void **state)
{
	struct load_option option;
	uint8_t data[256];
	size_t size = make_option(BOOT_FILE_PATH, data);

	(void)state;
	assert_true(is_ours(data, size));
	assert_true(load_option_decode(data, size, &option));
	assert_int_equal(option.options_size, 4);
	assert_memory_equal(option.options, "a\0b", 4);
	assert_true(is_ours(data, make_option("\\efi\\FASTBOOT\\FastbootX64.EFI", data)));
	assert_false(is_ours(data, make_option("\\EFI\\fastboot\\fastbootx64.ef", data)));
	assert_false(is_ours(data, make_option("", data)));
}

static void load_options_with_wrong_lengths(void **state)
{
	uint8_t data[256];
	size_t size = make_option(BOOT_FILE_PATH, data), length;

	(void)state;
	for (length = 0; length < size - 4; length++)
		assert_false(is_ours(data, length)); /* the path list is longer than that */
	assert_true(is_ours(data, length));
	data[5] = 1;
	assert_false(is_ours(data, size));
	data[5] = 0;
	for (length = 0; length < 4; length++) {
		data[FILE_NODE - 4] = (uint8_t)length; /* of the partition */
		assert_false(is_ours(data, size));
	}
	data[FILE_NODE - 4] = 6;
	data[FILE_NODE + 2]++;
	assert_true(is_ours(data, size));
	data[FILE_NODE + 3] = 1;
	assert_false(is_ours(data, size));
}

/* What is left of options after the loader's name; NULL: they do not name it. */
static const char *options_behind_shim(const char *options, size_t less)
{
	static char left[BOOT_MAX_OPTIONS + 1];
	uint8_t wide[BOOT_OPTIONS_SIZE];
	struct load_option option = { 0 };
	uint8_t *exact;
	bool named;

	assert_true(boot_options_encode(options, false, wide, &option.options_size));
	option.options_size -= less < option.options_size ? less : option.options_size;
	exact = malloc(option.options_size + !option.options_size);
	assert_non_null(exact);
	memcpy(exact, wide, option.options_size);
	option.options = exact;
	named = load_option_skip_file(&option, BOOT_FILE_PATH);
	boot_options_decode(option.options, option.options_size, left);
	free(exact);
	return named ? left : NULL;
}

static void load_options_name_a_loader_for_shim(void **state)
{
	(void)state;
	assert_string_equal(options_behind_shim(BOOT_FILE_PATH, 0), "");
	assert_string_equal(options_behind_shim(BOOT_FILE_PATH, 2), ""); /* without the NUL */
	assert_string_equal(options_behind_shim(BOOT_FILE_PATH, 1), "");
	assert_null(options_behind_shim(BOOT_FILE_PATH, 3));
	assert_string_equal(options_behind_shim(BOOT_FILE_PATH " slot=a  quiet", 0),
			    "slot=a  quiet");
	assert_string_equal(options_behind_shim("\\efi\\FASTBOOT\\FastbootX64.EFI quiet", 0),
			    "quiet");
	assert_null(options_behind_shim(BOOT_FILE_PATH ".old", 0));
	assert_null(options_behind_shim("x " BOOT_FILE_PATH, 0));
	assert_null(options_behind_shim("", 0));
}

/* Signature lists: of hashes, of two certificates, of one that has a further header. */

#define LISTS 3
static const size_t list_starts[LISTS + 1] = { 0, 76, 150, 209 };

static void put32(uint8_t *to, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static void make_list(uint8_t *to, bool certificates, uint32_t size, uint32_t header,
		      uint32_t entry)
{
	static const uint8_t x509[16] = { 0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
					  0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72 };

	for (uint32_t i = 0; i < size; i++)
		to[i] = (uint8_t)i;
	if (certificates)
		memcpy(to, x509, sizeof(x509));
	put32(to + 16, size);
	put32(to + 20, header);
	put32(to + 24, entry);
}

static void make_lists(uint8_t *to)
{
	make_list(to + list_starts[0], false, 76, 0, 48);
	make_list(to + list_starts[1], true, 74, 0, 23);
	make_list(to + list_starts[2], true, 59, 5, 26);
}

/* How many certificates there are; each is compared with its place in its list. */
static unsigned int count_certificates(const uint8_t *lists, size_t size)
{
	static const struct {
		uint8_t first;
		size_t size;
	} wanted[] = { { 44, 7 }, { 67, 7 }, { 49, 10 } };
	uint8_t *exact = malloc(size + !size);
	struct siglist walk = { .rest = exact, .rest_size = size };
	unsigned int count = 0;
	const uint8_t *cert;
	size_t cert_size;

	assert_non_null(exact);
	memcpy(exact, lists, size);
	for (; siglist_next(&walk, &cert, &cert_size); count++) {
		assert_true(count < 3);
		assert_int_equal(cert_size, wanted[count].size);
		assert_int_equal(cert[0], wanted[count].first);
		assert_true(siglist_has(exact, size, cert, cert_size));
		assert_false(siglist_has(exact, size, cert, cert_size - 1));
	}
	free(exact);
	return count;
}

static void signature_lists_are_walked(void **state)
{
	uint8_t lists[209];

	(void)state;
	make_lists(lists);
	for (size_t size = 0; size <= sizeof(lists); size++)
		assert_int_equal(count_certificates(lists, size), size < 150   ? 0
								  : size < 209 ? 2
									       : 3);
}

static void signature_lists_with_wrong_lengths(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		unsigned int found;
	} row[] = {
		{ 76 + 16, 27, 0 },	     { 76 + 16, 134, 0 },	 { 76 + 16, UINT32_MAX, 0 },
		{ 76 + 20, 47, 0 },	     { 76 + 20, UINT32_MAX, 0 }, { 150 + 24, 0, 2 },
		{ 150 + 24, 16, 2 },	     { 150 + 24, 27, 2 },	 { 150 + 20, 31, 2 },
		{ 150 + 24, UINT32_MAX, 2 }, { 150 + 16, 60, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t lists[209];

		make_lists(lists);
		put32(lists + row[i].at, row[i].value);
		assert_int_equal(count_certificates(lists, sizeof(lists)), row[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eui64_is_read),
		cmocka_unit_test(order_add_appends),
		cmocka_unit_test(path_shows_the_place),
		cmocka_unit_test(path_shows_no_place),
		cmocka_unit_test(order_add_puts_first),
		cmocka_unit_test(order_add_leaves_a_present_one_where_it_is),
		cmocka_unit_test(order_add_moves_a_present_one_first),
		cmocka_unit_test(order_add_to_empty),
		cmocka_unit_test(order_add_refuses_when_full),
		cmocka_unit_test(order_remove_takes_every_one),
		cmocka_unit_test(order_decodes_what_it_encodes),
		cmocka_unit_test(number_parse_takes_upper_case_only),
		cmocka_unit_test(number_unused_is_the_lowest),
		cmocka_unit_test(options_known_and_unknown),
		cmocka_unit_test(options_name_a_slot),
		cmocka_unit_test(load_options_name_a_file),
		cmocka_unit_test(load_options_with_wrong_lengths),
		cmocka_unit_test(load_options_name_a_loader_for_shim),
		cmocka_unit_test(signature_lists_are_walked),
		cmocka_unit_test(signature_lists_with_wrong_lengths),
		cmocka_unit_test(options_name_an_area),
		cmocka_unit_test(options_encode_to_ucs2),
		cmocka_unit_test(options_follow_the_loader_behind_shim),
		cmocka_unit_test(options_decode_what_others_wrote),
		cmocka_unit_test(sizes_parse),
		cmocka_unit_test(sizes_and_times_read_well),
		cmocka_unit_test(strings_are_made_printable),
		cmocka_unit_test(guids_are_formatted_as_in_a_gpt),
		cmocka_unit_test(restored_state_is_recognised),
		cmocka_unit_test(slots_parse),
		cmocka_unit_test(fingerprint_items_are_described),
		cmocka_unit_test(maps_parse_sorted_in_whole_pages),
		cmocka_unit_test(runtime_regions_cut_what_they_cover),
		cmocka_unit_test(a_full_map_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

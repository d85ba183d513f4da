// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file system's map of a file, as FIEMAP gives it; lines of device mapper's tables; and pieces,
 * across which bytes are read and written.
 */
#include "cmocka_tests.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "area/extents.h"
#include "area/mapper.h"
#include "area/pieces.h"

/* The file system. */

#define KIB 1024u

static long magic;
static uint32_t xflags;
static int map_error;
static const struct fiemap_extent *extent;
static uint32_t nr_extents, most_at_once;

int __wrap_fstatfs64(int fd, struct statfs *ret_fs);
int __wrap_fstatfs64(int fd, struct statfs *ret_fs)
{
	(void)fd;
	*ret_fs = (struct statfs){ .f_type = magic };
	return 0;
}

/* Extents from fm_start on, as many as fit. */
static int answer(struct fiemap *map)
{
	uint32_t most = map->fm_extent_count < most_at_once ? map->fm_extent_count : most_at_once;

	assert_true(map->fm_flags & FIEMAP_FLAG_SYNC);
	map->fm_mapped_extents = 0;
	for (uint32_t i = 0; i < nr_extents && map->fm_mapped_extents < most; i++) {
		if (extent[i].fe_logical + extent[i].fe_length > map->fm_start)
			map->fm_extents[map->fm_mapped_extents++] = extent[i];
	}
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *to;

	(void)fd;
	va_start(args, request);
	to = va_arg(args, void *);
	va_end(args);
	if (request == FS_IOC_FSGETXATTR) {
		((struct fsxattr *)to)->fsx_xflags = xflags;
		return 0;
	}
	assert_int_equal(request, FS_IOC_FIEMAP);
	errno = map_error;
	return map_error ? -1 : answer(to);
}

static int set_up(void **state)
{
	(void)state;
	magic = EXT4_SUPER_MAGIC;
	xflags = 0;
	map_error = 0;
	most_at_once = 1000;
	return 0;
}

#define FILE_SIZE (64 * KIB)

static const struct fiemap_extent whole[] = {
	{ .fe_logical = 0, .fe_physical = 1024 * KIB, .fe_length = 16 * KIB },
	{ .fe_logical = 16 * KIB,
	  .fe_physical = 512 * KIB,
	  .fe_length = 32 * KIB,
	  .fe_flags = FIEMAP_EXTENT_UNWRITTEN | FIEMAP_EXTENT_MERGED },
	{ .fe_logical = 48 * KIB,
	  .fe_physical = 4096 * KIB,
	  .fe_length = 64 * KIB, /* more than the file has */
	  .fe_flags = FIEMAP_EXTENT_LAST },
};
#define NR_WHOLE (sizeof(whole) / sizeof(whole[0]))

static const char *read_extents(const struct fiemap_extent *from, uint32_t nr,
				struct extents *ret_extents)
{
	extent = from;
	nr_extents = nr;
	return extents_read(STDIN_FILENO, FILE_SIZE, ret_extents);
}

static void extents_of_a_file(void **state)
{
	(void)state;
	for (most_at_once = 1; most_at_once <= NR_WHOLE; most_at_once++) {
		_cleanup_extents_ struct extents extents;

		magic = most_at_once == 1 ? EXT4_SUPER_MAGIC : 0x58465342;
		assert_null(read_extents(whole, NR_WHOLE, &extents));
		assert_int_equal(extents.nr, 3);
		for (size_t i = 0; i < NR_WHOLE; i++)
			assert_int_equal(extents.extent[i].offset, whole[i].fe_physical);
		assert_int_equal(extents.extent[1].size, 32 * KIB);
		assert_int_equal(extents.extent[2].size, 16 * KIB);
	}
}

static void assert_refused(const struct fiemap_extent *from, uint32_t nr, const char *why)
{
	_cleanup_extents_ struct extents extents;
	const char *answered = read_extents(from, nr, &extents);

	assert_non_null(answered);
	assert_non_null(strstr(answered, why));
	assert_int_equal(extents.nr, 0);
	assert_null(extents.extent);
}

static void extents_with_holes(void **state)
{
	struct fiemap_extent changed[NR_WHOLE];

	(void)state;
	assert_refused(whole, 0, "holes");
	assert_refused(whole, NR_WHOLE - 1, "holes");
	assert_refused(whole + 1, NR_WHOLE - 1, "holes");
	memcpy(changed, whole, sizeof(changed));
	changed[1].fe_length = 28 * KIB;
	assert_refused(changed, NR_WHOLE, "holes");
	changed[1].fe_length = 0;
	assert_refused(changed, NR_WHOLE, "holes");
}

static void extents_of_another_kind(void **state)
{
	static const struct {
		uint32_t flag;
		const char *why;
	} row[] = {
		{ FIEMAP_EXTENT_SHARED, "shares" },
		{ FIEMAP_EXTENT_ENCODED, "compressed" },
		{ FIEMAP_EXTENT_DATA_ENCRYPTED, "encrypted" },
		{ FIEMAP_EXTENT_UNKNOWN, "blocks of their own" },
		{ FIEMAP_EXTENT_DELALLOC, "blocks of their own" },
		{ FIEMAP_EXTENT_NOT_ALIGNED, "blocks of their own" },
		{ FIEMAP_EXTENT_DATA_INLINE, "blocks of their own" },
		{ FIEMAP_EXTENT_DATA_TAIL, "blocks of their own" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct fiemap_extent changed[NR_WHOLE];

		memcpy(changed, whole, sizeof(changed));
		changed[NR_WHOLE - 1].fe_flags |= row[i].flag;
		assert_refused(changed, NR_WHOLE, row[i].why);
	}
}

static void extents_where_there_is_no_map(void **state)
{
	(void)state;
	magic = BTRFS_SUPER_MAGIC;
	assert_refused(whole, NR_WHOLE, "may move");
	assert_int_equal(errno, 0);
	set_up(NULL);
	xflags = FS_XFLAG_REALTIME;
	assert_refused(whole, NR_WHOLE, "realtime");
	set_up(NULL);
	map_error = EOPNOTSUPP;
	assert_refused(whole, NR_WHOLE, "no map");
	assert_int_equal(errno, EOPNOTSUPP);
}

/* Device mapper. */

static void lines_of_a_table(void **state)
{
	struct mapper_segment segment;

	(void)state;
	assert_true(mapper_parse(8, 16, "linear", "8:3 2048", &segment));
	assert_int_equal(segment.start, 4096);
	assert_int_equal(segment.size, 8192);
	assert_true(segment.linear && !segment.encrypted);
	assert_true(segment.below == makedev(8, 3));
	assert_int_equal(segment.offset, 2048 * 512);
	assert_true(mapper_parse(0, 16, "crypt",
				 "aes-xts-plain64 :64:logon:cryptsetup:x 0 259:4 32768 1 "
				 "allow_discards",
				 &segment));
	assert_true(segment.linear && segment.encrypted);
	assert_true(segment.below == makedev(259, 4));
	assert_int_equal(segment.offset, 32768 * 512);
	assert_true(mapper_parse(0, 16, "striped", "2 128 8:1 0 8:2 0", &segment));
	assert_false(segment.linear);
	assert_string_equal(segment.type, "striped");
	assert_false(mapper_parse(0, 16, "linear", "", &segment));
	assert_false(mapper_parse(0, 16, "linear", "/dev/sda 0", &segment));
	assert_false(mapper_parse(0, 16, "crypt", "aes 00ff 0", &segment));
	assert_false(mapper_parse(0, 16, "linear", "8:3 36028797018963968", &segment));
	assert_false(mapper_parse(36028797018963968, 16, "linear", "8:3 0", &segment));
	assert_false(mapper_parse(8, 36028797018963967, "linear", "8:3 0", &segment));
}

/* Pieces. */

static int memory_file(char content, size_t size)
{
	char bytes[64];
	int fd = memfd_create("partition", MFD_CLOEXEC);

	assert_true(fd >= 0 && size <= sizeof(bytes));
	memset(bytes, content, size);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

/* Ten bytes of b from 4 on, five of a from 2 on, six of b from 20 on. */
static struct pieces *make_pieces(void)
{
	static const struct img_piece piece[] = { { { 'b' }, 4, 10 },
						  { { 'a' }, 2, 5 },
						  { { 'b' }, 20, 6 } };
	struct pieces *pieces = pieces_new();

	assert_non_null(pieces);
	assert_int_equal(pieces_find(pieces, piece[0].part_uuid), -1);
	pieces_add(pieces, &piece[0], memory_file('b', 40));
	pieces_add(pieces, &piece[1], memory_file('a', 40));
	assert_true(pieces_find(pieces, piece[2].part_uuid) == pieces->fd[0]);
	pieces_add(pieces, &piece[2], -1);
	return pieces;
}

static void transfers_across_pieces(void **state)
{
	struct pieces *pieces = make_pieces();
	char bytes[32] = "";

	(void)state;
	assert_int_equal(pieces_read(pieces, bytes, 21, 0), 0);
	assert_memory_equal(bytes, "bbbbbbbbbbaaaaabbbbbb", 21);
	assert_int_equal(pieces_write(pieces, "123456789", 9, 8), 0);
	assert_int_equal(pieces_flush(pieces), 0);
	pieces_drop_cache(pieces);
	assert_int_equal(pieces_read(pieces, bytes, 21, 0), 0);
	assert_memory_equal(bytes, "bbbbbbbb123456789bbbb", 21);
	assert_int_equal(pread(pieces->fd[1], bytes, 10, 0), 10);
	assert_memory_equal(bytes, "aa34567aaa", 10);
	assert_int_equal(pread(pieces->fd[0], bytes, 26, 0), 26);
	assert_memory_equal(bytes, "bbbbbbbbbbbb12bbbbbb89bbbb", 26);
	assert_int_equal(pieces_read(pieces, bytes, 2, 20), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(pieces_write(pieces, bytes, 1, 21), -1);
	assert_int_equal(errno, EIO);
	pieces_free(pieces);
}

static void pieces_and_headers(void **state)
{
	struct pieces *pieces = make_pieces();
	struct img_area header = pieces->place;

	(void)state;
	assert_true(pieces_match(pieces, &header));
	assert_false(pieces_match(NULL, &header));
	header.map[2].offset++;
	assert_false(pieces_match(pieces, &header));
	header.map[2].offset--;
	header.map[2].size++;
	assert_false(pieces_match(pieces, &header));
	header.map[2].size--;
	header.map[0].part_uuid[15]++;
	assert_false(pieces_match(pieces, &header));
	header.map[0].part_uuid[15]--;
	header.nr_map--;
	assert_false(pieces_match(pieces, &header));
	header.nr_map = 0;
	assert_false(pieces_match(pieces, &header));
	assert_true(pieces_match(NULL, &header));
	pieces_free(pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(extents_of_a_file, set_up),
		cmocka_unit_test_setup(extents_with_holes, set_up),
		cmocka_unit_test_setup(extents_of_another_kind, set_up),
		cmocka_unit_test_setup(extents_where_there_is_no_map, set_up),
		cmocka_unit_test(lines_of_a_table),
		cmocka_unit_test(transfers_across_pieces),
		cmocka_unit_test(pieces_and_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

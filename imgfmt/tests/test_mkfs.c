// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The extents of real file systems and stacks: made by their own mkfs in sparse files, so neither
 * root nor a mount is needed, and then changed by their own tools.  Tools that are not installed
 * are skipped with a message; so is LVM, which takes nothing but block devices, without a loop
 * device.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char directory[] = "/tmp/imgfmt-mkfs.XXXXXX";
static char image[sizeof(directory) + 16];

static int setup(void **state)
{
	const char *path = getenv("PATH");
	char with_sbin[4096];

	(void)state;
	snprintf(with_sbin, sizeof(with_sbin), "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
	if (setenv("PATH", with_sbin, 1) || !mkdtemp(directory))
		return -1;
	snprintf(image, sizeof(image), "%s/image", directory);
	return setenv("IMAGE", image, 1) || setenv("DIRECTORY", directory, 1);
}

static int teardown(void **state)
{
	(void)state;
	return system("if [ -s \"$DIRECTORY/loop\" ]; then"
		      " losetup -d \"$(cat \"$DIRECTORY/loop\")\"; fi;"
		      " rm -rf \"$DIRECTORY\"");
}

static bool installed(const char *tool)
{
	char command[256];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
	if (!system(command))
		return true;
	printf("[  SKIPPED ] %s is not installed\n", tool);
	return false;
}

#define NEEDS(tool)                                                                                \
	do {                                                                                       \
		if (!installed(tool))                                                              \
			skip();                                                                    \
	} while (0)

/* IMAGE and DIRECTORY are in the environment; a tool's output is shown if it fails. */
static void run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line),
		 "(%s) >\"$DIRECTORY/log\" 2>&1 </dev/null || { cat \"$DIRECTORY/log\"; exit 1; }",
		 command);
	if (system(line))
		fail_msg("failed: %s", command);
}

static void make_image(uint64_t size, const char *command)
{
	FILE *f = fopen(image, "wb");

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(truncate(image, (off_t)size), 0);
	run(command);
}

/* A number from a tool's output: the first after `key`. */
static uint64_t ask(const char *command, const char *key)
{
	FILE *f = popen(command, "r");
	char text[8192];
	size_t got;
	char *at;

	assert_non_null(f);
	got = fread(text, 1, sizeof(text) - 1, f);
	text[got] = '\0';
	assert_int_equal(pclose(f), 0);
	at = strstr(text, key);
	if (!at)
		fail_msg("%s: no '%s' in: %s", command, key, text);
	return strtoull(at + strlen(key), NULL, 0);
}

static bool file_read(void *ctx, uint64_t offset, void *buffer)
{
	return fseek(ctx, (long)offset, SEEK_SET) == 0 && fread(buffer, IMG_BLOCK, 1, ctx) == 1;
}

/* A file system's extents and their digests, as the module takes them. */
struct proofs {
	struct img_fs_extent extent[IMG_FS_MAX_EXTENTS];
	uint64_t digest[IMG_FS_MAX_EXTENTS];
	uint32_t nr;
	uint64_t devices;
};

static uint64_t digest_of(FILE *f, const struct img_fs_extent *extent)
{
	uint8_t *bytes = malloc(extent->size);
	uint64_t digest;

	assert_non_null(bytes);
	assert_int_equal(fseek(f, (long)extent->offset, SEEK_SET), 0);
	assert_int_equal(fread(bytes, extent->size, 1, f), 1);
	digest = img_port_xxh64(bytes, extent->size);
	free(bytes);
	return digest;
}

static struct proofs take(const char *type)
{
	FILE *f = fopen(image, "rb");
	uint64_t buffer[IMG_BLOCK / 8];
	struct img_fs_reader reader = { f, 0, buffer, file_read };
	struct img_detail detail = { 0 };
	struct img_fs_proof proof;
	struct proofs p = { .nr = 0 };
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	reader.size = (uint64_t)st.st_size;
	if (img_fs_extents(type, &reader, &proof, &detail) != IMG_OK)
		fail_msg("%s: %s", type, detail.field);
	p.nr = proof.nr;
	p.devices = proof.devices;
	for (uint32_t i = 0; i < p.nr; i++) {
		p.extent[i] = proof.extent[i];
		p.digest[i] = digest_of(f, &p.extent[i]);
	}
	assert_int_equal(fclose(f), 0);
	return p;
}

/* Bit i: the bytes of extent i have changed. */
static uint32_t changed(const struct proofs *p)
{
	FILE *f = fopen(image, "rb");
	uint32_t bits = 0;

	assert_non_null(f);
	for (uint32_t i = 0; i < p->nr; i++)
		bits |= (uint32_t)(digest_of(f, &p->extent[i]) != p->digest[i]) << i;
	assert_int_equal(fclose(f), 0);
	return bits;
}

static void assert_kinds(const struct proofs *p, const enum img_proof_kind *kind, uint32_t nr)
{
	assert_int_equal(p->nr, nr);
	for (uint32_t i = 0; i < nr; i++)
		assert_int_equal(p->extent[i].kind, kind[i]);
}

/* ext: debugfs, too, gives the place of the journal. */
static void check_ext(const char *type, const char *mkfs, uint64_t size, uint64_t block_size)
{
	static const enum img_proof_kind kind[] = { IMG_PROOF_EXT_SUPER, IMG_PROOF_EXT_JOURNAL };
	struct proofs p;

	make_image(size, mkfs);
	p = take(type);
	assert_kinds(&p, kind, 2);
	assert_int_equal(p.extent[1].offset,
			 ask("debugfs -R 'bmap <8> 0' \"$IMAGE\" 2>/dev/null", "") * block_size);
	assert_int_equal(changed(&p), 0);
	/* Mounting it read-write increments the count. */
	run("tune2fs -C 5 \"$IMAGE\"");
	assert_int_equal(changed(&p), 1);
	p = take(type);
	/* A kernel that logs something changes the journal's superblock. */
	run("echo 'jo\njw -b 333 /dev/zero\njc' | debugfs -w -f - \"$IMAGE\"");
	assert_true(changed(&p) & 2);
}

static void test_ext4(void **state)
{
	(void)state;
	NEEDS("mke2fs");
	NEEDS("debugfs");
	check_ext("ext4", "mke2fs -q -t ext4 -b 4096 \"$IMAGE\"", 300 * MIB, 4096);
	check_ext("ext4", "mke2fs -q -t ext4 -b 1024 -O bigalloc \"$IMAGE\"", 64 * MIB, 1024);
	check_ext("ext4", "mke2fs -q -t ext4 -b 1024 -O ^64bit,meta_bg,^resize_inode \"$IMAGE\"",
		  64 * MIB, 1024);
	check_ext("ext3", "mke2fs -q -t ext3 -I 128 -b 2048 \"$IMAGE\"", 64 * MIB, 2048);
}

/* So many journal blocks that the tree of extents has another level. */
static void test_ext4_deep(void **state)
{
	(void)state;
	NEEDS("mke2fs");
	NEEDS("debugfs");
	check_ext("ext4", "mke2fs -q -t ext4 -J size=200 -b 1024 -E lazy_journal_init=1 \"$IMAGE\"",
		  1024 * MIB, 1024);
}

static void test_ext2(void **state)
{
	struct proofs p;

	(void)state;
	NEEDS("mke2fs");
	make_image(32 * MIB, "mke2fs -q -t ext2 \"$IMAGE\"");
	p = take("ext2");
	assert_int_equal(p.nr, 1);
	run("tune2fs -C 5 \"$IMAGE\"");
	assert_int_equal(changed(&p), 1);
}

/* xfs_logprint, which has the same code as the kernel, gives the head. */
static struct proofs take_xfs(void)
{
	static const enum img_proof_kind kind[] = { IMG_PROOF_XFS_SUPER, IMG_PROOF_XFS_LOG };
	const char *print = "xfs_logprint -t \"$IMAGE\" 2>&1";
	uint64_t head = ask(print, "head: ") * 512, start = ask(print, "daddr: ") * 512;
	uint64_t from = head < 32768 ? 0 : head - 32768;
	struct proofs p = take("xfs");

	assert_kinds(&p, kind, 2);
	assert_int_equal(p.extent[1].offset, start + from);
	assert_int_equal(p.extent[1].size, head - from + 32768);
	return p;
}

static void test_xfs(void **state)
{
	struct proofs p;

	(void)state;
	NEEDS("mkfs.xfs");
	NEEDS("xfs_logprint");
	NEEDS("xfs_db");
	make_image(320 * MIB, "mkfs.xfs -q \"$IMAGE\"");
	p = take_xfs();
	run("xfs_db -x -c 'label other' \"$IMAGE\"");
	assert_int_equal(changed(&p), 1);
	p = take_xfs();
	run("xfs_db -x -c 'logformat -c 7' \"$IMAGE\"");
	assert_true(changed(&p) & 2);
	(void)take_xfs();
	/* Larger records: the head is further in. */
	run("xfs_db -x -c 'logformat -c 9 -s 262144' \"$IMAGE\"");
	(void)take_xfs();
	make_image(320 * MIB, "mkfs.xfs -q -m crc=0 -b size=1024 -d agcount=3 \"$IMAGE\"");
	(void)take_xfs();
}

static void test_btrfs(void **state)
{
	static const enum img_proof_kind kind[] = { IMG_PROOF_BTRFS_SUPER };
	struct proofs p;

	(void)state;
	NEEDS("mkfs.btrfs");
	make_image(128 * MIB, "mkfs.btrfs -q \"$IMAGE\"");
	p = take("btrfs");
	assert_kinds(&p, kind, 1);
	assert_int_equal(p.devices, 1);
	run("btrfs filesystem label \"$IMAGE\" other");
	assert_int_equal(changed(&p), 1);
}

/* Each device has a superblock of its own, with a number of its own. */
static void test_btrfs_devices(void **state)
{
	static const enum img_proof_kind kind[] = { IMG_PROOF_BTRFS_SUPER };
	struct proofs first, second;

	(void)state;
	NEEDS("mkfs.btrfs");
	make_image(128 * MIB, "truncate -s 128M \"$IMAGE.2\" && "
			      "mkfs.btrfs -q -d raid1 -m raid1 \"$IMAGE.2\" \"$IMAGE\"");
	second = take("btrfs");
	assert_kinds(&second, kind, 1);
	assert_int_equal(second.devices, 2);
	run("mv \"$IMAGE.2\" \"$IMAGE\"");
	first = take("btrfs");
	assert_kinds(&first, kind, 1);
	assert_int_equal(first.devices, 2);
	assert_true(first.digest[0] != second.digest[0]);
}

/* One more file is one more checkpoint, in one of the two packs, and another place for nodes. */
static void test_f2fs(void **state)
{
	static const enum img_proof_kind kind[] = { IMG_PROOF_F2FS_SUPER, IMG_PROOF_F2FS_CHECKPOINT,
						    IMG_PROOF_F2FS_CHECKPOINT,
						    IMG_PROOF_F2FS_NODE };
	struct proofs before, after;

	(void)state;
	NEEDS("mkfs.f2fs");
	NEEDS("sload.f2fs");
	make_image(128 * MIB, "mkfs.f2fs -q \"$IMAGE\"");
	before = take("f2fs");
	assert_kinds(&before, kind, 4);
	run("mkdir -p \"$DIRECTORY/in\" && echo text >\"$DIRECTORY/in/file\" &&"
	    " sload.f2fs -f \"$DIRECTORY/in\" \"$IMAGE\"");
	assert_true(changed(&before) & 6);
	after = take("f2fs");
	assert_kinds(&after, kind, 4);
	assert_int_equal(after.extent[1].offset, before.extent[1].offset);
	assert_true(after.extent[3].offset != before.extent[3].offset);
}

/* Another image of a read-only file system has another superblock. */
static void check_readonly(const char *type, const char *mkfs, enum img_proof_kind kind)
{
	struct proofs p;

	run("rm -rf \"$DIRECTORY/in\"; mkdir \"$DIRECTORY/in\" && echo a >\"$DIRECTORY/in/a\"");
	make_image(1 * MIB, mkfs);
	p = take(type);
	assert_kinds(&p, &kind, 1);
	run("echo b >\"$DIRECTORY/in/b\"");
	run(mkfs);
	assert_int_equal(changed(&p), 1);
}

static void test_squashfs(void **state)
{
	(void)state;
	NEEDS("mksquashfs");
	check_readonly("squashfs", "mksquashfs \"$DIRECTORY/in\" \"$IMAGE\" -noappend",
		       IMG_PROOF_SQUASHFS_SUPER);
}

static void test_erofs(void **state)
{
	(void)state;
	NEEDS("mkfs.erofs");
	check_readonly("erofs", "mkfs.erofs \"$IMAGE\" \"$DIRECTORY/in\"", IMG_PROOF_EROFS_SUPER);
}

static void check_swap_proof(void)
{
	static const enum img_proof_kind kind[] = { IMG_PROOF_SWAP };
	struct proofs p = take("swap");

	assert_kinds(&p, kind, 1);
	run("mkswap \"$IMAGE\""); /* another UUID */
	assert_int_equal(changed(&p), 1);
}

static void test_swap(void **state)
{
	struct img_area area = { .offset = MIB };
	uint64_t block[IMG_BLOCK / 8];
	FILE *f;

	(void)state;
	NEEDS("mkswap");
	make_image(MIB, "mkswap \"$IMAGE\"");
	f = fopen(image, "rb");
	assert_non_null(f);
	assert_true(file_read(f, 0, block));
	assert_int_equal(fclose(f), 0);
	assert_reason(IMG_OK, img_swap_check(block, &area, NULL));
	area.offset -= IMG_BLOCK;
	assert_reason(IMG_E_GATE_SWAP_OVERLAP, img_swap_check(block, &area, NULL));
	check_swap_proof();
}

/* LUKS. */

static void check_luks(const char *format, const struct proofs *at)
{
	struct proofs p;

	run("printf first >\"$DIRECTORY/first\"; printf second >\"$DIRECTORY/second\"");
	make_image(32 * MIB, format);
	p = take("crypto_LUKS");
	assert_int_equal(p.nr, at->nr);
	for (uint32_t i = 0; i < p.nr; i++) {
		assert_int_equal(p.extent[i].kind, IMG_PROOF_LUKS_HEADER);
		assert_int_equal(p.extent[i].offset, at->extent[i].offset);
	}
	run("cryptsetup isLuks \"$IMAGE\" && cryptsetup luksDump \"$IMAGE\" &&"
	    " cryptsetup open -q --test-passphrase --key-file \"$DIRECTORY/first\" \"$IMAGE\"");
	assert_int_equal(changed(&p), 0);
	run("cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000"
	    " --key-file \"$DIRECTORY/first\" \"$IMAGE\" \"$DIRECTORY/second\"");
	assert_int_equal(changed(&p), (1u << p.nr) - 1);
	p = take("crypto_LUKS");
	run("cryptsetup luksKillSlot -q --key-file \"$DIRECTORY/first\" \"$IMAGE\" 1");
	assert_int_equal(changed(&p), (1u << p.nr) - 1);
}

#define LUKS_FORMAT(options)                                                                       \
	"cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 " options           \
	" \"$IMAGE\" \"$DIRECTORY/first\""

static void test_luks(void **state)
{
	static const struct proofs one = { .nr = 1 };
	struct proofs two = { .nr = 2 };

	(void)state;
	NEEDS("cryptsetup");
	check_luks(LUKS_FORMAT("--type luks1"), &one);
	two.extent[1].offset = 16 * KIB;
	check_luks(LUKS_FORMAT("--type luks2"), &two);
	two.extent[1].offset = 64 * KIB;
	check_luks(LUKS_FORMAT("--type luks2 --luks2-metadata-size 64k"), &two);
}

/* LVM. */

static bool attach(void)
{
	if (!system("losetup -f --show \"$IMAGE\" >\"$DIRECTORY/loop\" 2>/dev/null"))
		return true;
	printf("[  SKIPPED ] there is no loop device\n");
	return false;
}

/* Its settings: to look at nothing but the loop device, and to ask nothing of the kernel. */
static void lvm_settings(void)
{
	run("mkdir \"$DIRECTORY/dev\" && ln -s \"$(cat \"$DIRECTORY/loop\")\" "
	    "\"$DIRECTORY/dev/pv\"");
	run("printf '%s\n' >\"$DIRECTORY/lvm.conf\""
	    " \"devices { scan=[\\\"$DIRECTORY/dev\\\"] use_devicesfile=0 hints=\\\"none\\\"\""
	    " 'obtain_device_list_from_udev=0 external_device_info_source=\"none\" }'"
	    " \"global { activation=0 use_lvmpolld=0 locking_dir=\\\"$DIRECTORY\\\" }\""
	    " 'backup { backup=0 archive=0 }'");
}

#define LVM(command)                                                                               \
	"export DM_DISABLE_UDEV=1 LVM_SYSTEM_DIR=\"$DIRECTORY\" "                                  \
	"PV=\"$DIRECTORY/dev/pv\"; " command

static void test_lvm(void **state)
{
	static const enum img_proof_kind kind[] = { IMG_PROOF_LVM_LABEL, IMG_PROOF_LVM_METADATA,
						    IMG_PROOF_LVM_METADATA };
	struct proofs p;

	(void)state;
	NEEDS("pvcreate");
	make_image(32 * MIB, "true");
	if (!attach())
		skip();
	lvm_settings();
	run(LVM("pvcreate --pvmetadatacopies 2 \"$PV\" && vgcreate vg \"$PV\""));
	p = take("LVM2_member");
	assert_kinds(&p, kind, 3);
	run(LVM("pvs && vgs && lvs && vgck vg"));
	assert_int_equal(changed(&p), 0);
	run(LVM("lvcreate -an -Zn -Wn -L 8M -n lv vg"));
	assert_int_equal(changed(&p), 6);
	p = take("LVM2_member");
	run(LVM("lvrename vg lv other"));
	assert_int_equal(changed(&p), 6);
	p = take("LVM2_member");
	run(LVM("lvremove -f vg/other"));
	assert_int_equal(changed(&p), 6);
	p = take("LVM2_member");
	run(LVM("vgremove vg && pvcreate -ff -y --pvmetadatacopies 1 \"$PV\" && vgcreate vg "
		"\"$PV\""));
	assert_int_equal(changed(&p) & 3, 3);
	p = take("LVM2_member");
	assert_kinds(&p, kind, 2);
}

/* md: mdadm makes arrays of block devices only, but its eyes are good for files. */

static void check_md(struct disk d, uint64_t place)
{
	struct proofs p;
	FILE *f = fopen(image, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(d.byte, 1, d.size, f), d.size);
	assert_int_equal(fclose(f), 0);
	free(d.byte);
	run("mdadm --examine \"$IMAGE\" | grep 'Checksum : [0-9a-f]* - correct'");
	p = take("linux_raid_member");
	assert_int_equal(p.nr, 1);
	assert_int_equal(p.extent[0].offset, place);
	run("mdadm --zero-superblock \"$IMAGE\"");
	assert_int_equal(changed(&p), 1);
}

static void test_md(void **state)
{
	(void)state;
	NEEDS("mdadm");
	check_md(make_md10(), MD_10);
	check_md(make_md11(), MD_11);
	check_md(make_md12(), MD_12);
	check_md(make_md090(), MD_090);
}

int run_mkfs_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ext4),  cmocka_unit_test(test_ext4_deep),
		cmocka_unit_test(test_ext2),  cmocka_unit_test(test_xfs),
		cmocka_unit_test(test_btrfs), cmocka_unit_test(test_btrfs_devices),
		cmocka_unit_test(test_f2fs),  cmocka_unit_test(test_squashfs),
		cmocka_unit_test(test_erofs), cmocka_unit_test(test_swap),
		cmocka_unit_test(test_luks),  cmocka_unit_test(test_lvm),
		cmocka_unit_test(test_md),
	};

	return cmocka_run_group_tests_name("real file systems", tests, setup, teardown);
}

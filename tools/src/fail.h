/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a verb fails: one line on stderr,
 *
 *	fastbootctl: CODE: sentence; what to do
 *
 * and an exit status, which the fail functions return so that a caller can
 * write `return fail(...)`.  Codes about images are imgfmt's (reasons.h); the
 * table here adds those only this program can meet.  Codes keep their meaning.
 */
#ifndef FASTBOOTCTL_FAIL_H
#define FASTBOOTCTL_FAIL_H

#include <imgfmt/reasons.h>

enum exit_status {
	EXIT_OK = 0,
	EXIT_REFUSED = 1, /* refused, or an image is damaged */
	EXIT_USAGE = 2,
	EXIT_SYSTEM = 3, /* the operating system said no */
};

/* X(symbol, code, exit status, advice) */
#define FAILURES(X)                                                                                \
	X(USAGE, "usage", EXIT_USAGE, "see: fastbootctl help")                                     \
	X(OPEN, "open-failed", EXIT_SYSTEM, "check the name and that you are root")                \
	X(NO_MEMORY, "out-of-memory", EXIT_SYSTEM, "free memory and try again")                    \
	X(WRITE, "write-failed", EXIT_SYSTEM, "check the disk and the kernel log, then try again") \
	X(OUTPUT, "output-failed", EXIT_SYSTEM, "check where the output goes to")                  \
	X(NOT_PARTITION, "not-a-partition", EXIT_REFUSED,                                          \
	  "name a partition, or a regular file that holds a partition's content")                  \
	X(IN_USE, "in-use", EXIT_REFUSED,                                                          \
	  "release it with umount or swapoff; while a snapshot is being taken, try again later")   \
	X(HAS_PARTITIONS, "has-partitions", EXIT_REFUSED, "name one of its partitions")            \
	X(FOREIGN_CONTENT, "foreign-content", EXIT_REFUSED,                                        \
	  "name another partition, or destroy the content with --force")                           \
	X(TOO_SMALL, "too-small", EXIT_REFUSED, "use a larger partition or less swap space")       \
	X(SINGLE_SLOT, "single-slot", EXIT_REFUSED,                                                \
	  "nothing was changed; two slots are made by: fastbootctl prepare PARTITION")             \
	X(NOT_CONFIRMED, "not-confirmed", EXIT_REFUSED,                                            \
	  "nothing was changed; to go ahead, add --yes")                                           \
	X(MKSWAP, "mkswap-failed", EXIT_SYSTEM, "see that mkswap (util-linux) is installed")       \
	X(ESP_MISSING, "esp-missing", EXIT_REFUSED,                                                \
	  "mount the EFI system partition and name it with --esp DIR")                             \
	X(ESP_NOT_FAT, "esp-not-fat", EXIT_REFUSED,                                                \
	  "name the directory where the EFI system partition is mounted")                          \
	X(ESP_WRITE, "esp-write", EXIT_SYSTEM,                                                     \
	  "see that the EFI system partition is mounted read-write and has room")                  \
	X(LOADER_INVALID, "loader-invalid", EXIT_REFUSED,                                          \
	  "name an x86-64 EFI program with --loader")                                              \
	X(EFI_READ, "efi-read", EXIT_SYSTEM,                                                       \
	  "see that efivarfs is mounted on /sys/firmware/efi/efivars")                             \
	X(EFI_WRITE, "efi-write", EXIT_SYSTEM,                                                     \
	  "be root, mount efivarfs read-write, and see that the firmware has room for variables")  \
	X(EFI_PATH, "efi-path", EXIT_SYSTEM,                                                       \
	  "see that the EFI system partition is mounted from a partition of a disk")               \
	X(NO_BOOT_ENTRY, "no-boot-entry", EXIT_REFUSED, "create it with: fastbootctl install")     \
	X(NOT_RESTORED, "not-restored", EXIT_REFUSED,                                              \
	  "name the image's slot with --slot a or --slot b")                                       \
	X(NOT_GOLDEN, "not-golden", EXIT_REFUSED,                                                  \
	  "nothing is to be done; for another restore take another image")                         \
	X(ONCE_WAITING, "once-waiting", EXIT_REFUSED,                                              \
	  "restore it first, or give it up: fastbootctl invalidate --slot a|b")                    \
	X(MODULE_MISSING, "module-missing", EXIT_REFUSED,                                          \
	  "load it, as root: modprobe fastboot_snapshot")                                          \
	X(OBSTACLES, "obstacles", EXIT_REFUSED,                                                    \
	  "mend what is listed; to look again: fastbootctl gates")                                 \
	X(HOOK, "hook-failed", EXIT_REFUSED,                                                       \
	  "no image was taken; mend the program, or leave it out with: chmod -x")                  \
	X(SNAPSHOT, "snapshot-failed", EXIT_SYSTEM, "see the kernel log: dmesg")                   \
	X(CHILD, "child-failed", EXIT_SYSTEM, "free memory and try again")                         \
	X(NO_TIMINGS, "no-timings", EXIT_REFUSED,                                                  \
	  "take an image, or start the machine through the boot entry Fast boot")

enum failure {
#define FAILURE_ENUM(sym, code, status, advice) FAIL_##sym,
	FAILURES(FAILURE_ENUM)
#undef FAILURE_ENUM
		FAIL_COUNT
};

/* `fmt` gives the sentence, without full stop.  Returns the failure's exit status. */
int fail(enum failure failure, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with strerror(errno) after the sentence. */
int fail_errno(enum failure failure, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An imgfmt reason about `where` ("/dev/sda3", "/dev/sda3: slot A"); detail may be NULL. */
int fail_reason(enum img_reason reason, const struct img_detail *detail, const char *where);

/* IMG_E_DISK_READ, with strerror(errno). */
int fail_read(const char *where);

void warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a verb fails: one line on stderr,
 *
 *	fastbootctl: CODE: sentence; what to do
 *
 * and an exit status, which the fail functions return so that a caller can write
 * `return fail(...)`.  Codes about images are imgfmt's (reasons.h); the table here adds those of
 * this program alone.  Codes keep their meaning.
 */
#ifndef FASTBOOTCTL_FAIL_H
#define FASTBOOTCTL_FAIL_H

#include <imgfmt/reasons.h>

enum exit_status {
	EXIT_OK = 0,
	EXIT_REFUSED = 1, /* refused, or an image is damaged */
	EXIT_USAGE = 2,
	EXIT_SYSTEM = 3, /* the operating system or the disk failed */
};

/* X(symbol, code, exit status, advice) */
#define FAILURES(X)                                                                                \
	X(USAGE, "usage", EXIT_USAGE, "see: fastbootctl help")                                     \
	X(OPEN, "open-failed", EXIT_SYSTEM, "check the name, and that you are root")               \
	X(NO_MEMORY, "out-of-memory", EXIT_SYSTEM, "free memory and try again")                    \
	X(WRITE, "write-failed", EXIT_SYSTEM, "check the disk and the kernel log, then try again") \
	X(OUTPUT, "output-failed", EXIT_SYSTEM, "check where the output goes")                     \
	X(NOT_PARTITION, "not-a-partition", EXIT_REFUSED,                                          \
	  "name a partition, or a regular file that holds a partition's content")                  \
	X(IN_USE, "in-use", EXIT_REFUSED,                                                          \
	  "release it with umount or swapoff; if a snapshot is being taken, try again later")      \
	X(HAS_PARTITIONS, "has-partitions", EXIT_REFUSED, "name one of its partitions")            \
	X(FOREIGN_CONTENT, "foreign-content", EXIT_REFUSED,                                        \
	  "name another partition, or destroy the content with --force")                           \
	X(TOO_SMALL, "too-small", EXIT_REFUSED, "use a larger partition or less swap space")       \
	X(NOT_MAPPABLE, "not-mappable", EXIT_REFUSED,                                              \
	  "name a partition, a logical volume of linear segments, or a preallocated file on "      \
	  "ext4 or xfs")                                                                           \
	X(FRAGMENTED, "too-fragmented", EXIT_REFUSED,                                              \
	  "make the volume or file again where there is more room in one piece")                   \
	X(SINGLE_SLOT, "single-slot", EXIT_REFUSED,                                                \
	  "nothing was changed; for two slots: fastbootctl prepare PARTITION")                     \
	X(NOT_CONFIRMED, "not-confirmed", EXIT_REFUSED,                                            \
	  "nothing was changed; to proceed, add --yes")                                            \
	X(MKSWAP, "mkswap-failed", EXIT_SYSTEM, "check that mkswap (util-linux) is installed")     \
	X(ESP_MISSING, "esp-missing", EXIT_REFUSED,                                                \
	  "mount the EFI system partition and name it with --esp DIR")                             \
	X(ESP_NOT_FAT, "esp-not-fat", EXIT_REFUSED,                                                \
	  "name the directory where the EFI system partition is mounted")                          \
	X(ESP_WRITE, "esp-write", EXIT_SYSTEM,                                                     \
	  "check that the EFI system partition is mounted read-write and has free space")          \
	X(LOADER_INVALID, "loader-invalid", EXIT_REFUSED,                                          \
	  "name an x86-64 EFI program with --loader")                                              \
	X(EFI_READ, "efi-read", EXIT_SYSTEM,                                                       \
	  "check that efivarfs is mounted on /sys/firmware/efi/efivars")                           \
	X(EFI_WRITE, "efi-write", EXIT_SYSTEM,                                                     \
	  "be root, mount efivarfs read-write, and check that the firmware has room for "          \
	  "variables")                                                                             \
	X(EFI_PATH, "efi-path", EXIT_SYSTEM,                                                       \
	  "check that the EFI system partition is mounted from a partition of a disk")             \
	X(NO_BOOT_ENTRY, "no-boot-entry", EXIT_REFUSED, "create it with: fastbootctl install")     \
	X(SIGN_TOOLS, "sbsigntool-missing", EXIT_REFUSED, "install it: apt install sbsigntool")    \
	X(NO_KEY, "no-signing-key", EXIT_REFUSED,                                                  \
	  "install fastboot-dkms, for which dkms makes a key, or name one with --key and --cert")  \
	X(KEY_USAGE, "key-for-modules", EXIT_REFUSED,                                              \
	  "name another with --key and --cert: shim starts nothing that this one has signed")      \
	X(SIGN, "sign-failed", EXIT_REFUSED,                                                       \
	  "check that key and certificate belong together, and that the key is an RSA key")        \
	X(NO_SHIM, "no-shim", EXIT_REFUSED,                                                        \
	  "install shim-signed and run grub-install, name it with --shim FILE, or use --direct")   \
	X(NO_SBAT, "no-sbat", EXIT_REFUSED, "name the loader of this version with --loader")       \
	X(NOT_SIGNED, "not-signed", EXIT_REFUSED, "sign it with: fastbootctl install")             \
	X(NOT_ENROLLED, "not-enrolled", EXIT_REFUSED,                                              \
	  "enrol the certificate: mokutil --import, reboot, Enroll MOK; fastbootctl(8) has each "  \
	  "step")                                                                                  \
	X(SYSCTL, "sysctl-write", EXIT_SYSTEM,                                                     \
	  "be root, or add panic=5 to the kernel's command line")                                  \
	X(MEMMAP, "memmap-invalid", EXIT_USAGE,                                                    \
	  "each line is: START END TYPE; see fastbootctl(8), simulate")                            \
	X(NO_MEMMAP, "no-memmap", EXIT_REFUSED, "name a memory map with: --memmap FILE")           \
	X(NOT_RESTORED, "not-restored", EXIT_REFUSED,                                              \
	  "name the image's slot with --slot a or --slot b")                                       \
	X(NOT_GOLDEN, "not-golden", EXIT_REFUSED,                                                  \
	  "no action is needed; for another restore take another image")                           \
	X(ONCE_WAITING, "once-waiting", EXIT_REFUSED,                                              \
	  "restore it first, or give it up: fastbootctl invalidate --slot a|b")                    \
	X(MODULE_MISSING, "module-missing", EXIT_REFUSED,                                          \
	  "load it, as root: modprobe fastboot_snapshot")                                          \
	X(OBSTACLES, "obstacles", EXIT_REFUSED,                                                    \
	  "fix what is listed; to check again: fastbootctl gates")                                 \
	X(HOOK, "hook-failed", EXIT_REFUSED,                                                       \
	  "no image was taken; fix what the program has reported, or disable it: chmod -x, or "    \
	  "for one from the package a link to /dev/null with its name in "                         \
	  "/etc/fastboot/snapshot.d")                                                              \
	X(INTERRUPTED, "interrupted", EXIT_REFUSED, "no image was taken; to take one, try again")  \
	X(SNAPSHOT, "snapshot-failed", EXIT_SYSTEM, "see the kernel log: dmesg")                   \
	X(CHILD, "child-failed", EXIT_SYSTEM, "free memory and try again")                         \
	X(NO_TIMINGS, "no-timings", EXIT_REFUSED,                                                  \
	  "take an image, or start the machine through the boot entry Fast boot")                  \
	X(NEVER_RESTORED, "in-vain", EXIT_REFUSED,                                                 \
	  "find out why the loader refuses, then: fastbootctl snapshot golden")

/* What the failures mean, for docs/troubleshooting.md: X(symbol, sentence), one for each. */
#define FAILURE_MEANINGS(X)                                                                        \
	X(USAGE, "the command line is wrong")                                                      \
	X(OPEN, "a file, a device or a sysfs attribute cannot be opened")                          \
	X(NO_MEMORY, "there is not enough memory")                                                 \
	X(WRITE, "the partition cannot be written, or what is read back is not what was written")  \
	X(OUTPUT, "standard output, or the file named for the output, cannot be written")          \
	X(NOT_PARTITION, "the named file is neither a block device nor a regular file")            \
	X(IN_USE, "the device is mounted, active swap space, or held by the kernel")               \
	X(HAS_PARTITIONS, "the device carries a partition table")                                  \
	X(FOREIGN_CONTENT, "the device carries something other than swap space")                   \
	X(TOO_SMALL, "the partition is too small for the layout you asked for")                    \
	X(NOT_MAPPABLE,                                                                            \
	  "the device or file is not made of parts of partitions that stay where they are")        \
	X(FRAGMENTED, "the volume or file is in more pieces than an area header can name")         \
	X(SINGLE_SLOT, "the area has no other slot")                                               \
	X(NOT_CONFIRMED, "the question was not answered with yes, or could not be asked")          \
	X(MKSWAP, "mkswap is missing or failed")                                                   \
	X(ESP_MISSING,                                                                             \
	  "no EFI system partition is mounted, or it is not mounted where --esp says")             \
	X(ESP_NOT_FAT, "the directory is not on a FAT file system, so firmware could not read it") \
	X(ESP_WRITE, "the loader cannot be written to the EFI system partition")                   \
	X(LOADER_INVALID, "the file to install is not an x86-64 EFI program")                      \
	X(EFI_READ, "an EFI variable cannot be read")                                              \
	X(EFI_WRITE, "an EFI variable cannot be written")                                          \
	X(EFI_PATH, "the loader has no path by which the firmware could find it")                  \
	X(NO_BOOT_ENTRY, "there is no boot entry for the loader")                                  \
	X(SIGN_TOOLS, "sbsign or sbverify cannot be run")                                          \
	X(NO_KEY, "Secure Boot needs a signed loader, and there is no key to sign it with")        \
	X(KEY_USAGE, "the certificate says that its key signs modules and nothing else")           \
	X(SIGN, "sbsign cannot sign the loader")                                                   \
	X(NO_SHIM,                                                                                 \
	  "there is no shim, or more than one, beside a GRUB on the EFI system partition")         \
	X(NO_SBAT, "the loader has no section .sbat, without which shim does not start it")        \
	X(NOT_SIGNED, "Secure Boot is on, and the loader is not signed")                           \
	X(NOT_ENROLLED,                                                                            \
	  "Secure Boot is on, and neither shim nor the firmware knows the loader's signer, or "    \
	  "its certificate is revoked: an unattended machine would hang at shim's message")        \
	X(SYSCTL, "kernel.panic, or the file that sets it, cannot be written")                     \
	X(MEMMAP, "the file is not a memory map; the message names the line")                      \
	X(NO_MEMMAP, "this kernel does not show the firmware's memory map")                        \
	X(NOT_RESTORED,                                                                            \
	  "this system was not restored from an image, or that image is no longer there")          \
	X(NOT_GOLDEN, "the image is a one-shot image")                                             \
	X(ONCE_WAITING,                                                                            \
	  "a one-shot image waits for its restore, and comes before any other image")              \
	X(MODULE_MISSING, "the module fastboot_snapshot is not loaded")                            \
	X(OBSTACLES, "the module takes no image; the obstacles are listed on standard output")     \
	X(HOOK, "a program of snapshot.d failed")                                                  \
	X(INTERRUPTED, "a signal came while the programs of snapshot.d ran")                       \
	X(SNAPSHOT, "taking the image failed, and the module has reported no obstacle")            \
	X(CHILD, "no process could be started")                                                    \
	X(NO_TIMINGS, "nothing was measured that could be drawn: no restore, no snapshot")         \
	X(NEVER_RESTORED, "an image is due, but none on the partition was ever restored")

enum failure {
#define FAILURE_ENUM(sym, code, status, advice) FAIL_##sym,
	FAILURES(FAILURE_ENUM)
#undef FAILURE_ENUM
		FAIL_COUNT
};

/* The worse of two exit statuses. */
static inline int fail_worse(int a, int b)
{
	return a > b ? a : b;
}

/* "esp-missing" */
const char *fail_code(enum failure failure);

/* `fmt` gives the sentence, without a full stop.  Returns the failure's exit status. */
int fail(enum failure failure, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with strerror(errno) after the sentence. */
int fail_errno(enum failure failure, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An imgfmt reason about `where` ("/dev/sda3", "/dev/sda3: slot A"); detail may be NULL. */
int fail_reason(enum img_reason reason, const struct img_detail *detail, const char *where);

/* IMG_E_DISK_READ, with strerror(errno). */
int fail_read(const char *where);

/* Something to know that does not stop the verb; no advice is added. */
void warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

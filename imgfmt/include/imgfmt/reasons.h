/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Every reason for which an image is not written, not read or not restored:
 * the one table behind the format library, the loader, the module, the tools
 * and docs/troubleshooting.md.
 *
 * X(symbol, code, sentence, advice).  A code, once released, keeps its meaning
 * for ever and is never given to another reason; add rows, don't edit codes.
 */
#ifndef IMGFMT_REASONS_H
#define IMGFMT_REASONS_H

#include "imgfmt_port.h"

#define IMG_REASONS(X)                                                                             \
	/* The area and its headers. */                                                            \
	X(AREA_MISSING, "area-missing", "no fast-boot area was found on any disk",                 \
	  "lay one out with: fastbootctl prepare PARTITION")                                       \
	X(AREA_AMBIGUOUS, "area-ambiguous", "more than one partition carries a fast-boot area",    \
	  "name one: partuuid=UUID in the boot entry, target=UUID for the module")                 \
	X(AREA_MAGIC, "area-magic", "the partition carries no fast-boot area header",              \
	  "lay one out with: fastbootctl prepare PARTITION")                                       \
	X(AREA_CHECKSUM, "area-checksum", "the area header is damaged",                            \
	  "check the disk, then run: fastbootctl prepare PARTITION")                               \
	X(AREA_BOUNDS, "area-bounds", "the area header does not fit the partition",                \
	  "the partition was resized or copied; run: fastbootctl prepare PARTITION")               \
	X(VERSION, "version", "the image has a format version this program does not know",         \
	  "install matching versions of the loader, the module and the tools")                     \
	X(INCOMPAT, "incompat", "the image uses a feature this program does not know",             \
	  "install matching versions of the loader, the module and the tools")                     \
	X(RESERVED, "reserved", "a reserved field is not zero",                                    \
	  "install matching versions of the loader, the module and the tools")                     \
	X(SLOT_EMPTY, "slot-empty", "the slot holds no image",                                     \
	  "take one: echo golden > /sys/power/fastboot_snapshot")                                  \
	X(SLOT_MAGIC, "slot-magic", "the slot header is damaged or was overwritten",               \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SLOT_CHECKSUM, "slot-checksum", "the slot header is damaged",                            \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SLOT_FIELD, "slot-field", "a field of the slot header is out of range",                  \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SLOT_FOREIGN, "slot-foreign", "the image was written into another area",                 \
	  "take a new image on this machine: echo golden > /sys/power/fastboot_snapshot")          \
	X(SLOT_MODE, "slot-mode", "the image is of a kind this program does not restore",          \
	  "install matching versions of the loader, the module and the tools")                     \
	X(SLOT_QUARANTINED, "slot-quarantined",                                                    \
	  "the image was entered three times and never called good",                               \
	  "find out why, then: fastbootctl mark-good --slot a|b, or take a new image")             \
	X(SLOT_CONSUMED, "slot-consumed", "the image was made for one restore and has had it",     \
	  "take a new one: echo once > /sys/power/fastboot_snapshot")                              \
	X(STATE_DAMAGED, "state-damaged", "the slot state is damaged",                             \
	  "golden: only counts are lost; once: take a new image")                                  \
	/* The sections after a slot header. */                                                    \
	X(SECTION_TABLE, "section-table", "the section table is not consistent",                   \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SECTION_MISSING, "section-missing", "a section is missing",                              \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SECTION_CHECKSUM, "section-checksum", "a section is damaged",                            \
	  "check the disk, then take a new image: echo golden > /sys/power/fastboot_snapshot")     \
	X(RECORD_FIELD, "record-field", "a field of the restore record is out of range",           \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(RECORD_ARCH, "record-arch", "the saved kernel's restore protocol is unknown",            \
	  "this kernel version is not supported yet; use a supported one")                         \
	X(FP_ORDER, "fingerprint-order", "the fingerprint is not sorted",                          \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(RTMAP_BOUNDS, "rtmap-bounds", "the EFI runtime map is not consistent",                   \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(AUX_BOUNDS, "aux-bounds", "the auxiliary ranges are not consistent",                     \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(PROOF_KIND, "fs-proof-unknown", "the image carries a file-system proof of unknown kind", \
	  "install matching versions of the loader, the module and the tools")                     \
	X(PROOF_BOUNDS, "proof-bounds", "the file-system proofs are not consistent",               \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(INDEX_ORDER, "index-order", "the page index is not sorted or overlaps",                  \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(INDEX_BOUNDS, "index-bounds", "a run of the page index is out of range",                 \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(INDEX_COUNT, "index-count", "the page index does not add up to the header's counts",     \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(CHUNK_BOUNDS, "chunk-bounds", "a chunk lies outside the image or overlaps another",      \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(CHUNK_KIND, "chunk-kind", "a chunk is of unknown kind",                                  \
	  "install matching versions of the loader, the module and the tools")                     \
	X(CHUNK_COUNT, "chunk-count", "the chunks do not add up to the page index",                \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(CHUNK_CHECKSUM, "chunk-checksum", "a chunk of the image is damaged",                     \
	  "check the disk, then take a new image: echo golden > /sys/power/fastboot_snapshot")     \
	X(CHUNK_DECODE, "chunk-decode", "a chunk of the image does not decode",                    \
	  "check the disk, then take a new image: echo golden > /sys/power/fastboot_snapshot")     \
	/* Writing. */                                                                             \
	X(SLOT_FULL, "slot-full", "the image is larger than the slot",                             \
	  "free memory (stop services, drop caches) or prepare a larger partition")                \
	X(INDEX_FULL, "index-full", "the page index is larger than its buffer",                    \
	  "memory is too fragmented; reboot and take the image earlier")                           \
	/* The machine today against the machine then. */                                          \
	X(MACHINE_ID, "machine-id", "the machine is another one than the image was taken on",      \
	  "take a new image on this machine: echo golden > /sys/power/fastboot_snapshot")          \
	X(CPU_MODEL, "cpu-model", "the processor is not the one the image was taken on",           \
	  "restore the processor settings or take a new image")                                    \
	X(CPU_COUNT, "cpu-count", "the number of processors has changed",                          \
	  "restore the processor settings or take a new image")                                    \
	X(RAM_SIZE, "ram-size", "the amount of memory has changed",                                \
	  "restore the memory modules or take a new image")                                        \
	X(ACPI_TABLES, "acpi-tables", "the firmware's ACPI tables have changed",                   \
	  "firmware or its settings were changed; take a new image")                               \
	X(PCI_DEVICES, "pci-devices", "the PCI devices have changed",                              \
	  "a device was added, removed or replaced; undo that or take a new image")                \
	X(MACHINE_OTHER, "machine-other",                                                          \
	  "the machine differs from the image's in an unknown field",                              \
	  "install matching versions of the loader, the module and the tools")                     \
	X(EFI_RUNTIME_MAP, "efi-runtime-map", "the firmware's runtime services have moved",        \
	  "boot once more; if it stays so, take a new image")                                      \
	X(EFI_RUNTIME_TABLE, "efi-runtime-table",                                                  \
	  "the firmware's runtime services table has moved",                                       \
	  "boot once more; if it stays so, take a new image")                                      \
	X(PAGE_NOT_FREE, "page-not-free", "memory that the image needs is not free RAM today",     \
	  "boot once more; if it stays so, take a new image")                                      \
	/* The disks today against the disks then. */                                              \
	X(DISK_MISSING, "disk-missing", "a disk or partition of the image is missing",             \
	  "connect it again or take a new image")                                                  \
	X(DISK_MOVED, "disk-moved",                                                                \
	  "a disk is plugged in elsewhere, where the saved kernel would not find it",              \
	  "plug it back in where it was, or take a new image")                                     \
	X(DISK_REPLACED, "disk-replaced", "a disk is not the one the image was taken with",        \
	  "plug in the one that was there, or take a new image")                                   \
	X(PARTITION_TABLE, "partition-table",                                                      \
	  "a partition table has changed since the image was taken",                               \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(IMAGE_PARTITION, "image-partition",                                                      \
	  "the partition of the image was formatted since the image was taken",                    \
	  "lay it out again: fastbootctl prepare PARTITION, then take a new image")                \
	X(FS_CHANGED, "fs-changed", "a file system was changed since the image was taken",         \
	  "nothing is lost; take a new image: echo golden > /sys/power/fastboot_snapshot")         \
	X(SWAP_CHANGED, "swap-changed",                                                            \
	  "swap space in use by the image was made into something else",                           \
	  "nothing is lost; take a new image: echo golden > /sys/power/fastboot_snapshot")         \
	/* The loader's own troubles. */                                                           \
	X(DISK_READ, "disk-read", "the disk could not be read", "check the disk and its cable")    \
	X(NO_MEMORY, "no-memory", "the firmware has not enough free memory for the restore",       \
	  "take a smaller image: stop services, drop caches")                                      \
	X(EXIT_BOOT, "exit-boot", "the firmware did not let go of the machine",                    \
	  "boot once more; report this firmware")                                                  \
	X(HIBERNATED, "hibernated", "a hibernated system waits on a disk to be resumed",           \
	  "boot normally, so that it goes on; or give it up: swapon PARTITION, swapoff PARTITION") \
	X(WORKER_STUCK, "worker-stuck", "a processor did not finish its work",                     \
	  "add cores=1 to the boot entry's options; report this firmware")                         \
	X(STATE_WRITE, "state-write", "the attempt could not be recorded on the disk",             \
	  "check the disk: it must be writable for the firmware")                                  \
	X(BAD_OPTION, "bad-option", "the boot entry carries an unknown option",                    \
	  "known are: slot=a slot=b partuuid=UUID cores=1 verbose simulate probe quiet")           \
	X(SIMULATED, "simulated", "simulation only: the image would have been restored",           \
	  "remove 'simulate' from the boot entry's options")                                       \
	X(USER_ESCAPE, "user-escape", "somebody at the machine pressed Esc",                       \
	  "nothing is wrong: leave Esc alone and the next boot is fast")                           \
	/* The module's gates and troubles. */                                                     \
	X(GATE_FS_WRITABLE, "fs-writable", "a file system on a disk is mounted read-write",        \
	  "unmount it or remount it read-only before the snapshot")                                \
	X(GATE_FS_UNPROVABLE, "fs-unprovable",                                                     \
	  "a mounted file system cannot be proven unchanged at a restore",                         \
	  "unmount it before the snapshot; docs/safety.md lists what can be proven")               \
	X(GATE_DIRTY, "dirty-blocks", "a block device has data that is not on the disk yet",       \
	  "stop what writes to it, then: sync")                                                    \
	X(GATE_HELD, "device-held", "a block device is in use by something unknown",               \
	  "find its user and stop it, or report this")                                             \
	X(GATE_OPEN, "device-open", "a program writes to a block device past all file systems",    \
	  "stop it before the snapshot and start it after: /etc/fastboot/snapshot.d")              \
	X(GATE_CACHE, "cache-held", "what is cached of a block device cannot be dropped",          \
	  "find who has it open (fuser -v DEVICE) and stop that, then try again")                  \
	X(GATE_STACK, "stack-active",                                                              \
	  "a device that is made of others is active, and nothing proves those unchanged",         \
	  "unmount it, then: vgchange -an, cryptsetup close, mdadm --stop, nbd-client -d")         \
	X(GATE_REMOTE, "disk-remote",                                                              \
	  "a disk of another machine is connected, whose session a restart would end",             \
	  "log out before the snapshot, and in again after it: iscsiadm -m node -u, nvme "         \
	  "disconnect-all, "                                                                       \
	  "rbd unmap")                                                                             \
	X(GATE_SHARE, "fs-share", "a directory of the host is mounted, and would hang",            \
	  "unmount it before the snapshot and mount it after: /etc/fastboot/snapshot.d")           \
	X(GATE_NETWORK, "fs-network", "a network file system is mounted read-write",               \
	  "unmount it before the snapshot (/etc/fastboot/snapshot.d); or see network_ok in "       \
	  "fastboot(5)")                                                                           \
	X(GATE_DRIVER, "driver-cannot-sleep",                                                      \
	  "a device would be dead after the restore: its driver cannot wake it",                   \
	  "remove it, or take its driver off before the snapshot: rmmod, or unbind in "            \
	  "/sys/bus/virtio/drivers")                                                               \
	X(GATE_SWAP, "swap-in-use", "swap space is in use",                                        \
	  "turn it off: swapoff -a; for good: noauto in /etc/fstab")                               \
	X(GATE_SWAP_OVERLAP, "swap-overlap", "the swap area reaches into the images",              \
	  "lay the partition out again: fastbootctl prepare PARTITION")                            \
	X(GATE_TAINT, "kernel-tainted",                                                            \
	  "the kernel is tainted: its state is not known to be good",                              \
	  "reboot before taking a snapshot")                                                       \
	X(GATE_TOO_LARGE, "image-too-large", "the image will not fit into the slot",               \
	  "free memory (stop services, drop caches) or prepare a larger partition")                \
	X(GATE_HALF_RAM, "half-of-ram", "more than half of the memory is in use",                  \
	  "free memory: stop services, drop caches, give back huge pages (vm.nr_hugepages)")       \
	X(GATE_HIBERNATION, "hibernation-off", "the kernel does not allow hibernation",            \
	  "lockdown (Secure Boot) or nohibernate on the command line forbids it")                  \
	X(GATE_BUSY, "busy", "another snapshot or hibernation is under way", "try again later")    \
	X(GATE_HOTPLUG, "hotplug", "memory or processors are being plugged or unplugged",          \
	  "wait until that has ended, then try again")                                             \
	X(GATE_EFI, "no-efi", "the kernel was not started through UEFI",                           \
	  "switch the firmware to UEFI mode and reinstall the boot loader")                        \
	X(GATE_EFI_RUNTIME, "efi-runtime-off",                                                     \
	  "the kernel does not use the firmware's runtime services",                               \
	  "add efi=runtime to the kernel's command line, which real-time kernels need")            \
	X(GATE_KERNEL, "kernel-known-bad", "this kernel's own code spoils a snapshot",             \
	  "install another kernel: docs/safety.md lists the bad ones")                             \
	X(GATE_TARGET, "target-open", "the partition of the image cannot be opened",               \
	  "name an unused partition that fastbootctl prepare has laid out")                        \
	X(FREEZE, "freeze", "the tasks could not be frozen", "see the kernel log for the task")    \
	X(CAPTURE, "capture", "the kernel could not take the snapshot",                            \
	  "see the kernel log: a driver's error, or not enough memory")                            \
	X(DISK_WRITE, "disk-write", "the image could not be written",                              \
	  "check the disk, then try again; the image in the other slot is untouched")              \
	X(MODE_UNKNOWN, "mode-unknown", "the snapshot command is not known",                       \
	  "write: golden [TEXT], once [TEXT], test:LEVEL [once], invalidate")                      \
	X(TEST_SLOT, "test-slot", "a test of writing would erase the only image",                  \
	  "prepare two slots, or invalidate the image first")                                      \
	X(FAULT, "fault-injected", "a fault was injected by the module's parameter fail_at",       \
	  "clear the parameter")

enum img_reason {
	IMG_OK = 0,
#define IMG_REASON_ENUM(sym, code, sentence, advice) IMG_E_##sym,
	/* clang-format off */
	IMG_REASONS(IMG_REASON_ENUM)
#undef IMG_REASON_ENUM
	IMG_REASON_COUNT
	/* clang-format on */
};

/* Never NULL; an unknown value gives "unknown". */
const char *img_reason_code(enum img_reason reason);
const char *img_reason_sentence(enum img_reason reason);
const char *img_reason_advice(enum img_reason reason);

/* The reason of a code, as found somewhere; size: of its buffer.  IMG_OK: there is none. */
enum img_reason img_reason_find(const char *code, size_t size);

/*
 * Where and what, beside the reason.  Filled in on failure only; `object` and
 * `field` are string constants or point into the caller's own data.
 */
struct img_detail {
	const char *object;  /* "slot header", "chunk", "PCI device", ... */
	const char *field;   /* "generation", or NULL */
	uint64_t index;	     /* which object, where there are several */
	uint64_t golden;     /* what the image says */
	uint64_t today;	     /* what the machine or the program says */
	const uint8_t *uuid; /* of the partition, 16 bytes as in a GPT; NULL: none is meant */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Every reason for not writing, not reading or not restoring an image: the one table that the
 * format library, the loader, the module, the tools and the documents use.
 *
 * X(symbol, errno, status, image, code, sentence, advice)
 *
 *	errno	 returned to the module's caller; EIO also if the module never gives this reason
 *	status	 returned to the firmware by the loader, without its EFI_; any error makes the
 *		 boot manager continue, this one only chooses the word that it prints; but what
 *		 shim does with it differs: never SECURITY_VIOLATION or ACCESS_DENIED
 *		 (docs/loader.md)
 *	image	 RETAKE: a new image of the same system cures it; KEEP: it would be refused
 *		 again, or the cause may disappear by itself, as when a missing disk returns
 *
 * A code, once released, keeps its meaning forever and is never reused for another reason; add
 * rows, do not edit codes.  CONTRIBUTING.md says what a new row needs elsewhere.
 */
#ifndef IMGFMT_REASONS_H
#define IMGFMT_REASONS_H

#include "imgfmt_port.h"
#include "options.h"

#define IMG_REASONS(X)                                                                             \
	/* The area and its headers. */                                                            \
	X(AREA_MISSING, ENODEV, NOT_FOUND, KEEP, "area-missing",                                   \
	  "no fast-boot area was found on any disk",                                               \
	  "lay one out with: fastbootctl prepare PARTITION")                                       \
	X(AREA_AMBIGUOUS, ENODEV, LOAD_ERROR, KEEP, "area-ambiguous",                              \
	  "more than one partition has a fast-boot area",                                          \
	  "name one: partuuid=UUID in the boot entry, target=UUID for the module")                 \
	X(AREA_MAGIC, ENODEV, LOAD_ERROR, KEEP, "area-magic",                                      \
	  "the partition has no fast-boot area header",                                            \
	  "lay one out with: fastbootctl prepare PARTITION")                                       \
	X(AREA_CHECKSUM, ENODEV, LOAD_ERROR, KEEP, "area-checksum", "the area header is damaged",  \
	  "check the disk, then run: fastbootctl prepare PARTITION")                               \
	X(AREA_BOUNDS, ENODEV, LOAD_ERROR, KEEP, "area-bounds",                                    \
	  "the area header does not fit the partition",                                            \
	  "the partition was resized or copied; run: fastbootctl prepare PARTITION")               \
	X(VERSION, ENODEV, INCOMPATIBLE_VERSION, KEEP, "version",                                  \
	  "the image has a format version this program does not know",                             \
	  "install matching versions of the loader, the module and the tools")                     \
	X(INCOMPAT, ENODEV, INCOMPATIBLE_VERSION, KEEP, "incompat",                                \
	  "the image uses a feature this program does not know",                                   \
	  "install matching versions of the loader, the module and the tools")                     \
	X(RESERVED, ENODEV, LOAD_ERROR, KEEP, "reserved", "a reserved field is not zero",          \
	  "install matching versions of the loader, the module and the tools")                     \
	X(SLOT_EMPTY, EIO, NOT_FOUND, RETAKE, "slot-empty", "the slot holds no image",             \
	  "take one: echo golden > /sys/power/fastboot_snapshot")                                  \
	X(SLOT_MAGIC, EIO, LOAD_ERROR, RETAKE, "slot-magic",                                       \
	  "the slot header is damaged or was overwritten",                                         \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SLOT_CHECKSUM, EIO, LOAD_ERROR, RETAKE, "slot-checksum", "the slot header is damaged",   \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SLOT_FIELD, EIO, LOAD_ERROR, RETAKE, "slot-field",                                       \
	  "a field of the slot header is out of range",                                            \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SLOT_FOREIGN, EIO, LOAD_ERROR, RETAKE, "slot-foreign",                                   \
	  "the image was written into another area",                                               \
	  "take a new image on this machine: echo golden > /sys/power/fastboot_snapshot")          \
	X(SLOT_MODE, EIO, LOAD_ERROR, KEEP, "slot-mode",                                           \
	  "the image is of a kind this program does not restore",                                  \
	  "install matching versions of the loader, the module and the tools")                     \
	X(SLOT_QUARANTINED, EIO, LOAD_ERROR, KEEP, "slot-quarantined",                             \
	  "the image was entered three times and never called good",                               \
	  "find out why, then: fastbootctl mark-good --slot a|b, or take a new image")             \
	X(SLOT_CONSUMED, EIO, LOAD_ERROR, RETAKE, "slot-consumed",                                 \
	  "the one-shot image has already been restored",                                          \
	  "take a new one: echo once > /sys/power/fastboot_snapshot")                              \
	X(STATE_DAMAGED, EIO, LOAD_ERROR, RETAKE, "state-damaged", "the slot state is damaged",    \
	  "golden: only counts are lost; once: take a new image")                                  \
	/* The seal: seal.h. */                                                                    \
	X(UNSEALED, EIO, LOAD_ERROR, RETAKE, "unsealed",                                           \
	  "Secure Boot is on, and the image is not sealed",                                        \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SEALED, EIO, LOAD_ERROR, KEEP, "sealed",                                                 \
	  "the image is sealed, and its key must not be used here",                                \
	  "only the loader opens it, with Secure Boot as it was when the image was taken; or "     \
	  "take a new image")                                                                      \
	X(NOT_AUTHENTIC, EIO, LOAD_ERROR, RETAKE, "not-authentic",                                 \
	  "the image is not what this machine sealed",                                             \
	  "somebody changed it, or it is another machine's, or the firmware lost its secret; "     \
	  "take a new image")                                                                      \
	X(HISTORY_LOST, EIO, DEVICE_ERROR, KEEP, "history-lost",                                   \
	  "the loader's memory of old images cannot be read",                                      \
	  "boot again; after a downgrade, install the newer loader again; or reset the "           \
	  "firmware's variables and take a new image")                                             \
	X(ROLLED_BACK, EIO, LOAD_ERROR, RETAKE, "rolled-back",                                     \
	  "the image is older than those that this machine has restored since",                    \
	  "somebody put an old image back; take a new one")                                        \
	/* The sections after a slot header. */                                                    \
	X(SECTION_TABLE, EIO, LOAD_ERROR, RETAKE, "section-table",                                 \
	  "the section table is inconsistent",                                                     \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SECTION_MISSING, EIO, LOAD_ERROR, RETAKE, "section-missing", "a section is missing",     \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(SECTION_CHECKSUM, EIO, LOAD_ERROR, RETAKE, "section-checksum", "a section is damaged",   \
	  "check the disk, then take a new image: echo golden > /sys/power/fastboot_snapshot")     \
	X(RECORD_FIELD, EIO, LOAD_ERROR, RETAKE, "record-field",                                   \
	  "a field of the restore record is out of range",                                         \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(RECORD_ARCH, EOPNOTSUPP, LOAD_ERROR, KEEP, "record-arch",                                \
	  "the saved kernel's restore protocol is unknown",                                        \
	  "this kernel version is not supported yet; use a supported one")                         \
	X(FP_ORDER, EIO, LOAD_ERROR, RETAKE, "fingerprint-order", "the fingerprint is not sorted", \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(RTMAP_BOUNDS, EIO, LOAD_ERROR, RETAKE, "rtmap-bounds",                                   \
	  "the EFI runtime map is inconsistent",                                                   \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(AUX_BOUNDS, EIO, LOAD_ERROR, RETAKE, "aux-bounds",                                       \
	  "the auxiliary ranges are inconsistent",                                                 \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(PROOF_KIND, EIO, LOAD_ERROR, KEEP, "fs-proof-unknown",                                   \
	  "the image carries a file-system proof of unknown kind",                                 \
	  "install matching versions of the loader, the module and the tools")                     \
	X(PROOF_BOUNDS, EIO, LOAD_ERROR, RETAKE, "proof-bounds",                                   \
	  "the file-system proofs are inconsistent",                                               \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(INDEX_ORDER, EIO, LOAD_ERROR, RETAKE, "index-order",                                     \
	  "the page index is not sorted or overlaps",                                              \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(INDEX_BOUNDS, EIO, LOAD_ERROR, RETAKE, "index-bounds",                                   \
	  "a run of the page index is out of range",                                               \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(INDEX_COUNT, EIO, LOAD_ERROR, RETAKE, "index-count",                                     \
	  "the page index does not add up to the header's counts",                                 \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(CHUNK_BOUNDS, EIO, LOAD_ERROR, RETAKE, "chunk-bounds",                                   \
	  "a chunk lies outside the image or overlaps another",                                    \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(CHUNK_KIND, EIO, LOAD_ERROR, KEEP, "chunk-kind", "a chunk is of unknown kind",           \
	  "install matching versions of the loader, the module and the tools")                     \
	X(CHUNK_COUNT, EIO, LOAD_ERROR, RETAKE, "chunk-count",                                     \
	  "the chunks do not add up to the page index",                                            \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(CHUNK_CHECKSUM, EIO, LOAD_ERROR, RETAKE, "chunk-checksum",                               \
	  "a chunk of the image is damaged",                                                       \
	  "check the disk, then take a new image: echo golden > /sys/power/fastboot_snapshot")     \
	X(CHUNK_DECODE, EIO, LOAD_ERROR, RETAKE, "chunk-decode",                                   \
	  "a chunk of the image cannot be decoded",                                                \
	  "check the disk, then take a new image: echo golden > /sys/power/fastboot_snapshot")     \
	/* Writing. */                                                                             \
	X(SLOT_FULL, ENOSPC, LOAD_ERROR, KEEP, "slot-full", "the image is larger than the slot",   \
	  "free memory (stop services, drop caches) or prepare a larger partition")                \
	X(INDEX_FULL, ENOSPC, LOAD_ERROR, KEEP, "index-full",                                      \
	  "the page index is larger than its buffer",                                              \
	  "memory is too fragmented; reboot and take the image earlier")                           \
	/* The machine today compared with the machine then. */                                    \
	X(MACHINE_ID, EIO, LOAD_ERROR, RETAKE, "machine-id",                                       \
	  "the image was taken on another machine",                                                \
	  "take a new image on this machine: echo golden > /sys/power/fastboot_snapshot")          \
	X(CPU_MODEL, EIO, LOAD_ERROR, RETAKE, "cpu-model",                                         \
	  "the processor is not the one the image was taken on",                                   \
	  "restore the processor settings or take a new image")                                    \
	X(CPU_COUNT, EIO, LOAD_ERROR, RETAKE, "cpu-count", "the number of processors has changed", \
	  "restore the processor settings or take a new image")                                    \
	X(RAM_SIZE, EIO, LOAD_ERROR, RETAKE, "ram-size", "the amount of memory has changed",       \
	  "restore the memory modules or take a new image")                                        \
	X(ACPI_TABLES, EIO, LOAD_ERROR, RETAKE, "acpi-tables",                                     \
	  "the firmware's ACPI tables have changed",                                               \
	  "the firmware or its settings were changed; take a new image")                           \
	X(PCI_DEVICES, EIO, LOAD_ERROR, RETAKE, "pci-devices", "the PCI devices have changed",     \
	  "a device was added, removed or replaced; undo that or take a new image")                \
	X(MACHINE_OTHER, EIO, LOAD_ERROR, KEEP, "machine-other",                                   \
	  "the machine differs from the image's in an unknown field",                              \
	  "install matching versions of the loader, the module and the tools")                     \
	X(EFI_RUNTIME_MAP, EIO, LOAD_ERROR, RETAKE, "efi-runtime-map",                             \
	  "the firmware's runtime services have moved",                                            \
	  "boot again; if it happens again, take a new image")                                     \
	X(EFI_RUNTIME_TABLE, EIO, LOAD_ERROR, RETAKE, "efi-runtime-table",                         \
	  "the firmware's runtime services table has moved",                                       \
	  "boot again; if it happens again, take a new image")                                     \
	X(PAGE_NOT_FREE, EIO, LOAD_ERROR, RETAKE, "page-not-free",                                 \
	  "memory that the image needs is not free RAM today",                                     \
	  "boot again; if it happens again, take a new image")                                     \
	/* The disks today compared with the disks then. */                                        \
	X(DISK_MISSING, EIO, NOT_FOUND, KEEP, "disk-missing",                                      \
	  "a disk or partition of the image is missing", "connect it again or take a new image")   \
	X(DISK_MOVED, EIO, LOAD_ERROR, RETAKE, "disk-moved",                                       \
	  "a disk is connected elsewhere, where the saved kernel would not find it",               \
	  "reconnect it where it was, or take a new image")                                        \
	X(DISK_REPLACED, EIO, LOAD_ERROR, RETAKE, "disk-replaced",                                 \
	  "a disk is not the one the image was taken with",                                        \
	  "reconnect the original disk, or take a new image")                                      \
	X(PARTITION_TABLE, EIO, LOAD_ERROR, RETAKE, "partition-table",                             \
	  "a partition table has changed since the image was taken",                               \
	  "take a new image: echo golden > /sys/power/fastboot_snapshot")                          \
	X(IMAGE_PARTITION, EIO, LOAD_ERROR, RETAKE, "image-partition",                             \
	  "the partition of the image was formatted since the image was taken",                    \
	  "lay it out again: fastbootctl prepare PARTITION, then take a new image")                \
	X(FS_CHANGED, EIO, LOAD_ERROR, RETAKE, "fs-changed",                                       \
	  "a file system was changed since the image was taken",                                   \
	  "nothing is lost; take a new image: echo golden > /sys/power/fastboot_snapshot")         \
	X(SWAP_CHANGED, EIO, LOAD_ERROR, RETAKE, "swap-changed",                                   \
	  "swap space that the image uses has been put to another use",                            \
	  "nothing is lost; take a new image: echo golden > /sys/power/fastboot_snapshot")         \
	X(LVM_CHANGED, EIO, LOAD_ERROR, RETAKE, "lvm-changed",                                     \
	  "a volume group was changed since the image was taken",                                  \
	  "nothing is lost; take a new image: echo golden > /sys/power/fastboot_snapshot")         \
	X(LUKS_CHANGED, EIO, LOAD_ERROR, RETAKE, "luks-changed",                                   \
	  "the header of an encrypted volume was changed since the image was taken",               \
	  "nothing is lost; take a new image: echo golden > /sys/power/fastboot_snapshot")         \
	X(MD_CHANGED, EIO, LOAD_ERROR, RETAKE, "md-changed",                                       \
	  "a RAID array was changed since the image was taken",                                    \
	  "nothing is lost; take a new image: echo golden > /sys/power/fastboot_snapshot")         \
	/* The loader's own failures. */                                                           \
	X(DISK_READ, EIO, DEVICE_ERROR, KEEP, "disk-read", "the disk could not be read",           \
	  "check the disk and its cable")                                                          \
	X(NO_MEMORY, EIO, OUT_OF_RESOURCES, KEEP, "no-memory",                                     \
	  "the firmware does not have enough free memory for the restore",                         \
	  "take a smaller image: stop services, drop caches")                                      \
	X(EXIT_BOOT, EIO, LOAD_ERROR, KEEP, "exit-boot",                                           \
	  "the firmware did not end its boot services", "boot again; report this firmware")        \
	X(HIBERNATED, EIO, LOAD_ERROR, KEEP, "hibernated",                                         \
	  "a hibernated system on a disk is waiting to be resumed",                                \
	  "boot normally to resume it; or discard it: swapon PARTITION, swapoff PARTITION")        \
	X(WORKER_STUCK, EIO, LOAD_ERROR, KEEP, "worker-stuck",                                     \
	  "a processor did not finish its work",                                                   \
	  "add cores=1 to the boot entry's options; report this firmware")                         \
	X(STATE_WRITE, EIO, DEVICE_ERROR, KEEP, "state-write",                                     \
	  "the attempt could not be recorded on the disk",                                         \
	  "check the disk: the firmware must be able to write to it")                              \
	X(BAD_OPTION, EIO, INVALID_PARAMETER, KEEP, "bad-option",                                  \
	  "the boot entry has an unknown option", "known are:" IMG_OPTION_WORDS)                   \
	X(SIMULATED, EIO, ABORTED, KEEP, "simulated",                                              \
	  "simulation only: the image would have been restored",                                   \
	  "remove 'simulate' from the boot entry's options")                                       \
	X(USER_ESCAPE, EIO, ABORTED, KEEP, "user-escape", "someone pressed Esc",                   \
	  "nothing is wrong: the next boot without Esc is fast")                                   \
	/* The module's gates and failures. */                                                     \
	X(GATE_FS_WRITABLE, EBUSY, LOAD_ERROR, KEEP, "fs-writable",                                \
	  "a file system on a disk is mounted read-write",                                         \
	  "unmount it or remount it read-only before the snapshot")                                \
	X(GATE_FS_UNPROVABLE, EBUSY, LOAD_ERROR, KEEP, "fs-unprovable",                            \
	  "a mounted file system cannot be proven unchanged at a restore",                         \
	  "unmount it before the snapshot, as fastbootctl snapshot does by itself with vfat (the " \
	  "ESP); docs/safety.md lists what can be proven")                                         \
	X(GATE_DIRTY, EBUSY, LOAD_ERROR, KEEP, "dirty-blocks",                                     \
	  "a block device has data that is not on the disk yet",                                   \
	  "stop the program that writes to it, then run: sync")                                    \
	X(GATE_HELD, EBUSY, LOAD_ERROR, KEEP, "device-held",                                       \
	  "a block device is in use by something unknown",                                         \
	  "find what uses it and stop that, or report this")                                       \
	X(GATE_OPEN, EBUSY, LOAD_ERROR, KEEP, "device-open",                                       \
	  "a program has a block device open for writing, past all file systems",                  \
	  "stop it before the snapshot and start it after: /etc/fastboot/snapshot.d")              \
	X(GATE_CACHE, EBUSY, LOAD_ERROR, KEEP, "cache-held",                                       \
	  "cached data of a block device cannot be dropped",                                       \
	  "stop the program that has it open (fuser -v DEVICE), then try again")                   \
	X(GATE_STACK, EBUSY, LOAD_ERROR, KEEP, "stack-active",                                     \
	  "a device made of other devices is active, and nothing proves those unchanged",          \
	  "unmount it, then: vgchange -an, cryptsetup close, mdadm --stop, nbd-client -d")         \
	X(GATE_STACK_UNPROVABLE, EBUSY, LOAD_ERROR, KEEP, "stack-unprovable",                      \
	  "a device made of other devices is of a kind, or in a state, that cannot be proven",     \
	  "take it down before the snapshot: list it in FASTBOOT_CLOSE (fastboot(5)), or by "      \
	  "hand: vgchange -an, mdadm --stop, cryptsetup close")                                    \
	X(GATE_CRYPT, EPERM, LOAD_ERROR, KEEP, "crypt-clear",                                      \
	  "an encrypted volume is open, and the image would hold its key in clear text",           \
	  "take sealed images: fastbootctl install --options seal=always, boot again; or close "   \
	  "the volume: cryptsetup close")                                                          \
	X(GATE_AREA_MOVED, EBUSY, LOAD_ERROR, KEEP, "area-moved",                                  \
	  "the image area is not where its header says: the volume or file was moved or resized",  \
	  "lay it out again: fastbootctl prepare DEVICE, then fastbootctl install")                \
	X(GATE_REMOTE, EBUSY, LOAD_ERROR, KEEP, "disk-remote",                                     \
	  "a disk of another machine is connected, and a restart would end its session",           \
	  "log out before the snapshot, and in again after it: iscsiadm -m node -u, nvme "         \
	  "disconnect-all, "                                                                       \
	  "rbd unmap")                                                                             \
	X(GATE_SHARE, EBUSY, LOAD_ERROR, KEEP, "fs-share",                                         \
	  "a directory of the host is mounted, which would hang after a restore",                  \
	  "unmount it before the snapshot and mount it after: /etc/fastboot/snapshot.d")           \
	X(GATE_NETWORK, EBUSY, LOAD_ERROR, KEEP, "fs-network",                                     \
	  "a network file system is mounted read-write",                                           \
	  "unmount it before the snapshot (/etc/fastboot/snapshot.d); or see network_ok in "       \
	  "fastboot(5)")                                                                           \
	X(GATE_DRIVER, EBUSY, LOAD_ERROR, KEEP, "driver-cannot-sleep",                             \
	  "a device would be dead after the restore: its driver cannot wake it",                   \
	  "remove it, or unload or unbind its driver before the snapshot: rmmod, or unbind in "    \
	  "/sys/bus/virtio/drivers")                                                               \
	X(GATE_SWAP, EBUSY, LOAD_ERROR, KEEP, "swap-in-use", "swap space is in use",               \
	  "turn it off: swapoff -a; permanently: noauto in /etc/fstab")                            \
	X(GATE_SWAP_OVERLAP, EBUSY, LOAD_ERROR, KEEP, "swap-overlap",                              \
	  "the swap area overlaps the images",                                                     \
	  "lay the partition out again: fastbootctl prepare PARTITION")                            \
	X(GATE_TAINT, EPERM, LOAD_ERROR, KEEP, "kernel-tainted",                                   \
	  "the kernel is tainted: its state is not known to be good",                              \
	  "reboot before taking a snapshot")                                                       \
	X(GATE_TOO_LARGE, ENOSPC, LOAD_ERROR, KEEP, "image-too-large",                             \
	  "the image will not fit into the slot",                                                  \
	  "free memory (stop services, drop caches) or prepare a larger partition")                \
	X(GATE_HALF_RAM, ENOMEM, LOAD_ERROR, KEEP, "half-of-ram",                                  \
	  "more than half of the memory is in use",                                                \
	  "free memory: stop services, drop caches, release huge pages (vm.nr_hugepages)")         \
	X(GATE_HIBERNATION, EPERM, LOAD_ERROR, KEEP, "hibernation-off",                            \
	  "the kernel does not allow hibernation",                                                 \
	  "nohibernate on the command line forbids it, or lockdown= while Secure Boot is off")     \
	X(GATE_SEAL_KEY, EPERM, LOAD_ERROR, KEEP, "no-seal-key",                                   \
	  "images must be sealed, and the loader left no key for this boot",                       \
	  "the fast-boot loader must run before each boot: fastbootctl install --first; once it "  \
	  "has started a kernel= itself, it leaves no key to any other")                           \
	X(GATE_SEAL_CIPHER, EOPNOTSUPP, LOAD_ERROR, KEEP, "no-seal-cipher",                        \
	  "images must be sealed, and the kernel lacks what that takes",                           \
	  "load the modules: modprobe -a gcm aesni_intel hmac; and leave kprobes and ftrace on")   \
	X(GATE_BUSY, EBUSY, LOAD_ERROR, KEEP, "busy",                                              \
	  "another snapshot or hibernation is in progress", "try again later")                     \
	X(GATE_HOTPLUG, EAGAIN, LOAD_ERROR, KEEP, "hotplug",                                       \
	  "memory or processors are being plugged or unplugged",                                   \
	  "wait until that is finished, then try again")                                           \
	X(GATE_EFI, EOPNOTSUPP, LOAD_ERROR, KEEP, "no-efi",                                        \
	  "the kernel was not started through UEFI",                                               \
	  "switch the firmware to UEFI mode and reinstall the boot loader")                        \
	X(GATE_EFI_RUNTIME, EOPNOTSUPP, LOAD_ERROR, KEEP, "efi-runtime-off",                       \
	  "the kernel does not use the firmware's runtime services",                               \
	  "add efi=runtime to the kernel's command line, which real-time kernels need")            \
	X(GATE_KERNEL, EOPNOTSUPP, LOAD_ERROR, KEEP, "kernel-known-bad",                           \
	  "this kernel's own code spoils a snapshot",                                              \
	  "install another kernel: docs/safety.md lists the bad ones")                             \
	X(GATE_TARGET, ENODEV, LOAD_ERROR, KEEP, "target-open",                                    \
	  "the partition of the image cannot be opened",                                           \
	  "name an unused partition that fastbootctl prepare has laid out")                        \
	X(FREEZE, EBUSY, LOAD_ERROR, KEEP, "freeze", "the tasks could not be frozen",              \
	  "see the kernel log for the task")                                                       \
	X(CAPTURE, ENOMEM, LOAD_ERROR, KEEP, "capture", "the kernel could not take the snapshot",  \
	  "see the kernel log: a driver's error, or not enough memory")                            \
	X(DISK_WRITE, EIO, LOAD_ERROR, KEEP, "disk-write", "the image could not be written",       \
	  "check the disk, then try again; the image in the other slot is untouched")              \
	X(MODE_UNKNOWN, EINVAL, LOAD_ERROR, KEEP, "mode-unknown",                                  \
	  "the snapshot command is not known",                                                     \
	  "write: golden [TEXT], once [TEXT], test:LEVEL [once], invalidate")                      \
	X(TEST_SLOT, EEXIST, LOAD_ERROR, KEEP, "test-slot",                                        \
	  "a test of writing would erase the only image",                                          \
	  "prepare two slots, or invalidate the image first")                                      \
	X(FAULT, EIO, LOAD_ERROR, KEEP, "fault-injected",                                          \
	  "a fault was injected by the module's parameter fail_at", "clear the parameter")

enum img_reason {
	IMG_OK = 0,
#define IMG_REASON_ENUM(sym, errno, status, image, code, sentence, advice) IMG_E_##sym,
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

/* The reason with that code; size: of the code's buffer.  IMG_OK: unknown code. */
enum img_reason img_reason_find(const char *code, size_t size);

/*
 * The location and the values, in addition to the reason.  Filled in on failure only; `object` and
 * `field` are string constants or point into the caller's own data.
 */
struct img_detail {
	const char *object;  /* "slot header", "chunk", "PCI device", ... */
	const char *field;   /* "generation", or NULL */
	uint64_t index;	     /* which object, if there are several */
	uint64_t golden;     /* the image's value */
	uint64_t today;	     /* the machine's or the program's value */
	const uint8_t *uuid; /* of the partition, 16 bytes as in a GPT; NULL: none */
};

#endif

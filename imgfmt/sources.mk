# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The core's files, for the makefiles of its hosts; relative to imgfmt/.
# The loader builds the reader side only.
IMGFMT_READER_SRCS := src/chunk.c src/decide.c src/entries.c src/fingerprint.c \
	src/fp_acpi.c src/fp_cpu.c src/fp_pci.c src/fp_smbios.c src/guid.c src/header.c \
	src/options.c src/pool.c src/proof.c src/reasons.c src/result.c src/seal.c src/sections.c \
	src/state.c src/unified.c
IMGFMT_WRITER_SRCS := src/encode.c src/fs.c src/fs_btrfs.c src/fs_ext.c src/fs_f2fs.c \
	src/fs_luks.c src/fs_lvm.c src/fs_md.c src/fs_readonly.c src/fs_swap.c src/fs_xfs.c \
	src/swap.c src/writer.c

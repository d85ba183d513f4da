/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader's generation, as SBAT counts it: shim starts no program without one, and none of a
 * generation that was revoked (rhboot/shim, SBAT.md).  A release that mends a way around Secure
 * Boot raises the 1 after "fastboot"; nothing else does.  The page is of no other section, so
 * that the firmware can protect it.
 */
	.section .sbat, "a", @progbits
	.balign	4096
	.ascii	"sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n"
	.ascii	"fastboot,1,fastboot,fastboot,", VERSION, ",mailto:maintainers@fastboot.invalid\n"

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * GUIDs as a GPT and the firmware store them, 16 bytes with the first three fields little-endian
 * (UEFI 2.10, appendix A), and as text: 00 11 22 ... ff is 33221100-5544-7766-8899-aabbccddeeff.
 */
#ifndef IMGFMT_GUID_H
#define IMGFMT_GUID_H

#include "imgfmt_port.h"

#define IMG_GUID_SIZE 16u
#define IMG_GUID_TEXT 37u /* lower case, with its NUL */

void img_guid_text(const uint8_t guid[IMG_GUID_SIZE], char ret_text[IMG_GUID_TEXT]);

/* text: `count` characters of UCS-2, in either case.  False: not a GUID. */
bool img_guid_parse(const uint16_t *text, size_t count, uint8_t ret_guid[IMG_GUID_SIZE]);

#endif

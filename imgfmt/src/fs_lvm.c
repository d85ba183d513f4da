// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A physical volume of LVM.  Offsets: lvm2, lib/label/label.h (struct label_header),
 * lib/format_text/layout.h (struct pv_header, mda_header, raw_locn), format-text.h (disk_locn).
 *
 * Each commit of a volume group writes a new text, and then the header of the metadata area, which
 * holds the text's place and checksum.  The label changes if the volume itself does.
 */
#include "fs.h"

#define LVM_SECTOR	  512u
#define LVM_LABEL_SECTORS 4u
#define LVM_LABEL_NUMBER  8u
#define LVM_LABEL_CRC	  16u
#define LVM_LABEL_CONTENT 20u
#define LVM_LABEL_TYPE	  24u
#define LVM_PV_LISTS	  40u
#define LVM_PV_ENTRY	  16u
#define LVM_MAX_AREAS	  2u
#define LVM_AREA_MAGIC	  4u
#define LVM_AREA_VERSION  20u
#define LVM_AREA_START	  24u
#define LVM_AREA_FLAGS	  60u
#define LVM_AREA_IGNORED  1u
#define LVM_CRC_START	  0xf597a6cfu

struct lvm_label {
	uint32_t found; /* labels on the device */
	uint64_t offset;
	bool listed; /* the list of areas is whole and not too long */
	uint32_t nr;
	uint64_t area[LVM_MAX_AREAS];
};

static bool lvm_label_is_good(const uint8_t *sector, uint32_t number)
{
	return !memcmp(sector, "LABELONE", 8) &&
	       img_load_le(sector + LVM_LABEL_NUMBER, 8) == number &&
	       !memcmp(sector + LVM_LABEL_TYPE, "LVM2 001", 8) &&
	       img_load_le(sector + LVM_LABEL_CRC, 4) ==
		       img_fs_crc32(LVM_CRC_START, sector + LVM_LABEL_CONTENT,
				    LVM_SECTOR - LVM_LABEL_CONTENT);
}

/* Two lists, each ended by an entry of zeroes: of data areas, then of metadata areas. */
static bool lvm_list(const uint8_t *sector, struct lvm_label *label)
{
	uint64_t at = img_load_le(sector + LVM_LABEL_CONTENT, 4) + LVM_PV_LISTS;
	bool metadata = false;

	for (; at <= LVM_SECTOR - LVM_PV_ENTRY; at += LVM_PV_ENTRY) {
		uint64_t offset = img_load_le(sector + at, 8);

		if (!offset && metadata)
			return true;
		if (!offset) {
			metadata = true;
		} else if (metadata) {
			if (label->nr == LVM_MAX_AREAS)
				return false;
			label->area[label->nr++] = offset;
		}
	}
	return false;
}

/* LVM takes the first label with a correct checksum (lib/label/label.c, _find_lvm_header()). */
static enum img_reason lvm_label(struct fs_survey *s, struct lvm_label *ret)
{
	const uint8_t *sector;
	enum img_reason reason =
		img_fs_look(s, 0, LVM_LABEL_SECTORS * LVM_SECTOR, "label", &sector);

	if (reason != IMG_OK)
		return reason;
	for (uint32_t i = 0; i < LVM_LABEL_SECTORS; i++, sector += LVM_SECTOR) {
		if (!lvm_label_is_good(sector, i))
			continue;
		if (ret->found++)
			return img_fs_unprovable(s, "two labels");
		ret->offset = (uint64_t)i * LVM_SECTOR;
		ret->listed = lvm_list(sector, ret);
	}
	if (!ret->found)
		return img_fs_unprovable(s, "label");
	return ret->listed ? IMG_OK : img_fs_unprovable(s, "metadata areas");
}

/* A commit does not write an area that the group ignores (pvchange --metadataignore). */
static enum img_reason lvm_area(struct fs_survey *s, uint64_t offset)
{
	static const uint8_t magic[] = { ' ', 'L', 'V', 'M', '2', ' ', 'x', '[',
					 '5', 'A', '%', 'r', '0', 'N', '*', '>' };
	const uint8_t *header;
	enum img_reason reason;

	if (offset % IMG_PROOF_ALIGN)
		return img_fs_unprovable(s, "metadata area");
	reason = img_fs_look(s, offset, LVM_SECTOR, "metadata area", &header);
	if (reason != IMG_OK)
		return reason;
	if (memcmp(header + LVM_AREA_MAGIC, magic, sizeof(magic)) ||
	    img_load_le(header + LVM_AREA_VERSION, 4) != 1 ||
	    img_load_le(header + LVM_AREA_START, 8) != offset ||
	    img_load_le(header, 4) != img_fs_crc32(LVM_CRC_START, header + LVM_AREA_MAGIC,
						   LVM_SECTOR - LVM_AREA_MAGIC))
		return img_fs_unprovable(s, "metadata area");
	if (!(img_load_le(header + LVM_AREA_FLAGS, 4) & LVM_AREA_IGNORED))
		img_fs_add(s, IMG_PROOF_LVM_METADATA, offset, LVM_SECTOR);
	return IMG_OK;
}

enum img_reason img_fs_lvm(struct fs_survey *s)
{
	struct lvm_label label = { 0 };
	enum img_reason reason = lvm_label(s, &label);

	if (reason != IMG_OK)
		return reason;
	img_fs_add(s, IMG_PROOF_LVM_LABEL, label.offset, LVM_SECTOR);
	for (uint32_t i = 0; i < label.nr; i++) {
		reason = lvm_area(s, label.area[i]);
		if (reason != IMG_OK)
			return reason;
	}
	return s->proof.nr > 1 ? IMG_OK : img_fs_unprovable(s, "no metadata area");
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The disks today compared with the disks then: digests of the same bytes, nothing more. */
#include <imgfmt/proof.h>

#include "internal.h"

struct proof_kind {
	uint32_t number;
	const char *words;
	enum img_reason reason;
};

#define PROOF_ROW(sym, number, words, reason) { number, words, IMG_E_##reason },
static const struct proof_kind kinds[] = { IMG_PROOF_KINDS(PROOF_ROW) };

static const struct proof_kind *find_kind(uint32_t number)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].number == number)
			return &kinds[i];
	}
	return NULL;
}

const char *img_proof_kind_name(uint32_t kind)
{
	const struct proof_kind *known = find_kind(kind);

	return known ? known->words : "unknown proof";
}

enum img_reason img_proof_kind_reason(uint32_t kind)
{
	const struct proof_kind *known = find_kind(kind);

	return known ? known->reason : IMG_E_PROOF_KIND;
}

uint64_t img_ata_identity(const uint8_t serial[IMG_ATA_SERIAL_SIZE])
{
	for (size_t i = 0; i < IMG_ATA_SERIAL_SIZE; i++) {
		if (serial[i] && serial[i] != ' ')
			return img_port_xxh64(serial, IMG_ATA_SERIAL_SIZE);
	}
	return 0;
}

/* For messages, so it points to bytes that outlive the call: the image's own. */
static const uint8_t *uuid_of(const struct img_proof_disk *d)
{
	return img_is_zero(d->part_uuid, sizeof(d->part_uuid)) ? NULL : d->part_uuid;
}

enum img_reason img_proof_check(const struct img_meta *meta, const struct img_proof_probe *probe,
				struct img_detail *detail)
{
	for (uint64_t i = 0; i < meta->nr_proofs; i++) {
		const struct img_proof proof = img_meta_proof(meta, i);
		uint64_t today = 0;
		enum img_reason reason = probe->digest(probe->ctx, &proof, &today);

		if (reason == IMG_OK && today != proof.digest)
			reason = img_proof_kind_reason(proof.kind);
		if (reason != IMG_OK)
			return IMG_REFUSE(detail, reason, .object = img_proof_kind_name(proof.kind),
					  .index = i, .golden = proof.digest, .today = today,
					  .uuid = uuid_of(&meta->proof[i]));
	}
	return IMG_OK;
}

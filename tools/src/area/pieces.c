// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

struct pieces *pieces_new(void)
{
	return calloc(1, sizeof(struct pieces));
}

/* The first piece of its partition, whose descriptor the others share. */
static bool is_first(const struct pieces *pieces, uint32_t number)
{
	for (uint32_t i = 0; i < number; i++) {
		if (pieces->fd[i] == pieces->fd[number])
			return false;
	}
	return true;
}

void pieces_free(struct pieces *pieces)
{
	int saved = errno;

	for (uint32_t i = 0; pieces && i < pieces->place.nr_map; i++) {
		if (is_first(pieces, i))
			(void)close(pieces->fd[i]);
	}
	free(pieces);
	errno = saved;
}

int pieces_find(const struct pieces *pieces, const uint8_t part_uuid[16])
{
	for (uint32_t i = 0; i < pieces->place.nr_map; i++) {
		if (memcmp(pieces->place.map[i].part_uuid, part_uuid, 16) == 0)
			return pieces->fd[i];
	}
	return -1;
}

void pieces_add(struct pieces *pieces, const struct img_piece *piece, int fd)
{
	int shared = pieces_find(pieces, piece->part_uuid);
	uint32_t number = pieces->place.nr_map++;

	pieces->place.map[number] = *piece;
	pieces->fd[number] = shared >= 0 ? shared : fd;
}

bool pieces_match(const struct pieces *pieces, const struct img_area *header)
{
	if (!pieces || pieces->place.nr_map != header->nr_map)
		return !pieces && !header->nr_map;
	for (uint32_t i = 0; i < header->nr_map; i++) {
		const struct img_piece *here = &pieces->place.map[i], *there = &header->map[i];

		if (memcmp(here->part_uuid, there->part_uuid, sizeof(here->part_uuid)) != 0 ||
		    here->offset != there->offset || here->size != there->size)
			return false;
	}
	return true;
}

int pieces_locate(const struct pieces *pieces, uint64_t offset, uint64_t *ret_offset,
		  uint64_t *ret_run)
{
	const struct img_location location = img_area_locate(&pieces->place, offset);

	*ret_offset = location.offset;
	*ret_run = location.run;
	return pieces->fd[location.piece];
}

/* The next bytes of a transfer that one piece holds, at most `size`; 0: beyond the end. */
struct step {
	int fd;
	size_t size;
	uint64_t offset;
};

static struct step next_step(const struct pieces *pieces, size_t size, uint64_t offset)
{
	struct step step;
	uint64_t run;

	step.fd = pieces_locate(pieces, offset, &step.offset, &run);
	step.size = run < size ? (size_t)run : size;
	return step;
}

int pieces_read(const struct pieces *pieces, void *to, size_t size, uint64_t offset)
{
	uint8_t *at = to;

	while (size) {
		const struct step step = next_step(pieces, size, offset);

		if (!step.size)
			errno = EIO;
		if (!step.size || io_pread(step.fd, at, step.size, step.offset))
			return -1;
		at += step.size;
		offset += step.size;
		size -= step.size;
	}
	return 0;
}

int pieces_write(const struct pieces *pieces, const void *from, size_t size, uint64_t offset)
{
	const uint8_t *at = from;

	while (size) {
		const struct step step = next_step(pieces, size, offset);

		if (!step.size)
			errno = EIO;
		if (!step.size || io_pwrite(step.fd, at, step.size, step.offset))
			return -1;
		at += step.size;
		offset += step.size;
		size -= step.size;
	}
	return 0;
}

int pieces_flush(const struct pieces *pieces)
{
	int error = 0;

	for (uint32_t i = 0; i < pieces->place.nr_map; i++) {
		if (is_first(pieces, i) && fsync(pieces->fd[i]))
			error = -1;
	}
	return error;
}

void pieces_drop_cache(const struct pieces *pieces)
{
	for (uint32_t i = 0; i < pieces->place.nr_map; i++) {
		const struct img_piece *piece = &pieces->place.map[i];

		(void)posix_fadvise(pieces->fd[i], (off_t)piece->offset, (off_t)piece->size,
				    POSIX_FADV_DONTNEED);
	}
}

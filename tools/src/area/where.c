// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/where.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/out.h"
#include "base/text.h"

/* The last block of the map is the header. */
static struct img_location header_location(const struct img_area *header)
{
	return img_area_locate(header, img_area_header_offset(img_area_map_size(header)));
}

struct where_option where_option(const struct img_area *header)
{
	struct where_option option = { "" };
	const struct img_location location = header_location(header);

	if (header->nr_map)
		snprintf(option.s, sizeof(option.s), "area=%s+%" PRIu64,
			 text_guid(header->map[location.piece].part_uuid).s, location.offset);
	return option;
}

struct where_text where_text(const struct img_area *header)
{
	struct where_text text = { "" };
	const struct img_location location = header_location(header);

	if (header->nr_map)
		snprintf(text.s, sizeof(text.s),
			 "byte %" PRIu64 " of partition %s, %" PRIu32 " piece%s", location.offset,
			 text_guid(header->map[location.piece].part_uuid).s, header->nr_map,
			 header->nr_map > 1 ? "s" : "");
	return text;
}

void where_show_map(const struct img_area *header, struct json_object *to)
{
	to = json_put_array(to, "map");
	for (uint32_t i = 0; i < header->nr_map; i++) {
		const struct img_piece *piece = &header->map[i];
		struct json_object *row = json_append_object(to);

		out_text("  piece %2" PRIu32 ":   %s at byte %" PRIu64 " of partition %s\n", i,
			 text_size(piece->size).s, piece->offset, text_guid(piece->part_uuid).s);
		json_put_text(row, "partition", text_guid(piece->part_uuid).s);
		json_put_number(row, "offset", piece->offset);
		json_put_number(row, "size", piece->size);
	}
}

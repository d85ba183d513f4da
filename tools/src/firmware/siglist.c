// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/siglist.h"

#include <string.h>

/* Type, size of the list, size of a further header, size of an entry; an entry has an owner. */
#define LIST_SIZE   16u
#define HEADER_SIZE 20u
#define ENTRY_SIZE  24u
#define HEAD	    28u
#define OWNER	    16u

/* EFI_CERT_X509_GUID, a5c059a1-94e4-4aa7-87b5-ab155c2bf072 */
static const uint8_t x509[16] = { 0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
				  0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72 };

static uint32_t load32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static bool next_list(struct siglist *list)
{
	const uint8_t *head = list->rest;
	uint32_t size, header;

	if (list->rest_size < HEAD)
		return false;
	size = load32(head + LIST_SIZE);
	header = load32(head + HEADER_SIZE);
	if (size < HEAD || size > list->rest_size || header > size - HEAD)
		return false;
	list->rest += size;
	list->rest_size -= size;
	list->number = 0;
	list->entry_size = load32(head + ENTRY_SIZE);
	list->entries = head + HEAD + header;
	list->entries_size = memcmp(head, x509, sizeof(x509)) == 0 ? size - HEAD - header : 0;
	return true;
}

bool siglist_next(struct siglist *list, const uint8_t **ret_cert, size_t *ret_size)
{
	while (list->entry_size <= OWNER || list->entries_size < list->entry_size) {
		if (!next_list(list))
			return false;
	}
	*ret_cert = list->entries + OWNER;
	*ret_size = list->entry_size - OWNER;
	list->number++;
	list->entries += list->entry_size;
	list->entries_size -= list->entry_size;
	return true;
}

bool siglist_has(const uint8_t *lists, size_t lists_size, const uint8_t *cert, size_t size)
{
	struct siglist list = { .rest = lists, .rest_size = lists_size };
	const uint8_t *found;
	size_t found_size;

	while (siglist_next(&list, &found, &found_size)) {
		if (found_size == size && memcmp(found, cert, size) == 0)
			return true;
	}
	return false;
}

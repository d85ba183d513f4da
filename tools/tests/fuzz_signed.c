// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What Secure Boot brings to the tool: lists of keys in variables, and EFI programs with and
 * without signatures.
 *
 * Input: which (1 byte), then a list, or a program; or the length of a program (2 bytes), which
 * may be the unsigned form of the rest.
 */
#include "fuzz_tool.h"

#include "firmware/pe.h"
#include "firmware/pem.h"
#include "firmware/siglist.h"

/* In memory of exactly its size, so that the sanitizer sees a step outside. */
static uint8_t *copy(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size + !size);

	must(exact != NULL);
	if (size)
		memcpy(exact, data, size);
	return exact;
}

static void walk_lists(const uint8_t *data, size_t size)
{
	struct siglist walk = { .rest = data, .rest_size = size };
	const uint8_t *cert;
	size_t cert_size, before = 0;

	while (siglist_next(&walk, &cert, &cert_size)) {
		must(cert_size > 0 && cert >= data + before);
		must((size_t)(cert - data) + cert_size <= size && walk.number > 0);
		before = (size_t)(cert - data) + cert_size;
	}
}

static void read_program(const uint8_t *data, size_t size)
{
	bool is_x64 = pe_is_x64(data, size);

	must(is_x64 || (!pe_is_signed(data, size) && !pe_has_sbat(data, size)));
	must(!pe_is_signed_copy(data, size, data, size));
}

static void write_text(const uint8_t *data, size_t size)
{
	char *key = pem_private_key(data, size), *cert = pem_certificate(data, size);

	must(key && pem_is_text((uint8_t *)key, strlen(key)));
	must(cert && strlen(cert) > size);
	free(key);
	free(cert);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned int which = (unsigned int)take(&in, 1) % 4;
	size_t length = which == 3 ? (size_t)take(&in, 2) : 0;
	uint8_t *exact = copy(in.data, in.size);

	silence();
	if (which == 0)
		walk_lists(exact, in.size);
	if (which == 1)
		read_program(exact, in.size);
	if (which == 2)
		write_text(exact, in.size);
	if (which == 3 && length <= in.size) {
		uint8_t *plain = copy(exact, length);

		must(!pe_is_signed_copy(plain, length, exact, in.size) || length < in.size);
		free(plain);
	}
	free(exact);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/signer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/text.h"
#include "firmware/pem.h"

#define MAX_KEY	    (64u << 10)
#define MAX_PROGRAM (32u << 20)

#define EXIT_NOT_EXECUTED 127 /* as in a shell */

/* A file in memory that a child can open by its name. */
struct memfile {
	int fd;
	char name[32];
};

#define MEMFILE_CLOSED	 ((struct memfile){ .fd = -1 })
#define _cleanup_memfile __attribute__((cleanup(memfile_close)))

static void memfile_close(struct memfile *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
}

static int memfile_open(const void *data, size_t size, struct memfile *file)
{
	file->fd = memfd_create("fastbootctl", 0);
	if (file->fd < 0 || io_write(file->fd, data, size))
		return fail_errno(FAIL_NO_MEMORY, "a file in memory");
	snprintf(file->name, sizeof(file->name), "/proc/self/fd/%d", file->fd);
	return 0;
}

static int memfile_read(const struct memfile *file, uint8_t **ret_data, size_t *ret_size)
{
	struct stat st;

	if (fstat(file->fd, &st) || st.st_size > MAX_PROGRAM)
		return fail_errno(FAIL_NO_MEMORY, "a file in memory");
	*ret_size = (size_t)st.st_size;
	*ret_data = malloc(*ret_size + 1);
	if (!*ret_data || io_pread(file->fd, *ret_data, *ret_size, 0)) {
		free(*ret_data);
		*ret_data = NULL;
		return fail_errno(FAIL_NO_MEMORY, "a file in memory");
	}
	(*ret_data)[*ret_size] = '\0';
	return 0;
}

struct program {
	const char *const *argv;
	int output;
};

static int execute(void *ctx)
{
	const struct program *program = ctx;

	if (dup2(program->output, STDOUT_FILENO) >= 0 && dup2(program->output, STDERR_FILENO) >= 0)
		(void)execvp(program->argv[0], (char *const *)(uintptr_t)program->argv);
	return EXIT_NOT_EXECUTED;
}

/* output: gets what the program prints. */
static int run(const char *const *argv, const struct memfile *output, bool *ret_good)
{
	struct program program = { argv, output->fd };
	int ended, status = child_run(execute, &program, argv[0], &ended);

	if (status)
		return status;
	if (WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_NOT_EXECUTED)
		return fail(FAIL_SIGN_TOOLS, "%s cannot be run", argv[0]);
	*ret_good = ended == 0;
	return 0;
}

/* Reports the first line that the program printed. */
static int report_failure(const char *name, const struct memfile *output)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t size;
	int status = memfile_read(output, &text, &size);

	if (status)
		return status;
	text[strcspn((char *)text, "\n")] = '\0';
	text_printable((char *)text);
	return fail(FAIL_SIGN, "%s: %s", name, (char *)text);
}

int signer_sign(const struct signer_key *key, const uint8_t *data, size_t size, uint8_t **ret_data,
		size_t *ret_size)
{
	_cleanup_memfile struct memfile secret = MEMFILE_CLOSED, cert = MEMFILE_CLOSED,
					in = MEMFILE_CLOSED, to = MEMFILE_CLOSED,
					output = MEMFILE_CLOSED;
	const char *const argv[] = { "sbsign",	 "--key", secret.name, "--cert", cert.name,
				     "--output", to.name, in.name,     NULL };
	bool good = false;
	int status = memfile_open(key->key, strlen(key->key), &secret);

	if (!status)
		status = memfile_open(key->cert, strlen(key->cert), &cert);
	if (!status)
		status = memfile_open(data, size, &in);
	if (!status)
		status = memfile_open("", 0, &to);
	if (!status)
		status = memfile_open("", 0, &output);
	if (!status)
		status = run(argv, &output, &good);
	if (!status && !good)
		status = report_failure(argv[0], &output);
	return status ? status : memfile_read(&to, ret_data, ret_size);
}

int signer_verify(const char *cert, const uint8_t *data, size_t size, bool *ret_good)
{
	_cleanup_memfile struct memfile by = MEMFILE_CLOSED, in = MEMFILE_CLOSED,
					output = MEMFILE_CLOSED;
	const char *const argv[] = { "sbverify", "--cert", by.name, in.name, NULL };
	int status = memfile_open(cert, strlen(cert), &by);

	*ret_good = false;
	if (!status)
		status = memfile_open(data, size, &in);
	if (!status)
		status = memfile_open("", 0, &output);
	return status ? status : run(argv, &output, ret_good);
}

bool signer_is_for_modules(const uint8_t *der, size_t size)
{
	/* An OBJECT IDENTIFIER of 10 bytes: 1.3.6.1.4.1.2312.16.1.2. */
	static const uint8_t modules[] = { 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
					   0x01, 0x92, 0x08, 0x10, 0x01, 0x02 };

	return memmem(der, size, modules, sizeof(modules)) != NULL;
}

/* Overwrites what it frees. */
static void forget(char *text, size_t size)
{
	if (text)
		explicit_bzero(text, size);
	free(text);
}

static int read_as_text(const char *file, char *(*to_text)(const uint8_t *, size_t),
			char **ret_text, bool *ret_was_text)
{
	char *data;
	size_t size;

	if (io_read_file(file, MAX_KEY, &data, &size))
		return fail_errno(FAIL_OPEN, "%s", file);
	*ret_was_text = pem_is_text((uint8_t *)data, size);
	if (*ret_was_text) {
		*ret_text = data;
		return 0;
	}
	*ret_text = to_text((uint8_t *)data, size);
	forget(data, size);
	return *ret_text ? 0 : fail_errno(FAIL_NO_MEMORY, "%s", file);
}

static int read_key(struct signer_key *key)
{
	bool was_text;
	int status;

	if (!key->key_file || !key->cert_file)
		return fail_errno(FAIL_NO_MEMORY, "a key");
	status = read_as_text(key->key_file, pem_private_key, &key->key, &was_text);
	if (status)
		return status;
	return read_as_text(key->cert_file, pem_certificate, &key->cert, &key->cert_was_text);
}

static bool is_there(const struct signer_key *key)
{
	return key->key_file && key->cert_file && access(key->key_file, F_OK) == 0 &&
	       access(key->cert_file, F_OK) == 0;
}

/* The certificates of machine owner keys are DER. */
static bool cannot_sign_loaders(const char *cert_file)
{
	_cleanup_free_ char *cert = NULL;
	size_t size;

	return io_read_file(cert_file, MAX_KEY, &cert, &size) == 0 &&
	       signer_is_for_modules((uint8_t *)cert, size);
}

/* The names are those in dkms' prepare_signing(). */
static int find_machine_key(struct signer_key *ret_key)
{
	static const struct {
		const char *key, *cert;
	} places[] = {
		{ "/var/lib/dkms/mok.key", "/var/lib/dkms/mok.pub" },
		{ "/var/lib/shim-signed/mok/MOK.priv", "/var/lib/shim-signed/mok/MOK.der" },
	};
	const char *unsuitable = NULL;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct signer_key key = { .key_file = io_system_path("%s", places[i].key),
					  .cert_file = io_system_path("%s", places[i].cert) };

		if (is_there(&key) && !cannot_sign_loaders(key.cert_file)) {
			*ret_key = key;
			return read_key(ret_key);
		}
		if (is_there(&key))
			unsuitable = places[i].cert;
		signer_key_free(&key);
	}
	if (unsuitable)
		return fail(FAIL_KEY_USAGE, "%s is for modules alone", unsuitable);
	return fail(FAIL_NO_KEY, "there is no machine owner key to sign the loader with");
}

int signer_find_key(const char *key_file, const char *cert_file, struct signer_key *ret_key)
{
	*ret_key = (struct signer_key){ 0 };
	if (!key_file || !cert_file)
		return find_machine_key(ret_key);
	ret_key->key_file = strdup(key_file);
	ret_key->cert_file = strdup(cert_file);
	return read_key(ret_key);
}

void signer_key_free(struct signer_key *key)
{
	forget(key->key, key->key ? strlen(key->key) : 0);
	free(key->cert);
	free(key->key_file);
	free(key->cert_file);
	*key = (struct signer_key){ 0 };
}

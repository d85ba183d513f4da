// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealed images and keys on the host: what the loader makes of Secure Boot, of its variables, and
 * of an image that libsample has sealed with OpenSSL.  The firmware keeps its variables in a table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "attempt.h"
#include "crypto.h"
#include "detail.h"
#include "disk.h"
#include "image.h"
#include "keypage.h"
#include "loader.h"
#include "partition.h"
#include "refusal.h"
#include "sample.h"
#include "seal.h"
#include "secret.h"
#include "trust.h"
#include "variables.h"

#define MAX_VARIABLES 8
#define MAX_VALUE     64

/* What a system can make: it must be able to read it. */
#define OF_A_SYSTEM (VARIABLES_HIDDEN | EFI_VARIABLE_RUNTIME_ACCESS)

static const EFI_GUID ours = VARIABLES_GUID;
static const EFI_GUID global = EFI_GLOBAL_VARIABLE;
static const EFI_GUID shim = {
	0x605dab50, 0xe046, 0x4300, { 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23 }
};

/* The firmware. */

static struct variable {
	const CHAR16 *name; /* NULL: none */
	EFI_GUID vendor;
	UINT32 attributes;
	UINTN size;
	uint8_t value[MAX_VALUE];
} variable[MAX_VARIABLES];

static unsigned int reads, writes;  /* of our own variables */
static const CHAR16 *write_to_fail; /* NULL: none */
static const CHAR16 *read_to_fail;
static uint8_t page[IMG_PAGE_SIZE] __attribute__((aligned(IMG_PAGE_SIZE)));
static bool page_taken;
static uint64_t page_to_give; /* pfn that alloc_reserved() has */
static UINT64 count;

EFI_BOOT_SERVICES *BS;
EFI_RUNTIME_SERVICES *RT;

static bool is_named(const CHAR16 *name, const CHAR16 *other)
{
	while (*name && *name == *other) {
		name++;
		other++;
	}
	return *name == *other;
}

static struct variable *find(const CHAR16 *name, const EFI_GUID *vendor)
{
	unsigned int i;

	for (i = 0; i < MAX_VARIABLES; i++) {
		struct variable *v = &variable[i];

		if (v->name && is_named(v->name, name) &&
		    memcmp(&v->vendor, vendor, sizeof(*vendor)) == 0)
			return v;
	}
	return NULL;
}

static struct variable *found(const CHAR16 *name)
{
	return find(name, &ours);
}

static void put(const CHAR16 *name, EFI_GUID vendor, UINT32 attributes, const void *value,
		UINTN size)
{
	struct variable *v = find(name, &vendor);

	for (v = v ? v : variable; v->name && !is_named(v->name, name); v++)
		assert_true(v < &variable[MAX_VARIABLES - 1]);
	*v = (struct variable){ name, vendor, attributes, size, { 0 } };
	assert_true(size <= MAX_VALUE);
	memcpy(v->value, value, size);
}

static EFI_STATUS EFIAPI fake_get(CHAR16 *name, EFI_GUID *vendor, UINT32 *attributes, UINTN *size,
				  VOID *data)
{
	const struct variable *v = find(name, vendor);
	UINTN room = *size;

	if (memcmp(vendor, &ours, sizeof(ours)) == 0)
		reads++;
	if (read_to_fail && is_named(name, read_to_fail))
		return EFI_DEVICE_ERROR;
	if (!v)
		return EFI_NOT_FOUND;
	*size = v->size;
	*attributes = v->attributes;
	if (room < v->size)
		return EFI_BUFFER_TOO_SMALL;
	memcpy(data, v->value, v->size);
	return EFI_SUCCESS;
}

/* UEFI 2.10, 8.2: removes with attributes or size 0; does not change attributes. */
static EFI_STATUS EFIAPI fake_set(CHAR16 *name, EFI_GUID *vendor, UINT32 attributes, UINTN size,
				  VOID *data)
{
	struct variable *v = find(name, vendor);

	assert_memory_equal(vendor, &ours, sizeof(ours));
	writes++;
	if (write_to_fail && attributes && is_named(name, write_to_fail))
		return EFI_OUT_OF_RESOURCES;
	if (!attributes || !size) {
		if (!v)
			return EFI_NOT_FOUND;
		v->name = NULL;
		return EFI_SUCCESS;
	}
	if (v && v->attributes != attributes)
		return EFI_INVALID_PARAMETER;
	put(name, *vendor, attributes, data, size);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_allocate(EFI_ALLOCATE_TYPE type, EFI_MEMORY_TYPE kind, UINTN pages,
				       EFI_PHYSICAL_ADDRESS *ret)
{
	assert_int_equal(type, AllocateAnyPages);
	assert_int_equal(kind, EfiReservedMemoryType);
	assert_int_equal(pages, 1);
	assert_false(page_taken);
	page_taken = true;
	memset(page, 0xa5, sizeof(page));
	*ret = (EFI_PHYSICAL_ADDRESS)page;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_free(EFI_PHYSICAL_ADDRESS phys, UINTN pages)
{
	assert_int_equal(phys, (EFI_PHYSICAL_ADDRESS)page);
	assert_int_equal(pages, 1);
	assert_true(page_taken);
	page_taken = false;
	return EFI_SUCCESS;
}

bool alloc_reserved(struct memory *m, uint64_t pfn)
{
	(void)m;
	return pfn == page_to_give;
}

static EFI_STATUS EFIAPI fake_stall(UINTN microseconds)
{
	(void)microseconds;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_count(UINT64 *ret)
{
	*ret = ++count;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_time(EFI_TIME *time, EFI_TIME_CAPABILITIES *capabilities)
{
	(void)time;
	(void)capabilities;
	return EFI_DEVICE_ERROR;
}

static EFI_STATUS EFIAPI fake_locate(EFI_GUID *guid, VOID *registration, VOID **ret)
{
	(void)guid;
	(void)registration;
	(void)ret;
	return EFI_NOT_FOUND;
}

static EFI_BOOT_SERVICES boot_services = {
	.AllocatePages = fake_allocate,
	.FreePages = fake_free,
	.Stall = fake_stall,
	.GetNextMonotonicCount = fake_count,
	.LocateProtocol = fake_locate,
};

static EFI_RUNTIME_SERVICES runtime_services = {
	.GetVariable = fake_get,
	.SetVariable = fake_set,
	.GetTime = fake_time,
};

/* The loader's other rooms: the disk is the partition of the scene. */

static struct sample disk;
static void *kept[8];
static unsigned int nr_kept;

void *alloc_pages(struct memory *m, uint64_t bytes)
{
	void *p = calloc(1, bytes);

	(void)m;
	assert_non_null(p);
	assert_true(nr_kept < ARRAY_SIZE(kept));
	kept[nr_kept++] = p;
	return p;
}

bool disk_read(const struct disk *d, uint64_t offset, uint64_t size, void *to)
{
	(void)d;
	assert_true(offset + size <= disk.size);
	memcpy(to, disk.partition + offset, size);
	return true;
}

bool disk_write(const struct disk *d, uint64_t offset, uint64_t size, const void *from)
{
	(void)d;
	assert_true(offset + size <= disk.size);
	memcpy(disk.partition + offset, from, size);
	return true;
}

bool disk_flush(const struct disk *d)
{
	(void)d;
	return true;
}

/* The area is a partition. */
const char *partition_open(const uint8_t uuid[16], struct disk *ret_disk)
{
	(void)uuid;
	(void)ret_disk;
	fail();
	return NULL;
}

void detail_blame_area(struct loader *l)
{
	assert_null(l->volume.map);
}

void disk_start_read(const struct disk *d, uint64_t offset, uint64_t size, void *to,
		     struct disk_request *ret_request)
{
	(void)d;
	(void)offset;
	(void)size;
	(void)to;
	(void)ret_request;
	fail();
}

enum disk_progress disk_poll_read(struct disk_request *request)
{
	(void)request;
	fail();
	return DISK_FAILED;
}

enum img_reason refusal_heed(struct loader *l, const struct img_slot *slot)
{
	(void)l;
	(void)slot;
	return IMG_OK;
}

static int set_up(void **state)
{
	(void)state;
	BS = &boot_services;
	RT = &runtime_services;
	memset(variable, 0, sizeof(variable));
	memset(page, 0, sizeof(page));
	page_taken = false;
	write_to_fail = read_to_fail = NULL;
	page_to_give = ~0ull;
	reads = writes = 0;
	return 0;
}

static void set_flag(const CHAR16 *name, EFI_GUID vendor, UINT32 attributes, UINT8 value)
{
	put(name, vendor, attributes, &value, sizeof(value));
}

static void turn_on_secure_boot(void)
{
	set_flag(L"SecureBoot", global, VARIABLES_VOLATILE, 1);
	set_flag(L"SetupMode", global, VARIABLES_VOLATILE, 0);
}

static struct img_trust look(bool always)
{
	struct img_trust trust;

	reads = writes = 0;
	trust_look(always, &trust);
	return trust;
}

static bool is_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size && !bytes[size - 1])
		size--;
	return !size;
}

/* Trust. */

/* Without Secure Boot and the option, nothing of ours is read, made or changed. */
static void test_nothing_without_secure_boot(void **state)
{
	const struct img_handoff handoff = { 0 };
	struct img_trust trust;

	(void)state;
	trust = look(false);
	assert_false(trust.secure_boot || trust_is_sealing(&trust));
	set_flag(L"SecureBoot", global, VARIABLES_VOLATILE, 0);
	trust = look(false);
	assert_false(trust.secure_boot || trust_is_sealing(&trust));
	keypage_leave(&trust, &handoff);
	assert_false(page_taken);
	assert_int_equal(reads + writes, 0);
}

static void test_secure_boot(void **state)
{
	struct img_trust trust;

	(void)state;
	turn_on_secure_boot();
	trust = look(false);
	assert_true(trust.secure_boot && trust_is_sealing(&trust));
	assert_int_equal(trust_domain(&trust), IMG_SEAL_SECURE);
	set_flag(L"SetupMode", global, VARIABLES_VOLATILE, 1);
	trust = look(false);
	assert_false(trust.secure_boot || trust_is_sealing(&trust));
	trust = look(true);
	assert_true(!trust.secure_boot && trust_is_sealing(&trust));
	assert_int_equal(trust_domain(&trust), IMG_SEAL_OPEN);
}

/* Any program could have read the secret meanwhile; the other one was never secret from those. */
static void test_shim_is_off(void **state)
{
	const uint8_t secret[IMG_KEY_SIZE] = { 1 };
	struct img_trust trust;

	(void)state;
	turn_on_secure_boot();
	put(VARIABLES_SECRET, ours, VARIABLES_HIDDEN, secret, sizeof(secret));
	put(VARIABLES_OPEN_SECRET, ours, VARIABLES_HIDDEN, secret, sizeof(secret));
	set_flag(L"MokSBState", shim, VARIABLES_HIDDEN, 0);
	trust = look(false);
	assert_true(trust.secure_boot);
	assert_non_null(found(VARIABLES_SECRET));
	set_flag(L"MokSBState", shim, VARIABLES_HIDDEN, 1);
	trust = look(false);
	assert_false(trust.secure_boot || trust_is_sealing(&trust));
	assert_null(found(VARIABLES_SECRET));
	assert_non_null(found(VARIABLES_OPEN_SECRET));
}

/* A system must not be able to pretend it, or unsealed images would be restored. */
static void test_shim_by_a_system(void **state)
{
	(void)state;
	turn_on_secure_boot();
	set_flag(L"MokSBState", shim, OF_A_SYSTEM, 1);
	assert_true(look(false).secure_boot);
}

static void test_history(void **state)
{
	struct img_history history = { .version = IMG_HISTORY_VERSION, .floor = 5, .consumed = 4 };

	(void)state;
	assert_int_equal(look(true).history.version, IMG_HISTORY_VERSION);
	assert_true(trust_remember(&history));
	assert_int_equal(found(VARIABLES_HISTORY)->attributes, VARIABLES_HIDDEN);
	assert_int_equal(look(true).history.floor, 5);
	assert_int_equal(look(true).history.consumed, 4);
	assert_int_equal(writes, 0);
	write_to_fail = VARIABLES_HISTORY;
	assert_false(trust_remember(&history));
	assert_false(look(true).history_lost);
}

/* It is lost, the variable stays, and without it there is neither a restore nor a key. */
static void is_lost(void)
{
	const struct img_slot slot = { .incompat = IMG_INCOMPAT_SEALED, .generation = 9 };
	const struct img_seal seal = { .domain = IMG_SEAL_SECURE };
	const struct img_handoff handoff = { 0 };
	struct img_trust trust = look(false);

	assert_true(trust.history_lost);
	assert_int_equal(img_trust_decide(&slot, &seal, &trust, NULL), IMG_E_HISTORY_LOST);
	keypage_leave(&trust, &handoff);
	keypage_leave_vetted(&trust, &handoff);
	assert_false(page_taken);
	assert_int_equal(writes, 0);
	assert_non_null(found(VARIABLES_HISTORY));
}

/* Old images would count again if it were taken for that of a new machine. */
static void test_lost_history(void **state)
{
	struct img_history history[2] = { { .version = IMG_HISTORY_VERSION, .floor = 5 } };

	(void)state;
	turn_on_secure_boot();
	assert_true(trust_remember(history));
	read_to_fail = VARIABLES_HISTORY;
	is_lost();
	read_to_fail = NULL;
	assert_int_equal(look(false).history.floor, 5);
	put(VARIABLES_HISTORY, ours, VARIABLES_HIDDEN, history, sizeof(history[0]) - 1);
	is_lost();
	put(VARIABLES_HISTORY, ours, VARIABLES_HIDDEN, history, sizeof(history[0]) + 1);
	is_lost();
	history[0].version++;
	put(VARIABLES_HISTORY, ours, VARIABLES_HIDDEN, history, sizeof(history[0]));
	is_lost();
}

/* What a system has made is no history, and is not in the way of one. */
static void test_history_by_a_system(void **state)
{
	const struct img_history history = { .version = IMG_HISTORY_VERSION, .floor = 5 };

	(void)state;
	put(VARIABLES_HISTORY, ours, OF_A_SYSTEM, &history, sizeof(history));
	assert_int_equal(look(true).history.floor, 0);
	assert_true(trust_remember(&history));
	put(VARIABLES_HISTORY, ours, OF_A_SYSTEM, &history, sizeof(history) - 1);
	assert_int_equal(look(true).history.floor, 0);
	assert_true(trust_remember(&history));
}

/* Secrets and keys. */

static const struct img_trust secure = { .secure_boot = true,
					 .history = { IMG_HISTORY_VERSION, 0, 5, 7, 0 } };
static const struct img_trust open_always = { .always = true };

static struct img_key_page make_key(const struct img_trust *trust)
{
	const struct img_handoff handoff = { 0 };
	struct img_key_page key;

	assert_true(secret_boot_key(trust, &handoff, &key));
	return key;
}

static void check_key(const struct img_key_page *key, const CHAR16 *name)
{
	const struct variable *v = found(name);
	uint8_t expected[IMG_KEY_SIZE];

	assert_non_null(v);
	assert_int_equal(v->attributes,
			 EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS);
	assert_int_equal(v->size, IMG_KEY_SIZE);
	assert_true(img_seal_boot_key(&cipher_hmac, v->value, key->nonce, expected));
	assert_memory_equal(key->key, expected, sizeof(expected));
	assert_true(key->magic == IMG_KEY_MAGIC);
	assert_int_equal(key->version, IMG_KEY_VERSION);
}

static void test_boot_key(void **state)
{
	struct img_key_page first, second, other;
	uint8_t secret[IMG_KEY_SIZE];

	(void)state;
	first = make_key(&secure);
	check_key(&first, VARIABLES_SECRET);
	memcpy(secret, found(VARIABLES_SECRET)->value, sizeof(secret));
	assert_false(is_zero(secret, sizeof(secret)));
	assert_int_equal(first.domain, IMG_SEAL_SECURE);
	assert_int_equal(first.floor, 7);
	assert_null(found(VARIABLES_OPEN_SECRET));
	second = make_key(&secure);
	check_key(&second, VARIABLES_SECRET);
	assert_memory_equal(found(VARIABLES_SECRET)->value, secret, sizeof(secret));
	assert_memory_not_equal(first.nonce, second.nonce, sizeof(first.nonce));
	other = make_key(&open_always);
	check_key(&other, VARIABLES_OPEN_SECRET);
	assert_int_equal(other.domain, IMG_SEAL_OPEN);
	assert_memory_not_equal(found(VARIABLES_OPEN_SECRET)->value, secret, sizeof(secret));
}

/* One that others may know is replaced. */
static void test_foreign_secret(void **state)
{
	static const struct {
		UINT32 attributes;
		UINTN size;
	} foreign[] = { { OF_A_SYSTEM, IMG_KEY_SIZE },
			{ VARIABLES_VOLATILE, IMG_KEY_SIZE },
			{ EFI_VARIABLE_BOOTSERVICE_ACCESS, IMG_KEY_SIZE },
			{ VARIABLES_HIDDEN, IMG_KEY_SIZE - 1 },
			{ VARIABLES_HIDDEN, IMG_KEY_SIZE + 1 } };
	const uint8_t known[IMG_KEY_SIZE + 1] = { 7 };
	struct img_key_page key;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(foreign); i++) {
		put(VARIABLES_SECRET, ours, foreign[i].attributes, known, foreign[i].size);
		key = make_key(&secure);
		check_key(&key, VARIABLES_SECRET);
		assert_memory_not_equal(found(VARIABLES_SECRET)->value, known, IMG_KEY_SIZE);
	}
}

/* Images that it sealed may be restored another day. */
static void test_secret_cannot_be_read(void **state)
{
	const uint8_t secret[IMG_KEY_SIZE] = { 7 };
	const struct img_handoff handoff = { 0 };
	struct img_key_page key;

	(void)state;
	memset(&key, 0xff, sizeof(key));
	put(VARIABLES_SECRET, ours, VARIABLES_HIDDEN, secret, sizeof(secret));
	read_to_fail = VARIABLES_SECRET;
	assert_false(secret_boot_key(&secure, &handoff, &key));
	assert_true(is_zero(&key, sizeof(key)));
	assert_memory_equal(found(VARIABLES_SECRET)->value, secret, sizeof(secret));
}

static void test_secret_cannot_be_kept(void **state)
{
	const struct img_handoff handoff = { 0 };
	struct img_key_page key;

	(void)state;
	memset(&key, 0xff, sizeof(key));
	write_to_fail = VARIABLES_SECRET;
	assert_false(secret_boot_key(&secure, &handoff, &key));
	assert_true(is_zero(&key, sizeof(key)));
}

/* The page. */

static void test_key_page(void **state)
{
	const struct img_handoff handoff = { 0 };
	EFI_PHYSICAL_ADDRESS phys = (EFI_PHYSICAL_ADDRESS)page;

	(void)state;
	keypage_leave(&secure, &handoff);
	assert_true(page_taken);
	check_key((const struct img_key_page *)page, VARIABLES_SECRET);
	assert_true(is_zero(page + sizeof(struct img_key_page),
			    sizeof(page) - sizeof(struct img_key_page)));
	assert_non_null(found(VARIABLES_KEY_PAGE));
	assert_int_equal(found(VARIABLES_KEY_PAGE)->attributes, 6);
	assert_int_equal(found(VARIABLES_KEY_PAGE)->size, 8);
	assert_memory_equal(found(VARIABLES_KEY_PAGE)->value, &phys, sizeof(phys));

	keypage_withdraw();
	assert_false(page_taken);
	assert_true(is_zero(page, sizeof(page)));
	assert_null(found(VARIABLES_KEY_PAGE));
}

/* Half a hand-over is none. */
static void test_key_page_fails(void **state)
{
	const struct img_handoff handoff = { 0 };
	const CHAR16 *const step[] = { VARIABLES_SECRET, VARIABLES_KEY_PAGE };
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(step); i++) {
		write_to_fail = step[i];
		keypage_leave(&secure, &handoff);
		assert_false(page_taken);
		assert_true(is_zero(page, sizeof(page)));
		assert_null(found(VARIABLES_KEY_PAGE));
	}
}

/* Memory is not touched at an address that a system has chosen. */
static void test_foreign_key_page(void **state)
{
	EFI_PHYSICAL_ADDRESS phys = (EFI_PHYSICAL_ADDRESS)page;
	const struct img_handoff handoff = { 0 };

	(void)state;
	memset(page, 0xa5, sizeof(page));
	put(VARIABLES_KEY_PAGE, ours, OF_A_SYSTEM, &phys, sizeof(phys));
	keypage_withdraw();
	assert_null(found(VARIABLES_KEY_PAGE));
	assert_int_equal(page[0], 0xa5);
	keypage_leave(&secure, &handoff);
	assert_int_equal(found(VARIABLES_KEY_PAGE)->attributes, 6);
}

static bool has_key(void)
{
	return page_taken && found(VARIABLES_KEY_PAGE);
}

static bool is_vetted_only(void)
{
	return look(false).history.flags & IMG_HISTORY_VETTED_ONLY;
}

/*
 * The first kernel that the loader starts itself: what other kernels have seen is worth nothing
 * from then on, and they get nothing more.
 */
static void test_vetted_only(void **state)
{
	const struct img_handoff handoff = { 0 };
	struct img_history before = { .version = IMG_HISTORY_VERSION, .floor = 5, .consumed = 4 };
	uint8_t seen[IMG_KEY_SIZE];
	struct img_trust trust;

	(void)state;
	turn_on_secure_boot();
	assert_true(trust_remember(&before));
	trust = look(false);
	keypage_leave(&trust, &handoff);
	assert_true(has_key());
	memcpy(seen, found(VARIABLES_SECRET)->value, sizeof(seen));
	keypage_withdraw();

	keypage_leave_vetted(&trust, &handoff);
	assert_true(has_key() && is_vetted_only());
	check_key((const struct img_key_page *)page, VARIABLES_SECRET);
	assert_memory_not_equal(found(VARIABLES_SECRET)->value, seen, sizeof(seen));
	memcpy(seen, found(VARIABLES_SECRET)->value, sizeof(seen));
	keypage_withdraw();

	trust = look(false);
	assert_int_equal(trust.history.floor, 5);
	assert_int_equal(trust.history.consumed, 4);
	keypage_leave(&trust, &handoff);
	assert_false(has_key());
	keypage_leave_vetted(&trust, &handoff);
	assert_true(has_key());
	assert_memory_equal(found(VARIABLES_SECRET)->value, seen, sizeof(seen));
}

/* Half of that is nothing: no key, and the next start tries again. */
static void test_vetting_fails(void **state)
{
	const CHAR16 *const step[] = { VARIABLES_SECRET, VARIABLES_HISTORY };
	const struct img_handoff handoff = { 0 };
	struct img_trust trust;
	unsigned int i;

	(void)state;
	turn_on_secure_boot();
	for (i = 0; i < ARRAY_SIZE(step); i++) {
		trust = look(false);
		write_to_fail = step[i];
		keypage_leave_vetted(&trust, &handoff);
		write_to_fail = NULL;
		assert_false(has_key() || is_vetted_only());
	}
}

/* The rule is about Secure Boot's secret alone. */
static void test_vetted_without_secure_boot(void **state)
{
	const struct img_handoff handoff = { 0 };
	struct img_trust trust = look(false);

	(void)state;
	keypage_leave_vetted(&trust, &handoff);
	assert_false(has_key());
	assert_int_equal(reads + writes, 0);
	trust = look(true);
	keypage_leave_vetted(&trust, &handoff);
	assert_true(has_key());
	assert_null(found(VARIABLES_HISTORY));
	keypage_withdraw();
	trust.history.flags = IMG_HISTORY_VETTED_ONLY;
	keypage_leave(&trust, &handoff);
	assert_true(has_key());
}

/* Who is at the machine undoes it, at the price of all images. */
static void test_vetting_is_undone(void **state)
{
	const struct img_history history = { .version = IMG_HISTORY_VERSION,
					     .flags = IMG_HISTORY_VETTED_ONLY,
					     .floor = 5 };
	const uint8_t secret[IMG_KEY_SIZE] = { 1 };

	(void)state;
	turn_on_secure_boot();
	assert_true(trust_remember(&history));
	put(VARIABLES_SECRET, ours, VARIABLES_HIDDEN, secret, sizeof(secret));
	set_flag(L"MokSBState", shim, OF_A_SYSTEM, 1);
	assert_true(is_vetted_only());
	set_flag(L"MokSBState", shim, VARIABLES_HIDDEN, 1);
	look(false);
	set_flag(L"MokSBState", shim, VARIABLES_HIDDEN, 0);
	assert_false(is_vetted_only());
	assert_null(found(VARIABLES_SECRET));
	assert_int_equal(look(false).history.floor, 5);
}

/* Images. */

struct scene {
	struct sample sample;
	struct loader loader;
	uint8_t *header, *meta; /* as the loader has read them */
};

static struct scene scene;

static void open_scene(const struct sample_image *image)
{
	struct scene *s = &scene;
	struct loader *l = &s->loader;
	uint8_t *slot;

	memset(s, 0, sizeof(*s));
	s->sample = sample_area(8 * MIB, 16384, 2);
	sample_write(&s->sample, image);
	slot = s->sample.partition + s->sample.area.slot[image->slot].offset;
	assert_int_equal(img_slot_decode(slot, &s->sample.area, image->slot, &l->slot, NULL),
			 IMG_OK);
	s->header = slot;
	s->meta = slot + l->slot.meta_offset;
	put(VARIABLES_SECRET, ours, VARIABLES_HIDDEN, sample_secure.secret, IMG_KEY_SIZE);
	put(VARIABLES_OPEN_SECRET, ours, VARIABLES_HIDDEN, sample_open_seal.secret, IMG_KEY_SIZE);
	reads = writes = 0;
}

static void close_scene(void)
{
	seal_forget(&scene.loader);
	assert_null(scene.loader.cipher);
	sample_free(&scene.sample);
}

static enum img_reason check(const struct img_trust *trust)
{
	struct loader *l = &scene.loader;
	enum img_reason reason;

	l->trust = *trust;
	reason = seal_check(l, scene.header, scene.meta);
	assert_int_equal(reason == IMG_OK && img_slot_is_sealed(&l->slot), l->cipher != NULL);
	assert_int_equal(writes, 0);
	return reason;
}

static const struct img_trust nothing;
static const struct img_trust secure_now = { .secure_boot = true };
static const struct img_trust both = { .secure_boot = true, .always = true };

/* Until it is known that the image may be used, the secrets are not read. */
static void test_refused_unread(void **state)
{
	const struct img_trust later = { .secure_boot = true, .history = { .floor = 8 } };
	struct sample_image open_image = sample_sealed;

	(void)state;
	open_image.seal = &sample_open_seal;
	open_scene(&sample_full);
	assert_int_equal(check(&nothing), IMG_OK);
	assert_int_equal(check(&secure_now), IMG_E_UNSEALED);
	assert_int_equal(check(&open_always), IMG_E_UNSEALED);
	close_scene();
	open_scene(&sample_sealed);
	assert_int_equal(check(&nothing), IMG_E_SEALED);
	assert_int_equal(check(&open_always), IMG_E_SEALED);
	assert_int_equal(check(&later), IMG_E_ROLLED_BACK);
	close_scene();
	open_scene(&open_image);
	assert_int_equal(check(&nothing), IMG_E_SEALED);
	assert_int_equal(check(&secure_now), IMG_E_NOT_AUTHENTIC);
	assert_int_equal(check(&both), IMG_E_NOT_AUTHENTIC);
	close_scene();
	assert_int_equal(reads, 0);
}

/* Each domain with its own secret; then every chunk can be opened. */
static void test_authentic(void **state)
{
	struct sample_image open_image = sample_sealed;
	struct loader *l = &scene.loader;
	uint64_t i, opened = 0;

	(void)state;
	open_image.seal = &sample_open_seal;
	open_scene(&open_image);
	assert_int_equal(check(&open_always), IMG_OK);
	close_scene();
	open_scene(&sample_sealed);
	assert_int_equal(check(&both), IMG_OK);
	assert_int_equal(check(&secure_now), IMG_OK);
	assert_int_equal(img_meta_decode(&l->slot, scene.meta, &l->meta, NULL), IMG_OK);
	for (i = 0; i < l->meta.nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(&l->meta, i);
		uint8_t iv[IMG_IV_SIZE];

		if (chunk.kind == IMG_CHUNK_FILL)
			continue;
		img_seal_iv(i, iv);
		assert_true(crypto_open(l->cipher, iv, scene.header + chunk.offset, chunk.size,
					l->meta.tag[i].tag));
		opened++;
	}
	assert_true(opened > 1);
	close_scene();
}

/* The MAC covers the bytes in memory, of which one differs here; all of them: imgfmt's tests. */
static void test_not_authentic(void **state)
{
	static const uint8_t other[IMG_KEY_SIZE] = { 9 };

	(void)state;
	open_scene(&sample_sealed);
	scene.header[offsetof(struct img_slot_disk, description)] ^= 1;
	assert_int_equal(check(&secure_now), IMG_E_NOT_AUTHENTIC);
	assert_string_equal(scene.loader.detail.field, "mac");
	scene.header[offsetof(struct img_slot_disk, description)] ^= 1;
	scene.meta[0] ^= 1;
	assert_int_equal(check(&secure_now), IMG_E_NOT_AUTHENTIC);
	scene.meta[0] ^= 1;
	assert_int_equal(check(&secure_now), IMG_OK);
	seal_forget(&scene.loader);
	put(VARIABLES_SECRET, ours, VARIABLES_HIDDEN, other, sizeof(other));
	assert_int_equal(check(&secure_now), IMG_E_NOT_AUTHENTIC);
	put(VARIABLES_SECRET, ours, OF_A_SYSTEM, sample_secure.secret, IMG_KEY_SIZE);
	assert_int_equal(check(&secure_now), IMG_E_NOT_AUTHENTIC);
	assert_string_equal(scene.loader.detail.field, "secret");
	close_scene();
}

/* From the disk. */

static struct loader *read_images(const struct sample_image *a, const struct sample_image *b)
{
	struct loader *l = &scene.loader;

	memset(l, 0, sizeof(*l));
	disk = sample_area(8 * MIB, 16384, 2);
	sample_write(&disk, a);
	sample_write(&disk, b);
	put(VARIABLES_SECRET, ours, VARIABLES_HIDDEN, sample_secure.secret, IMG_KEY_SIZE);
	reads = writes = 0;
	l->trust = (struct img_trust){ .secure_boot = true,
				       .history = { .version = IMG_HISTORY_VERSION } };
	l->options.slot = -1;
	l->area = disk.area;
	l->volume.disk[0].block = 512;
	l->volume.nr_disks = 1;
	assert_int_equal(image_read_headers(l), IMG_OK);
	assert_int_equal(l->slot_number, 1);
	return l;
}

static void release(void)
{
	seal_forget(&scene.loader);
	sample_free(&disk);
	while (nr_kept)
		free(kept[--nr_kept]);
}

/* The header that was decoded is the one that is authenticated: it is not read again. */
static void test_read(void **state)
{
	struct loader *l;
	uint8_t *description;

	(void)state;
	l = read_images(&sample_tiny_sealed, &sample_sealed);
	assert_int_equal(l->other_generation, sample_tiny_sealed.generation);
	description = disk.partition + disk.area.slot[1].offset +
		      offsetof(struct img_slot_disk, description);
	*description ^= 1;
	assert_int_equal(image_read_sections(l), IMG_OK);
	assert_non_null(l->cipher);
	assert_true(l->meta.nr_chunks && l->meta.tag);
	seal_forget(l);
	disk.partition[disk.area.slot[1].offset + l->slot.meta_offset] ^= 1;
	assert_int_equal(image_read_sections(l), IMG_E_NOT_AUTHENTIC);
	assert_null(l->cipher);
	release();
}

static void test_unsealed_neighbour(void **state)
{
	(void)state;
	assert_int_equal(read_images(&sample_tiny, &sample_sealed)->other_generation, 0);
	release();
}

static struct img_history recorded(void)
{
	struct img_history history = { 0 };

	assert_non_null(found(VARIABLES_HISTORY));
	assert_int_equal(found(VARIABLES_HISTORY)->attributes, VARIABLES_HIDDEN);
	memcpy(&history, found(VARIABLES_HISTORY)->value, sizeof(history));
	assert_int_equal(history.version, IMG_HISTORY_VERSION);
	return history;
}

/* Written when it changes, not at each restore. */
static void test_attempt(void **state)
{
	struct loader *l;

	(void)state;
	l = read_images(&sample_tiny_sealed, &sample_sealed);
	assert_int_equal(attempt_record(l), IMG_OK);
	assert_int_equal(writes, 1);
	assert_int_equal(recorded().floor, sample_tiny_sealed.generation);
	assert_int_equal(recorded().consumed, 0);
	assert_int_equal(attempt_record(l), IMG_OK);
	assert_int_equal(writes, 1);
	release();
}

static void test_attempt_once(void **state)
{
	struct sample_image once = sample_sealed;
	struct loader *l;

	(void)state;
	once.mode = IMG_MODE_ONCE;
	once.state = (struct img_state){ .valid = true };
	l = read_images(&sample_tiny_sealed, &once);
	assert_int_equal(attempt_record(l), IMG_OK);
	assert_int_equal(recorded().consumed, once.generation);
	release();
}

static void test_attempt_not_kept(void **state)
{
	struct loader *l;

	(void)state;
	l = read_images(&sample_tiny_sealed, &sample_sealed);
	write_to_fail = VARIABLES_HISTORY;
	assert_int_equal(attempt_record(l), IMG_E_STATE_WRITE);
	assert_string_equal(l->detail.object, "EFI variable");
	assert_string_equal(l->detail.field, IMG_HISTORY_VARIABLE);
	release();
}

static void test_attempt_unsealed(void **state)
{
	(void)state;
	assert_int_equal(attempt_record(read_images(&sample_tiny, &sample_full)), IMG_OK);
	assert_int_equal(reads + writes, 0);
	release();
}

/* To the restored kernel. */

static bool hands_over(uint64_t key_phys, uint32_t type, uint64_t given)
{
	struct img_memrange map[] = { { 0x100000, 256, 7, 0 }, { 0x200000, 256, type, 0 } };
	struct loader *l = &scene.loader;

	memset(l, 0, sizeof(*l));
	l->trust = secure;
	l->map = (struct memmap){ map, ARRAY_SIZE(map) };
	l->meta.record.key_phys = key_phys;
	page_to_give = given;
	seal_hand_over(l);
	if (!l->handoff.key.magic) {
		assert_true(is_zero(&l->handoff.key, sizeof(l->handoff.key)));
		assert_null(found(VARIABLES_KEY_PAGE));
		return false;
	}
	check_key(&l->handoff.key, VARIABLES_SECRET);
	assert_int_equal(found(VARIABLES_KEY_PAGE)->attributes, 6);
	assert_memory_equal(found(VARIABLES_KEY_PAGE)->value, &key_phys, sizeof(key_phys));
	keypage_conceal();
	assert_null(found(VARIABLES_KEY_PAGE));
	return true;
}

static void test_hand_over(void **state)
{
	const uint64_t phys = 0x2ff000, pfn = phys / IMG_PAGE_SIZE;

	(void)state;
	assert_false(hands_over(0, EfiConventionalMemory, 0));
	assert_true(hands_over(phys, EfiConventionalMemory, ~0ull));
	assert_true(hands_over(phys, EfiBootServicesData, ~0ull));
	assert_true(hands_over(phys, EfiReservedMemoryType, pfn));
	assert_false(hands_over(phys, EfiReservedMemoryType, pfn - 1));
	assert_false(hands_over(phys + IMG_PAGE_SIZE, EfiConventionalMemory, pfn));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing_without_secure_boot, set_up),
		cmocka_unit_test_setup(test_secure_boot, set_up),
		cmocka_unit_test_setup(test_shim_is_off, set_up),
		cmocka_unit_test_setup(test_shim_by_a_system, set_up),
		cmocka_unit_test_setup(test_history, set_up),
		cmocka_unit_test_setup(test_lost_history, set_up),
		cmocka_unit_test_setup(test_history_by_a_system, set_up),
		cmocka_unit_test_setup(test_boot_key, set_up),
		cmocka_unit_test_setup(test_foreign_secret, set_up),
		cmocka_unit_test_setup(test_secret_cannot_be_read, set_up),
		cmocka_unit_test_setup(test_secret_cannot_be_kept, set_up),
		cmocka_unit_test_setup(test_key_page, set_up),
		cmocka_unit_test_setup(test_key_page_fails, set_up),
		cmocka_unit_test_setup(test_foreign_key_page, set_up),
		cmocka_unit_test_setup(test_vetted_only, set_up),
		cmocka_unit_test_setup(test_vetting_fails, set_up),
		cmocka_unit_test_setup(test_vetted_without_secure_boot, set_up),
		cmocka_unit_test_setup(test_vetting_is_undone, set_up),
		cmocka_unit_test_setup(test_refused_unread, set_up),
		cmocka_unit_test_setup(test_authentic, set_up),
		cmocka_unit_test_setup(test_not_authentic, set_up),
		cmocka_unit_test_setup(test_read, set_up),
		cmocka_unit_test_setup(test_unsealed_neighbour, set_up),
		cmocka_unit_test_setup(test_attempt, set_up),
		cmocka_unit_test_setup(test_attempt_once, set_up),
		cmocka_unit_test_setup(test_attempt_not_kept, set_up),
		cmocka_unit_test_setup(test_attempt_unsealed, set_up),
		cmocka_unit_test_setup(test_hand_over, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

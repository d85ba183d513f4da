// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process context.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/string.h>

#include "key.h"
#include "variables.h"

static struct img_key_page *key_page; /* NULL: none */
static phys_addr_t key_place;
static const char *key_trouble; /* why key_page is NULL */

static bool page_is_valid(const struct img_key_page *page)
{
	return page->magic == IMG_KEY_MAGIC && page->version == IMG_KEY_VERSION &&
	       (page->domain == IMG_SEAL_SECURE || page->domain == IMG_SEAL_OPEN);
}

void key_wipe(void)
{
	if (key_page)
		memzero_explicit(key_page, PAGE_SIZE);
}

/* Memory may survive what follows: a reset, or kexec. */
static int key_reboot_notice(struct notifier_block *block, unsigned long action, void *unused)
{
	key_wipe();
	return NOTIFY_DONE;
}

static struct notifier_block key_reboot = { .notifier_call = key_reboot_notice };

/* Maps the page; or returns what is wrong with it. */
static const char *page_map(u64 place)
{
	if (!PAGE_ALIGNED(place))
		return "the loader's key page is not a page";
	/* memmap= on the command line can turn it into memory that programs get. */
	if (region_intersects(place, PAGE_SIZE, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return "the loader's key page is in System RAM";
	key_page = memremap(place, PAGE_SIZE, MEMREMAP_WB);
	if (!key_page)
		return "the loader's key page cannot be mapped";
	key_place = place;
	return NULL;
}

void key_find(void)
{
	u64 place;
	int error = variables_key_page(&place);

	if (error == -ENOENT)
		key_trouble = "the loader left no key page";
	else if (error == -EPERM)
		key_trouble = "the variable FastbootKeyPage is not the loader's";
	else if (error)
		key_trouble = "the variable FastbootKeyPage cannot be read";
	else
		key_trouble = page_map(place);
	if (key_page)
		(void)register_reboot_notifier(&key_reboot);
	else if (error != -ENOENT)
		pr_warn("%s\n", key_trouble);
}

void key_forget(void)
{
	if (!key_page)
		return;
	unregister_reboot_notifier(&key_reboot);
	memunmap(key_page);
	key_page = NULL;
}

bool key_exists(void)
{
	return key_page && page_is_valid(key_page);
}

enum img_seal_domain key_domain(void)
{
	return key_page->domain;
}

u64 key_floor(void)
{
	return key_page->floor;
}

u64 key_phys(void)
{
	return key_place;
}

const char *key_why_not(void)
{
	if (!key_page)
		return key_trouble;
	return key_page->magic ? "the loader's key page is of another version"
			       : "the key page is empty: the loader gave this restore no key";
}

bool key_copy(struct img_key_page *ret_page)
{
	*ret_page = *key_page;
	return page_is_valid(ret_page);
}

void key_renew(struct img_key_page *fresh)
{
	key_wipe();
	if (key_page && page_is_valid(fresh))
		*key_page = *fresh;
	memzero_explicit(fresh, sizeof(*fresh));
}

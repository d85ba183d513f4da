// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page is reserved memory, so it is in no image, and a system gives it to nobody.  Its address
 * is in a volatile variable, which only boot services can make (UEFI 2.10, 8.2.2): the module
 * demands exactly these attributes.
 */
#include "keypage.h"

#include "secret.h"
#include "trust.h"
#include "variables.h"

static void give_back(EFI_PHYSICAL_ADDRESS phys)
{
	img_wipe((void *)phys, IMG_PAGE_SIZE);
	BS->FreePages(phys, 1);
}

void keypage_withdraw(void)
{
	EFI_PHYSICAL_ADDRESS phys;

	if (variables_read(VARIABLES_KEY_PAGE, VARIABLES_VOLATILE, &phys, sizeof(phys)))
		give_back(phys);
	variables_remove(VARIABLES_KEY_PAGE);
}

static bool is_vetted_only(const struct img_trust *trust)
{
	return trust->history.flags & IMG_HISTORY_VETTED_ONLY;
}

static void leave(const struct img_trust *trust, const struct img_handoff *handoff)
{
	EFI_PHYSICAL_ADDRESS phys;

	/* Without the history nobody knows whether this kernel may have a key. */
	if (!trust_is_sealing(trust) || trust->history_lost ||
	    EFI_ERROR(BS->AllocatePages(AllocateAnyPages, EfiReservedMemoryType, 1, &phys)))
		return;
	memset((void *)phys, 0, IMG_PAGE_SIZE);
	if (!secret_boot_key(trust, handoff, (struct img_key_page *)phys) ||
	    !variables_write(VARIABLES_KEY_PAGE, VARIABLES_VOLATILE, &phys, sizeof(phys)))
		give_back(phys);
}

void keypage_leave(const struct img_trust *trust, const struct img_handoff *handoff)
{
	if (trust_domain(trust) == IMG_SEAL_OPEN || !is_vetted_only(trust))
		leave(trust, handoff);
}

/* The secret first: if power fails before the history is written, the next start renews it again.
 */
static bool vet(struct img_trust *trust, const struct img_handoff *handoff)
{
	if (trust->history_lost)
		return false;
	if (!trust_is_sealing(trust) || trust_domain(trust) == IMG_SEAL_OPEN ||
	    is_vetted_only(trust))
		return true;
	trust->history.flags |= IMG_HISTORY_VETTED_ONLY;
	return secret_renew(IMG_SEAL_SECURE, handoff) && trust_remember(&trust->history);
}

void keypage_leave_vetted(struct img_trust *trust, const struct img_handoff *handoff)
{
	if (vet(trust, handoff))
		leave(trust, handoff);
}

void keypage_announce(uint64_t phys)
{
	variables_write(VARIABLES_KEY_PAGE, VARIABLES_VOLATILE, &phys, sizeof(phys));
}

void keypage_conceal(void)
{
	variables_remove(VARIABLES_KEY_PAGE);
}

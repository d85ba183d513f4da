// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Secure Boot counts if the firmware enforces it (UEFI 2.10, 3.3, "SecureBoot", "SetupMode") and
 * shim does, too: the owner may have switched off shim's part at the machine (mokutil
 * --disable-validation).  Any program could then have read the secret that is for Secure Boot, so
 * it is removed; the next one may be for any kernel, as on a new machine.
 */
#include "trust.h"

#include "variables.h"

static bool is_set(const CHAR16 *name, EFI_GUID vendor, UINT32 *ret_attributes)
{
	UINT8 value = 0;
	UINTN size = sizeof(value);

	return RT->GetVariable((CHAR16 *)name, &vendor, ret_attributes, &size, &value) ==
		       EFI_SUCCESS &&
	       size == sizeof(value) && value;
}

static bool firmware_enforces(void)
{
	const EFI_GUID global = EFI_GLOBAL_VARIABLE;
	UINT32 unused;

	return is_set(L"SecureBoot", global, &unused) && !is_set(L"SetupMode", global, &unused);
}

/* Only for boot services does it count; a system could make any other (shim, mok.c, MokSBState). */
static bool shim_is_off(void)
{
	const EFI_GUID shim = {
		0x605dab50, 0xe046, 0x4300, { 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23 }
	};
	UINT32 attributes = 0;

	return is_set(L"MokSBState", shim, &attributes) && attributes == VARIABLES_HIDDEN;
}

/*
 * What a system has made is no history, and is removed.  One that cannot be read, or is of another
 * form, as a later loader may have written it, stays: without it old images would count again.
 * False: such a one is there.
 */
static bool read_history(struct img_history *ret_history)
{
	enum variables_answer said = variables_look(VARIABLES_HISTORY, VARIABLES_HIDDEN,
						    ret_history, sizeof(*ret_history));

	if (said == VARIABLES_READ)
		return ret_history->version == IMG_HISTORY_VERSION;
	*ret_history = (struct img_history){ .version = IMG_HISTORY_VERSION };
	if (said == VARIABLES_FOREIGN)
		variables_remove(VARIABLES_HISTORY);
	return said == VARIABLES_ABSENT || said == VARIABLES_FOREIGN;
}

/* Without its secret the rule has nothing to protect, and its owner a way to undo it. */
static void forget_vetted(void)
{
	struct img_history history;

	if (!read_history(&history) || !(history.flags & IMG_HISTORY_VETTED_ONLY))
		return;
	history.flags &= ~IMG_HISTORY_VETTED_ONLY;
	trust_remember(&history);
}

void trust_look(bool always, struct img_trust *ret_trust)
{
	*ret_trust = (struct img_trust){ .secure_boot = firmware_enforces(), .always = always };
	if (ret_trust->secure_boot && shim_is_off()) {
		ret_trust->secure_boot = false;
		variables_remove(VARIABLES_SECRET);
		forget_vetted();
	}
	if (trust_is_sealing(ret_trust))
		ret_trust->history_lost = !read_history(&ret_trust->history);
}

bool trust_remember(const struct img_history *history)
{
	return variables_write(VARIABLES_HISTORY, VARIABLES_HIDDEN, history, sizeof(*history));
}

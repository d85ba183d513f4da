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

/* A history of another form was not written by this loader. */
static struct img_history read_history(void)
{
	struct img_history history;

	if (variables_read(VARIABLES_HISTORY, VARIABLES_HIDDEN, &history, sizeof(history)) &&
	    history.version == IMG_HISTORY_VERSION)
		return history;
	variables_remove(VARIABLES_HISTORY);
	return (struct img_history){ .version = IMG_HISTORY_VERSION };
}

/* Without its secret the rule has nothing to protect, and its owner a way to undo it. */
static void forget_vetted(void)
{
	struct img_history history = read_history();

	if (!(history.flags & IMG_HISTORY_VETTED_ONLY))
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
		ret_trust->history = read_history();
}

bool trust_remember(const struct img_history *history)
{
	return variables_write(VARIABLES_HISTORY, VARIABLES_HIDDEN, history, sizeof(*history));
}

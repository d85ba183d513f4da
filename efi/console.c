// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firmware's consoles: plain lines to the text consoles, key strokes from all.
 *
 * In EDK II and firmware derived from it, the console that a program gets (ST->ConOut) is a
 * splitter: text written to it appears on every device.  The words of a picture, or an escape
 * sequence that moves the cursor, would appear on a serial line too.  The splitter's devices carry
 * a mark.  If one of them has a graphics screen, screen.c draws on the screen and lines go to each
 * of the other devices; if none is marked or nothing is drawn, lines go to ConOut.
 */
#include "console.h"

/* Firmware polls its keyboards no more often than this; a read costs up to some 10 us. */
#define POLLS_PER_SECOND 50

/* Key strokes in one poll: a limit, in case the firmware reports keys without end. */
#define MOST_KEYS 32

#define WAIT_UNITS (10ull * 1000 * 1000) /* of 100 ns, per second */

/* EDK II, MdeModulePkg/Include/Guid/ConsoleOutDevice.h: marks a device of ConOut. */
static EFI_GUID console_device_guid = {
	0xd3b36f2c, 0xd551, 0x11d4, { 0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d }
};

static bool has(EFI_HANDLE handle, EFI_GUID guid, void **ret_interface)
{
	return !EFI_ERROR(BS->HandleProtocol(handle, &guid, ret_interface));
}

static void add_device(struct console *c, EFI_HANDLE handle)
{
	static const EFI_GUID gop = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	static const EFI_GUID text = EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL_GUID;
	void *interface;

	if (has(handle, gop, &interface))
		c->graphics = true;
	else if (c->nr_text < MAX_TEXT_CONSOLES && has(handle, text, &interface))
		c->text[c->nr_text++] = interface;
}

void console_open(uint64_t hz, struct console *ret_console)
{
	EFI_HANDLE *handle;
	UINTN count, i;

	*ret_console = (struct console){ .hz = hz };
	if (EFI_ERROR(BS->LocateHandleBuffer(ByProtocol, &console_device_guid, NULL, &count,
					     &handle)))
		return;
	for (i = 0; i < count; i++)
		add_device(ret_console, handle[i]);
	BS->FreePool(handle);
}

void console_write(const struct console *c, bool everywhere, CHAR16 *text)
{
	UINTN i;

	if (everywhere) {
		ST->ConOut->OutputString(ST->ConOut, text);
		return;
	}
	for (i = 0; i < c->nr_text; i++)
		c->text[i]->OutputString(c->text[i], text);
}

/* Reads all pending key strokes; true if one of them is Esc. */
static bool take_keys(void)
{
	EFI_INPUT_KEY key;
	bool esc = false;
	int i;

	for (i = 0; i < MOST_KEYS; i++) {
		if (EFI_ERROR(ST->ConIn->ReadKeyStroke(ST->ConIn, &key)))
			break;
		esc |= key.ScanCode == SCAN_ESC;
	}
	return esc;
}

bool console_escape(struct console *c)
{
	uint64_t now = tsc();

	if (!ST->ConIn || now - c->polled < c->hz / POLLS_PER_SECOND)
		return false;
	c->polled = now;
	return take_keys();
}

/* Reads every key pressed here: the next program, a boot menu, would take one left as a choice. */
void console_wait(uint32_t seconds)
{
	EFI_EVENT event[2];
	UINTN which;

	if (!ST->ConIn || EFI_ERROR(BS->CreateEvent(EVT_TIMER, 0, NULL, NULL, &event[0])))
		return;
	event[1] = ST->ConIn->WaitForKey;
	take_keys();
	if (!EFI_ERROR(BS->SetTimer(event[0], TimerRelative, seconds * WAIT_UNITS)))
		BS->WaitForEvent(2, event, &which);
	BS->CloseEvent(event[0]);
	take_keys();
}

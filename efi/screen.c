// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The picture: the progress of a restore, or the reason for a refusal.
 *
 * Draws only with Blt(), which every mode supports, and with the firmware's own font, so that the
 * video mode and the frame buffer's address remain those that the saved kernel knows.  Only struct
 * screen lasts from one call to the next, so drawing is possible before memory is claimed and after
 * it is given back.  A drawing that fails is omitted.
 */
#include "screen.h"

#include <imgfmt/handoff.h>
#include <imgfmt/options.h>
#include <imgfmt/reader.h>

#include "console.h"
#include "layout.h"

/* Pixels as in Blt(): blue in the lowest byte. */
#define COLOUR_GROUND  0x00000000u
#define COLOUR_TEXT    0x00e0e0e0u
#define COLOUR_DIM     0x00909090u
#define COLOUR_REFUSED 0x00f0b050u
#define COLOUR_BAR     0x00303030u
#define COLOUR_FILLED  0x0050a0e0u

#define LINE_CHARS 160

/* EFI_HII_FONT_PROTOCOL (UEFI 2.10, 34.2), as far as it is used. */

#define HII_IGNORE_IF_NO_GLYPH 0x01u
#define HII_IGNORE_LINE_BREAK  0x40u

#define HII_SYSTEM_FONT 0x07u /* EFI_FONT_INFO_SYS_FONT, _SYS_SIZE, _SYS_STYLE */

struct hii_display_info {
	uint32_t foreground;
	uint32_t background;
	UINT32 mask;
	UINT32 style;
	UINT16 size;
	CHAR16 name[1];
};

struct hii_image {
	UINT16 width;
	UINT16 height;
	uint32_t *bitmap;
};

struct hii_font {
	EFI_STATUS(EFIAPI *StringToImage)
	(const struct hii_font *this, UINT32 flags, const CHAR16 *string,
	 const struct hii_display_info *info, struct hii_image **image, UINTN x, UINTN y,
	 void *rows, UINTN *nr_rows, UINTN *columns);
	void *StringIdToImage;
	void *GetGlyph;
	void *GetFontInfo;
};

static_assert(sizeof(EFI_GRAPHICS_OUTPUT_BLT_PIXEL) == sizeof(uint32_t), "pixel");
static_assert(offsetof(struct hii_display_info, name) == 18, "EFI_FONT_DISPLAY_INFO");
static_assert(offsetof(struct hii_image, bitmap) == 8, "EFI_IMAGE_OUTPUT");

static EFI_GUID hii_font_guid = {
	0xe9ca4775, 0x8657, 0x47fc, { 0x97, 0xe7, 0x7e, 0xd6, 0x5a, 0x08, 0x43, 0x24 }
};

/* Uses the console's GOP: the splitter draws on all of its screens. */
void screen_open(const struct console *console, const struct img_options *options,
		 const struct img_handoff *handoff, struct screen *ret_screen)
{
	EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop;

	*ret_screen = (struct screen){ .options = options, .handoff = handoff };
	if (!console->graphics ||
	    EFI_ERROR(BS->HandleProtocol(ST->ConsoleOutHandle, &guid, (void **)&gop)) ||
	    EFI_ERROR(BS->LocateProtocol(&hii_font_guid, NULL, (void **)&ret_screen->font)))
		return;
	if (layout_screen(gop->Mode->Info->HorizontalResolution,
			  gop->Mode->Info->VerticalResolution, &ret_screen->layout))
		ret_screen->gop = gop;
}

static bool may_draw(const struct screen *s)
{
	return s->gop && !s->options->quiet && !s->options->verbose;
}

bool screen_takes_lines(const struct screen *s)
{
	return !s->gop || s->options->verbose;
}

static void fill(const struct screen *s, struct rect r, uint32_t colour)
{
	if (r.width == 0)
		return;
	s->gop->Blt(s->gop, (EFI_GRAPHICS_OUTPUT_BLT_PIXEL *)&colour, EfiBltVideoFill, 0, 0, r.x,
		    r.y, r.width, r.height, 0);
}

static void draw(const struct screen *s, struct rect r, uint32_t *pixels)
{
	s->gop->Blt(s->gop, (EFI_GRAPHICS_OUTPUT_BLT_PIXEL *)pixels, EfiBltBufferToVideo, 0, 0, r.x,
		    r.y, r.width, r.height, 0);
}

/* Draws a whole line, so that nothing of the previous text remains. */
static void draw_text(const struct screen *s, uint32_t line, uint32_t colour, const CHAR16 *text)
{
	struct rect at = layout_line(&s->layout, line);
	uint32_t scale = s->layout.scale, width = at.width / scale, height = at.height / scale;
	UINTN i, pixels = (UINTN)width * height, enlarged = pixels * scale * scale;
	const struct hii_display_info info = { .foreground = colour,
					       .background = COLOUR_GROUND,
					       .mask = HII_SYSTEM_FONT };
	struct hii_image image = { .width = (UINT16)width, .height = (UINT16)height }, *to = &image;

	if (EFI_ERROR(BS->AllocatePool(EfiLoaderData, (pixels + enlarged) * sizeof(uint32_t),
				       (void **)&image.bitmap)))
		return;
	for (i = 0; i < pixels; i++)
		image.bitmap[i] = COLOUR_GROUND;
	s->font->StringToImage(s->font, HII_IGNORE_IF_NO_GLYPH | HII_IGNORE_LINE_BREAK, text, &info,
			       &to, 0, 0, NULL, NULL, NULL);
	pixels_enlarge(image.bitmap, width, height, scale, image.bitmap + pixels);
	draw(s, at, image.bitmap + pixels);
	BS->FreePool(image.bitmap);
}

static void draw_panel(const struct screen *s, const CHAR16 *title)
{
	fill(s, s->layout.panel, COLOUR_GROUND);
	draw_text(s, LINE_TITLE, COLOUR_TEXT, title);
}

static void draw_bar_panel(const struct screen *s, int slot_number, const struct img_slot *slot)
{
	CHAR16 title[LINE_CHARS];

	SPrint(title, sizeof(title), L"Fast boot: slot %c, generation %ld, Linux %a",
	       L'A' + slot_number, slot->generation, slot->kernel_release);
	draw_panel(s, title);
	draw_text(s, LINE_ESC, COLOUR_DIM, L"Esc: boot normally");
	fill(s, s->layout.bar, COLOUR_BAR);
}

static void draw_progress(const struct screen *s, const struct img_slot *slot,
			  const struct progress *p)
{
	uint64_t mib = slot->nr_pages * IMG_PAGE_SIZE / MIB;
	uint64_t seconds = progress_seconds_left(p);
	CHAR16 words[LINE_CHARS];

	SPrint(words, sizeof(words), L"Reading the saved memory: %ld of %ld MiB",
	       p->total ? mib * p->done / p->total : mib, mib);
	if (seconds != UINT64_MAX)
		SPrint(words + StrLen(words), sizeof(words) - StrLen(words) * sizeof(CHAR16),
		       seconds == 1 ? L", %ld second left" : L", %ld seconds left", seconds);
	fill(s, layout_filled(&s->layout, p->done, p->total), COLOUR_FILLED);
	draw_text(s, LINE_WORDS, COLOUR_TEXT, words);
}

void screen_progress(struct screen *s, int slot_number, const struct img_slot *slot, uint64_t done,
		     uint64_t total)
{
	struct progress p = { .done = done, .total = total };
	uint64_t now = tsc();

	if (!may_draw(s))
		return;
	p.hz = s->handoff->tsc_hz;
	if (!s->began)
		s->began = now;
	p.spent = now - s->began;
	if (s->shown ? progress_step(&p) == s->step
		     : !progress_is_worth_showing(&p, now - s->handoff->stamp[IMG_STAMP_ENTRY]))
		return;
	if (!s->shown)
		draw_bar_panel(s, slot_number, slot);
	s->shown = true;
	s->step = progress_step(&p);
	draw_progress(s, slot, &p);
}

void screen_starting(const struct screen *s)
{
	if (!s->shown)
		return;
	fill(s, s->layout.bar, COLOUR_FILLED);
	draw_text(s, LINE_WORDS, COLOUR_TEXT, L"Starting the saved system");
	draw_text(s, LINE_ESC, COLOUR_DIM, L"");
}

/* Draws a line of a message on as many panel lines as it takes; returns the next free one. */
static uint32_t draw_wrapped(const struct screen *s, uint32_t line, uint32_t colour,
			     const CHAR16 *text)
{
	CHAR16 part[PANEL_COLUMNS + 1];
	size_t length = StrLen(text), next, end;

	for (; length && line < LINE_NEXT; text += next, length -= next) {
		end = text_wrap(text, length, s->layout.columns, &next);
		memcpy(part, text, end * sizeof(CHAR16));
		part[end] = 0;
		draw_text(s, line++, colour, part);
	}
	return line;
}

bool screen_refusal(const struct screen *s, const struct message *message, const CHAR16 *next)
{
	uint32_t line = LINE_MESSAGE;
	UINTN i;

	if (!may_draw(s))
		return false;
	draw_panel(s, L"Fast boot");
	for (i = 0; i < message->lines; i++)
		line = draw_wrapped(s, line, i ? COLOUR_TEXT : COLOUR_REFUSED, message->line[i]);
	draw_text(s, LINE_NEXT, COLOUR_DIM, next);
	return true;
}

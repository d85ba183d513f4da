// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What people see of the loader, with a fake firmware: a frame buffer of any size, a font whose
 * letters are blocks, consoles that remember what was written, a keyboard.  The TSC is the real
 * one, but at the frequency that the tests claim for it no time passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "console.h"
#include "loader.h"
#include "screen.h"

#define HZ	    (1ull << 50)
#define MAX_WIDTH   3840u
#define MAX_HEIGHT  2160u
#define BEFORE	    0x00123456u /* what the firmware had left on the screen */
#define TITLE_CHARS 120

EFI_BOOT_SERVICES *BS;
EFI_SYSTEM_TABLE *ST;

/* GNU-EFI's functions, as far as they are used here. */

UINTN StrLen(const CHAR16 *text)
{
	UINTN n = 0;

	while (text[n])
		n++;
	return n;
}

UINTN UnicodeSPrint(CHAR16 *to, UINTN size, const CHAR16 *format, ...)
{
	char narrow[256] = "", text[512];
	UINTN i, length;
	va_list args;

	for (i = 0; i <= StrLen(format); i++)
		narrow[i] = i && format[i - 1] == '%' && format[i] == 'a' ? 's' : (char)format[i];
	va_start(args, format);
	vsnprintf(text, sizeof(text), narrow, args);
	va_end(args);
	length = strlen(text);
	assert_true((length + 1) * sizeof(CHAR16) <= size);
	for (i = 0; i <= length; i++)
		to[i] = (CHAR16)text[i];
	return length;
}

/* The screen. */

static struct {
	uint32_t width, height;
	uint32_t *pixels;
	uint64_t blts;
} video;

static EFI_STATUS EFIAPI fake_blt(EFI_GRAPHICS_OUTPUT_PROTOCOL *gop,
				  EFI_GRAPHICS_OUTPUT_BLT_PIXEL *buffer,
				  EFI_GRAPHICS_OUTPUT_BLT_OPERATION operation, UINTN from_x,
				  UINTN from_y, UINTN x, UINTN y, UINTN width, UINTN height,
				  UINTN delta)
{
	const uint32_t *from = (const uint32_t *)buffer;
	UINTN i, j;

	(void)gop;
	assert_true(operation == EfiBltVideoFill || operation == EfiBltBufferToVideo);
	assert_true(from_x == 0 && from_y == 0 && delta == 0);
	assert_true(width && height);
	assert_true(x + width <= video.width && y + height <= video.height);
	for (j = 0; j < height; j++) {
		for (i = 0; i < width; i++)
			video.pixels[(y + j) * video.width + x + i] =
				operation == EfiBltVideoFill ? *from : from[j * width + i];
	}
	video.blts++;
	return EFI_SUCCESS;
}

static EFI_GRAPHICS_OUTPUT_MODE_INFORMATION mode_info;
static EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE mode = { .Info = &mode_info };
static EFI_GRAPHICS_OUTPUT_PROTOCOL fake_gop = { .Blt = fake_blt, .Mode = &mode };

static void set_video(uint32_t width, uint32_t height)
{
	uint32_t i;

	mode_info.HorizontalResolution = video.width = width;
	mode_info.VerticalResolution = video.height = height;
	for (i = 0; i < width * height; i++)
		video.pixels[i] = BEFORE;
	video.blts = 0;
}

static uint32_t pixel(uint32_t x, uint32_t y)
{
	return video.pixels[y * video.width + x];
}

static bool inside(struct rect r, uint32_t x, uint32_t y)
{
	return x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height;
}

static void nothing_changed_but(struct rect panel)
{
	uint32_t x, y;

	for (y = 0; y < video.height; y++) {
		for (x = 0; x < video.width; x++)
			assert_true((pixel(x, y) != BEFORE) == inside(panel, x, y));
	}
}

/* The font, in the layout that screen.c declares; keeps what was drawn as text. */

#define MAX_DRAWN 256
static char drawn[MAX_DRAWN][TITLE_CHARS];
static unsigned int nr_drawn;

struct image {
	UINT16 width, height;
	uint32_t *bitmap;
};

static EFI_STATUS EFIAPI fake_string(const void *font, UINT32 flags, const CHAR16 *text,
				     const uint32_t *colours, struct image **image, UINTN x,
				     UINTN y, void *rows, UINTN *nr_rows, UINTN *columns)
{
	struct image *to = *image;
	UINTN i, row, column;

	(void)font;
	assert_int_equal(flags, 0x41);
	assert_true(x == 0 && y == 0 && !rows && !nr_rows && !columns);
	assert_true(nr_drawn < MAX_DRAWN && StrLen(text) < TITLE_CHARS);
	assert_int_equal(to->height, GLYPH_HEIGHT);
	for (i = 0; text[i]; i++) {
		drawn[nr_drawn][i] = (char)text[i];
		for (row = 0; row < GLYPH_HEIGHT; row++) {
			for (column = i * GLYPH_WIDTH; column < (i + 1) * GLYPH_WIDTH; column++) {
				if (column < to->width)
					to->bitmap[row * to->width + column] =
						colours[text[i] == ' '];
			}
		}
	}
	drawn[nr_drawn++][i] = 0;
	return EFI_SUCCESS;
}

static struct {
	void *string_to_image;
} fake_font = { fake_string };

/* The consoles: a handle is one of these. */

struct device {
	bool gop, text;
	EFI_SIMPLE_TEXT_OUT_PROTOCOL out;
	char written[256];
};

static struct device screen_device, serial_device[2], splitter;
static struct device *marked[3];
static UINTN nr_marked;
static bool have_font;

static EFI_STATUS EFIAPI fake_output(EFI_SIMPLE_TEXT_OUT_PROTOCOL *this, CHAR16 *text)
{
	struct device *d = (struct device *)((uint8_t *)this - offsetof(struct device, out));
	size_t at = strlen(d->written);

	while (*text && at + 1 < sizeof(d->written))
		d->written[at++] = (char)*text++;
	d->written[at] = 0;
	return EFI_SUCCESS;
}

static const EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

static EFI_STATUS EFIAPI fake_handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **interface)
{
	struct device *d = handle;
	bool gop = memcmp(guid, &gop_guid, sizeof(*guid)) == 0;

	if (gop ? !d->gop : !d->text)
		return EFI_UNSUPPORTED;
	*interface = gop ? (void *)&fake_gop : (void *)&d->out;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_locate_protocol(EFI_GUID *guid, VOID *registration, VOID **interface)
{
	(void)registration;
	assert_int_equal(guid->Data1, 0xe9ca4775);
	*interface = &fake_font;
	return have_font ? EFI_SUCCESS : EFI_NOT_FOUND;
}

static uint64_t nr_pool;
static bool pool_is_empty;

static EFI_STATUS EFIAPI fake_allocate(EFI_MEMORY_TYPE type, UINTN size, VOID **memory)
{
	assert_int_equal(type, EfiLoaderData);
	if (pool_is_empty)
		return EFI_OUT_OF_RESOURCES;
	*memory = malloc(size);
	nr_pool++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_free(VOID *memory)
{
	free(memory);
	nr_pool--;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_locate_handles(EFI_LOCATE_SEARCH_TYPE type, EFI_GUID *guid, VOID *key,
					     UINTN *count, EFI_HANDLE **handles)
{
	(void)key;
	assert_true(type == ByProtocol);
	assert_int_equal(guid->Data1, 0xd3b36f2c);
	if (!nr_marked)
		return EFI_NOT_FOUND;
	*count = nr_marked;
	fake_allocate(EfiLoaderData, sizeof(marked), (void **)handles);
	memcpy(*handles, marked, sizeof(marked));
	return EFI_SUCCESS;
}

/* The keyboard and the timer. */

static EFI_INPUT_KEY keys[8];
static UINTN nr_keys, polls;
static uint64_t timer;
static UINTN nr_events, waits;
static bool no_events;

static EFI_STATUS EFIAPI fake_read_key(SIMPLE_INPUT_INTERFACE *this, EFI_INPUT_KEY *key)
{
	(void)this;
	polls++;
	if (!nr_keys)
		return EFI_NOT_READY;
	*key = keys[--nr_keys];
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_create_event(UINT32 type, EFI_TPL tpl, EFI_EVENT_NOTIFY notify,
					   VOID *context, EFI_EVENT *event)
{
	(void)tpl;
	(void)context;
	assert_true(type == EVT_TIMER && !notify);
	if (no_events)
		return EFI_OUT_OF_RESOURCES;
	*event = &timer;
	nr_events++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_close_event(EFI_EVENT event)
{
	assert_ptr_equal(event, &timer);
	nr_events--;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_set_timer(EFI_EVENT event, EFI_TIMER_DELAY delay, UINT64 units)
{
	assert_ptr_equal(event, &timer);
	assert_true(delay == TimerRelative);
	timer = units;
	return EFI_SUCCESS;
}

static SIMPLE_INPUT_INTERFACE keyboard = { .ReadKeyStroke = fake_read_key,
					   .WaitForKey = &keyboard };

static EFI_STATUS EFIAPI fake_wait(UINTN count, EFI_EVENT *event, UINTN *which)
{
	assert_int_equal(count, 2);
	assert_ptr_equal(event[0], &timer);
	assert_ptr_equal(event[1], &keyboard);
	assert_int_equal(nr_keys, 0); /* earlier key strokes do not end the wait */
	keys[nr_keys++] = (EFI_INPUT_KEY){ .UnicodeChar = 'x' };
	waits++;
	*which = 1;
	return EFI_SUCCESS;
}

/* A typical machine: a screen and two serial ports, all of them part of the console. */

static struct loader loader;

static int set_up(void **state)
{
	static EFI_BOOT_SERVICES services = {
		.HandleProtocol = fake_handle_protocol,
		.LocateProtocol = fake_locate_protocol,
		.LocateHandleBuffer = fake_locate_handles,
		.AllocatePool = fake_allocate,
		.FreePool = fake_free,
		.CreateEvent = fake_create_event,
		.CloseEvent = fake_close_event,
		.SetTimer = fake_set_timer,
		.WaitForEvent = fake_wait,
	};
	static EFI_SYSTEM_TABLE table;
	const struct device text = { .text = true, .out.OutputString = fake_output };

	(void)state;
	BS = &services;
	table = (EFI_SYSTEM_TABLE){ .ConOut = &splitter.out,
				    .ConsoleOutHandle = &splitter,
				    .ConIn = &keyboard };
	ST = &table;
	splitter = screen_device = serial_device[0] = serial_device[1] = text;
	splitter.gop = screen_device.gop = true;
	marked[0] = &serial_device[0];
	marked[1] = &screen_device;
	marked[2] = &serial_device[1];
	nr_marked = 3;
	have_font = true;
	pool_is_empty = no_events = false;
	nr_keys = polls = nr_events = waits = nr_drawn = nr_pool = timer = 0;
	video.pixels = malloc(MAX_WIDTH * MAX_HEIGHT * sizeof(uint32_t));
	set_video(1280, 800);
	memset(&loader, 0, sizeof(loader));
	loader.handoff.tsc_hz = HZ;
	loader.slot.nr_pages = 271 * 256;
	loader.slot.generation = 3;
	strcpy(loader.slot.kernel_release, "6.1.0-32-amd64");
	loader.meta.nr_chunks = 300;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(video.pixels);
	assert_int_equal(nr_pool, 0);
	assert_int_equal(nr_events, 0);
	return 0;
}

/* The loader was entered `age` ticks ago, and began to read a little later. */
static struct loader *opened(uint64_t age)
{
	console_open(HZ, &loader.console);
	screen_open(&loader.console, &loader.options, &loader.handoff, &loader.screen);
	loader.handoff.stamp[IMG_STAMP_ENTRY] = tsc() - age;
	loader.screen.began = tsc() - age + HZ / 100;
	loader.console.polled = tsc() - HZ;
	return &loader;
}

static void progress(struct loader *l, uint64_t chunks)
{
	screen_progress(&l->screen, l->slot_number, &l->slot, chunks, l->meta.nr_chunks);
}

/* Arithmetic. */

static void is_inside(struct rect inner, struct rect outer)
{
	assert_true(inner.width && inner.height);
	assert_true(inner.x >= outer.x && inner.x + inner.width <= outer.x + outer.width);
	assert_true(inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height);
}

static void test_panel_fits_the_screen(void **state)
{
	static const struct {
		uint32_t width, height, scale, columns;
	} row[] = {
		{ 640, 480, 1, 76 },   { 800, 600, 1, 80 },   { 1024, 768, 1, 80 },
		{ 1280, 800, 1, 80 },  { 1920, 1080, 1, 80 }, { 2560, 1440, 1, 80 },
		{ 3840, 2160, 2, 80 }, { 1080, 1920, 1, 80 }, { 1200, 2000, 2, 71 },
		{ 352, 248, 1, 40 },
	};
	struct layout l;
	uint32_t line;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		struct rect screen = { 0, 0, row[i].width, row[i].height };

		assert_true(layout_screen(row[i].width, row[i].height, &l));
		assert_int_equal(l.scale, row[i].scale);
		assert_int_equal(l.columns, row[i].columns);
		is_inside(l.panel, screen);
		is_inside(l.bar, l.panel);
		assert_true(l.bar.y >= layout_line(&l, LINE_BAR).y);
		assert_true(l.bar.y + l.bar.height <= layout_line(&l, LINE_WORDS).y);
		for (line = 0; line < PANEL_LINES; line++) {
			struct rect at = layout_line(&l, line);

			is_inside(at, l.panel);
			assert_true(at.y + at.height <= layout_line(&l, line + 1).y);
		}
	}
	assert_false(layout_screen(351, 248, &l));
	assert_false(layout_screen(352, 247, &l));
	assert_false(layout_screen(0, 0, &l));
}

static void test_bar_length(void **state)
{
	struct layout l;

	(void)state;
	assert_true(layout_screen(1280, 800, &l));
	assert_int_equal(layout_filled(&l, 0, 8).width, 0);
	assert_int_equal(layout_filled(&l, 2, 8).width, l.bar.width / 4);
	assert_int_equal(layout_filled(&l, 8, 8).width, l.bar.width);
	assert_int_equal(layout_filled(&l, 9, 8).width, l.bar.width);
	assert_int_equal(layout_filled(&l, 0, 0).width, l.bar.width);
	assert_int_equal(layout_filled(&l, 1u << 30, 1u << 31).width, l.bar.width / 2);
}

static void test_steps(void **state)
{
	struct progress p = { .total = 1000 };
	uint32_t last = 0, steps = 0;

	(void)state;
	for (p.done = 0; p.done <= p.total; p.done++) {
		steps += progress_step(&p) != last;
		last = progress_step(&p);
	}
	assert_int_equal(steps, PROGRESS_STEPS);
	assert_int_equal(last, PROGRESS_STEPS);
	assert_int_equal(progress_step(&(struct progress){ 0 }), PROGRESS_STEPS);
}

static uint64_t seconds(uint64_t done, uint64_t total, uint64_t spent)
{
	return progress_seconds_left(
		&(struct progress){ .done = done, .total = total, .spent = spent, .hz = 1000 });
}

static void test_seconds_left(void **state)
{
	const uint64_t hour = 3600 * 5000000000ull;

	(void)state;
	assert_int_equal(seconds(10, 100, 1000), 9);
	assert_int_equal(seconds(50, 100, 1001), 1); /* 20 ticks per chunk: 1000 left */
	assert_int_equal(seconds(50, 100, 1050), 2); /* 21: 1050 left */
	assert_int_equal(seconds(100, 100, 5000), 0);
	assert_true(seconds(0, 100, 5000) == UINT64_MAX);
	assert_int_equal(
		progress_seconds_left(&(struct progress){
			.done = 1, .total = 1000001, .spent = hour / 1000, .hz = 5000000000ull }),
		3600000);
	assert_true(progress_seconds_left(&(struct progress){ .done = 1, .total = 2 }) ==
		    UINT64_MAX);
}

static bool worth(uint64_t done, uint64_t spent, uint64_t age)
{
	struct progress p = { .done = done, .total = 100, .spent = spent, .hz = 1000 };

	return progress_is_worth_showing(&p, age);
}

static void test_no_flash(void **state)
{
	(void)state;
	assert_false(worth(10, 400, 499));   /* too early to know */
	assert_true(worth(10, 400, 500));    /* 3.6 s are left */
	assert_true(worth(50, 500, 600));    /* 0.5 s */
	assert_false(worth(60, 500, 600));   /* 0.3 s */
	assert_false(worth(99, 9000, 9000)); /* most of the time passed before anything was drawn */
	assert_false(worth(0, 500, 600));    /* the remaining time is unknown */
	assert_true(worth(0, 900, 1000));    /* but the wait is already long */
	assert_false(worth(100, 900, 1000));
	assert_false(progress_is_worth_showing(&(struct progress){ .done = 1, .total = 9 }, 1000));
}

static void wraps(const char *text, size_t columns, const char *const *lines)
{
	uint16_t wide[128];
	size_t length = strlen(text), from = 0, next, end, i;

	for (i = 0; i < length; i++)
		wide[i] = (uint16_t)text[i];
	for (; from < length; from += next, lines++) {
		end = text_wrap(wide + from, length - from, columns, &next);
		assert_non_null(*lines);
		assert_int_equal(end, strlen(*lines));
		assert_memory_equal(text + from, *lines, end);
		assert_true(next > 0 && from + next <= length);
	}
	assert_null(*lines);
}

static void test_wrapping(void **state)
{
	(void)state;
	wraps("", 5, (const char *const[]){ NULL });
	wraps("short", 5, (const char *const[]){ "short", NULL });
	wraps("two words", 5, (const char *const[]){ "two", "words", NULL });
	wraps("two words", 3, (const char *const[]){ "two", "wor", "ds", NULL });
	wraps("gap    wide", 5, (const char *const[]){ "gap  ", "wide", NULL });
	wraps("unbroken", 3, (const char *const[]){ "unb", "rok", "en", NULL });
	wraps("a b c d", 3, (const char *const[]){ "a b", "c d", NULL });
	wraps("ends    ", 4, (const char *const[]){ "ends", NULL });
}

static void test_enlarging(void **state)
{
	const uint32_t from[4] = { 1, 2, 3, 4 };
	const uint32_t expected[16] = { 1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4 };
	uint32_t to[16];

	(void)state;
	pixels_enlarge(from, 2, 2, 2, to);
	assert_memory_equal(to, expected, sizeof(expected));
	pixels_enlarge(from, 2, 2, 1, to);
	assert_memory_equal(to, from, sizeof(from));
}

/* The screen. */

static bool was_drawn(const char *text)
{
	unsigned int i;

	for (i = 0; i < nr_drawn; i++) {
		if (strstr(drawn[i], text))
			return true;
	}
	return false;
}

/* How many pixels of the bar, from its left end, have the same colour over the whole height. */
static uint32_t filled(const struct layout *l)
{
	uint32_t x = 0, y;

	while (x < l->bar.width && pixel(l->bar.x + x, l->bar.y) == pixel(l->bar.x, l->bar.y))
		x++;
	for (y = 0; y < l->bar.height; y++) {
		assert_int_equal(pixel(l->bar.x + x - 1, l->bar.y + y), pixel(l->bar.x, l->bar.y));
		if (x < l->bar.width)
			assert_int_not_equal(pixel(l->bar.x + x, l->bar.y + y),
					     pixel(l->bar.x, l->bar.y));
	}
	return x;
}

static void test_slow_restore(void **state)
{
	struct loader *l = opened(10 * HZ);
	uint64_t chunk, before, updates = 0;
	uint32_t length = 0;

	(void)state;
	for (chunk = 30; chunk <= l->meta.nr_chunks; chunk++) {
		before = video.blts;
		progress(l, chunk);
		updates += video.blts > before;
		assert_true(filled(&l->screen.layout) >= length);
		length = filled(&l->screen.layout);
	}
	assert_int_equal(length, l->screen.layout.bar.width);
	screen_starting(&l->screen);
	assert_true(updates > 10 && updates + 2 <= 20); /* starting, refused */
	nothing_changed_but(l->screen.layout.panel);
	assert_true(was_drawn("Fast boot: slot A, generation 3, Linux 6.1.0-32-amd64"));
	assert_true(was_drawn("Reading the saved memory: 27 of 271 MiB, 90 seconds left"));
	assert_true(was_drawn("Esc: boot normally"));
	assert_true(was_drawn("Starting the saved system"));
}

static void test_first_picture(void **state)
{
	struct loader *l = opened(HZ);

	(void)state;
	progress(l, 150);
	assert_int_equal(filled(&l->screen.layout), l->screen.layout.bar.width / 2);
	assert_true(was_drawn("135 of 271 MiB, 1 second left"));
	assert_int_equal(nr_drawn, 3);
	progress(l, 151);
	assert_int_equal(nr_drawn, 3);
}

static void test_nothing_arrives(void **state)
{
	struct loader *l = opened(2 * HZ);

	(void)state;
	progress(l, 0);
	assert_true(was_drawn("Reading the saved memory: 0 of 271 MiB"));
	assert_false(was_drawn("left"));
}

static void draws_nothing(struct loader *l)
{
	uint64_t chunk;

	for (chunk = 0; chunk <= l->meta.nr_chunks; chunk++)
		progress(l, chunk);
	screen_starting(&l->screen);
	assert_int_equal(video.blts + nr_drawn, 0);
}

static void test_fast_restore(void **state)
{
	(void)state;
	draws_nothing(opened(HZ / 4));
}

static const struct message some_message = { .line = { L"refused: x" }, .lines = 1 };

static void test_drawing_forbidden(void **state)
{
	struct loader *l = opened(10 * HZ);

	(void)state;
	l->options.quiet = true;
	draws_nothing(l);
	assert_false(screen_refusal(&l->screen, &some_message, L"next"));
	l->options = (struct img_options){ .verbose = true };
	draws_nothing(l);
	assert_false(screen_refusal(&l->screen, &some_message, L"next"));
	assert_int_equal(video.blts, 0);
}

/* Each of these alone makes a screen unusable. */
static void test_no_screen(void **state)
{
	(void)state;
	have_font = false;
	draws_nothing(opened(10 * HZ));
	have_font = true;

	splitter.gop = false;
	draws_nothing(opened(10 * HZ));
	splitter.gop = true;

	set_video(320, 200);
	draws_nothing(opened(10 * HZ));
	set_video(1280, 800);

	/* A splitter's own frame buffer, without a device. */
	screen_device.gop = false;
	draws_nothing(opened(10 * HZ));
}

static void test_no_memory_for_text(void **state)
{
	struct loader *l = opened(10 * HZ);

	(void)state;
	pool_is_empty = true;
	progress(l, 150);
	assert_int_equal(filled(&l->screen.layout), l->screen.layout.bar.width / 2);
	assert_int_equal(nr_drawn, 0);
}

static void widen(CHAR16 *to, const char *text)
{
	assert_true(strlen(text) < MESSAGE_CHARS);
	while ((*to++ = (CHAR16)*text++))
		;
}

/* The longest message for this reason, with the detail of a changed file system. */
static struct message long_message(enum img_reason reason)
{
	struct message m = { .lines = 3 };
	char line[MESSAGE_CHARS];

	snprintf(line, sizeof(line), "refused: %s: %s", img_reason_code(reason),
		 img_reason_sentence(reason));
	widen(m.line[0], line);
	widen(m.line[1], "  partition 5f0a1d0e-6c5b-4b1f-9a83-2d1c7a90e6b4: ext2/3/4 superblock:"
			 " golden 0x3A5D0C52E1F7B964, today 0x91C2D7704EA8053B");
	snprintf(line, sizeof(line), "  %s", img_reason_advice(reason));
	widen(m.line[2], line);
	return m;
}

static void all_is_drawn(const struct message *m)
{
	char whole[1024] = "", text[MESSAGE_CHARS];
	unsigned int i, j;

	for (i = 1; i + 1 < nr_drawn; i++) {
		strcat(whole, drawn[i]);
		strcat(whole, " ");
	}
	for (i = 0; i < m->lines; i++) {
		for (j = 0; j <= StrLen(m->line[i]); j++)
			text[j] = (char)m->line[i][j];
		assert_non_null(strstr(whole, text));
	}
}

static void test_every_refusal_is_readable(void **state)
{
	unsigned int reason;

	(void)state;
	set_video(640, 480);
	opened(0);
	for (reason = IMG_OK + 1; reason < IMG_REASON_COUNT; reason++) {
		struct message m = long_message((enum img_reason)reason);

		nr_drawn = 0;
		assert_true(screen_refusal(&loader.screen, &m, L"Booting normally"));
		all_is_drawn(&m);
		assert_string_equal(drawn[nr_drawn - 1], "Booting normally");
	}
	nothing_changed_but(loader.screen.layout.panel);
}

/* A refusal covers the previous picture: no bar beside it. */
static void test_refusal_after_progress(void **state)
{
	struct loader *l = opened(10 * HZ);
	uint32_t colour, x, y;

	(void)state;
	progress(l, 150);
	colour = pixel(l->screen.layout.bar.x, l->screen.layout.bar.y);
	assert_true(screen_refusal(&l->screen, &some_message, L"Booting normally"));
	for (y = 0; y < video.height; y++) {
		for (x = 0; x < video.width; x++)
			assert_int_not_equal(pixel(x, y), colour);
	}
}

static void test_large_screen(void **state)
{
	struct loader *l;
	struct rect title;
	uint32_t x;

	(void)state;
	set_video(3840, 2160);
	l = opened(10 * HZ);
	progress(l, 150);
	nothing_changed_but(l->screen.layout.panel);
	title = layout_line(&l->screen.layout, LINE_TITLE);
	for (x = 0; x < 4 * GLYPH_WIDTH * 2; x++) /* "Fast" */
		assert_int_equal(pixel(title.x + x, title.y + 2 * GLYPH_HEIGHT - 1), 0xe0e0e0);
	assert_int_equal(pixel(title.x + x, title.y), 0);
}

/* The consoles. */

static void writes(const char *screen, const char *serial, const char *con_out)
{
	CHAR16 line[] = L"line\r\n";

	console_write(&loader.console, screen_takes_lines(&loader.screen), line);
	assert_string_equal(screen_device.written, screen);
	assert_string_equal(serial_device[0].written, serial);
	assert_string_equal(serial_device[1].written, serial);
	assert_string_equal(splitter.written, con_out);
}

static void test_lines_beside_a_screen(void **state)
{
	(void)state;
	opened(0);
	writes("", "line\r\n", "");
	loader.options.quiet = true;
	writes("", "line\r\nline\r\n", "");
	loader.options.quiet = false;
	loader.options.verbose = true;
	writes("", "line\r\nline\r\n", "line\r\n");
}

static void test_lines_without_a_screen(void **state)
{
	(void)state;
	marked[1] = &serial_device[1]; /* the screen is not a console */
	nr_marked = 2;
	opened(0);
	writes("", "", "line\r\n");
}

static void test_lines_of_other_firmware(void **state)
{
	(void)state;
	nr_marked = 0;
	opened(0);
	writes("", "", "line\r\n");
	have_font = false;
	nr_marked = 3;
	opened(0);
	writes("", "", "line\r\nline\r\n");
}

static void press(UINT16 scan, CHAR16 character)
{
	keys[nr_keys++] = (EFI_INPUT_KEY){ .ScanCode = scan, .UnicodeChar = character };
}

static void test_escape(void **state)
{
	struct loader *l = opened(0);

	(void)state;
	assert_false(console_escape(&l->console));
	assert_int_equal(polls, 1);
	l->console.polled = tsc() - HZ;
	press(SCAN_DOWN, 0);
	press(0, 'e');
	press(0, CHAR_CARRIAGE_RETURN);
	assert_false(console_escape(&l->console));
	assert_int_equal(nr_keys, 0);
	l->console.polled = tsc() - HZ;
	press(0, 'q');
	press(SCAN_ESC, 0);
	press(0, 'q');
	assert_true(console_escape(&l->console));
	assert_int_equal(nr_keys, 0);
}

static void test_keyboard_is_seldom_polled(void **state)
{
	struct loader *l = opened(0);
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		console_escape(&l->console);
	assert_int_equal(polls, 1);
	l->console.polled = tsc() - HZ / 50;
	console_escape(&l->console);
	assert_int_equal(polls, 2);
}

static void test_no_keyboard(void **state)
{
	struct loader *l = opened(0);

	(void)state;
	ST->ConIn = NULL;
	assert_false(console_escape(&l->console));
	console_wait(3);
	assert_int_equal(waits, 0);
}

static void test_waiting(void **state)
{
	(void)state;
	press(0, CHAR_CARRIAGE_RETURN);
	console_wait(3);
	assert_int_equal(waits, 1);
	assert_int_equal(timer, 30000000);
	assert_int_equal(nr_keys,
			 0); /* the key that ended the wait is not left for the next program */
	no_events = true;
	console_wait(3);
	assert_int_equal(waits, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_panel_fits_the_screen),
		cmocka_unit_test(test_bar_length),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_seconds_left),
		cmocka_unit_test(test_no_flash),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_enlarging),
		TEST(test_slow_restore),
		TEST(test_first_picture),
		TEST(test_nothing_arrives),
		TEST(test_fast_restore),
		TEST(test_drawing_forbidden),
		TEST(test_no_screen),
		TEST(test_no_memory_for_text),
		TEST(test_every_refusal_is_readable),
		TEST(test_refusal_after_progress),
		TEST(test_large_screen),
		TEST(test_lines_beside_a_screen),
		TEST(test_lines_without_a_screen),
		TEST(test_lines_of_other_firmware),
		TEST(test_escape),
		TEST(test_keyboard_is_seldom_polled),
		TEST(test_no_keyboard),
		TEST(test_waiting),
	};

	return cmocka_run_group_tests_name("efi/screen", tests, NULL, NULL);
}

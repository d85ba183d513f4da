// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <imgfmt/guid.h>

static bool unit_shift(const char *unit, unsigned int *ret_shift)
{
	static const char units[] = "KMGT";
	const char *at;

	if (!*unit) {
		*ret_shift = 0;
		return true;
	}
	at = strchr(units, *unit >= 'a' && *unit <= 'z' ? *unit - 'a' + 'A' : *unit);
	if (!at || (unit[1] && strcmp(unit + 1, "iB") != 0))
		return false;
	*ret_shift = 10 * (unsigned int)(at - units + 1);
	return true;
}

bool text_parse_size(const char *s, uint64_t *ret_bytes)
{
	unsigned long long value;
	unsigned int shift;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	value = strtoull(s, &end, 10);
	if (errno || !unit_shift(end, &shift) || value > UINT64_MAX >> shift)
		return false;
	*ret_bytes = (uint64_t)value << shift;
	return true;
}

struct text text_size(uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes / 1024;
	struct text text;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(text.s, sizeof(text.s), "%" PRIu64 " bytes", bytes);
		return text;
	}
	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(text.s, sizeof(text.s), value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}

static const char *age_unit(uint64_t *age)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 2 * 86400, "days" }, { 2 * 3600, "hours" }, { 120, "minutes" } };
	static const uint64_t divisor[] = { 86400, 3600, 60 };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (*age >= units[i].seconds) {
			*age /= divisor[i];
			return units[i].name;
		}
	}
	return "seconds";
}

struct text text_age(uint64_t seconds, time_t now)
{
	time_t when = (time_t)seconds;
	struct text text;
	uint64_t age;
	const char *unit;

	if (now < when) {
		snprintf(text.s, sizeof(text.s), "in the future");
		return text;
	}
	age = (uint64_t)(now - when);
	unit = age_unit(&age);
	snprintf(text.s, sizeof(text.s), "%" PRIu64 " %s", age, unit);
	return text;
}

struct text text_time(uint64_t seconds, time_t now)
{
	time_t when = (time_t)seconds;
	struct text text;
	char stamp[40];
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(stamp, sizeof(stamp), "second %" PRIu64, seconds);
	snprintf(text.s, sizeof(text.s), "%s, %.40s%s", stamp, text_age(seconds, now).s,
		 now < when ? "" : " ago");
	return text;
}

/* The length of the UTF-8 character at s (RFC 3629, 4); 0 if it is invalid or a C1 control. */
static size_t utf8_length(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = s[0] & (0xffu >> (length + 1));

	if (length < 2)
		return length;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : length;
}

static bool is_utf8(const char *s)
{
	while (*s) {
		size_t length = utf8_length((const unsigned char *)s);

		if (!length)
			return false;
		s += length;
	}
	return true;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static void make_printable(char *s, char keep)
{
	bool utf8 = is_utf8(s);

	for (; *s; s++) {
		if (*s != keep && (is_control(*s) || ((unsigned char)*s >= 0x80 && !utf8)))
			*s = '?';
	}
}

bool text_is_printable(const char *s)
{
	if (!is_utf8(s))
		return false;
	while (*s && !is_control(*s))
		s++;
	return !*s;
}

void text_printable(char *s)
{
	make_printable(s, '\0');
}

void text_printable_lines(char *s)
{
	make_printable(s, '\n');
}

void text_trim(char *s)
{
	size_t n = strlen(s);

	while (n && strchr(" \t\r\n", s[n - 1]))
		s[--n] = '\0';
}

bool text_next_pair(char **rest, const char **ret_key, const char **ret_value)
{
	char *line;

	while ((line = strsep(rest, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		text_trim(value);
		*ret_key = line;
		*ret_value = value;
		return true;
	}
	return false;
}

struct text text_guid(const uint8_t guid[16])
{
	struct text text = { { 0 } };

	static_assert(sizeof(text.s) >= IMG_GUID_TEXT, "room for a GUID");
	img_guid_text(guid, text.s);
	return text;
}

bool text_is_zero_uuid(const uint8_t uuid[16])
{
	static const uint8_t zero[16];

	return memcmp(uuid, zero, sizeof(zero)) == 0;
}

char text_slot(unsigned int slot)
{
	return (char)('A' + slot);
}

bool text_parse_slot(const char *s, int *ret_slot)
{
	if (!s[0] || s[1] || !strchr("aAbB", s[0]))
		return false;
	*ret_slot = s[0] == 'b' || s[0] == 'B';
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The texts of reasons.h's table. */
#include <imgfmt/reasons.h>

struct reason_text {
	const char *code;
	const char *sentence;
	const char *advice;
};

#define REASON_TEXT(sym, errno, status, image, code, sentence, advice)                             \
	[IMG_E_##sym] = { code, sentence, advice },
static const struct reason_text texts[IMG_REASON_COUNT] = {
	[IMG_OK] = { "ok", "no error", "nothing to do" }, /* the rest is the table */
	IMG_REASONS(REASON_TEXT)
};

static const struct reason_text unknown = { "unknown", "unknown", "unknown" };

static const struct reason_text *text_of(enum img_reason reason)
{
	return (unsigned int)reason < IMG_REASON_COUNT ? &texts[reason] : &unknown;
}

const char *img_reason_code(enum img_reason reason)
{
	return text_of(reason)->code;
}

enum img_reason img_reason_find(const char *code, size_t size)
{
	for (int reason = IMG_OK + 1; reason < IMG_REASON_COUNT; reason++) {
		const char *known = texts[reason].code;
		size_t i = 0;

		while (i < size && known[i] && code[i] == known[i])
			i++;
		if (i < size && !known[i] && !code[i])
			return (enum img_reason)reason;
	}
	return IMG_OK;
}

const char *img_reason_sentence(enum img_reason reason)
{
	return text_of(reason)->sentence;
}

const char *img_reason_advice(enum img_reason reason)
{
	return text_of(reason)->advice;
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#include <imgfmt/result.h>

const char *img_result_key(enum img_result_key key)
{
#define RESULT_KEY(sym, key, meaning) [IMG_KEY_##sym] = key,
	static const char *const keys[IMG_KEY_COUNT] = { IMG_RESULT_KEYS(RESULT_KEY) };

	return keys[key];
}

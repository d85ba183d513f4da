/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka.h wants these before it, and defines a macro over our fail(). */
#ifndef CMOCKA_TESTS_H
#define CMOCKA_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE };

#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct sigaction before[NR_SIGNALS];
static volatile sig_atomic_t noted;

static void note(int number)
{
	noted = number;
}

void interrupt_hold(void)
{
	const struct sigaction hold = { .sa_handler = note, .sa_flags = SA_RESTART };

	noted = 0;
	for (size_t i = 0; i < NR_SIGNALS; i++) {
		(void)sigaction(signals[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &hold, NULL);
	}
}

int interrupt_noted(void)
{
	return noted;
}

void interrupt_ignore(void)
{
	for (size_t i = 0; i < NR_SIGNALS; i++)
		(void)signal(signals[i], SIG_IGN);
}

void interrupt_release(void)
{
	for (size_t i = 0; i < NR_SIGNALS; i++)
		(void)sigaction(signals[i], &before[i], NULL);
}

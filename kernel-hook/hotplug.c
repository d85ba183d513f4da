// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory announces that it is being plugged; processors have a lock to try.  Process context.
 */
#include <linux/compiler.h>
#include <linux/cpu.h>
#include <linux/memory.h>
#include <linux/notifier.h>

#include "findings.h"
#include "hotplug.h"

/* Only one plugging at a time, under mem_hotplug_lock. */
static bool memory_plugging;

static int memory_notice(struct notifier_block *block, unsigned long action, void *data)
{
	switch (action) {
	case MEM_GOING_ONLINE:
	case MEM_GOING_OFFLINE:
		WRITE_ONCE(memory_plugging, true);
		break;
	case MEM_ONLINE:
	case MEM_OFFLINE:
	case MEM_CANCEL_ONLINE:
	case MEM_CANCEL_OFFLINE:
		WRITE_ONCE(memory_plugging, false);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block memory_watcher = { .notifier_call = memory_notice };

int hotplug_watch(void)
{
	return register_memory_notifier(&memory_watcher);
}

void hotplug_unwatch(void)
{
	unregister_memory_notifier(&memory_watcher);
}

void gate_hotplug(struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_HOTPLUG };

	if (cpus_read_trylock())
		cpus_read_unlock();
	else
		finding_add(&findings, "a processor");
	if (READ_ONCE(memory_plugging))
		finding_add(&findings, "memory");
	findings_close(&findings);
}

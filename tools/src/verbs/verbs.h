/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fastbootctl.c puts into its table: each verb, and its options. */
#ifndef FASTBOOTCTL_VERBS_H
#define FASTBOOTCTL_VERBS_H

#include "base/args.h"

extern const struct option_row prepare_options[], install_options[], uninstall_options[],
	inspect_options[], verify_options[], mark_good_options[], optimise_options[],
	invalidate_options[], next_options[], describe_options[], promote_options[],
	rollback_options[], gates_options[], snapshot_options[], report_options[],
	simulate_options[];

/*
 * X(symbol, name, operands, summary, options): what fastbootctl.c dispatches and prints, in this
 * order.  verb_SYMBOL() returns the exit status; options NULL: the common ones only.
 */
#define VERBS(X)                                                                                   \
	X(prepare, "prepare", "[DEV]",                                                             \
	  "lay out swap space for images; without DEV: show what fits", prepare_options)           \
	X(install, "install", "", "install the loader and its boot entry", install_options)        \
	X(uninstall, "uninstall", "", "remove the loader and its boot entry", uninstall_options)   \
	X(next, "next", "", "make the next start a fast boot", next_options)                       \
	X(status, "status", "[DEV]", "show the state of the kernel, the loader and the images",    \
	  NULL)                                                                                    \
	X(inspect, "inspect", "[DEV]", "show what is in an image", inspect_options)                \
	X(verify, "verify", "[DEV]", "check every byte of the images, and their disks",            \
	  verify_options)                                                                          \
	X(simulate, "simulate", "[DEV]", "say what the loader would decide, and why",              \
	  simulate_options)                                                                        \
	X(mark_good, "mark-good", "[DEV]", "call an image good: its attempts are 0 again",         \
	  mark_good_options)                                                                       \
	X(optimise, "optimise", "[DEV]", "compress an image harder, into the other slot",          \
	  optimise_options)                                                                        \
	X(invalidate, "invalidate", "[DEV]", "erase images", invalidate_options)                   \
	X(list, "list", "[DEV]", "show the slots, one per line, and which is restored next", NULL) \
	X(describe, "describe", "[DEV]", "show or set an image's description", describe_options)   \
	X(promote, "promote", "[DEV]", "put an image before the other", promote_options)           \
	X(rollback, "rollback", "[DEV]",                                                           \
	  "put the other image before the one that is restored next", rollback_options)            \
	X(gates, "gates", "", "show the obstacles to an image", gates_options)                     \
	X(snapshot, "snapshot", "golden|once [TEXT]", "take an image", snapshot_options)           \
	X(report, "report", "", "show where the time went, in this start or in the snapshot",      \
	  report_options)                                                                          \
	X(due, "due", "[DEV]", "say whether a golden image should be taken, and why", NULL)

#define VERB_DECLARE(sym, name, operands, summary, options)                                        \
	int verb_##sym(const struct verb *verb, int argc, char **argv);
VERBS(VERB_DECLARE)
#undef VERB_DECLARE

#endif

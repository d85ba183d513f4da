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

int verb_prepare(const struct verb *verb, int argc, char **argv);
int verb_install(const struct verb *verb, int argc, char **argv);
int verb_uninstall(const struct verb *verb, int argc, char **argv);
int verb_next(const struct verb *verb, int argc, char **argv);
int verb_status(const struct verb *verb, int argc, char **argv);
int verb_inspect(const struct verb *verb, int argc, char **argv);
int verb_verify(const struct verb *verb, int argc, char **argv);
int verb_mark_good(const struct verb *verb, int argc, char **argv);
int verb_simulate(const struct verb *verb, int argc, char **argv);
int verb_optimise(const struct verb *verb, int argc, char **argv);
int verb_invalidate(const struct verb *verb, int argc, char **argv);
int verb_list(const struct verb *verb, int argc, char **argv);
int verb_describe(const struct verb *verb, int argc, char **argv);
int verb_promote(const struct verb *verb, int argc, char **argv);
int verb_rollback(const struct verb *verb, int argc, char **argv);
int verb_gates(const struct verb *verb, int argc, char **argv);
int verb_snapshot(const struct verb *verb, int argc, char **argv);
int verb_report(const struct verb *verb, int argc, char **argv);
int verb_due(const struct verb *verb, int argc, char **argv);

#endif

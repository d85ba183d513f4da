// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snapshot: takes an image.  The command to the module returns twice, like fork: when the image is
 * durable, and after every restore of it, with this process as it was; the module's state then says
 * which it is.  The administrator's programs run before it and, unless this is the restored system,
 * after it.
 *
 * All tasks stand still while the image is taken.  The module's command runs in a child, so that
 * the line that shows what is being done is there before, and continues after.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "area/image.h"
#include "area/loss.h"
#include "area/slotstate.h"
#include "base/attr.h"
#include "base/child.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"
#include "module/command.h"
#include "module/figures.h"
#include "module/hooks.h"
#include "module/refusal.h"
#include "verbs/gates.h"
#include "verbs/verbs.h"

struct request {
	const char *operands[2]; /* the kind; the description or NULL */
	const char *kind;
	bool yes, dry_run;
};

const struct option_row snapshot_options[] = {
	OPTION_FLAG("yes", struct request, yes,
		    "do not ask before a one-shot image, which ends in power-off"),
	OPTION_FLAG("dry-run", struct request, dry_run,
		    "look for obstacles, say what would be run, and stop"),
	{ 0 },
};

static bool is_once(const struct request *req)
{
	return strcmp(req->kind, "once") == 0;
}

static int check_operands(struct request *req)
{
	const char *description = req->operands[1];

	req->kind = req->operands[0];
	if (!is_once(req) && strcmp(req->kind, "golden") != 0)
		return fail(FAIL_USAGE, "snapshot: golden or once, not %s", req->kind);
	return description ? slotstate_check_description("snapshot: TEXT", description) : 0;
}

static void report_programs(const struct hooks *hooks)
{
	struct json_object *programs = json_put_array(out_json(), "programs");

	for (size_t i = 0; i < hooks->count; i++)
		json_append_text(programs, hooks->paths[i]);
}

static int dry_run(const struct request *req, const struct hooks *hooks)
{
	json_put_text(out_json(), "outcome", "dry-run");
	for (size_t i = 0; i < hooks->count; i++)
		out_text("would run before: %s pre %s\n", hooks->paths[i], req->kind);
	for (size_t i = hooks->count; i-- > 0;)
		out_text("would run after: %s post %s\n", hooks->paths[i], req->kind);
	return gates_report(req->kind);
}

static int confirm(const struct request *req)
{
	if (!is_once(req) || req->yes)
		return 0;
	out_text("The machine powers off once the image is taken, and continues here when it is "
		 "restored.\n");
	return loss_confirm(false);
}

struct writer {
	int fd;
	char command[16 + sizeof(((struct img_slot *)NULL)->description)];
};

/* An errno is small enough for an exit status. */
static int write_command(void *ctx)
{
	const struct writer *writer = ctx;

	interrupt_ignore();
	return command_write(writer->fd, writer->command);
}

/* *ret_error: the errno of the command. */
static int take(const struct request *req, int fd, int *ret_error)
{
	const char *description = req->operands[1] ? req->operands[1] : "";
	struct writer writer = { .fd = fd };
	char what[96];
	int ended = 0, status;

	snprintf(writer.command, sizeof(writer.command), "%s %s", req->kind, description);
	snprintf(what, sizeof(what), "taking the image (%s), all tasks stand still meanwhile",
		 req->kind);
	status = child_run(write_command, &writer, what, &ended);
	if (!status && !WIFEXITED(ended))
		status = fail(FAIL_SNAPSHOT, "the writer was killed by signal %d", WTERMSIG(ended));
	*ret_error = WEXITSTATUS(ended);
	return status;
}

static void report_saved(const struct request *req, const struct figures *figures)
{
	uint64_t pages = 0, bytes = 0, ratio = 0, pause = 0;

	out_text("saved: %s image, generation %" PRIu64 "\n", req->kind, figures->generation);
	(void)figures_get(figures, "pause_ms", &pause);
	(void)figures_get(figures, "ratio_percent", &ratio);
	if (figures_get(figures, "pages", &pages) && figures_get(figures, "bytes", &bytes))
		out_text("%s of memory in %s (%" PRIu64 " %%); tasks stood still for %.1f s\n",
			 text_size(pages * IMG_PAGE_SIZE).s, text_size(bytes).s, ratio,
			 (double)pause / 1e3);
}

static void report_restored(const struct figures *figures)
{
	uint64_t jump = 0, thawed = 0;

	out_text("restored: generation %" PRIu64 ", restore %" PRIu64 "\n", figures->generation,
		 figures->restores);
	if (figures_get(figures, "loader_jump_us", &jump) &&
	    figures_get(figures, "thawed_us", &thawed))
		out_text("tasks ran %.1f s after the loader was entered\n",
			 (double)(jump + thawed) / 1e6);
}

static int report_taken(const struct request *req, bool *ret_restored)
{
	_cleanup_figures_ struct figures figures = { 0 };
	int status = figures_read(&figures);

	if (status)
		return status;
	if (!figures.saved && !figures.restored)
		return fail(FAIL_SNAPSHOT, "the module knows of no image: %s",
			    figures.state ? figures.state : "it was unloaded");
	if (figures.restored)
		report_restored(&figures);
	else
		report_saved(req, &figures);
	json_put_text(out_json(), "outcome", figures.restored ? "restored" : "saved");
	figures_json(&figures, out_json());
	*ret_restored = figures.restored;
	return 0;
}

/* *ret_restored: whether this is the restored system. */
static int take_and_report(const struct request *req, int fd, bool *ret_restored)
{
	_cleanup_free_ char *refusal = NULL;
	int error = 0;
	int status = take(req, fd, &error);

	if (!status)
		status = refusal_read(error, &refusal);
	if (status)
		return status;
	if (!refusal)
		return report_taken(req, ret_restored);
	json_put_text(out_json(), "outcome", "refused");
	refusal_report(req->kind, refusal);
	return fail(FAIL_OBSTACLES, "no image was taken: %s", strerror(error));
}

/*
 * One at a time: the programs of another snapshot would start what those of this one have stopped.
 *
 * The programs start again what they have stopped if the machine keeps running, but not in a
 * restored system: there fastboot-restored.target does that.
 */
static int take_between_programs(const struct request *req, struct hooks *hooks, int fd)
{
	bool restored = false;
	int status, error = 0;

	if (flock(fd, LOCK_EX | LOCK_NB))
		return fail_reason(IMG_E_GATE_BUSY, NULL, ATTR_SNAPSHOT);
	interrupt_hold();
	status = hooks_pre(hooks, req->kind);
	if (!status)
		status = take_and_report(req, fd, &restored);
	if (!restored)
		error = hooks_post(hooks, req->kind);
	interrupt_release();
	return status ? status : error;
}

static int snapshot(const struct request *req)
{
	_cleanup_hooks_ struct hooks hooks = { 0 };
	_cleanup_close_ int fd = -1;
	int status = command_open(&fd);

	if (!status)
		status = hooks_list(&hooks);
	if (status)
		return status;
	json_put_text(out_json(), "kind", req->kind);
	report_programs(&hooks);
	if (req->dry_run)
		return dry_run(req, &hooks);
	status = confirm(req);
	return status ? status : take_between_programs(req, &hooks, fd);
}

int verb_snapshot(const struct verb *verb, int argc, char **argv)
{
	struct request req = { 0 };
	int status = args_parse(verb, argc, argv, &req, req.operands);

	if (!status)
		status = check_operands(&req);
	return status ? status : snapshot(&req);
}

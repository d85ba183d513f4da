// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gates: would an image be taken now, and if not, what are the obstacles?  The module looks for
 * them, as it does before it takes one; nothing is stopped and nothing is written.
 */
#include "verbs/gates.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "machine/clock.h"
#include "machine/inmemory.h"
#include "module/command.h"
#include "module/refusal.h"
#include "verbs/verbs.h"

struct request {
	bool once;
};

const struct option_row gates_options[] = {
	OPTION_FLAG("once", struct request, once, "for a one-shot image (default: a golden image)"),
	{ 0 },
};

static int ask_module(const char *kind, char **ret_refusal)
{
	_cleanup_close_ int fd = -1;
	char command[32];
	int status = command_open(&fd);

	*ret_refusal = NULL;
	if (status)
		return status;
	snprintf(command, sizeof(command), "test:gates %s", kind);
	return refusal_read(command_write(fd, command), ret_refusal);
}

/* Which seal an image would get; a module without this attribute knows none. */
static int report_seal(void)
{
	_cleanup_free_ char *seal = NULL;
	int status = attr_read(ATTR_DIR "seal", &seal);

	if (status || !seal || !seal[0])
		return status;
	out_text("seal: %s\n", seal);
	json_put_text(out_json(), "seal", seal);
	return 0;
}

int gates_report(const char *kind)
{
	_cleanup_free_ char *refusal = NULL;
	int status = ask_module(kind, &refusal);

	if (status)
		return status;
	refusal_report(kind, refusal);
	status = report_seal();
	if (status)
		return status;
	inmemory_warn();
	clock_warn();
	return refusal ? fail(FAIL_OBSTACLES, "no image would be taken") : 0;
}

int verb_gates(const struct verb *verb, int argc, char **argv)
{
	struct request req = { 0 };
	int status = args_parse(verb, argc, argv, &req, NULL);
	const char *kind = req.once ? "once" : "golden";

	if (status)
		return status;
	json_put_text(out_json(), "kind", kind);
	return gates_report(kind);
}

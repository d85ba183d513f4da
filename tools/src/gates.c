// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gates: would an image be taken now, and if not, what stands in the way?  The
 * module looks, as it does before it takes one; nothing stands still and nothing
 * is written.
 */
#include "gates.h"

#include <stdio.h>

#include "args.h"
#include "command.h"
#include "fail.h"
#include "io.h"
#include "refusal.h"

struct request {
	const char *kind;
	bool json;
};

enum { OPT_ONCE = 1, OPT_JSON };

const struct option_row gates_options[] = {
	{ "once", NULL, OPT_ONCE, "for an image for one restore (default: a golden one)" },
	{ "json", NULL, OPT_JSON, "print JSON" },
	{ 0 },
};

static int take_option(void *ctx, int key, const char *value)
{
	struct request *req = ctx;

	(void)value;
	if (key == OPT_ONCE)
		req->kind = "once";
	else
		req->json = true;
	return 0;
}

int gates_look(const char *kind, char **ret_refusal)
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

static int show(const struct request *req, const char *refusal)
{
	struct json_object *json;

	if (!req->json) {
		refusal_print(req->kind, refusal);
		return 0;
	}
	json = json_object_new_object();
	json_put_text(json, "kind", req->kind);
	refusal_json(refusal, json);
	return json_print(json);
}

int verb_gates(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .kind = "golden" };
	_cleanup_free_ char *refusal = NULL;
	int status = args_parse(verb, argc, argv, take_option, &req, NULL);

	if (!status)
		status = gates_look(req.kind, &refusal);
	if (!status)
		status = show(&req, refusal);
	if (status)
		return status;
	return refusal ? EXIT_REFUSED : EXIT_OK;
}

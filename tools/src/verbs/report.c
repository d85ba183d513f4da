// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report: where the time went, in the restore that this system came from, or in the snapshot that
 * was taken since; otherwise what the loader did at this start.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "area/image.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"
#include "firmware/lastresult.h"
#include "module/figures.h"
#include "verbs/svg.h"
#include "verbs/verbs.h"

struct request {
	const char *svg; /* NULL: draw nothing */
};

const struct option_row report_options[] = {
	OPTION_TEXT("svg", "FILE", struct request, svg, "also write a picture of the stages"),
	{ 0 },
};

struct report {
	struct figures figures;
	struct stage stages[FIGURES_MAX_STAGES];
	size_t nr_stages;
	char *last_result; /* of a system that was not restored; NULL: the loader did not run */
};

static void report_free(struct report *report)
{
	figures_free(&report->figures);
	io_cleanup_free(&report->last_result);
}
#define _cleanup_report_ __attribute__((cleanup(report_free)))

static int collect(struct report *report)
{
	int status = figures_read(&report->figures);

	if (status)
		return status;
	if (report->figures.timings)
		report->nr_stages = figures_stages(&report->figures, report->stages);
	return report->figures.restored ? 0 : lastresult_read(&report->last_result);
}

static double seconds(uint64_t us)
{
	return (double)us / 1e6;
}

static void print_stages(const struct report *report)
{
	uint64_t total = 0;

	printf("\n%-8s%-32s%10s%10s\n", "", "", "took", "at");
	for (size_t i = 0; i < report->nr_stages; i++) {
		const struct stage *stage = &report->stages[i];

		total = stage->start_us + stage->took_us;
		printf("%-8s%-32s%8.3f s%8.3f s\n", stage->part, stage->what,
		       seconds(stage->took_us), seconds(total));
	}
	printf("%-40s%8.3f s\n\n", "in all", seconds(total));
}

/* 0 for a missing figure. */
static uint64_t figure(const struct report *report, const char *key)
{
	uint64_t value;

	return figures_get(&report->figures, key, &value) ? value : 0;
}

static void print_restored(const struct report *report)
{
	uint64_t pages = figure(report, "pages_direct") + figure(report, "pages_staged");

	printf("This system was restored from the image of generation %" PRIu64 ", restore %" PRIu64
	       ".\nTime counts from the loader's start.\n",
	       report->figures.generation, report->figures.restores);
	print_stages(report);
	printf("%s were read for %s of memory; processors at work: %" PRIu64 "\n",
	       text_size(figure(report, "bytes_read")).s, text_size(pages * IMG_PAGE_SIZE).s,
	       figure(report, "loader_workers"));
	if (figure(report, "probe_us"))
		printf("%.3f s of it went into the loader's option probe\n",
		       seconds(figure(report, "probe_us")));
}

static void print_last_result(const struct report *report)
{
	const char *line = report->last_result;

	if (!line) {
		printf("The loader left no result at this start of the machine.\n");
		return;
	}
	printf("At this start of the machine the loader reported:\n");
	for (; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0)
		printf("  %.*s\n", (int)strcspn(line, "\n"), line);
}

static void print_saved(const struct report *report)
{
	printf("The last snapshot: generation %" PRIu64 ".  Tasks stood still throughout.\n",
	       report->figures.generation);
	print_stages(report);
	printf("%s of memory were stored in %s (%" PRIu64 " %%)\n",
	       text_size(figure(report, "pages") * IMG_PAGE_SIZE).s,
	       text_size(figure(report, "bytes")).s, figure(report, "ratio_percent"));
	print_last_result(report);
}

static void print_none(const struct report *report)
{
	printf("This start of the machine was not a restore, and no snapshot was taken since%s.\n",
	       report->figures.state ? "" : " (the module is not loaded)");
	print_last_result(report);
}

static const char *subject(const struct report *report)
{
	if (report->figures.restored)
		return "restore";
	return report->figures.saved ? "snapshot" : "none";
}

static void put_stages(const struct report *report, struct json_object *stages)
{
	for (size_t i = 0; i < report->nr_stages; i++) {
		const struct stage *stage = &report->stages[i];
		struct json_object *to = json_append_object(stages);

		json_put_text(to, "part", stage->part);
		json_put_text(to, "stage", stage->what);
		json_put_text(to, "figure", stage->key);
		json_put_number(to, "start_us", stage->start_us);
		json_put_number(to, "took_us", stage->took_us);
	}
}

static void put_json(const struct report *report, struct json_object *json)
{
	json_put_text(json, "of", subject(report));
	json_put_bool(json, "loaded", report->figures.state);
	if (report->nr_stages) {
		put_stages(report, json_put_array(json, "stages"));
		figures_json(&report->figures, json);
	}
	if (report->last_result)
		lastresult_json(report->last_result, json_put_object(json, "loader_result"));
}

static void show(const struct report *report)
{
	if (out_is_json())
		put_json(report, out_json());
	else if (report->figures.restored)
		print_restored(report);
	else if (report->figures.saved)
		print_saved(report);
	else
		print_none(report);
}

static int draw(const char *svg, const struct report *report)
{
	char title[64];

	if (!svg)
		return 0;
	if (!report->nr_stages)
		return fail(FAIL_NO_TIMINGS, "there is nothing to draw");
	snprintf(title, sizeof(title), "%s, generation %" PRIu64, subject(report),
		 report->figures.generation);
	return svg_write(svg, title, report->stages, report->nr_stages);
}

int verb_report(const struct verb *verb, int argc, char **argv)
{
	_cleanup_report_ struct report report = { 0 };
	struct request req = { 0 };
	int status = args_parse(verb, argc, argv, &req, NULL);

	if (!status)
		status = collect(&report);
	if (status)
		return status;
	show(&report);
	return draw(req.svg, &report);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* One bar as long as all stages together, a legend below it. */
#include "verbs/svg.h"

#include <errno.h>
#include <stdio.h>

#include "base/fail.h"

#define MARGIN	    20
#define BAR_WIDTH   760
#define BAR_TOP	    44
#define BAR_HEIGHT  36
#define LEGEND_TOP  110
#define LINE_HEIGHT 22

/* Neighbours differ in lightness, for readers who do not see colours. */
static const char *const colours[] = {
	"#1b4f72", "#85c1e9", "#117a65", "#82e0aa", "#7d6608", "#f7dc6f",
	"#873600", "#f0b27a", "#6c3483", "#d2b4de", "#424949", "#b2babb",
};

static const char *colour(size_t i)
{
	return colours[i % (sizeof(colours) / sizeof(colours[0]))];
}

static double seconds(uint64_t us)
{
	return (double)us / 1e6;
}

static uint64_t total(const struct stage *stages, size_t count)
{
	return count ? stages[count - 1].start_us + stages[count - 1].took_us : 0;
}

static void put_bar(FILE *to, const struct stage *stage, uint64_t whole, const char *fill)
{
	double scale = whole ? BAR_WIDTH / (double)whole : 0;

	fprintf(to,
		"<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" fill=\"%s\">"
		"<title>%s: %.3f s</title></rect>\n",
		MARGIN + (double)stage->start_us * scale, BAR_TOP, (double)stage->took_us * scale,
		BAR_HEIGHT, fill, stage->what, seconds(stage->took_us));
}

static void put_legend(FILE *to, const struct stage *stage, size_t line, const char *fill)
{
	size_t y = LEGEND_TOP + line * LINE_HEIGHT;

	fprintf(to, "<rect x=\"%d\" y=\"%zu\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", MARGIN,
		y - 11, fill);
	fprintf(to, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">%.3f s</text>\n", MARGIN + 90, y,
		seconds(stage->took_us));
	fprintf(to, "<text x=\"%d\" y=\"%zu\">%s: %s</text>\n", MARGIN + 106, y, stage->part,
		stage->what);
}

static void put_picture(FILE *to, const char *title, const struct stage *stages, size_t count)
{
	size_t height = LEGEND_TOP + count * LINE_HEIGHT;
	int width = BAR_WIDTH + 2 * MARGIN;
	uint64_t whole = total(stages, count);

	fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
		"viewBox=\"0 0 %d %zu\" font-family=\"sans-serif\" font-size=\"14\">\n",
		width, height, width, height);
	fprintf(to, "<title>%s</title>\n", title);
	fprintf(to, "<rect width=\"%d\" height=\"%zu\" fill=\"#ffffff\"/>\n", width, height);
	fprintf(to, "<text x=\"%d\" y=\"28\">%s: %.3f s</text>\n", MARGIN, title, seconds(whole));
	for (size_t i = 0; i < count; i++) {
		put_bar(to, &stages[i], whole, colour(i));
		put_legend(to, &stages[i], i, colour(i));
	}
	fprintf(to, "</svg>\n");
}

int svg_write(const char *path, const char *title, const struct stage *stages, size_t count)
{
	FILE *to = fopen(path, "we");
	int failed;

	if (!to)
		return fail_errno(FAIL_OUTPUT, "%s", path);
	put_picture(to, title, stages, count);
	failed = fflush(to) || ferror(to);
	if (fclose(to) || failed)
		return fail_errno(FAIL_OUTPUT, "%s", path);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FASTBOOTCTL_SVG_H
#define FASTBOOTCTL_SVG_H

#include "module/figures.h"

/*
 * Writes a picture of the stages: one bar, and a line with the name and the time of each.
 * title: plain ASCII without markup.  Exit status.
 */
int svg_write(const char *path, const char *title, const struct stage *stages, size_t count);

#endif

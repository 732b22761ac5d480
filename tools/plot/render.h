/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes a canvas visible, with cairo, in memory. The only file that knows cairo, and all that is missing
 * where effnet was built without it.
 */
#ifndef PLOT_RENDER_H
#define PLOT_RENDER_H

#include "plot/canvas.h"

typedef enum render_format { RENDER_SVG, RENDER_PNG } render_format;

/* A PNG has two pixels for one unit of the canvas, so that it is sharp on today's screens and in print. */
enum { RENDER_PNG_SCALE = 2, RENDER_MAX_SIDE = 16000 };

/* cairo's version; NULL if effnet was built without it or does not find it. */
const char *render_version(void);

/* The file's bytes, malloc'd; NULL, with the reason in *why, on failure. */
void *render_canvas(const canvas *c, render_format format, size_t *size, const char **why);

/* Length of a text of valid UTF-8. */
double render_text_length(canvas_font font, const char *text);

#endif

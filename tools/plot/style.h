/* SPDX-License-Identifier: Apache-2.0
 *
 * How all pictures look: sizes, greys, and the forms that tell series apart without colour.
 */
#ifndef PLOT_STYLE_H
#define PLOT_STYLE_H

#include "plot/canvas.h"

enum { STYLE_SERIES = 8 }; /* different ones; then they begin anew */

extern const canvas_font style_title, style_heading, style_label, style_small;
extern const canvas_style style_axis, style_grid;

/* Line of series number `index`: its colour and dashes. */
canvas_style style_line(size_t index);

/* Fill of the bars of series number `index`, from dark to light. */
canvas_style style_bar(size_t index);

/* The mark of series number `index` with its centre at (x, y). */
void style_draw_mark(canvas *c, size_t index, double x, double y);

/* Half of a mark's width and height. */
extern const double style_mark_radius;

/* `colour` mixed with white: 1 leaves it, 0 is white. */
canvas_colour style_tint(canvas_colour colour, double strength);

#endif

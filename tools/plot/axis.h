/* SPDX-License-Identifier: Apache-2.0
 *
 * From a chart's numbers to places on the canvas, and the axes that show how.
 */
#ifndef PLOT_AXIS_H
#define PLOT_AXIS_H

#include "plot/chart.h"
#include "plot/ticks.h"

typedef struct axis {
    const chart_axis *what;
    double from, to;             /* numbers at its ends */
    double pixel_from, pixel_to; /* places of its ends */
    ticks ticks;
    double longest_name;
    bool upwards; /* names are turned */
} axis;

/* Whether the axis can show `value` at all. */
bool axis_takes(const chart_axis *what, double value);

/* An axis for numbers from `least` to `most` (least > most: there are none), that ends at round ones. With
 * `rests_on`, bars stand on it: it has 0. */
axis axis_over(const chart_axis *what, double least, double most, bool rests_on, size_t most_ticks);

double axis_at(const axis *a, double value);

/* Room that the labels of a vertical axis take to its left. */
double axis_label_width(const axis *a);

/* Chooses the ticks of a horizontal axis of that width, so that no label touches the next; or turns its
 * names, which are then at most `most` high. */
void axis_fit(axis *a, double width, double most);

/* Room that the labels of a horizontal axis take below it. */
double axis_label_height(const axis *a);

/* Lines and labels; `plot` is what the axes enclose. */
void axis_draw_x(canvas *c, const axis *a, canvas_box plot);
void axis_draw_y(canvas *c, const axis *a, canvas_box plot);

#endif

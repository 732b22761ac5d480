/* SPDX-License-Identifier: Apache-2.0
 *
 * Charts: lines, points and bars over two axes. Series are told apart by form as well as by colour (marks,
 * dashes, lightness), so that a chart can be printed in grey; the axis' numbers are round; no text lies on
 * another: where there is no room for a label, it is left out.
 */
#ifndef PLOT_CHART_H
#define PLOT_CHART_H

#include "plot/canvas.h"

typedef enum chart_kind { CHART_LINE, CHART_POINTS, CHART_LINE_AND_POINTS, CHART_BARS } chart_kind;

typedef struct chart_series {
    const char *name; /* in the legend; NULL: not there */
    chart_kind kind;
    size_t count;
    const double *x, *y;       /* [count]; a point that is not finite (or not over 0 on a logarithmic axis) is
                                  a gap; x NULL: 0, 1, 2, ... */
    const double *spread;      /* [count], y plus and minus this is shown too; NULL: none */
    const char *const *labels; /* [count], beside the points; NULL: none */
} chart_series;

typedef struct chart_axis {
    const char *title;
    bool log;
    double from, to;          /* both 0: as the data have it */
    const char *const *names; /* of the values 0, 1, 2, ... in place of numbers; NULL: numbers */
    size_t name_count;
} chart_axis;

typedef struct chart {
    const char *title; /* NULL: none */
    chart_axis x, y;
    const chart_series *series;
    size_t series_count;
} chart;

/* Draws into `area` of the canvas. */
void chart_draw(canvas *c, canvas_box area, const chart *what);

/* A canvas with `count` charts, each of width x height, `columns` of them side by side, under a common title
 * (may be NULL). NULL out of memory. */
canvas *chart_sheet(const char *title, const chart *charts, size_t count, size_t columns, double width,
                    double height);

#endif

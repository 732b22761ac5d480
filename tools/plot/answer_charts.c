/* SPDX-License-Identifier: Apache-2.0
 *
 * How good a network's answers are: reliability of classes, values found against true ones. See
 * figure_charts.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "plot/chart.h"
#include "plot/figure_charts.h"

static const double WIDTH = 400, HEIGHT = 340, SMALL_HEIGHT = 320;
enum { MOST_BINS = 32 };

canvas *reliability_charts(const double *confidence, const double *accuracy, const double *pictures,
                           size_t count)
{
    static const double diagonal[] = {0, 1};
    char texts[MOST_BINS][8];
    const char *names[MOST_BINS];
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "%.2f", (double)(i + 1) / (double)count);
        names[i] = texts[i];
    }
    const chart_series reliability[] = {
        {.name = "network", .kind = CHART_LINE_AND_POINTS, .count = count, .x = confidence, .y = accuracy},
        {.name = "well calibrated", .kind = CHART_LINE, .count = 2, .x = diagonal, .y = diagonal},
    };
    const chart_series sizes[] = {{.kind = CHART_BARS, .count = count, .y = pictures}};
    const chart charts[] = {
        {.title = "Share of right answers",
         .x = {.title = "confidence", .from = 0, .to = 1},
         .y = {.from = 0, .to = 1},
         .series = reliability,
         .series_count = 2},
        {.title = "Pictures",
         .x = {.title = "confidence up to", .names = names, .name_count = count},
         .series = sizes,
         .series_count = 1},
    };
    return chart_sheet(NULL, charts, 2, 2, WIDTH, HEIGHT);
}

/* Column `output` of [count][outputs]; `ends` gets the least and the most of it, and of what is in it. */
static void take_column(double *to, const float *from, size_t count, size_t outputs, size_t output,
                        double ends[2])
{
    for (size_t i = 0; i < count; i++) {
        to[i] = (double)from[i * outputs + output];
        if (!isfinite(to[i])) continue;
        ends[0] = fmin(ends[0], to[i]);
        ends[1] = fmax(ends[1], to[i]);
    }
}

canvas *value_charts(const char *const *names, const float *truths, const float *answers, size_t count,
                     size_t outputs)
{
    const size_t drawn = outputs < VALUE_CHARTS ? outputs : VALUE_CHARTS;
    double *x = malloc((count + 1) * drawn * sizeof *x), *y = malloc((count + 1) * drawn * sizeof *y);
    double ends[VALUE_CHARTS][2];
    chart_series series[VALUE_CHARTS][2];
    chart charts[VALUE_CHARTS];
    for (size_t i = 0; x && y && i < drawn; i++) {
        ends[i][0] = HUGE_VAL;
        ends[i][1] = -HUGE_VAL;
        take_column(x + i * count, truths, count, outputs, i, ends[i]);
        take_column(y + i * count, answers, count, outputs, i, ends[i]);
        series[i][0] = (chart_series){
            .name = "pictures", .kind = CHART_POINTS, .count = count, .x = x + i * count, .y = y + i * count};
        series[i][1] =
            (chart_series){.name = "equal", .kind = CHART_LINE, .count = 2, .x = ends[i], .y = ends[i]};
        charts[i] = (chart){.title = names[i],
                            .x = {.title = "true"},
                            .y = {.title = "found"},
                            .series = series[i],
                            .series_count = 2};
    }
    canvas *c = x && y ? chart_sheet(NULL, charts, drawn, drawn < 3 ? drawn : 3, WIDTH, SMALL_HEIGHT) : NULL;
    free(x);
    free(y);
    return c;
}

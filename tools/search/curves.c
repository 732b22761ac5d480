/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning curves of several runs in one chart, from their logs. See charts.h.
 */
#define _GNU_SOURCE
#include <effnet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/chart.h"
#include "search/charts.h"

enum { MOST_RUNS = 6, MAX_EPOCHS = 4096, MAX_LOG = 16 << 20, NAME = 64, EPOCH_COLUMN = 0, FEWEST = 5 };

typedef struct curve {
    char name[NAME];
    size_t count;
    double epoch[MAX_EPOCHS], accuracy[MAX_EPOCHS];
} curve;

/* Field number `index` of the line at `at`; NaN if it is no number. */
static double field(const char *at, size_t index)
{
    for (; index > 0 && *at && *at != '\n'; at++)
        index -= *at == ',';
    char *end;
    const double number = strtod(at, &end);
    return end != at && index == 0 && (*end == ',' || *end == '\n') ? number : NAN;
}

/* Which column of the header is called `name`; false if none. */
static bool find_column(const char *header, const char *name, size_t *column)
{
    const size_t length = strlen(name);
    *column = 0;
    for (const char *at = header; *at && *at != '\n'; at++) {
        const bool begins = at == header || at[-1] == ',';
        if (begins && strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\n'))
            return true;
        *column += *at == ',';
    }
    return false;
}

/* What counts is the averaged weights, where there are any. */
static void read_curve(curve *c, const char *text)
{
    size_t averaged, plain;
    const bool has_average = find_column(text, "ema_top1", &averaged),
               has_plain = find_column(text, "val_top1", &plain);
    for (const char *line = strchr(text, '\n'); line && line[1] && c->count < MAX_EPOCHS;
         line = strchr(line + 1, '\n')) {
        const double own = has_plain ? field(line + 1, plain) : NAN;
        const double average = has_average ? field(line + 1, averaged) : NAN;
        c->epoch[c->count] = field(line + 1, EPOCH_COLUMN) + 1;
        c->accuracy[c->count++] = 100 * (isnan(average) ? own : average);
    }
}

static bool load_curve(curve *c, const search_row *row, const char *folder)
{
    char *path;
    void *text = NULL;
    size_t size = 0;
    if (asprintf(&path, "%s/candidates/%03zu-0/log.csv", folder, row->c.same_as) < 0) return false;
    const effnet_status status = effnet_file_read(&text, &size, path, MAX_LOG, NULL);
    free(path);
    if (status != EFFNET_OK) return false;
    char *string = strndup(text, size);
    free(text);
    if (!string) return false;
    c->count = 0;
    if (row->index == 0)
        snprintf(c->name, sizeof c->name, "0: baseline");
    else
        snprintf(c->name, sizeof c->name, "%zu: %.4g, %.4g, %.4g", row->index, row->c.alpha, row->c.beta,
                 row->c.gamma);
    read_curve(c, string);
    free(string);
    return c->count > 0;
}

canvas *search_curves_chart(const search_results *r, const char *folder)
{
    curve *curves = calloc(MOST_RUNS, sizeof *curves);
    chart_series series[MOST_RUNS];
    size_t count = 0;
    if (!curves) return NULL;
    for (size_t i = 0; i < r->count && count < MOST_RUNS; i++) {
        const search_row *row = &r->rows[i];
        const bool last = count == MOST_RUNS - 1 && r->baseline && r->baseline->c.rank > row->c.rank;
        if (last) row = r->baseline; /* always among them */
        if (!row->c.rank || row->c.same_as != row->index || !load_curve(&curves[count], row, folder))
            continue;
        const curve *c = &curves[count];
        series[count++] = (chart_series){.name = c->name,
                                         .kind = c->count > 40 ? CHART_LINE : CHART_LINE_AND_POINTS,
                                         .count = c->count,
                                         .x = c->epoch,
                                         .y = c->accuracy};
    }
    double last = FEWEST;
    for (size_t i = 0; i < count; i++)
        last = fmax(last, curves[i].epoch[curves[i].count - 1]);
    const chart one = {.x = {.title = "epoch", .from = 0, .to = last},
                       .y = {.title = "validation accuracy, per cent (first seed)"},
                       .series = series,
                       .series_count = count};
    canvas *drawn = chart_sheet(NULL, &one, 1, 1, 860, 460);
    free(curves);
    return drawn;
}

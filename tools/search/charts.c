/* SPDX-License-Identifier: Apache-2.0
 *
 * See charts.h: accuracy against cost, and over the surface of the constraint.
 */
#include "search/charts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/chart.h"

enum { LABEL = 16, GROUPS = 4 };
static const double WIDTH = 860, HEIGHT = 460, MARGIN = 0.05;

/* Points of one series. */
typedef struct points {
    size_t count;
    double *x, *y, *spread;
    char (*texts)[LABEL];
    const char **labels;
} points;

static bool points_make(points *p, size_t most)
{
    *p = (points){.x = calloc(most, sizeof *p->x),
                  .y = calloc(most, sizeof *p->y),
                  .spread = calloc(most, sizeof *p->spread),
                  .texts = calloc(most, sizeof *p->texts),
                  .labels = calloc(most, sizeof *p->labels)};
    return p->x && p->y && p->spread && p->texts && p->labels;
}

static void points_clear(points *p)
{
    free(p->x);
    free(p->y);
    free(p->spread);
    free(p->texts);
    free((void *)p->labels);
}

static void points_add(points *p, double x, double y, double spread)
{
    p->x[p->count] = x;
    p->y[p->count] = y;
    p->spread[p->count] = isnan(spread) ? 0 : spread;
    p->labels[p->count] = p->texts[p->count];
    p->count++;
}

static chart_series series_of(const points *p, const char *name, bool spread)
{
    return (chart_series){.name = name,
                          .kind = CHART_POINTS,
                          .count = p->count,
                          .x = p->x,
                          .y = p->y,
                          .spread = spread ? p->spread : NULL,
                          .labels = p->labels};
}

/* Draws the groups that have points. */
static canvas *draw(const points *groups, const char *const *names, bool spread, chart_axis x, chart_axis y)
{
    chart_series series[GROUPS];
    size_t count = 0;
    for (size_t i = 0; i < GROUPS; i++)
        if (groups[i].count > 0) series[count++] = series_of(&groups[i], names[i], spread);
    const chart one = {.x = x, .y = y, .series = series, .series_count = count};
    return chart_sheet(NULL, &one, 1, 1, WIDTH, HEIGHT);
}

/* Where a row goes: its group and its place; false if it is not shown. */
typedef bool placing(const search_results *r, size_t row, size_t *group, double *x, double *y,
                     char label[LABEL]);

static canvas *place_all(const search_results *r, placing *place, const char *const *names, bool spread,
                         chart_axis x_axis, chart_axis y_axis)
{
    points groups[GROUPS] = {{0}};
    bool ok = true;
    for (size_t i = 0; i < GROUPS; i++)
        ok &= points_make(&groups[i], r->count);
    for (size_t i = 0; ok && i < r->count; i++) {
        size_t group;
        double x, y;
        char label[LABEL];
        if (!place(r, i, &group, &x, &y, label)) continue;
        points *p = &groups[group];
        memcpy(p->texts[p->count], label, LABEL);
        points_add(p, x, y, 100 * r->rows[i].c.spread);
    }
    canvas *drawn = ok ? draw(groups, names, spread, x_axis, y_axis) : NULL;
    for (size_t i = 0; i < GROUPS; i++)
        points_clear(&groups[i]);
    return drawn;
}

/* ---- Cost ---- */

static bool place_by_cost(const search_results *r, size_t row, size_t *group, double *x, double *y,
                          char label[LABEL])
{
    const effnet_candidate *c = &r->rows[row].c;
    if (!c->rank || c->same_as != r->rows[row].index) return false;
    *group = c->kind == EFFNET_CANDIDATE_PUBLISHED  ? 2
             : r->rows[row].index == 0              ? 0
             : strcmp(c->strategy, "compound") == 0 ? 3
                                                    : 1;
    *x = (double)c->macs / 1e6;
    *y = 100 * c->accuracy;
    snprintf(label, LABEL, "%zu", r->rows[row].index);
    return true;
}

canvas *search_cost_chart(const search_results *r)
{
    static const char *const names[GROUPS] = {"baseline", "one dimension alone", "published 1.2, 1.1, 1.15",
                                              "compound"};
    return place_all(r, place_by_cost, names, r->info.seeds > 1,
                     (chart_axis){.title = "multiply-adds, millions"},
                     (chart_axis){.title = "accuracy, per cent (of the last rung that each got to)"});
}

/* ---- The surface ---- */

/* Two decimals of per cent are enough to see where it is high. */
static bool place_on_surface(const search_results *r, size_t row, size_t *group, double *x, double *y,
                             char label[LABEL])
{
    const effnet_candidate *c = &r->rows[row].c;
    if (!c->rank || r->rows[row].index == 0 || (c->same_as == 0 && c->growth == 1)) return false;
    size_t ranked = 0, before = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (!r->rows[i].c.rank) continue;
        ranked++;
        before += i < row;
    }
    *group = 3 * before / ranked;
    *x = c->beta;
    *y = c->gamma;
    snprintf(label, LABEL, "%.1f", 100 * c->accuracy);
    return true;
}

canvas *search_map_chart(const search_results *r)
{
    static const char *const names[GROUPS] = {"best third", "middle third", "last third", ""};
    double beta = 1, gamma = 1;
    for (size_t i = 0; i < r->count; i++) {
        beta = fmax(beta, r->rows[i].c.beta);
        gamma = fmax(gamma, r->rows[i].c.gamma);
    }
    return place_all(r, place_on_surface, names, false,
                     (chart_axis){.title = "beta: width", .from = 1 - MARGIN, .to = beta + MARGIN},
                     (chart_axis){.title = "gamma: resolution", .from = 1 - MARGIN, .to = gamma + MARGIN});
}

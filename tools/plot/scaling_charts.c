/* SPDX-License-Identifier: Apache-2.0
 *
 * See cost_charts.h: what scaling a network makes of its cost, and ways to scale it side by side.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "plot/chart.h"
#include "plot/cost_charts.h"

/* ---- growth with phi ---- */

enum { STEPS = 120 };

typedef enum growth { ASKED, MACS, PARAMETERS, BYTES, GROWTHS } growth;

typedef struct sweep {
    double phi[STEPS + 1];
    double growths[GROWTHS][STEPS + 1]; /* over the baseline's; NaN where nothing can be built */
} sweep;

static double over(uint64_t scaled, uint64_t base)
{
    return base ? (double)scaled / (double)base : NAN;
}

static void scale_one(double out[GROWTHS], const effnet_network *base, const effnet_scaling *scaling)
{
    effnet_network *network;
    effnet_network_info info, was;
    effnet_scaled scaled;
    for (int i = 0; i < GROWTHS; i++)
        out[i] = NAN;
    if (effnet_network_scale(&network, &scaled, base, scaling, NULL) != EFFNET_OK) return;
    effnet_network_get_info(base, &was);
    effnet_network_get_info(network, &info);
    out[ASKED] = scaled.asked;
    out[MACS] = over(info.macs, was.macs);
    out[PARAMETERS] = over(info.parameters, was.parameters);
    out[BYTES] = over(info.activation_bytes_peak, was.activation_bytes_peak);
    effnet_network_free(network);
}

static void fill_sweep(sweep *s, const effnet_network *base, effnet_scaling scaling, double from, double to)
{
    for (size_t i = 0; i <= STEPS; i++) {
        double growths[GROWTHS];
        s->phi[i] = scaling.phi = from + (to - from) * (double)i / STEPS;
        scale_one(growths, base, &scaling);
        for (int j = 0; j < GROWTHS; j++)
            s->growths[j][i] = growths[j];
    }
}

static canvas *draw_sweep(const sweep *s, const sweep *marked, size_t marks, const char *base,
                          const effnet_scaling *scaling)
{
    const chart_series macs[] = {
        {.name = "by the formula",
         .kind = CHART_LINE,
         .count = STEPS + 1,
         .x = s->phi,
         .y = s->growths[ASKED]},
        {.name = "as built, after rounding",
         .kind = CHART_LINE,
         .count = STEPS + 1,
         .x = s->phi,
         .y = s->growths[MACS]},
        {.name = "the phi asked for",
         .kind = CHART_POINTS,
         .count = marks,
         .x = marked->phi,
         .y = marked->growths[MACS]},
    };
    const chart_series others[] = {
        {.name = "multiply-adds", .kind = CHART_LINE, .count = STEPS + 1, .x = s->phi, .y = s->growths[MACS]},
        {.name = "parameters",
         .kind = CHART_LINE,
         .count = STEPS + 1,
         .x = s->phi,
         .y = s->growths[PARAMETERS]},
        {.name = "bytes of activations",
         .kind = CHART_LINE,
         .count = STEPS + 1,
         .x = s->phi,
         .y = s->growths[BYTES]},
    };
    const chart_axis phi = {.title = "phi"}, times = {.title = "times the baseline", .log = true};
    const chart charts[] = {
        {.title = "Multiply-adds", .x = phi, .y = times, .series = macs, .series_count = 3},
        {.title = "What else grows", .x = phi, .y = times, .series = others, .series_count = 3},
    };
    char title[160];
    snprintf(title, sizeof title, "%s scaled: depth %g^phi, width %g^phi, resolution %g^phi", base,
             scaling->alpha, scaling->beta, scaling->gamma);
    return chart_sheet(title, charts, 2, 2, 460, 360);
}

canvas *phi_charts(const effnet_network *base, const effnet_scaling *scaling, const double *phis,
                   size_t count)
{
    double from = 0, to = 0;
    for (size_t i = 0; i < count; i++) {
        from = fmin(from, phis[i]);
        to = fmax(to, phis[i]);
    }
    if (from == to) to = 1; /* phi 0 alone */
    sweep *s = calloc(2, sizeof *s);
    if (!s) return NULL;
    effnet_scaling one = *scaling;
    fill_sweep(&s[0], base, one, from, to);
    const size_t marks = count < STEPS ? count : STEPS;
    for (size_t i = 0; i < marks; i++) {
        double growths[GROWTHS];
        s[1].phi[i] = one.phi = phis[i];
        scale_one(growths, base, &one);
        s[1].growths[MACS][i] = growths[MACS];
    }
    effnet_network_info info;
    effnet_network_get_info(base, &info);
    canvas *c = draw_sweep(&s[0], &s[1], marks, info.name, scaling);
    free(s);
    return c;
}

/* ---- strategies ---- */

enum { MAX_WAYS = 8 };

typedef struct strategy_data {
    size_t count;
    const char *names[MAX_WAYS];
    double growths[3][MAX_WAYS];
    double macs[MAX_WAYS][2]; /* of the baseline and of one strategy, between which a line is drawn */
    double paper[MAX_WAYS][2], own[MAX_WAYS][2];
    chart_series accuracies[2 * MAX_WAYS];
    char series_names[2 * MAX_WAYS][48];
    size_t accuracy_count;
} strategy_data;

static void add_accuracy(strategy_data *d, size_t i, double *top1, const double ends[2], const char *whose)
{
    top1[0] = ends[0];
    top1[1] = ends[1];
    if (isnan(ends[1])) return;
    char *name = d->series_names[d->accuracy_count];
    snprintf(name, sizeof d->series_names[0], "%.24s, %s", d->names[i], whose);
    d->accuracies[d->accuracy_count++] =
        (chart_series){.name = name, .kind = CHART_LINE_AND_POINTS, .count = 2, .x = d->macs[i], .y = top1};
}

static void collect_strategies(strategy_data *d, const strategy_cost *ways, size_t count)
{
    d->count = count < MAX_WAYS ? count : MAX_WAYS;
    for (size_t i = 0; i < d->count; i++) {
        d->names[i] = ways[i].name;
        d->growths[0][i] = over(ways[i].macs, ways[0].macs);
        d->growths[1][i] = over(ways[i].parameters, ways[0].parameters);
        d->growths[2][i] = over(ways[i].activation_bytes, ways[0].activation_bytes);
        d->macs[i][0] = (double)ways[0].macs;
        d->macs[i][1] = (double)ways[i].macs;
    }
    for (size_t i = 1; i < d->count; i++)
        add_accuracy(d, i, d->paper[i], (double[]){ways[0].paper_top1, ways[i].paper_top1}, "the paper's");
    for (size_t i = 1; i < d->count; i++)
        add_accuracy(d, i, d->own[i], (double[]){ways[0].own_top1, ways[i].own_top1}, "your own");
}

/* ---- steps in one dimension ---- */

enum { PAPERS, OWN, UNKNOWN, LADDER_SERIES };

typedef struct ladder_data {
    char texts[LADDER_MAX_STEPS][16];
    const char *labels[LADDER_SERIES][LADDER_MAX_STEPS];
    double macs[LADDER_SERIES][LADDER_MAX_STEPS], top1[LADDER_SERIES][LADDER_MAX_STEPS];
    char title[48];
    chart_series series[LADDER_SERIES];
} ladder_data;

/* The least and the most accuracy of all ladders; false if there is none. */
static bool accuracy_range(double range[2], const strategy_ladder *ladders)
{
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (size_t l = 0; l < LADDERS; l++)
        for (size_t i = 0; i < ladders[l].count; i++) {
            range[0] = fmin(range[0], fmin(ladders[l].paper_top1[i], ladders[l].own_top1[i]));
            range[1] = fmax(range[1], fmax(ladders[l].paper_top1[i], ladders[l].own_top1[i]));
        }
    return range[0] <= range[1];
}

/* Adds a point to a series, if its accuracy is known: lines join those that are. */
static void add_point(ladder_data *d, int series, double macs, double top1, const char *label)
{
    const size_t i = d->series[series].count;
    if (isnan(top1)) return;
    d->macs[series][i] = macs;
    d->top1[series][i] = top1;
    d->labels[series][i] = label;
    d->series[series].count++;
}

static chart ladder_chart(ladder_data *d, const strategy_ladder *l, const double range[2])
{
    static const char *const names[LADDER_SERIES] = {"the paper's", "your own", "accuracy not known"};
    for (int i = 0; i < LADDER_SERIES; i++)
        d->series[i] = (chart_series){.name = names[i],
                                      .kind = i == UNKNOWN ? CHART_POINTS : CHART_LINE_AND_POINTS,
                                      .x = d->macs[i],
                                      .y = d->top1[i],
                                      .labels = d->labels[i]};
    for (size_t i = 0; i < l->count; i++) {
        const bool printed = !isnan(l->paper_top1[i]), own = !isnan(l->own_top1[i]);
        snprintf(d->texts[i], sizeof d->texts[i], "%c %.3g", l->name[0], l->factors[i]);
        add_point(d, PAPERS, l->macs[i], l->paper_top1[i], d->texts[i]);
        add_point(d, OWN, l->macs[i], l->own_top1[i], printed ? "" : d->texts[i]);
        add_point(d, UNKNOWN, l->macs[i], printed || own ? NAN : range[0], d->texts[i]);
    }
    snprintf(d->title, sizeof d->title, "More %.16s alone", l->name);
    return (chart){.title = d->title,
                   .x = {.title = "multiply-adds"},
                   .y = {.title = "top-1 accuracy, per cent", .from = range[0], .to = range[1]},
                   .series = d->series,
                   .series_count = LADDER_SERIES};
}

canvas *strategy_charts(const char *network, const strategy_cost *ways, size_t count,
                        const strategy_ladder ladders[LADDERS])
{
    strategy_data *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    collect_strategies(d, ways, count);
    double range[2];
    ladder_data steps[LADDERS];
    const bool is_known = accuracy_range(range, ladders);
    range[0] = floor(range[0]) - 1;
    range[1] = ceil(range[1]);
    const chart_series growths[] = {
        {.name = "multiply-adds", .kind = CHART_BARS, .count = d->count, .y = d->growths[0]},
        {.name = "parameters", .kind = CHART_BARS, .count = d->count, .y = d->growths[1]},
        {.name = "bytes of activations", .kind = CHART_BARS, .count = d->count, .y = d->growths[2]},
    };
    const chart costs = {.title = "What each strategy costs",
                         .x = {.names = d->names, .name_count = d->count},
                         .y = {.title = "times the baseline"},
                         .series = growths,
                         .series_count = 3};
    const chart charts[LADDERS + 2] = {
        ladder_chart(&steps[0], &ladders[0], range),
        ladder_chart(&steps[1], &ladders[1], range),
        ladder_chart(&steps[2], &ladders[2], range),
        costs,
        {.title = "What it gains",
         .x = {.title = "multiply-adds"},
         .y = {.title = "top-1 accuracy, per cent"},
         .series = d->accuracies,
         .series_count = d->accuracy_count},
    };
    char title[128];
    snprintf(title, sizeof title, "%.63s scaled in one dimension, and in all", network);
    /* Without any accuracy there is nothing to gain. */
    canvas *c = is_known ? chart_sheet(title, charts, LADDERS + 2, LADDERS, 400, 340)
                         : chart_sheet(title, &costs, 1, 1, 480, 380);
    free(d);
    return c;
}

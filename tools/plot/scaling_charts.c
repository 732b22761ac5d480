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

canvas *strategy_charts(const char *network, const strategy_cost *ways, size_t count)
{
    strategy_data *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    collect_strategies(d, ways, count);
    const chart_series growths[] = {
        {.name = "multiply-adds", .kind = CHART_BARS, .count = d->count, .y = d->growths[0]},
        {.name = "parameters", .kind = CHART_BARS, .count = d->count, .y = d->growths[1]},
        {.name = "bytes of activations", .kind = CHART_BARS, .count = d->count, .y = d->growths[2]},
    };
    const chart charts[] = {
        {.title = "What each strategy costs",
         .x = {.names = d->names, .name_count = d->count},
         .y = {.title = "times the baseline"},
         .series = growths,
         .series_count = 3},
        {.title = "What it gains",
         .x = {.title = "multiply-adds"},
         .y = {.title = "top-1 accuracy, per cent"},
         .series = d->accuracies,
         .series_count = d->accuracy_count},
    };
    char title[128];
    snprintf(title, sizeof title, "%.63s scaled in one dimension, and in all", network);
    /* Without any accuracy there is nothing to gain. */
    canvas *c = chart_sheet(title, charts, d->accuracy_count ? 2 : 1, d->accuracy_count ? 2 : 1, 480, 380);
    free(d);
    return c;
}

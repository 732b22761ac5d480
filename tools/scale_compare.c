/* SPDX-License-Identifier: Apache-2.0
 *
 * One network scaled in depth alone, in width alone, in resolution alone and in all three: the comparison of
 * the paper's table 3, by its factors, or each as far as one budget goes. Accuracy is the paper's where it
 * published that very network, and the user's own where a file of results names it; nothing is estimated.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/cost_charts.h"
#include "print.h"
#include "report.h"
#include "results.h"
#include "scale.h"

enum { BASELINE, DEPTH, WIDTH, RESOLUTION, COMPOUND, STRATEGIES };

/* By phi, so that a budget can be spent: each 1 of it doubles what is asked for, but for compound, which goes
 * by the request's coefficients. By factors: those of the paper's tables 3 and 7. */
static const struct {
    const char *name;
    effnet_scaling by_phi, by_factors;
} strategies[STRATEGIES] = {
    [BASELINE] = {"baseline", {.depth = 1}, {.depth = 1}},
    [DEPTH] = {"depth", {.alpha = 2, .beta = 1, .gamma = 1}, {.depth = 4}},
    [WIDTH] = {"width", {.alpha = 1, .beta = 1.4142135623730951, .gamma = 1}, {.width = 2}},
    [RESOLUTION] = {"resolution", {.alpha = 1, .beta = 1, .gamma = 1.4142135623730951}, {.resolution = 2}},
    [COMPOUND] = {"compound", {.alpha = 0}, {.depth = 1.4, .width = 1.2, .resolution = 1.3}},
};

typedef struct row {
    const char *name; /* of the strategy */
    scale_plan plan;
    bool in_paper;
    effnet_paper_row paper;
    double top1; /* the user's own; NaN where there is none */
} row;

/* ---- making the rows ---- */

/* Is `p` the network that the paper printed? Its base must be the catalogue's as it is. */
static bool is_row(const effnet_paper_row *p, const char *base, const scale_plan *plan, const char *strategy)
{
    return strcmp(p->base, base) == 0 && strcmp(p->strategy, strategy) == 0 &&
           p->depth == plan->scaled.depth && p->width == plan->scaled.width &&
           p->resolution == plan->scaled.resolution;
}

static bool find_in_paper(effnet_paper_row *out, const scale_request *r, const scale_plan *plan,
                          const char *strategy)
{
    effnet_network_info base, published;
    effnet_network *network;
    effnet_network_get_info(r->base, &base);
    for (size_t i = 0; effnet_paper_row_get(i, out); i++) {
        if (!is_row(out, base.name, plan, strategy)) continue;
        if (effnet_network_create(&network, out->base, NULL, NULL) != EFFNET_OK) return false;
        effnet_network_get_info(network, &published);
        effnet_network_free(network);
        return base.macs == published.macs && base.parameters == published.parameters;
    }
    return false;
}

/* The paper's of that very network, and the user's own by its name. */
static void find_accuracies(row *w, const scale_request *r, const results *own)
{
    w->in_paper = find_in_paper(&w->paper, r, &w->plan, w->name);
    w->top1 = results_find(own, w->plan.info.name);
}

/* What strategy number `strategy` scales by. Without a budget, and with a compound scaling of the user's,
 * each of the others asks for the same growth of multiply-adds, `asked`. */
static effnet_scaling scaling_of(const scale_request *r, int strategy, double asked)
{
    effnet_scaling s = r->has_budget ? strategies[strategy].by_phi : strategies[strategy].by_factors;
    if (strategy == COMPOUND && (r->has_budget || r->has_scaling)) s = r->scaling;
    if (!r->has_budget && r->has_scaling) {
        if (strategy == DEPTH) s.depth = asked;
        if (strategy == WIDTH) s.width = sqrt(asked);
        if (strategy == RESOLUTION) s.resolution = sqrt(asked);
    }
    s.multiple = r->scaling.multiple;
    return s;
}

static effnet_status make_row(row *out, const scale_request *r, const results *own, int strategy,
                              double asked, effnet_error *error)
{
    const effnet_scaling scaling = scaling_of(r, strategy, asked);
    *out = (row){.name = strategies[strategy].name};
    const effnet_status status = scale_plan_make(&out->plan, r, &scaling, error);
    if (status != EFFNET_OK) {
        report_prefix(error, out->name);
        return status;
    }
    if (strategy == COMPOUND && *out->plan.scaled.warning) report_note("%s", out->plan.scaled.warning);
    find_accuracies(out, r, own);
    if (isnan(out->top1)) out->top1 = results_find(own, out->name);
    return EFFNET_OK;
}

/* Compound comes first, because the others may follow it. */
static effnet_status make_rows(row rows[STRATEGIES], const scale_request *r, const results *own,
                               effnet_error *error)
{
    effnet_status status = make_row(&rows[COMPOUND], r, own, COMPOUND, 0, error);
    for (int i = 0; i < COMPOUND && status == EFFNET_OK; i++)
        status = make_row(&rows[i], r, own, i, rows[COMPOUND].plan.scaled.asked, error);
    return status;
}

/* ---- showing them ---- */

static void print_head(void)
{
    print("%-11s %7s %7s %7s %11s %17s %7s %13s %17s %6s %6s %6s %6s\n", "strategy", "depth", "width",
          "resol.", "input", "multiply-adds", "growth", "parameters", "activation bytes", "paper", "off",
          "top-1", "yours");
}

static void print_row(const row *w)
{
    char input[24], own[16] = "-", off[SCALE_DIFFERENCE_SIZE];
    const effnet_network_info *info = &w->plan.info;
    const char *printed = w->in_paper ? w->paper.macs : "";
    snprintf(input, sizeof input, "%d x %d", info->height, info->width);
    if (!isnan(w->top1)) snprintf(own, sizeof own, "%.2f", w->top1);
    print("%-11s %7.4g %7.4g %7.4g %11s", w->name, w->plan.scaled.depth, w->plan.scaled.width,
          w->plan.scaled.resolution, input);
    print_number(info->macs, 17);
    print(" %7.3f", w->plan.scaled.growth);
    print_number(info->parameters, 13);
    print_number(info->activation_bytes_peak, 17);
    print(" %6s %6s %6s %6s\n", *printed ? printed : "-",
          scale_difference(off, printed, (double)info->macs / 1e9), w->in_paper ? w->paper.top1 : "-", own);
}

/* Where the accuracies are from. */
static void print_foot(const row rows[STRATEGIES])
{
    for (int i = 0; i < STRATEGIES; i++) {
        if (!rows[i].in_paper) continue;
        print("\npaper: billions of multiply-adds; off: the count beside them, = where it rounds to the same "
              "digits;\n"
              "top-1: per cent of ImageNet's validation pictures; both as Tan and Le, EfficientNet, 2019, "
              "table %d\n"
              "prints them\n",
              rows[i].paper.table);
        return;
    }
}

static void print_csv_rows(const row rows[STRATEGIES])
{
    print("strategy,depth,width,resolution,height,width_pixels,macs,growth,parameters,activation_bytes_peak,"
          "paper_table,paper_macs_billions,paper_top1,top1,network\n");
    for (int i = 0; i < STRATEGIES; i++) {
        const row *w = &rows[i];
        const effnet_network_info *info = &w->plan.info;
        char table[16] = "", own[32] = "";
        if (w->in_paper) snprintf(table, sizeof table, "%d", w->paper.table);
        if (!isnan(w->top1)) snprintf(own, sizeof own, "%.9g", w->top1);
        print("%s,%.9g,%.9g,%.9g,%d,%d,%llu,%.9g,%llu,%llu,%s,%s,%s,%s,", w->name, w->plan.scaled.depth,
              w->plan.scaled.width, w->plan.scaled.resolution, info->height, info->width,
              (unsigned long long)info->macs, w->plan.scaled.growth, (unsigned long long)info->parameters,
              (unsigned long long)info->activation_bytes_peak, table, w->in_paper ? w->paper.macs : "",
              w->in_paper ? w->paper.top1 : "", own);
        print_csv(info->name);
        print("\n");
    }
}

static int print_json_rows(const scale_request *r, const row rows[STRATEGIES])
{
    json_t *list = json_array();
    for (int i = 0; i < STRATEGIES; i++) {
        const row *w = &rows[i];
        json_t *object = scale_plan_to_json(r, &w->plan);
        json_object_set_new(object, "strategy", json_string(w->name));
        json_object_set_new(object, "paper_table", w->in_paper ? json_integer(w->paper.table) : json_null());
        json_object_set_new(object, "paper_macs_billions",
                            w->in_paper ? json_string(w->paper.macs) : json_null());
        json_object_set_new(object, "paper_top1",
                            json_number(w->in_paper ? scale_printed(w->paper.top1) : NAN));
        json_object_set_new(object, "top1", json_number(w->top1));
        json_array_append_new(list, object);
    }
    return json_print(list) ? EXIT_DONE : EXIT_SYSTEM;
}

/* The steps of the paper's figure 3. */
static const struct {
    int strategy;
    double factors[LADDER_MAX_STEPS - 2];
} ladder_steps[LADDERS] = {
    {WIDTH, {1.4, 1.8, 2.6, 3.8, 5}},
    {DEPTH, {2, 3, 4, 6, 8}},
    {RESOLUTION, {1.3, 1.5, 1.7, 1.9, 2.2, 2.5}},
};

static void add_step(strategy_ladder *l, double factor, const row *w)
{
    const size_t i = l->count++;
    l->factors[i] = factor;
    l->macs[i] = (double)w->plan.info.macs;
    l->paper_top1[i] = w->in_paper ? scale_printed(w->paper.top1) : NAN;
    l->own_top1[i] = w->top1;
}

/* One step of `strategy`; nothing if it is too large to be built. */
static void add_factor(strategy_ladder *l, const scale_request *r, const results *own, int strategy,
                       double factor)
{
    const effnet_scaling s = {.depth = strategy == DEPTH ? factor : 1,
                              .width = strategy == WIDTH ? factor : 1,
                              .resolution = strategy == RESOLUTION ? factor : 1,
                              .multiple = r->scaling.multiple};
    row step = {.name = l->name};
    if (scale_plan_make(&step.plan, r, &s, NULL) != EFFNET_OK) return;
    find_accuracies(&step, r, own);
    add_step(l, factor, &step);
    scale_plan_free(&step.plan);
}

/* The baseline, the paper's steps, and the strategy's own row among them. */
static void make_ladder(strategy_ladder *l, const scale_request *r, const results *own,
                        const row rows[STRATEGIES], int which)
{
    const int strategy = ladder_steps[which].strategy;
    const effnet_scaled *scaled = &rows[strategy].plan.scaled;
    const double *factors = ladder_steps[which].factors;
    const double here = scaled->depth * scaled->width * scaled->resolution; /* two of them are 1 */
    bool row_is_in = here == 1;
    *l = (strategy_ladder){.name = strategies[strategy].name};
    add_step(l, 1, &rows[BASELINE]);
    for (size_t i = 0; i < LADDER_MAX_STEPS - 2 && factors[i] > 0; i++) {
        if (!row_is_in && here <= factors[i]) {
            add_step(l, here, &rows[strategy]);
            row_is_in = true;
        }
        if (here != factors[i]) add_factor(l, r, own, strategy, factors[i]);
    }
    if (!row_is_in) add_step(l, here, &rows[strategy]);
}

static int draw(const scale_request *r, const results *own, const row rows[STRATEGIES])
{
    strategy_ladder ladders[LADDERS];
    for (int i = 0; i < LADDERS; i++)
        make_ladder(&ladders[i], r, own, rows, i);
    strategy_cost ways[STRATEGIES];
    effnet_network_info base;
    effnet_network_get_info(r->base, &base);
    for (int i = 0; i < STRATEGIES; i++) {
        const row *w = &rows[i];
        ways[i] = (strategy_cost){.name = w->name,
                                  .macs = w->plan.info.macs,
                                  .parameters = w->plan.info.parameters,
                                  .activation_bytes = w->plan.info.activation_bytes_peak,
                                  .paper_top1 = w->in_paper ? scale_printed(w->paper.top1) : NAN,
                                  .own_top1 = w->top1};
    }
    return plot_save(&r->plot, strategy_charts(base.name, ways, STRATEGIES, ladders));
}

static int show(const scale_request *r, const row rows[STRATEGIES])
{
    if (r->json) return print_json_rows(r, rows);
    if (r->csv) {
        print_csv_rows(rows);
        return EXIT_DONE;
    }
    print_head();
    for (int i = 0; i < STRATEGIES; i++)
        print_row(&rows[i]);
    print_foot(rows);
    return EXIT_DONE;
}

int scale_show_comparison(const scale_request *r)
{
    row rows[STRATEGIES] = {{.name = NULL}};
    results own = {.count = 0};
    effnet_error error;
    effnet_status status = r->accuracy ? results_load(&own, r->accuracy, &error) : EFFNET_OK;
    if (status == EFFNET_OK) status = make_rows(rows, r, &own, &error);
    int code = status == EFFNET_OK ? EXIT_DONE : report_error(&error);
    if (code == EXIT_DONE && plot_is_wanted(&r->plot)) code = draw(r, &own, rows);
    if (code == EXIT_DONE) code = show(r, rows);
    for (int i = 0; i < STRATEGIES; i++)
        scale_plan_free(&rows[i].plan);
    results_free(&own);
    return code;
}

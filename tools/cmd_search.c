/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet search: the grid search for alpha, beta and gamma.
 */
#include <stdio.h>

#include "commands.h"
#include "json.h"
#include "print.h"
#include "report.h"
#include "text.h"

#define DEFAULT_BASE "efficientnet-b0"

enum { MAX_MULTIPLE = 1024, MOST = 100, NUMBER_SIZE = 28 };

typedef struct settings {
    const char *arch;
    effnet_network_options network;
    effnet_search_options search;
    bool dry_run, json;
} settings;

static const option_spec specs[] = {
    {OPTION_ARCH, "arch", "NAME|FILE.json", "the baseline (default: " DEFAULT_BASE ")"},
    {OPTION_SIZE, "size", "HxW", "of the baseline's input (default: its own)"},
    {OPTION_NUM_CLASSES, "num-classes", "N", "of the baseline (default: its own)"},
    {OPTION_IN_CHANNELS, "in-channels", "N", "1 for grey, or 3 (default: the network's own)"},
    {OPTION_STEP, "step", "X", "of the grid (default: 0.1)"},
    {OPTION_TOLERANCE, "tolerance", "X",
     "the cost must be less than this from twice the baseline's (default: 0.1)"},
    {OPTION_BY_MACS, "by-macs", NULL, "the cost is the real multiply-adds, not alpha beta^2 gamma^2"},
    {OPTION_ALPHA, "alpha", "X[,Y]", "of depth: from X to Y, or X alone (default: 1,2)"},
    {OPTION_BETA, "beta", "X[,Y]", "of width (default: 1,1.5)"},
    {OPTION_GAMMA, "gamma", "X[,Y]", "of resolution (default: 1,1.5)"},
    {OPTION_MULTIPLE, "multiple", "N", "round resolutions to a multiple of N (default: 1)"},
    {OPTION_DRY_RUN, "dry-run", NULL, "list the candidates and stop"},
    {OPTION_JSON, "json", NULL, "one JSON document"},
    {OPTION_NONE, NULL, NULL, NULL},
};

/* ---- Options ---- */

static bool take_grid(effnet_search_options *s, const option_parser *o, int id)
{
    switch (id) {
    case OPTION_STEP: s->step = options_real_within(o, 1e-4, MOST); return true;
    case OPTION_TOLERANCE: s->tolerance = options_real_within(o, 1e-9, 2); return true;
    case OPTION_BY_MACS: s->by_macs = true; return true;
    case OPTION_ALPHA: options_range(o, 1, MOST, &s->alpha.least, &s->alpha.most); return true;
    case OPTION_BETA: options_range(o, 1, MOST, &s->beta.least, &s->beta.most); return true;
    case OPTION_GAMMA: options_range(o, 1, MOST, &s->gamma.least, &s->gamma.most); return true;
    case OPTION_MULTIPLE: s->multiple = options_number(o, 1, MAX_MULTIPLE); return true;
    default: return false;
    }
}

static void take_other(settings *s, const option_parser *o, int id)
{
    switch (id) {
    case OPTION_ARCH: s->arch = o->value; break;
    case OPTION_SIZE: options_size(o, &s->network.height, &s->network.width); break;
    case OPTION_NUM_CLASSES: s->network.num_classes = options_number(o, 1, 1 << 20); break;
    case OPTION_IN_CHANNELS: s->network.in_channels = options_number(o, 1, 3); break;
    case OPTION_DRY_RUN: s->dry_run = true; break;
    case OPTION_JSON: s->json = true; break;
    default: break;
    }
}

/* ---- The candidates ---- */

static void print_candidate(size_t index, const effnet_candidate *c)
{
    char input[32], parameters[NUMBER_SIZE], macs[NUMBER_SIZE];
    snprintf(input, sizeof input, "%d x %d", c->height, c->width);
    print("%4zu %-9s %-10s %6.4g %6.4g %6.4g %8.4g %7.3f %13s %13s %16s", index,
          effnet_candidate_kind_name(c->kind), c->strategy, c->alpha, c->beta, c->gamma, c->product,
          c->growth, input, text_grouped(parameters, sizeof parameters, c->parameters),
          text_grouped(macs, sizeof macs, c->macs));
    if (c->same_as != index) print("  = %zu", c->same_as);
    print("\n");
}

static void print_candidates(const effnet_search *search, const effnet_search_info *info)
{
    effnet_candidate c;
    print("%4s %-9s %-10s %6s %6s %6s %8s %7s %13s %13s %16s\n", "", "kind", "strategy", "alpha", "beta",
          "gamma", "product", "growth", "input", "parameters", "multiply-adds");
    for (size_t i = 0; effnet_search_get_candidate(search, i, &c); i++)
        print_candidate(i, &c);
    print("\n%zu points, of which %zu survive; %zu candidates, %zu networks to train\n", info->points,
          info->survivors, info->candidates, info->networks);
    print("product: alpha beta^2 gamma^2; growth: multiply-adds over the baseline's; = N: the same network "
          "as N\n");
}

static json_t *candidate_json(const effnet_candidate *c)
{
    return json_pack("{s:s,s:s,s:f,s:f,s:f,s:f,s:f,s:I,s:I,s:i,s:i,s:i,s:I,s:n}", "kind",
                     effnet_candidate_kind_name(c->kind), "strategy", c->strategy, "alpha", c->alpha, "beta",
                     c->beta, "gamma", c->gamma, "product", c->product, "growth", c->growth, "macs",
                     (json_int_t)c->macs, "parameters", (json_int_t)c->parameters, "resolution",
                     c->height > c->width ? c->height : c->width, "height", c->height, "width", c->width,
                     "same_as", (json_int_t)c->same_as, "estimated_seconds");
}

static int print_json(const effnet_search *search, const effnet_search_info *info)
{
    json_t *list = json_array();
    effnet_candidate c;
    for (size_t i = 0; effnet_search_get_candidate(search, i, &c); i++)
        json_array_append_new(list, candidate_json(&c));
    json_t *document =
        json_pack("{s:I,s:I,s:I,s:o}", "points", (json_int_t)info->points, "survivors",
                  (json_int_t)info->survivors, "networks", (json_int_t)info->networks, "candidates", list);
    return json_print(document) ? EXIT_DONE : EXIT_SYSTEM;
}

/* ---- The command ---- */

static int show(const settings *s, const effnet_network *base)
{
    effnet_error error;
    effnet_search *search;
    effnet_search_info info;
    if (effnet_search_create(&search, base, &s->search, &error) != EFFNET_OK) return report_error(&error);
    effnet_search_get_info(search, &info);
    int code = EXIT_DONE;
    if (s->json)
        code = print_json(search, &info);
    else
        print_candidates(search, &info);
    effnet_search_free(search);
    return code;
}

static int run(int argc, char **argv)
{
    settings s = {.arch = DEFAULT_BASE};
    option_parser o = options_over(&cmd_search, argc, argv);
    for (int id; (id = options_next(&o)) != OPTION_NONE;)
        if (!take_grid(&s.search, &o, id)) take_other(&s, &o, id);
    size_t operands;
    options_operands(&o, &operands);
    if (operands > 0) report_usage(argv[0], "nothing is wanted but options");
    if (!s.dry_run) report_usage(argv[0], "--dry-run is missing");
    effnet_network *base;
    effnet_error error;
    if (effnet_network_create(&base, s.arch, &s.network, &error) != EFFNET_OK) return report_error(&error);
    const int code = show(&s, base);
    effnet_network_free(base);
    return code;
}

const command cmd_search = {
    .name = "search",
    .arguments = "[OPTIONS] --dry-run",
    .summary = "The grid search for the alpha, beta and gamma of compound scaling",
    .text = "Candidates are the points of a grid that about double the baseline's multiply-adds, beside the "
            "baseline, each\n"
            "dimension scaled alone, and the published 1.2, 1.1, 1.15. docs/search.md tells the method.\n\n"
            "Examples:\n"
            "  effnet search --dry-run\n"
            "  effnet search --dry-run --arch mobilenet-v2 --step 0.05 --by-macs --json\n",
    .options = specs,
    .run = run,
};

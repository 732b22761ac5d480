/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet scale: networks planned by compound scaling: by phi, by factors, by a budget; the published table
 * and the comparison of strategies are in scale_published.c and scale_compare.c. What a network costs is
 * counted by the library, and what memory it takes is the engine's own plan.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "models.h"
#include "plot/cost_charts.h"
#include "print.h"
#include "report.h"
#include "scale.h"
#include "signals.h"
#include "times.h"
#include "training_memory.h"

enum { MAX_BATCH = 65536, MAX_MULTIPLE = 1024, MAX_PHIS = 64 };

#define DEFAULT_BASE "efficientnet-b0"

typedef struct settings {
    scale_request request;
    model_choice run; /* threads and level */
    effnet_network_options base;
    double phis[MAX_PHIS];
    size_t phi_count;
    bool by_factors, published, compare;
    const char *of_training; /* the last option that only counts for training */
    const char *output;
} settings;

static const option_spec specs[] = {
    {OPTION_PHI, "phi", "X[,X...]", "how far to scale: each 1 of it about doubles the multiply-adds"},
    {OPTION_ALPHA, "alpha", "X", "depth grows by alpha^phi (default: 1.2)"},
    {OPTION_BETA, "beta", "X", "width by beta^phi (default: 1.1)"},
    {OPTION_GAMMA, "gamma", "X", "resolution by gamma^phi (default: 1.15)"},
    {OPTION_DEPTH, "depth", "X", "in place of phi: the factor of depth (default: 1)"},
    {OPTION_WIDTH, "width", "X", "the factor of width"},
    {OPTION_RESOLUTION, "resolution", "X", "the factor of resolution"},
    {OPTION_MAX_MACS, "max-macs", "N", "in place of phi: the largest network of at most N multiply-adds"},
    {OPTION_MAX_PARAMS, "max-params", "N", "... of at most N parameters"},
    {OPTION_MAX_MEMORY, "max-memory", "BYTES", "... that runs in so much memory, weights and all"},
    {OPTION_MAX_TRAINING_MEMORY, "max-training-memory", "BYTES", "... that is trained in so much"},
    {OPTION_MAX_LATENCY, "max-latency", "MS", "... that takes at most so many milliseconds here"},
    {OPTION_PUBLISHED, "published", NULL, "the published B0 to B8 and L2, and how far each is from one phi"},
    {OPTION_COMPARE, "compare", NULL, "depth, width, resolution alone and all three, at equal cost"},
    {OPTION_ACCURACY, "accuracy", "FILE.csv", "with --compare: your own results, NAME,TOP1 in each line"},
    {OPTION_SIZE, "size", "HxW", "input of the baseline (default: its own)"},
    {OPTION_MULTIPLE, "multiple", "N", "round the resolution to a multiple of N (default: 1)"},
    {OPTION_BATCH, "batch", "N", "for training: images of a step (default: 32)"},
    TRAINING_MEMORY_OPTIONS,
    RUN_OPTIONS,
    {'o', "output", "FILE", "write the network; FILE ends in .json"},
    PLOT_OPTIONS,
    {OPTION_JSON, "json", NULL, "one JSON document"},
    {OPTION_CSV, "csv", NULL, "with --compare and --published: a line of comma-separated values each"},
    {OPTION_NONE, NULL, NULL, NULL},
};

/* ---- options ---- */

static void read_phis(settings *s, const option_parser *o)
{
    const char *text = o->value;
    for (s->phi_count = 0; s->phi_count < MAX_PHIS;) {
        char *end;
        s->phis[s->phi_count++] = strtod(text, &end);
        if (end == text || (*end && *end != ',')) break;
        if (!*end) return;
        text = end + 1;
    }
    report_usage(o->command->name, "--phi takes 1 to %d numbers with commas between, not '%s'", MAX_PHIS,
                 o->value);
}

/* A coefficient or factor of 0 would mean the default to the library. */
static double positive(const option_parser *o)
{
    const double number = options_real(o);
    if (!(number > 0 && isfinite(number)))
        report_usage(o->command->name, "--%s takes a finite number over 0, not '%s'", o->option->name,
                     o->value);
    return number;
}

static bool take_coefficient(effnet_scaling *s, const option_parser *o, int id)
{
    switch (id) {
    case OPTION_ALPHA: s->alpha = positive(o); return true;
    case OPTION_BETA: s->beta = positive(o); return true;
    case OPTION_GAMMA: s->gamma = positive(o); return true;
    default: return false;
    }
}

static bool take_factor(effnet_scaling *s, const option_parser *o, int id)
{
    switch (id) {
    case OPTION_DEPTH: s->depth = positive(o); return true;
    case OPTION_WIDTH: s->width = positive(o); return true;
    case OPTION_RESOLUTION: s->resolution = positive(o); return true;
    default: return false;
    }
}

static bool take_limit(effnet_budget *b, const option_parser *o, int id)
{
    switch (id) {
    case OPTION_MAX_MACS: b->macs = options_quantity(o); return true;
    case OPTION_MAX_PARAMS: b->parameters = options_quantity(o); return true;
    case OPTION_MAX_MEMORY: b->memory_bytes = options_quantity(o); return true;
    case OPTION_MAX_TRAINING_MEMORY: b->training_bytes = options_quantity(o); return true;
    case OPTION_MAX_LATENCY: b->latency_ms = positive(o); return true;
    default: return false;
    }
}

static bool take_training(settings *s, const option_parser *o, int id)
{
    effnet_trainer_options *t = &s->request.training;
    if (id == OPTION_BATCH)
        t->batch = options_number(o, 1, MAX_BATCH);
    else if (!training_memory_take(t, o))
        return false;
    s->of_training = o->option->name;
    return true;
}

static void take_other(settings *s, const option_parser *o, int id)
{
    switch (id) {
    case OPTION_PHI: read_phis(s, o); break;
    case OPTION_PUBLISHED: s->published = true; break;
    case OPTION_COMPARE: s->compare = true; break;
    case OPTION_ACCURACY: s->request.accuracy = o->value; break;
    case OPTION_SIZE: options_size(o, &s->base.height, &s->base.width); break;
    case OPTION_MULTIPLE: s->request.scaling.multiple = options_number(o, 1, MAX_MULTIPLE); break;
    case OPTION_JSON: s->request.json = true; break;
    case OPTION_CSV: s->request.csv = true; break;
    case 'o': s->output = options_file(o, ".json"); break;
    default: break;
    }
}

/* Which of the ways to scale were asked for, and that they do not contradict each other. */
static void check_options(const settings *s, const char *caller)
{
    const scale_request *r = &s->request;
    if ((s->phi_count > 0) + s->by_factors + r->has_budget > 1)
        report_usage(caller,
                     "--phi, the factors --depth, --width, --resolution and the limits --max-... exclude "
                     "each other");
    if (s->published && (s->compare || r->has_scaling || r->has_budget || s->output))
        report_usage(caller,
                     "--published takes only --alpha, --beta, --gamma, --svg, --png, --json and --csv");
    if (s->of_training && !r->budget.training_bytes)
        report_usage(caller, "--%s goes with --max-training-memory", s->of_training);
    if (s->compare && s->phi_count > 1) report_usage(caller, "--compare takes one --phi");
    if (plot_is_wanted(&r->plot) && s->by_factors && !s->compare)
        report_usage(caller, "--svg and --png draw growth with phi, --published or --compare");
    if (r->csv && (r->json || !(s->compare || s->published)))
        report_usage(caller, "--csv goes with --compare or --published, and without --json");
    if (r->accuracy && !s->compare) report_usage(caller, "--accuracy goes with --compare");
    if (s->output && (s->compare || s->phi_count > 1)) report_usage(caller, "-o takes one network");
    if (!s->published && !s->compare && !r->has_scaling && !r->has_budget)
        report_usage(caller,
                     "wanted --phi, --depth, --width or --resolution, a limit --max-..., --published or "
                     "--compare");
}

static settings read_options(option_parser *o)
{
    settings s = {.request = {.scaling = {.alpha = 1.2, .beta = 1.1, .gamma = 1.15}}};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (take_coefficient(&s.request.scaling, o, id) || plot_choice_take(&s.request.plot, o) ||
            model_choice_take(&s.run, o) || take_training(&s, o, id))
            continue;
        if (take_factor(&s.request.scaling, o, id))
            s.by_factors = true;
        else if (take_limit(&s.request.budget, o, id))
            s.request.has_budget = true;
        else
            take_other(&s, o, id);
    }
    model_choice_finish(&s.run, o->command->name);
    s.request.threads = s.request.training.threads = s.run.threads;
    s.request.level = s.request.training.level = s.run.options.level;
    s.request.has_scaling = s.phi_count > 0 || s.by_factors;
    if (s.phi_count > 0) s.request.scaling.phi = s.phis[0];
    check_options(&s, o->command->name);
    return s;
}

/* ---- text ---- */

static int count_blocks(const effnet_network *network)
{
    effnet_part_info part;
    int blocks = 0;
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++)
        blocks += strncmp(part.name, "block:", 6) == 0;
    return blocks;
}

static void print_dimension(const char *name, double factor, double asked, double growth, const char *was,
                            const char *is)
{
    print("%-11s %8.4g %8.3f %8.3f   %s to %s\n", name, factor, asked, growth, was, is);
}

/* What was asked for and what rounding made of it, each dimension by itself and all together. */
static void print_growth(const scale_request *r, const scale_plan *plan, const effnet_network_info *base)
{
    char was[32], is[32];
    const effnet_scaled *s = &plan->scaled;
    print("\n%-11s %8s %8s %8s\n", "", "factor", "asked", "real");
    snprintf(was, sizeof was, "%d", count_blocks(r->base));
    snprintf(is, sizeof is, "%d blocks", count_blocks(plan->network));
    print_dimension("depth", s->depth, s->depth, s->depth_growth, was, is);
    snprintf(was, sizeof was, "%.4g", base->width_multiplier);
    snprintf(is, sizeof is, "%.4g times the channels", plan->info.width_multiplier);
    print_dimension("width", s->width, s->width * s->width, s->width_growth, was, is);
    snprintf(was, sizeof was, "%d x %d", base->height, base->width);
    snprintf(is, sizeof is, "%d x %d pixels", plan->info.height, plan->info.width);
    print_dimension("resolution", s->resolution, s->resolution * s->resolution, s->resolution_growth, was,
                    is);
    print("%-11s %8s %8.3f %8.3f   times the multiply-adds\n\n", "together", "", s->asked, s->growth);
}

static void print_counts(const scale_plan *plan, const effnet_network_info *base)
{
    print("%-18s %17s %17s\n", "", "baseline", "scaled");
    print("%-18s", "multiply-adds");
    print_number(base->macs, 17);
    print_number(plan->info.macs, 17);
    print("\n%-18s", "parameters");
    print_number(base->parameters, 17);
    print_number(plan->info.parameters, 17);
    print("\n%-18s", "activation bytes");
    print_number(base->activation_bytes_peak, 17);
    print_number(plan->info.activation_bytes_peak, 17);
    print("\n");
}

static void print_limit(const char *name, uint64_t limit, uint64_t best, uint64_t next, bool binds)
{
    if (!limit) return;
    print("%-18s", name);
    print_number(limit, 17);
    print_number(best, 17);
    if (next)
        print_number(next, 17);
    else
        print(" %17s", "-");
    print("%s\n", binds ? "  binds" : "");
}

static void print_budget(const effnet_budget *b, const effnet_fit *fit)
{
    const effnet_standing *best = &fit->best, *next = &fit->next;
    char head[24];
    snprintf(head, sizeof head, "at phi %.2f", next->phi);
    print("\n%-18s %17s %17s %17s\n", "budget", "limit", "taken", head);
    print_limit("multiply-adds", b->macs, best->macs, next->macs, next->over & EFFNET_LIMIT_MACS);
    print_limit("parameters", b->parameters, best->parameters, next->parameters,
                next->over & EFFNET_LIMIT_PARAMETERS);
    print_limit("memory, bytes", b->memory_bytes, best->memory_bytes, next->memory_bytes,
                next->over & EFFNET_LIMIT_MEMORY);
    print_limit("training, bytes", b->training_bytes, best->training_bytes, next->training_bytes,
                next->over & EFFNET_LIMIT_TRAINING);
    if (b->latency_ms > 0)
        print("%-18s %17.3f %17.3f %17.3f%s\n", "latency, ms", b->latency_ms, best->latency_ms,
              next->latency_ms, next->over & EFFNET_LIMIT_LATENCY ? "  binds" : "");
    if (!next->over) print("nothing binds: no larger network can be built\n");
}

static void print_plan(const scale_request *r, const scale_plan *plan)
{
    effnet_network_info base;
    effnet_network_get_info(r->base, &base);
    print("%-12s ", "network");
    print_text(plan->info.name);
    print("\n%-12s ", "baseline");
    print_text(base.name);
    if (plan->scaled.product > 0)
        print("\n%-12s phi %.6g; alpha %g, beta %g, gamma %g: alpha beta^2 gamma^2 = %.4g", "scaling",
              plan->scaling.phi, plan->scaling.alpha, plan->scaling.beta, plan->scaling.gamma,
              plan->scaled.product);
    print("\n");
    print_growth(r, plan, &base);
    print_counts(plan, &base);
    if (r->has_budget) print_budget(&r->budget, &plan->fit);
}

/* ---- what is asked ---- */

static effnet_status write_network(const char *path, const effnet_network *network, effnet_error *error)
{
    const char *json = effnet_network_get_json(network);
    signals_hold();
    const effnet_status status = effnet_file_write(path, json, strlen(json), error);
    signals_release();
    return status;
}

/* Shows one network, and writes it where asked; in JSON it goes to `list`. *phi: the one it has. */
static effnet_status show_plan(const settings *s, const effnet_scaling *scaling, json_t *list, double *phi,
                               effnet_error *error)
{
    const scale_request *r = &s->request;
    scale_plan plan;
    effnet_status status = scale_plan_make(&plan, r, scaling, error);
    if (status != EFFNET_OK) return status;
    if (*plan.scaled.warning) report_note("%s", plan.scaled.warning);
    *phi = plan.scaling.phi;
    if (s->output) status = write_network(s->output, plan.network, error);
    if (status == EFFNET_OK && r->json)
        json_array_append_new(list, scale_plan_to_json(r, &plan));
    else if (status == EFFNET_OK)
        print_plan(r, &plan);
    scale_plan_free(&plan);
    return status;
}

static int show_plans(const settings *s)
{
    json_t *list = json_array();
    effnet_error error;
    effnet_status status = EFFNET_OK;
    const size_t count = s->phi_count ? s->phi_count : 1;
    double phis[MAX_PHIS];
    for (size_t i = 0; i < count && status == EFFNET_OK; i++) {
        effnet_scaling scaling = s->request.scaling;
        if (s->phi_count) scaling.phi = s->phis[i];
        if (i > 0 && !s->request.json) print("\n");
        status = show_plan(s, &scaling, list, &phis[i], &error);
    }
    const scale_request *r = &s->request;
    int code = status == EFFNET_OK ? EXIT_DONE : report_error(&error);
    if (code == EXIT_DONE && plot_is_wanted(&r->plot))
        code = plot_save(&r->plot, phi_charts(r->base, &r->scaling, phis, count));
    if (code == EXIT_DONE && s->request.json) {
        json_t *document = count == 1 ? json_incref(json_array_get(list, 0)) : json_incref(list);
        code = json_print(document) ? EXIT_DONE : EXIT_SYSTEM;
    }
    json_decref(list);
    return code;
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_scale, argc, argv);
    settings s = read_options(&o);
    size_t operands;
    char **operand = options_operands(&o, &operands);
    if (operands > 1) report_usage(argv[0], "wanted one network as the baseline");
    int code = plot_check(&s.request.plot, argv[0]);
    if (code != EXIT_DONE) return code;
    if (s.published) return scale_show_published(&s.request);
    effnet_network *base = NULL;
    effnet_error error;
    if (effnet_network_create(&base, operands ? operand[0] : DEFAULT_BASE, &s.base, &error) != EFFNET_OK)
        return report_error(&error);
    s.request.base = base;
    s.request.budget.estimate = scale_estimate;
    s.request.budget.context = &s.request;
    if (s.request.budget.latency_ms > 0)
        code = times_open(&s.request.latency, s.request.level, s.request.threads, false);
    if (code == EXIT_DONE) code = s.compare ? scale_show_comparison(&s.request) : show_plans(&s);
    times_close(s.request.latency);
    effnet_network_free(base);
    return code;
}

const command cmd_scale = {
    .name = "scale",
    .arguments = "[OPTIONS] [BASELINE]",
    .summary = "Networks planned by compound scaling: by phi, by factors, to a budget",
    .text =
        "BASELINE is a name like mobilenet-v2 or FILE.json (default: " DEFAULT_BASE "). Depth grows by\n"
        "alpha^phi, width by beta^phi, resolution by gamma^phi; repeats are rounded up and channels to a\n"
        "multiple of 8, as the source does, and what that makes of the growth is shown. Limits are numbers\n"
        "that may end in k, M, G or T, and of bytes in KiB, MiB or GiB; phi is then searched in steps of\n"
        "0.01, and \"binds\" stands at what the next step would break.\n"
        "\n"
        "--compare by itself takes the factors of the paper's table 3 (4, 2, 2; 1.4, 1.2, 1.3); with --phi "
        "or\n"
        "factors, each strategy asks for the same growth; with limits, each goes as far as they let it.\n\n"
        "Examples:\n"
        "  effnet scale --phi 2 -o b0-phi2.json\n"
        "  effnet scale mobilenet-v2 --depth 1.4 --width 1.2 --resolution 1.3 --multiple 32\n"
        "  effnet scale --max-macs 1G --max-params 8M\n"
        "  effnet scale --max-training-memory 4GiB --batch 64 -o mine.json\n"
        "  effnet scale --published --svg family.svg\n"
        "  effnet scale --phi 7 --svg growth.svg\n"
        "  effnet scale mobilenet-v2 --compare --max-macs 1.2G --csv\n",
    .options = specs,
    .run = run,
};

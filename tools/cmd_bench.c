/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet bench: how fast a network runs here, or with --train learns, how much memory it takes, and what
 * share of the processor's multiply-adds it gets out; with --layers part by part. The input is random
 * numbers: time does not depend on them.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_run.h"
#include "clock.h"
#include "commands.h"
#include "json.h"
#include "models.h"
#include "print.h"
#include "report.h"
#include "text.h"
#include "training_memory.h"

enum { MAX_BATCH = 4096, NUMBER_SIZE = 28 };

typedef struct settings {
    model_choice choice;
    bench_plan plan;
    bool json;
} settings;

static const option_spec specs[] = {
    MODEL_OPTIONS,
    {OPTION_SIZE, "size", "HxW", "of the input (default: the model's own)"},
    {OPTION_BATCH, "batch", "N", "images in a run; 1 unless told"},
    {OPTION_WARMUP, "warmup", "N", "runs that do not count; 3 unless told"},
    {OPTION_RUNS, "runs", "N", "runs that count (default: two seconds' worth, 10 to 1000)"},
    {OPTION_PREDICT, "predict", NULL,
     "the time and memory that are told without running it, and how far off"},
    {OPTION_AFRESH, "afresh", NULL, "the same, from new measurements of the network's parts"},
    {OPTION_LAYERS, "layers", NULL, "part by part: time, speed, share of the peak, share of the network"},
    {OPTION_TRAIN, "train", NULL, "a run is a step of training: forward, backward, optimizer"},
    TRAINING_MEMORY_OPTIONS,
    {OPTION_MAX_MEMORY, "max-memory", "BYTES", "with --train: refuse to take more (4G, 512MiB)"},
    RUN_OPTIONS,
    {OPTION_JSON, "json", NULL, "one JSON document"},
    {OPTION_NONE, NULL, NULL, NULL},
};

/* False if `o` is at another option. */
static bool take_training(effnet_trainer_options *t, const option_parser *o)
{
    if (o->option->id == OPTION_MAX_MEMORY) t->max_bytes = options_quantity(o);
    return o->option->id == OPTION_MAX_MEMORY || training_memory_take(t, o);
}

/* `of_training`: an option of training that was given, or NULL. */
static void check_options(const option_parser *o, const bench_plan *plan, const char *of_training)
{
    if (of_training && !plan->train) report_usage(o->command->name, "--%s is for --train", of_training);
    if (plan->train && (plan->layers || plan->predict))
        report_usage(o->command->name, "--layers and --predict are not for --train");
}

static settings read_options(option_parser *o)
{
    settings s = {.plan = {.batch = 1, .warmup = 3}};
    const char *of_training = NULL;
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (model_choice_take(&s.choice, o)) continue;
        if (take_training(&s.plan.training, o)) {
            of_training = o->option->name;
            continue;
        }
        switch (id) {
        case OPTION_SIZE: options_size(o, &s.plan.session.height, &s.plan.session.width); break;
        case OPTION_BATCH: s.plan.batch = (size_t)options_number(o, 1, MAX_BATCH); break;
        case OPTION_WARMUP: s.plan.warmup = (size_t)options_number(o, 0, BENCH_MAX_RUNS); break;
        case OPTION_RUNS: s.plan.runs = (size_t)options_number(o, 1, BENCH_MAX_RUNS); break;
        case OPTION_TRAIN: s.plan.train = true; break;
        case OPTION_LAYERS: s.plan.layers = true; break;
        case OPTION_PREDICT: s.plan.predict = true; break;
        case OPTION_AFRESH: s.plan.afresh = s.plan.predict = true; break;
        case OPTION_JSON: s.json = true; break;
        default: break;
        }
    }
    check_options(o, &s.plan, of_training);
    model_choice_finish(&s.choice, o->command->name);
    s.plan.session.threads = s.choice.threads;
    s.plan.level = s.choice.options.level;
    return s;
}

/* ---- the model ---- */

/* The network called `name`, with fresh weights: they take the same time as trained ones. */
static effnet_status create_model(effnet_model **out, const char *name, const settings *s,
                                  effnet_error *error)
{
    *out = NULL;
    effnet_network *network = NULL;
    const effnet_model_options *options = &s->choice.options;
    const effnet_network_options changes = {
        .variant = options->variant, .height = s->plan.session.height, .width = s->plan.session.width};
    effnet_status status = effnet_network_create(&network, name, &changes, error);
    if (status == EFFNET_OK) status = effnet_model_create(out, network, options, error);
    effnet_network_free(network);
    return status;
}

/* A model of a file, whose size is its recipe's. */
static int load_model(const settings *s, effnet_model **out)
{
    char *recipe = NULL;
    model_choice choice = s->choice;
    if (s->plan.train && s->plan.session.height > 0) {
        const char *given = choice.options.recipe;
        if (asprintf(&recipe, "%s%ssize=%dx%d", given ? given : "", given ? "," : "", s->plan.session.height,
                     s->plan.session.width) < 0)
            return report_failure(EXIT_SYSTEM, "out of memory");
        choice.options.recipe = recipe;
    }
    const int code = model_choice_load(&choice, out);
    free(recipe);
    return code;
}

/* A model by file or name; where there is none of that name, the network that is called so. --arch alone and
 * FILE.json mean a network too. */
static int open_model(const settings *s, const char *name, effnet_model **out)
{
    effnet_error error;
    const model_choice *choice = &s->choice;
    const bool is_network = (!choice->name && choice->options.arch) || text_ends_with(name, ".json");
    if (!is_network) {
        char *path = models_find(name, &error);
        const bool found = path != NULL;
        free(path);
        if (found) return load_model(s, out);
    }
    effnet_error of_network;
    const effnet_status status = create_model(out, name, s, &of_network);
    if (status == EFFNET_ERR_NOT_FOUND && !is_network) return report_error(&error);
    if (status != EFFNET_OK) return report_error(&of_network);
    report_note("%s: no weights, so random ones: they take the same time", name);
    return EXIT_DONE;
}

/* ---- layers ---- */

/* A row of the table: a part, with those before it that the engine makes inside it. */
typedef struct row {
    char name[64];
    effnet_part_info part;
    double ms, gflops;
    uint64_t macs;
    double of_peak, of_network; /* shares */
} row;

/* The row that begins with part *index, which is moved past it; false if none is left. */
static bool next_row(row *out, size_t *index, const bench_result *r)
{
    *out = (row){.ms = 0};
    const effnet_network *network = effnet_session_get_network(r->session);
    double all_ms = 0;
    for (size_t i = 0; i < r->network.part_count; i++)
        all_ms += r->part_ms[i];
    while (out->ms <= 0 && effnet_network_get_part(network, *index, &out->part)) {
        const size_t used = strlen(out->name);
        snprintf(out->name + used, sizeof out->name - used, "%s%s", used ? "+" : "", out->part.name);
        out->macs += out->part.macs;
        out->ms = r->part_ms[(*index)++];
    }
    if (out->ms <= 0) return false;
    out->gflops = 2e-6 * (double)out->macs * (double)r->batch / out->ms;
    out->of_peak = out->gflops / r->peak_gflops;
    out->of_network = out->ms / all_ms;
    return true;
}

/* A dash for what a part has not got. */
static void print_count(int count, int width)
{
    if (count)
        print(" %*d", width, count);
    else
        print(" %*s", width, "-");
}

static void print_row(const row *line)
{
    char output[32], grouped[NUMBER_SIZE];
    const effnet_part_info *p = &line->part;
    snprintf(output, sizeof output, "%d x %d", p->height, p->width);
    print("%-14s %-6s", line->name, p->kind);
    print_count(p->kernel, 6);
    print_count(p->stride, 6);
    print(" %5d %5d  %-11s %14s %9.3f %8.1f %7.1f %% %6.1f %%\n", p->in_channels, p->out_channels, output,
          text_grouped(grouped, sizeof grouped, line->macs), line->ms, line->gflops, 100 * line->of_peak,
          100 * line->of_network);
}

static void print_layers(const bench_result *r)
{
    print("\n%-14s %-6s %6s %6s %5s %5s  %-11s %14s %9s %8s %9s %8s\n", "part", "kind", "kernel", "stride",
          "in", "out", "output", "MACs", "ms", "GFLOP/s", "of peak", "of net");
    row line;
    double sum = 0;
    for (size_t i = 0; next_row(&line, &i, r); sum += line.ms)
        print_row(&line);
    print("%-77s %9.3f\n", "sum of the least times", sum);
}

static json_t *layers_to_json(const bench_result *r)
{
    json_t *layers = json_array();
    row line;
    for (size_t i = 0; next_row(&line, &i, r);)
        json_array_append_new(layers, json_pack("{s:s,s:s,s:I,s:f,s:f,s:f,s:f}", "name", line.name, "kind",
                                                line.part.kind, "macs", (json_int_t)line.macs, "ms", line.ms,
                                                "gflops", line.gflops, "fraction_of_peak", line.of_peak,
                                                "fraction_of_network", line.of_network));
    return layers;
}

/* ---- results ---- */

/* What the figures are of. */
typedef struct subject {
    const char *name, *level;
    effnet_system system;
    const effnet_trainer_options *training; /* NULL: inference */
} subject;

static double images_per_second(const bench_result *r)
{
    return 1e3 * (double)r->batch / bench_percentile(r, 50);
}

static json_t *subject_to_json(const subject *what, const bench_result *r)
{
    char size[32];
    snprintf(size, sizeof size, "%dx%d", r->network.height, r->network.width);
    return json_pack("{s:o,s:s,s:s,s:I,s:i,s:o,s:s}", "model", json_text(what->name), "network",
                     r->network.name, "size", size, "batch", (json_int_t)r->batch, "threads", r->threads,
                     "cpu", json_text(what->system.cpu), "isa", what->level);
}

static json_t *figures_to_json(const bench_result *r)
{
    json_t *times = json_array();
    for (size_t i = 0; i < r->runs; i++)
        json_array_append_new(times, json_real(r->times_ms[i]));
    return json_pack("{s:o,s:f,s:f,s:f,s:f,s:f,s:f,s:I,s:I,s:f,s:f}", "times_ms", times, "min_ms",
                     r->sorted_ms[0], "median_ms", bench_percentile(r, 50), "p90_ms", bench_percentile(r, 90),
                     "p99_ms", bench_percentile(r, 99), "images_per_second", images_per_second(r), "ready_ms",
                     r->ready_ms, "peak_rss_bytes", (json_int_t)r->peak_bytes, "macs",
                     (json_int_t)r->network.macs, "fma_peak_gflops", r->peak_gflops, "fraction_of_peak",
                     r->gflops / r->peak_gflops);
}

/* By how much what was told is more than what was measured, as a share of that. */
static double excess(double told, double measured)
{
    return measured > 0 ? told / measured - 1 : 0;
}

/* The least time of one image. */
static double least_ms(const bench_result *r)
{
    return r->sorted_ms[0] / (double)r->batch;
}

/* True if some parts were told by those of other networks at first, and all could be. */
static bool has_likeness(const bench_result *r)
{
    return r->likeness.parts == r->figure.parts && r->likeness.measured < r->likeness.parts;
}

static json_t *prediction_to_json(const bench_result *r)
{
    const effnet_memory *m = &r->memory;
    json_t *json =
        json_pack("{s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f}", "ms", r->figure.ms, "ms_excess",
                  excess(r->figure.ms, least_ms(r)), "parts", (json_int_t)r->figure.parts, "weights_bytes",
                  (json_int_t)m->weights, "loading_bytes", (json_int_t)m->loading, "activations_bytes",
                  (json_int_t)m->activations, "scratch_bytes", (json_int_t)m->scratch, "memory_bytes",
                  (json_int_t)r->told_bytes, "grown_bytes", (json_int_t)r->grown_bytes, "memory_excess",
                  excess((double)r->told_bytes, (double)r->grown_bytes));
    if (!json || !has_likeness(r)) return json;
    json_object_set_new(json, "unmeasured_parts",
                        json_integer((json_int_t)(r->likeness.parts - r->likeness.measured)));
    json_object_set_new(json, "unmeasured_ms", json_real(r->likeness.ms));
    json_object_set_new(json, "unmeasured_ms_excess", json_real(excess(r->likeness.ms, least_ms(r))));
    return json;
}

static void print_prediction(const bench_result *r)
{
    const effnet_memory *m = &r->memory;
    print("predicted   %.3f ms an image, %+.1f %% beside the least\n", r->figure.ms,
          100 * excess(r->figure.ms, least_ms(r)));
    if (has_likeness(r))
        print("            %.3f ms, %+.1f %%, before %zu of its %zu parts were measured\n", r->likeness.ms,
              100 * excess(r->likeness.ms, least_ms(r)), r->likeness.parts - r->likeness.measured,
              r->likeness.parts);
    print("            %.1f MB for the network, %+.1f %% beside the %.1f that it took: %.1f of weights,\n"
          "            %.1f of activations, %.1f of scratch; %.1f of buffers while loading\n",
          1e-6 * (double)r->told_bytes, 100 * excess((double)r->told_bytes, (double)r->grown_bytes),
          1e-6 * (double)r->grown_bytes, 1e-6 * (double)m->weights, 1e-6 * (double)m->activations,
          1e-6 * (double)m->scratch, 1e-6 * (double)m->loading);
}

/* What a step of training is, and what was planned for it. */
static json_t *training_to_json(const effnet_trainer_options *o, const bench_result *r)
{
    const effnet_trainer_info *info = &r->training;
    return json_pack("{s:s,s:i,s:b,s:I,s:I,s:I}", "optimizer", training_optimizer_name(o->optimizer),
                     "passes", o->passes ? o->passes : 1, "recomputes", info->keep == EFFNET_KEEP_LEAST,
                     "parameters", (json_int_t)info->parameters, "planned_bytes", (json_int_t)info->bytes,
                     "grown_bytes", (json_int_t)r->grown_bytes);
}

static void print_training(const effnet_trainer_options *o, const bench_result *r)
{
    char grouped[NUMBER_SIZE];
    const effnet_trainer_info *info = &r->training;
    print("training    %s, %s parameters, %.1f MB planned and %.1f taken%s\n",
          training_optimizer_name(o->optimizer), text_grouped(grouped, sizeof grouped, info->parameters),
          1e-6 * (double)info->bytes, 1e-6 * (double)r->grown_bytes,
          info->keep == EFFNET_KEEP_LEAST ? ", hidden tensors made a second time" : "");
}

static int print_as_json(const subject *what, const bench_result *r)
{
    json_t *document = subject_to_json(what, r);
    json_object_update_new(document, figures_to_json(r));
    if (r->memory.total) json_object_set_new(document, "predicted", prediction_to_json(r));
    if (what->training) json_object_set_new(document, "training", training_to_json(what->training, r));
    if (r->part_ms) json_object_set_new(document, "layers", layers_to_json(r));
    return json_print(document) ? EXIT_DONE : EXIT_SYSTEM;
}

static int print_as_text(const subject *what, const bench_result *r)
{
    char grouped[NUMBER_SIZE];
    print("model       ");
    print_text(what->name);
    print("\nnetwork     %s, %s multiply-adds for an image\n", r->network.name,
          text_grouped(grouped, sizeof grouped, r->network.macs));
    print("input       %zu x %d x %d x %d (images x height x width x channels)\n", r->batch,
          r->network.height, r->network.width, r->network.channels);
    print("processor   ");
    print_text(what->system.cpu);
    print(", %s, %d thread%s\n", what->level, r->threads, r->threads == 1 ? "" : "s");
    if (what->training) print_training(what->training, r);
    print("ready       %.1f ms from the start of the process to the first result\n", r->ready_ms);
    print("latency     %.3f ms least, %.3f median, %.3f p90, %.3f p99 of %zu run%s\n", r->sorted_ms[0],
          bench_percentile(r, 50), bench_percentile(r, 90), bench_percentile(r, 99), r->runs,
          r->runs == 1 ? "" : "s");
    print("throughput  %.1f images a second\n", images_per_second(r));
    print("memory      %.1f MB at most\n", 1e-6 * (double)r->peak_bytes);
    print("speed       %.1f GFLOP/s in the fastest run%s, %.1f %% of the %.1f of multiply-adds alone\n",
          r->gflops, what->training ? ", a step being three passes" : "", 100 * r->gflops / r->peak_gflops,
          r->peak_gflops);
    if (r->memory.total) print_prediction(r);
    if (r->part_ms) print_layers(r);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    const double start = clock_process_start_ms();
    option_parser o = options_over(&cmd_bench, argc, argv);
    settings s = read_options(&o);
    s.plan.process_start_ms = start;
    size_t operands;
    char **operand = options_operands(&o, &operands);
    if (operands + (s.choice.name != NULL) > 1) report_usage(argv[0], "wanted one network or model");
    if (operands) s.choice.name = operand[0];
    subject what = {.name = s.choice.name ? s.choice.name : s.choice.options.arch};
    if (!what.name) what.name = DEFAULT_MODEL;
    if (s.plan.train) what.training = &s.plan.training;
    effnet_system_get(&what.system);
    what.level = effnet_level_name(s.plan.level ? s.plan.level : what.system.level);

    effnet_model *model = NULL;
    bench_result result = {0};
    int code = open_model(&s, what.name, &model);
    if (code == EXIT_DONE) code = bench_run(&result, &s.plan, model);
    if (code == EXIT_DONE) code = (s.json ? print_as_json : print_as_text)(&what, &result);
    bench_result_free(&result);
    effnet_model_free(model);
    return code;
}

const command cmd_bench = {
    .name = "bench",
    .arguments = "[OPTIONS] [MODEL|NETWORK]",
    .summary = "Latency, throughput, memory, and the share of what the processor can do",
    .text =
        "Runs a model on random numbers. Where there is no model of the name, the network that is called so "
        "is run\n"
        "with random weights; --arch alone and FILE.json mean that too. \"speed\" counts two operations for "
        "a\n"
        "multiply-add of convolutions and linear layers; what the processor can do is measured at the end, "
        "by\n"
        "multiply-adds in registers on as many threads. Times of --layers are the least of all runs; pooling "
        "is "
        "in\n"
        "the last convolution's. On a shared machine look at the least, and compare only what was measured "
        "in\n"
        "turns. A step of training is on one batch that stays in memory: no decoding, no augmentation; its "
        "speed\n"
        "counts three times a pass. Times of parts that --predict measures are kept in "
        "${XDG_CACHE_HOME:-~/.cache}/effnet.\n\n"
        "Examples:\n"
        "  effnet bench\n"
        "  effnet bench efficientnet-b0 --threads 1 --layers\n"
        "  effnet bench efficientnet-b4 --predict\n"
        "  effnet bench -m checkpoint.pth --batch 16 --runs 50 --json\n"
        "  effnet bench mobilenet-v2 --size 192 --cpu avx2\n"
        "  effnet bench efficientnet-b0 --train --batch 16 --threads 2\n",
    .options = specs,
    .run = run,
};

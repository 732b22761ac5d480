/* SPDX-License-Identifier: Apache-2.0
 *
 * Compares the engine with what PyTorch answered (tests/data/goldens/networks.jsonl, docs/parity.md): logits,
 * features, pooled and reduction endpoints, parameters and multiply-adds of every network. Weights come from
 * the generator under the names of the network's source, so dialects and variants are proved on the way.
 *
 *     parity [--tier quick|check|full] [--only TEXT] [--threads N] [--level ref|avx2|avx512|neon] FILE
 *
 * Prints a line for each run and the largest differences; fails if one is over the tolerance, or if nothing
 * ran. Exit code 77 if this machine has no such kernels.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "engine/engine.h"
#include "golden_weights.h"
#include "kernels/kernels.h"
#include "net/cost.h"

enum { MAX_OUTPUTS = 8, MAX_LINE = 1 << 16 };

static const char *const tiers[] = {"quick", "check", "full"};
enum { TIERS = sizeof tiers / sizeof *tiers };

typedef struct settings {
    const char *file, *only;
    int tier;
    size_t threads;
    cpu_level level;
} settings;

/* A network with its weights, ready to run at any size. */
typedef struct subject {
    json_t *line; /* of the goldens; borrowed */
    char title[160];
    uint64_t seed;
    int channels; /* of the picture */
    model *model;
    engine_weights *weights;
} subject;

/* One run: its graph and the outputs to compare. */
typedef struct trial {
    net_graph *graph;
    float *input; /* [2][height][width][channels]: another picture, then the golden's */
    engine_tap taps[MAX_OUTPUTS];
    const char *names[MAX_OUTPUTS];
    size_t sizes[MAX_OUTPUTS]; /* elements for one image */
    size_t count;
} trial;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int int_of(const json_t *object, const char *key)
{
    return (int)json_integer_value(json_object_get(object, key));
}

static int tier_of(const json_t *run)
{
    for (int i = 0; i < TIERS; i++)
        if (!strcmp(tiers[i], text_of(run, "tier"))) return i;
    return TIERS;
}

/* ---- A network and its weights ---- */

static effnet_status refuse(const char *what, double found, double wanted, effnet_error *error)
{
    return error_set(error, EFFNET_ERR_MISMATCH, "%s: %.17g, PyTorch's is %.17g", what, found, wanted);
}

/* The description that the source builds, to name and shape its tensors. */
static effnet_status source_graph(net_graph **out, const json_t *line, effnet_error *error)
{
    net_arch arch;
    TRY(net_arch_by_name(&arch, text_of(line, "arch"), error));
    arch.classes = int_of(line, "classes");
    arch.in_channels = int_of(line, "in_channels");
    return net_graph_create(out, &arch, &net_variant_source, 0, 0, error);
}

static effnet_status open_model(subject *s, effnet_error *error)
{
    const model_options options = {
        .arch = text_of(s->line, "arch"),
        .dialect = text_of(s->line, "dialect"),
        /* the names settle the padding of all dialects but timm's */
        .variant = strcmp(text_of(s->line, "dialect"), "timm") != 0 ? NULL : text_of(s->line, "variant"),
        .in_channels = int_of(s->line, "adapt"),
    };
    dialect d;
    net_graph *graph;
    state_dict *state;
    if (!dialect_parse(options.dialect, &d))
        return error_set(error, EFFNET_ERR_NOT_FOUND, "no dialect '%s'", options.dialect);
    TRY(source_graph(&graph, s->line, error));
    const effnet_status status = golden_state(&state, graph, d, s->seed, error);
    net_graph_free(graph);
    TRY(status);
    return model_open_state(&s->model, state, text_of(s->line, "network"), &options, error);
}

/* What the model made of the options must be what PyTorch built. */
static effnet_status check_model(const subject *s, effnet_error *error)
{
    const net_variant *variant = &s->model->graph->variant;
    const double epsilon = json_number_value(json_object_get(s->line, "epsilon"));
    const uint64_t parameters = net_cost_total(s->model->graph).parameters;
    const bool same = !strcmp(text_of(s->line, "variant"), "same");
    if ((variant->padding == NET_PAD_SAME) != same)
        return error_set(error, EFFNET_ERR_MISMATCH, "padding is not '%s'", text_of(s->line, "variant"));
    if (fabs(variant->bn_epsilon - epsilon) > 1e-9)
        return refuse("batch norm's epsilon", variant->bn_epsilon, epsilon, error);
    if (parameters != (uint64_t)json_integer_value(json_object_get(s->line, "parameters")))
        return refuse("parameters", (double)parameters, int_of(s->line, "parameters"), error);
    return EFFNET_OK;
}

static effnet_status subject_create(subject *s, json_t *line, const settings *set, effnet_error *error)
{
    const int adapt = int_of(line, "adapt"), stored = int_of(line, "in_channels");
    *s = (subject){.line = line, .channels = adapt ? adapt : stored};
    s->seed = (uint64_t)json_integer_value(json_object_get(line, "seed"));
    snprintf(s->title, sizeof s->title, "%s %s, %d classes, %d channels", text_of(line, "package"),
             text_of(line, "network"), int_of(line, "classes"), s->channels);
    TRY(open_model(s, error));
    TRY(check_model(s, error));
    return engine_weights_create(&s->weights, s->model->graph, set->level, NULL, model_read, s->model, error);
}

static void subject_free(subject *s)
{
    engine_weights_free(s->weights);
    model_free(s->model);
}

/* ---- One run ---- */

static effnet_status add_tap(trial *t, const char *name, size_t images, effnet_error *error)
{
    net_endpoint at;
    if (t->count == MAX_OUTPUTS)
        return error_set(error, EFFNET_ERR_LIMIT, "more than %d outputs", MAX_OUTPUTS);
    TRY(net_endpoint_find(&at, t->graph, name, error));
    const size_t size = (size_t)at.height * (size_t)at.width * (size_t)at.channels;
    float *out = malloc(images * size * sizeof *out);
    if (!out) return error_memory(error);
    t->taps[t->count] = (engine_tap){at, out};
    t->names[t->count] = name;
    t->sizes[t->count++] = size;
    return EFFNET_OK;
}

static void trial_free(trial *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->taps[i].out);
    free(t->input);
    net_graph_free(t->graph);
}

/* `images` is room in the taps. On failure too, free with trial_free. */
static effnet_status trial_create(trial *t, const subject *s, json_t *run, size_t images, effnet_error *error)
{
    const char *name;
    json_t *output;
    const int height = int_of(run, "height"), width = int_of(run, "width");
    const size_t size = (size_t)height * (size_t)width * (size_t)s->channels;
    *t = (trial){0};
    TRY(net_graph_create(&t->graph, &s->model->graph->arch, &s->model->graph->variant, height, width, error));
    const uint64_t macs = net_cost_total(t->graph).macs;
    const json_int_t wanted = json_integer_value(json_object_get(run, "macs"));
    if (macs != (uint64_t)wanted) return refuse("multiply-adds", (double)macs, (double)wanted, error);
    t->input = malloc(2 * size * sizeof *t->input);
    if (!t->input) return error_memory(error);
    golden_picture(t->input, s->seed + 1, (size_t)height, (size_t)width, (size_t)s->channels);
    golden_picture(t->input + size, s->seed, (size_t)height, (size_t)width, (size_t)s->channels);
    json_object_foreach(json_object_get(run, "outputs"), name, output)
    {
        TRY(add_tap(t, name, images, error));
    }
    return EFFNET_OK;
}

/* Runs the golden's picture, after `before` others (0 or 1) in one batch. */
static effnet_status trial_run(const trial *t, const subject *s, size_t before, size_t threads,
                               effnet_error *error)
{
    pool *team;
    engine_scratch *scratch;
    const size_t size = (size_t)t->graph->height * (size_t)t->graph->width * (size_t)s->channels;
    TRY(pool_create(&team, threads, error));
    const effnet_status status = engine_scratch_create(&scratch, t->graph, s->weights, team, error);
    if (status == EFFNET_OK) {
        engine_run(scratch, t->input + (before ? 0 : size), before + 1, t->taps, t->count);
        engine_scratch_free(scratch);
    }
    pool_free(team);
    return status;
}

/* One thread, and second in a batch: the same bits as in `t`. */
static effnet_status check_bits(const trial *t, const subject *s, json_t *run, effnet_error *error)
{
    trial again;
    effnet_status status = trial_create(&again, s, run, 2, error);
    if (status == EFFNET_OK) status = trial_run(&again, s, 1, 1, error);
    for (size_t i = 0; status == EFFNET_OK && i < t->count; i++)
        if (memcmp(t->taps[i].out, again.taps[i].out + t->sizes[i], t->sizes[i] * sizeof(float)) != 0)
            status =
                error_set(error, EFFNET_ERR_INTERNAL, "%s depends on threads or on the batch", t->names[i]);
    trial_free(&again);
    return status;
}

static effnet_status compare_run(const subject *s, json_t *run, const settings *set, tally *sums,
                                 effnet_error *error)
{
    trial t;
    const char *package = text_of(s->line, "package");
    difference worst = {.output = "none"};
    effnet_status status = trial_create(&t, s, run, 1, error);
    if (status == EFFNET_OK) status = trial_run(&t, s, 0, set->threads, error);
    if (status == EFFNET_OK && tier_of(run) == 0) status = check_bits(&t, s, run, error);
    for (size_t i = 0; status == EFFNET_OK && i < t.count; i++) {
        const json_t *golden = json_object_get(json_object_get(run, "outputs"), t.names[i]);
        const double d = compare_output(golden, s->seed, t.names[i], t.taps[i].out, &t.taps[i].at);
        tally_add(sums, package, t.names[i], d);
        if (d >= worst.relative) worst = (difference){t.names[i], d};
    }
    tally_add_float64(sums, package, json_number_value(json_object_get(run, "float64")));
    if (status == EFFNET_OK)
        printf("%s %s, %dx%d: %.1e at %s\n", worst.relative <= PARITY_TOLERANCE ? "ok  " : "FAIL", s->title,
               t.graph->height, t.graph->width, worst.relative, worst.output);
    if (status == EFFNET_OK && worst.relative > PARITY_TOLERANCE)
        status = error_set(error, EFFNET_ERR_MISMATCH, "%s differs from PyTorch's", worst.output);
    trial_free(&t);
    return status;
}

/* ---- The file ---- */

/* Runs of `line` within the tier; counts failures. */
static void compare_line(json_t *line, const settings *set, tally *sums)
{
    size_t index, wanted = 0;
    json_t *run;
    effnet_error error = {0};
    json_t *runs = json_object_get(line, "runs");
    subject s;
    json_array_foreach(runs, index, run) wanted += tier_of(run) <= set->tier;
    if (!wanted) return;
    if (subject_create(&s, line, set, &error) != EFFNET_OK) {
        printf("FAIL %s: %s\n", s.title, error.message);
        sums->failures++;
    }
    json_array_foreach(runs, index, run)
    {
        if (!s.weights || tier_of(run) > set->tier) continue;
        sums->runs++;
        if (compare_run(&s, run, set, sums, &error) == EFFNET_OK) continue;
        printf("FAIL %s: %s\n", s.title, error.message);
        sums->failures++;
    }
    fflush(stdout);
    subject_free(&s);
}

/* False if the file cannot be read or a line is not JSON. */
static bool compare_file(const settings *set, tally *sums)
{
    static char text[MAX_LINE];
    bool good = true;
    FILE *file = fopen(set->file, "r");
    if (!file) return false;
    while (good && fgets(text, sizeof text, file)) {
        json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        good = line != NULL;
        if (good && strstr(text_of(line, "network"), set->only)) compare_line(line, set, sums);
        json_decref(line);
    }
    fclose(file);
    return good;
}

static bool parse_option(settings *set, const char *name, const char *value)
{
    if (!strcmp(name, "--only")) {
        set->only = value;
    } else if (!strcmp(name, "--threads")) {
        set->threads = strtoul(value, NULL, 10);
    } else if (!strcmp(name, "--level")) {
        return cpu_level_parse(value, &set->level);
    } else if (!strcmp(name, "--tier")) {
        for (set->tier = 0; set->tier < TIERS && strcmp(tiers[set->tier], value) != 0;)
            set->tier++;
    } else {
        return false;
    }
    return set->threads > 0 && set->tier < TIERS;
}

static bool parse_settings(settings *set, int argc, char **argv)
{
    *set = (settings){.only = "", .tier = 1, .threads = 2, .level = cpu_best_level()};
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            set->file = argv[i];
        } else if (i + 1 == argc || !parse_option(set, argv[i], argv[i + 1])) {
            return false;
        } else {
            i++;
        }
    }
    return set->file != NULL;
}

int main(int argc, char **argv)
{
    settings set;
    tally sums = {0};
    if (!parse_settings(&set, argc, argv)) {
        fprintf(stderr,
                "usage: parity [--tier quick|check|full] [--only TEXT] [--threads N] [--level LEVEL] FILE\n");
        return 2;
    }
    if (!cpu_has_level(set.level)) return 77;
    if (!compare_file(&set, &sums)) {
        fprintf(stderr, "parity: cannot read %s\n", set.file);
        return 2;
    }
    const char *operation, *kernel = "";
    kernels_describe(set.level, 1, &operation, &kernel);
    tally_print(&sums, kernel);
    return sums.runs > 0 && sums.failures == 0 ? 0 : 1;
}

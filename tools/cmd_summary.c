/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet summary: a network block by block, from its name, its description or a file of weights.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "json.h"
#include "models.h"
#include "plot/network_picture.h"
#include "plot/save.h"
#include "print.h"
#include "report.h"
#include "text.h"
#include "training_memory.h"

enum { MAX_BATCH = 65536, MAX_CLASSES = 1000000, MAX_CHANNELS = 1024, MAX_BLOCK = 4095 };

typedef struct settings {
    model_choice choice;
    effnet_network_options network;
    plot_choice plot;
    int block; /* to draw; -1: the whole network */
    uint64_t batch;
    bool json, memory;
    const char *of_memory; /* the last option that only counts for it */
    effnet_trainer_options training;
} settings;

/* What is described: a network, and the model it came from if there is one. */
typedef struct subject {
    effnet_network *own; /* made here */
    effnet_model *model;
    const effnet_network *network;
} subject;

static const option_spec specs[] = {
    {'m', "model", "FILE|NAME", "a model, in place of an argument"},
    FILE_OPTIONS,
    {OPTION_SIZE, "size", "HxW", "of the input (default: the network's own)"},
    {OPTION_BATCH, "batch", "N", "images at a time, for the activation bytes (default: 1) and --memory"},
    {OPTION_NUM_CLASSES, "num-classes", "N", "of the classifier; 0 for none"},
    {OPTION_IN_CHANNELS, "in-channels", "N", "of the input"},
    {OPTION_MEMORY, "memory", NULL, "what running it and training it will take"},
    TRAINING_MEMORY_OPTIONS,
    RUN_OPTIONS,
    PLOT_OPTIONS,
    {OPTION_BLOCK, "block", "N", "draw the inside of block N instead"},
    {OPTION_JSON, "json", NULL, "one JSON document"},
    {OPTION_NONE, NULL, NULL, NULL},
};

static settings read_options(option_parser *o)
{
    settings s = {.batch = 1, .block = -1};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (id == OPTION_OPTIMIZER || id == OPTION_PASSES || id == OPTION_RECOMPUTE || id == OPTION_THREADS ||
            id == OPTION_CPU)
            s.of_memory = o->option->name;
        if (model_choice_take(&s.choice, o) || plot_choice_take(&s.plot, o) ||
            training_memory_take(&s.training, o))
            continue;
        if (id == OPTION_SIZE) options_size(o, &s.network.height, &s.network.width);
        if (id == OPTION_BATCH) {
            s.training.batch = options_number(o, 1, MAX_BATCH);
            s.batch = (uint64_t)s.training.batch;
        }
        if (id == OPTION_MEMORY) s.memory = true;
        if (id == OPTION_BLOCK) s.block = options_number(o, 0, MAX_BLOCK);
        if (id == OPTION_NUM_CLASSES) {
            const int classes = options_number(o, 0, MAX_CLASSES);
            s.network.num_classes = classes ? classes : EFFNET_NO_CLASSIFIER;
        }
        if (id == OPTION_IN_CHANNELS) s.network.in_channels = options_number(o, 1, MAX_CHANNELS);
        if (id == OPTION_JSON) s.json = true;
    }
    if (s.block >= 0 && !plot_is_wanted(&s.plot))
        report_usage(cmd_summary.name, "--block draws, and needs --svg or --png");
    if (s.of_memory && !s.memory) report_usage(cmd_summary.name, "--%s goes with --memory", s.of_memory);
    model_choice_finish(&s.choice, cmd_summary.name);
    s.network.variant = s.choice.options.variant;
    s.training.threads = s.choice.threads;
    s.training.level = s.choice.options.level;
    return s;
}

/* ---- JSON, as docs and scripts know it ---- */

static json_t *part_to_json(const effnet_part_info *p)
{
    return json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:I,s:I}", "name", p->name, "kind", p->kind,
                     "kernel", p->kernel, "stride", p->stride, "expand", p->expand, "in", p->in_channels,
                     "out", p->out_channels, "se", p->squeeze, "height", p->height, "width", p->width,
                     "parameters", (json_int_t)p->parameters, "macs", (json_int_t)p->macs);
}

static json_t *network_to_json(const effnet_network *network, const effnet_network_info *info, uint64_t batch)
{
    json_t *parts = json_array();
    effnet_part_info part;
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++)
        json_array_append_new(parts, part_to_json(&part));
    return json_pack("{s:s,s:{s:i,s:i,s:i},s:I,s:I,s:I,s:o}", "name", info->name, "input", "height",
                     info->height, "width", info->width, "channels", info->channels, "parameters",
                     (json_int_t)info->parameters, "macs", (json_int_t)info->macs, "activation_bytes_peak",
                     (json_int_t)(batch * info->activation_bytes_peak), "blocks", parts);
}

/* What is told of memory. Training is all 0 where there is no classifier to train. */
typedef struct footprint {
    effnet_memory running;
    uint64_t run_bytes; /* for the batch */
    effnet_training_memory training;
    int threads, training_batch;
    const char *level, *optimizer;
} footprint;

static int find_footprint(footprint *out, const effnet_network *network, const effnet_network_info *info,
                          const settings *s)
{
    effnet_error error;
    effnet_system system;
    effnet_system_get(&system);
    const effnet_trainer_options *o = &s->training;
    *out = (footprint){.threads = o->threads ? o->threads : system.cores,
                       .training_batch = o->batch ? o->batch : 32,
                       .level = effnet_level_name(o->level ? o->level : system.level),
                       .optimizer = training_optimizer_name(o->optimizer)};
    effnet_status status = effnet_network_get_memory(network, o->level, out->threads, &out->running, &error);
    if (status == EFFNET_OK && info->num_classes > 0)
        status = effnet_network_get_training_memory(network, o, &out->training, &error);
    if (status != EFFNET_OK) return report_error(&error);
    out->run_bytes = out->running.total + (s->batch >= (uint64_t)out->threads ? out->running.batch : 0);
    return EXIT_DONE;
}

static json_t *footprint_to_json(const footprint *f)
{
    const effnet_training_memory *t = &f->training;
    json_t *json = json_pack("{s:s,s:i,s:I,s:I,s:I,s:I,s:I,s:I}", "isa", f->level, "threads", f->threads,
                             "run_bytes", (json_int_t)f->run_bytes, "weights_bytes",
                             (json_int_t)f->running.weights, "loading_bytes", (json_int_t)f->running.loading,
                             "activations_bytes", (json_int_t)f->running.activations, "scratch_bytes",
                             (json_int_t)f->running.scratch, "batch_bytes", (json_int_t)f->running.batch);
    if (!json || !t->total) return json;
    json_object_set_new(json, "training",
                        json_pack("{s:I,s:I,s:I,s:I,s:i,s:s,s:b}", "bytes", (json_int_t)t->total,
                                  "arrays_bytes", (json_int_t)t->arrays, "step_bytes", (json_int_t)t->step,
                                  "pictures_bytes", (json_int_t)t->pictures, "batch", f->training_batch,
                                  "optimizer", f->optimizer, "recomputes", t->keep == EFFNET_KEEP_LEAST));
    return json;
}

static double megabytes(uint64_t bytes)
{
    return 1e-6 * (double)bytes;
}

static void print_footprint(const footprint *f)
{
    const effnet_memory *m = &f->running;
    const effnet_training_memory *t = &f->training;
    print("%-12s %.1f MB, %s, %d thread%s: weights %.1f, activations %.1f, scratch %.1f", "to run",
          megabytes(f->run_bytes), f->level, f->threads, f->threads == 1 ? "" : "s", megabytes(m->weights),
          megabytes(m->activations), megabytes(m->scratch));
    if (f->run_bytes > m->total) print(", for the batch %.1f", megabytes(m->batch));
    print("; %.1f while loading\n", megabytes(m->loading));
    if (!t->total) return;
    print("%-12s %.1f MB, %s, %d image%s a step%s: weights and what goes with them %.1f, step %.1f, "
          "pictures %.1f\n",
          "to train", megabytes(t->total), f->optimizer, f->training_batch, f->training_batch == 1 ? "" : "s",
          t->keep == EFFNET_KEEP_LEAST ? ", recomputed" : "", megabytes(t->arrays), megabytes(t->step),
          megabytes(t->pictures));
}

static int print_as_json(const subject *s, const effnet_network_info *info, uint64_t batch,
                         const footprint *memory)
{
    json_t *document = network_to_json(s->network, info, batch);
    if (document && memory) json_object_set_new(document, "memory", footprint_to_json(memory));
    if (document && s->model) {
        json_object_set_new(document, "dialect", json_text(effnet_model_get_dialect(s->model)));
        json_object_set_new(document, "task", json_text(effnet_task_name(effnet_model_get_task(s->model))));
        json_object_set_new(document, "recipe", json_text(effnet_model_get_recipe(s->model)));
        json_object_set_new(document, "origin", json_text(effnet_model_get_origin(s->model)));
    }
    return json_print(document) ? EXIT_DONE : EXIT_SYSTEM;
}

/* ---- text ---- */

static void print_part(const effnet_part_info *p, uint64_t batch)
{
    char output[32], kernel[16] = "-", stride[16] = "-", expand[16] = "-", squeeze[16] = "-";
    snprintf(output, sizeof output, "%d x %d", p->height, p->width);
    if (p->kernel) snprintf(kernel, sizeof kernel, "%d", p->kernel);
    if (p->stride) snprintf(stride, sizeof stride, "%d", p->stride);
    if (p->expand) snprintf(expand, sizeof expand, "%d", p->expand);
    if (p->squeeze) snprintf(squeeze, sizeof squeeze, "%d", p->squeeze);
    print("%-10s %-7s %6s %6s %6s %5d %5d %4s  %-11s", p->name, p->kind, kernel, stride, expand,
          p->in_channels, p->out_channels, squeeze, output);
    print_number(p->parameters, 11);
    print_number(p->macs, 15);
    print_number(batch * p->activation_bytes, 14);
    print("\n");
}

static void print_line(const char *name, const char *value)
{
    if (!*value) return;
    print("%-12s ", name);
    print_text(value);
    print("\n");
}

static void print_head(const subject *s, const effnet_network_info *info)
{
    print_line("network", info->name);
    print("%-12s %d x %d x %d (height x width x channels)\n", "input", info->height, info->width,
          info->channels);
    print("%-12s %s, padding %s, batch norm epsilon %g\n", "activation", info->activation, info->padding,
          info->bn_epsilon);
    if (info->num_classes)
        print("%-12s %d, from %d features\n", "classes", info->num_classes, info->features);
    else
        print("%-12s none, %d features\n", "classes", info->features);
    if (!s->model) return;
    print_line("dialect", effnet_model_get_dialect(s->model));
    print_line("outputs", effnet_task_name(effnet_model_get_task(s->model)));
    print_line("recipe", effnet_model_get_recipe(s->model));
    print_line("origin", effnet_model_get_origin(s->model));
}

static int print_as_text(const subject *s, const effnet_network_info *info, uint64_t batch,
                         const footprint *memory)
{
    print_head(s, info);
    print("\n%-10s %-7s %6s %6s %6s %5s %5s %4s  %-11s %11s %15s %14s\n", "part", "kind", "kernel", "stride",
          "expand", "in", "out", "se", "output", "parameters", "MACs", "activations");
    effnet_part_info part;
    for (size_t i = 0; effnet_network_get_part(s->network, i, &part); i++)
        print_part(&part, batch);
    print("%-68s", "total");
    print_number(info->parameters, 11);
    print_number(info->macs, 15);
    print("\n\n%-12s", "peak");
    print_number(batch * info->activation_bytes_peak, 0);
    print(" bytes of activations, layer by layer, float32, %llu image%s\n", (unsigned long long)batch,
          batch == 1 ? "" : "s");
    if (memory) print_footprint(memory);
    return EXIT_DONE;
}

static int show(const subject *what, const settings *s)
{
    effnet_network_info info;
    footprint memory;
    effnet_network_get_info(what->network, &info);
    const int code = s->memory ? find_footprint(&memory, what->network, &info, s) : EXIT_DONE;
    if (code != EXIT_DONE) return code;
    return (s->json ? print_as_json : print_as_text)(what, &info, s->batch, s->memory ? &memory : NULL);
}

/* ---- what is described ---- */

/* Weights, or what can only be meant as such. */
static bool is_weights(const char *name)
{
    struct stat info;
    if (text_ends_with(name, ".json")) return false;
    return strchr(name, '/') || text_ends_with(name, ".safetensors") || text_ends_with(name, ".pth") ||
           stat(name, &info) == 0;
}

static int open_model(subject *s, settings *asked)
{
    char size[64];
    effnet_model_options *options = &asked->choice.options;
    options->num_classes = asked->network.num_classes;
    options->in_channels = asked->network.in_channels;
    if (asked->network.height && options->recipe)
        report_usage(cmd_summary.name, "--size and --recipe exclude each other");
    if (asked->network.height) {
        snprintf(size, sizeof size, "height=%d,width=%d", asked->network.height, asked->network.width);
        options->recipe = size;
    }
    const int code = model_choice_load(&asked->choice, &s->model);
    if (code == EXIT_DONE) s->network = effnet_model_get_network(s->model);
    return code;
}

/* `name` is a file of weights, the name of a network, FILE.json, or the name of a model. */
static int open_subject(subject *s, settings *asked, const char *name)
{
    if (name && !is_weights(name)) {
        effnet_error error, unused;
        const effnet_status status = effnet_network_create(&s->own, name, &asked->network, &error);
        s->network = s->own;
        if (status == EFFNET_OK) return EXIT_DONE;
        char *path = status == EFFNET_ERR_NOT_FOUND ? models_find(name, &unused) : NULL;
        const bool is_model = path && is_weights(path);
        free(path);
        if (!is_model) return report_error(&error);
    }
    if (name) asked->choice.name = name;
    return open_model(s, asked);
}

static int draw(const effnet_network *network, const settings *s)
{
    if (s->block < 0) return plot_save(&s->plot, network_picture(network));
    char name[sizeof(effnet_part_info){0}.name];
    snprintf(name, sizeof name, "block:%d", s->block);
    effnet_part_info part;
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++)
        if (strcmp(part.name, name) == 0) return plot_save(&s->plot, block_picture(network, i));
    effnet_network_info info;
    effnet_network_get_info(network, &info);
    return report_failure(EXIT_USAGE, "summary: %s has no block %d", info.name, s->block);
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_summary, argc, argv);
    settings s = read_options(&o);
    size_t operands;
    char **operand = options_operands(&o, &operands);
    if (operands + (s.choice.name != NULL) != 1) report_usage(argv[0], "wanted one network or model");
    subject what = {0};
    int code = plot_check(&s.plot, argv[0]);
    if (code == EXIT_DONE) code = open_subject(&what, &s, operands ? operand[0] : NULL);
    if (code == EXIT_DONE && plot_is_wanted(&s.plot)) code = draw(what.network, &s);
    if (code == EXIT_DONE) code = show(&what, &s);
    effnet_network_free(what.own);
    effnet_model_free(what.model);
    return code;
}

const command cmd_summary = {
    .name = "summary",
    .arguments = "[OPTIONS] ARCH|FILE",
    .summary = "A network block by block: shapes, parameters, multiply-adds, activation bytes",
    .text =
        "ARCH is a name like efficientnet-b0, efficientnet-lite4, mobilenet-v2-0.35 (peers' spellings are\n"
        "understood), or FILE.json. Of a file of weights, its dialect, what its outputs mean, recipe and\n"
        "origin are shown too.\n"
        "Parameters are the trainable ones; MACs are multiply-adds of one image, as the papers count "
        "them.\n\n"
        "Examples:\n"
        "  effnet summary efficientnet-b3\n"
        "  effnet summary mobilenet-v2-1.4 --size 192x256 --batch 32\n"
        "  effnet summary efficientnet-b4 --memory --batch 16\n"
        "  effnet summary checkpoint.pth --json\n"
        "  effnet summary efficientnet-b0 --svg b0.svg\n"
        "  effnet summary efficientnet-b0 --block 4 --svg mbconv.svg\n"
        "  effnet summary -m efficientnet-lite0\n",
    .options = specs,
    .run = run,
};

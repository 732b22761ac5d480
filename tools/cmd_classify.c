/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet classify: the best classes of each picture, printed as soon as it is done.
 */
#include <math.h>
#include <stdlib.h>

#include "clock.h"
#include "commands.h"
#include "json.h"
#include "models.h"
#include "pictures.h"
#include "print.h"
#include "report.h"

enum { DEFAULT_TOP = 5, MAX_TOP = 100000, MAX_BATCH = 1024 };

typedef enum output_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV } output_format;

typedef struct settings {
    model_choice choice;
    effnet_image_options image;
    output_format format;
    size_t top, batch;
    bool tta;
} settings;

/* What one run needs beside its settings. */
typedef struct classifier {
    const settings *settings;
    effnet_model *model;
    effnet_session *session;
    effnet_network_info network;
    pictures pictures;
    float *mirrored;        /* [batch][height][width][channels], with --tta */
    float *logits;          /* [batch][classes] */
    float *other_logits;    /* the same of the mirrored pictures */
    effnet_prediction *top; /* [settings->top] */
    double network_ms;      /* of each picture in the batch */
    bool told_not_finite;
} classifier;

static const option_spec specs[] = {
    MODEL_OPTIONS,
    {'k', "top", "N", "how many classes of each picture (default: 5)"},
    {OPTION_BATCH, "batch", "N", "pictures at a time (default: 1)"},
    {OPTION_TTA, "tta", NULL, "average the logits of each picture and its mirror image"},
    PICTURE_OPTIONS,
    {OPTION_JSON, "json", NULL, "one JSON object a line"},
    {OPTION_CSV, "csv", NULL, "one line per picture and class"},
    RUN_OPTIONS,
    {OPTION_NONE, NULL, NULL, NULL},
};

static settings read_options(option_parser *o)
{
    settings s = {.top = DEFAULT_TOP, .batch = 1};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (model_choice_take(&s.choice, o) || picture_option_take(&s.image, o)) continue;
        if (id == 'k') s.top = (size_t)options_number(o, 1, MAX_TOP);
        if (id == OPTION_BATCH) s.batch = (size_t)options_number(o, 1, MAX_BATCH);
        if (id == OPTION_TTA) s.tta = true;
        if (id == OPTION_JSON) s.format = FORMAT_JSON;
        if (id == OPTION_CSV) s.format = FORMAT_CSV;
    }
    model_choice_finish(&s.choice, o->command->name);
    return s;
}

/* ---- printing ---- */

static void print_as_text(const classifier *c, const picture *p)
{
    print_text(p->path);
    print("\n");
    for (size_t i = 0; i < c->settings->top && c->top[i].class_index >= 0; i++) {
        print("  %6.2f %%  ", 100 * fabs((double)c->top[i].probability)); /* no "-nan" */
        if (*c->top[i].label)
            print_text(c->top[i].label);
        else
            print("class %d", c->top[i].class_index);
        print("\n");
    }
}

static void print_as_csv(const classifier *c, const picture *p)
{
    for (size_t i = 0; i < c->settings->top && c->top[i].class_index >= 0; i++) {
        const effnet_prediction *t = &c->top[i];
        print_csv(p->path);
        print(",%zu,%d,", i + 1, t->class_index);
        print_csv(t->label);
        print(",%.9g,%.9g\n", (double)t->probability, (double)t->logit);
    }
}

static json_t *top_to_json(const classifier *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->settings->top && c->top[i].class_index >= 0; i++) {
        const effnet_prediction *t = &c->top[i];
        json_array_append_new(list, json_pack("{s:i,s:o,s:o,s:o}", "class", t->class_index, "label",
                                              json_text(t->label), "probability",
                                              json_number((double)t->probability), "logit",
                                              json_number((double)t->logit)));
    }
    return list;
}

static bool print_as_json(const classifier *c, const picture *p)
{
    const effnet_image_info *i = &p->info;
    json_t *ms = json_pack("{s:f,s:f,s:f}", "decode", i->decode_ms, "preprocess", i->preprocess_ms, "network",
                           c->network_ms);
    return json_print(json_pack("{s:o,s:i,s:i,s:s,s:i,s:o,s:o}", "path", json_text(p->path), "width",
                                i->width, "height", i->height, "format", i->format, "orientation",
                                i->orientation, "top", top_to_json(c), "ms", ms));
}

static bool print_failure_as_json(const picture *p)
{
    return json_print(json_pack("{s:o,s:{s:i,s:s}}", "path", json_text(p->path ? p->path : ""), "error",
                                "code", report_exit_code(p->error.code), "message", p->error.message));
}

/* Once: with such weights it is the same for all pictures. */
static void note_not_finite(classifier *c, const picture *p)
{
    if (!c->told_not_finite)
        report_note("%s: the logits are not all finite: the weights are damaged, or too large for float32",
                    p->path);
    c->told_not_finite = true;
}

/* One picture's lines. */
static int print_picture(classifier *c, const picture *p)
{
    const output_format format = c->settings->format;
    bool ok = true;
    if (p->error.code != EFFNET_OK) {
        if (format == FORMAT_JSON) ok = print_failure_as_json(p);
    } else {
        const float *logits = c->logits + p->slot * (size_t)c->network.num_classes;
        effnet_model_top(c->model, logits, c->settings->top, c->top);
        if (!isfinite(c->top[0].probability)) note_not_finite(c, p);
        if (format == FORMAT_TEXT) print_as_text(c, p);
        if (format == FORMAT_CSV) print_as_csv(c, p);
        if (format == FORMAT_JSON) ok = print_as_json(c, p);
        report_detail(
            "%s: %s, %d x %d, EXIF orientation %d, decoded in %.1f ms, prepared in %.1f ms, network %.1f ms",
            p->path, p->info.format, p->info.width, p->info.height, p->info.orientation, p->info.decode_ms,
            p->info.preprocess_ms, c->network_ms);
    }
    if (!ok) return EXIT_SYSTEM;
    return print_flush() ? EXIT_DONE : EXIT_IO;
}

/* ---- running ---- */

/* Left and right swapped: in, out: [count][height][width][channels]. */
static void mirror(float *out, const float *in, size_t count, const effnet_network_info *n)
{
    const size_t rows = count * (size_t)n->height, width = (size_t)n->width, channels = (size_t)n->channels;
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < width; x++)
            for (size_t k = 0; k < channels; k++)
                out[(y * width + x) * channels + k] = in[(y * width + width - 1 - x) * channels + k];
}

static effnet_status run_logits(classifier *c, const float *inputs, float *logits, effnet_error *error)
{
    const effnet_output output = {"logits", logits};
    return effnet_session_run(c->session, inputs, c->pictures.ready, &output, 1, error);
}

/* The batch through the network, with --tta twice. */
static int run_batch(classifier *c)
{
    const size_t count = c->pictures.ready;
    if (count == 0) return EXIT_DONE;
    effnet_error error;
    const double start = clock_ms();
    effnet_status status = run_logits(c, c->pictures.inputs, c->logits, &error);
    if (status == EFFNET_OK && c->settings->tta) {
        mirror(c->mirrored, c->pictures.inputs, count, &c->network);
        status = run_logits(c, c->mirrored, c->other_logits, &error);
        for (size_t i = 0; i < count * (size_t)c->network.num_classes; i++)
            c->logits[i] = 0.5f * (c->logits[i] + c->other_logits[i]);
    }
    c->network_ms = (clock_ms() - start) / (double)count;
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

static int run_all(classifier *c)
{
    if (c->settings->format == FORMAT_CSV) print("path,rank,class,label,probability,logit\n");
    while (pictures_next(&c->pictures)) {
        int code = run_batch(c);
        for (size_t i = 0; code == EXIT_DONE && i < c->pictures.count; i++)
            code = print_picture(c, &c->pictures.items[i]);
        if (code != EXIT_DONE) return code;
    }
    return c->pictures.failure;
}

static int allocate(classifier *c)
{
    const settings *s = c->settings;
    const size_t classes = (size_t)c->network.num_classes;
    c->logits = calloc(s->batch, classes * sizeof *c->logits);
    c->top = calloc(s->top, sizeof *c->top);
    bool ok = c->logits && c->top;
    if (s->tta) {
        c->other_logits = calloc(s->batch, classes * sizeof *c->other_logits);
        c->mirrored = calloc(s->batch, c->pictures.input_size * sizeof *c->mirrored);
        ok = ok && c->other_logits && c->mirrored;
    }
    return ok ? EXIT_DONE : report_failure(EXIT_SYSTEM, "out of memory");
}

static int prepare(classifier *c, char *const *paths, size_t path_count)
{
    const settings *s = c->settings;
    int code = model_choice_load(&s->choice, &c->model);
    if (code != EXIT_DONE) return code;
    effnet_network_get_info(effnet_model_get_network(c->model), &c->network);
    if (c->network.num_classes == 0)
        return report_failure(EXIT_DATA, "%s: no classifier in this model; effnet features gives what it has",
                              s->choice.name ? s->choice.name : DEFAULT_MODEL);
    const effnet_session_options session = {.threads = s->choice.threads};
    code = model_choice_start(&s->choice, c->model, &session, &c->session);
    if (code != EXIT_DONE) return code;
    code = pictures_open(&c->pictures, c->model, &s->image, paths, path_count, s->batch);
    return code ? code : allocate(c);
}

static void release(classifier *c)
{
    pictures_close(&c->pictures);
    free(c->logits);
    free(c->other_logits);
    free(c->mirrored);
    free(c->top);
    effnet_session_free(c->session);
    effnet_model_free(c->model);
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_classify, argc, argv);
    const settings s = read_options(&o);
    size_t path_count;
    char **paths = options_operands(&o, &path_count);
    if (path_count == 0) report_usage(argv[0], "no picture was named");
    classifier c = {.settings = &s};
    int code = prepare(&c, paths, path_count);
    if (code == EXIT_DONE) code = run_all(&c);
    release(&c);
    return code;
}

const command cmd_classify = {
    .name = "classify",
    .arguments = "[OPTIONS] PATH...",
    .summary = "Labels for pictures (JPEG, PNG, WebP), for folders of them, for - (standard input)",
    .text = "Folders are searched recursively, in the order of names, without hidden files and folders. A "
            "picture\n"
            "that cannot be read is reported, the others are done, and the exit code is that of the first "
            "failure.\n\n"
            "Examples:\n"
            "  effnet classify photo.jpg\n"
            "  effnet classify -k 1 --csv holiday/ > labels.csv\n"
            "  effnet classify -m checkpoint.pth --labels names.txt --json *.png\n"
            "  curl -s https://example.org/cat.jpg | effnet classify -\n",
    .options = specs,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet classify: the best classes of each picture, printed as soon as it is done.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "clock.h"
#include "commands.h"
#include "json.h"
#include "lanes.h"
#include "models.h"
#include "pictures.h"
#include "print.h"
#include "report.h"

/* JOBS_A_LANE: so that a slow picture does not stop the lanes beside it at once. LANES_MEMORY: bytes that the
 * activations of all lanes may take. */
enum { JOBS_A_LANE = 4, LANES_MEMORY = 1 << 30, DEFAULT_TOP = 5, MAX_TOP = 100000, MAX_BATCH = 1024 };

typedef enum output_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV } output_format;

typedef struct settings {
    model_choice choice;
    effnet_image_options image;
    output_format format;
    size_t top; /* 0: the default */
    size_t batch;
    bool tta;
} settings;

/* One thread's own. */
typedef struct lane {
    effnet_session *session;
    float *inputs;       /* [batch][height][width][channels] */
    float *mirrored;     /* the same, with --tta */
    float *other_logits; /* [batch][classes] of these */
} lane;

/* A batch on its way from paths to lines. */
typedef struct job {
    picture_batch batch;
    float *logits;      /* [batch][classes] */
    double network_ms;  /* of each picture */
    effnet_error error; /* of the network's run */
} job;

/* What one run needs beside its settings. */
typedef struct classifier {
    const settings *settings;
    effnet_model *model;
    effnet_network_info network;
    effnet_task task;
    pictures pictures;
    lane *lanes;
    size_t lane_count;
    job *jobs;
    size_t job_count;
    size_t batch;           /* pictures of a job */
    effnet_prediction *top; /* [top_count] */
    size_t top_count;
    bool told_not_finite;
} classifier;

static const option_spec specs[] = {
    MODEL_OPTIONS,
    TASK_OPTION,
    {'k', "top", "N", "how many classes or labels (default: 5) or values (default: all)"},
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
    settings s = {.batch = 1};
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

/* "class 3" where outputs have no names. */
static void print_name(const effnet_prediction *t, const char *kind)
{
    if (*t->label)
        print_text(t->label);
    else
        print("%s %d", kind, t->class_index);
}

static void print_as_text(const classifier *c, const picture *p)
{
    static const char *const kinds[] = {"output", "class", "label", "value"}; /* by effnet_task */
    print_text(p->path);
    print("\n");
    for (size_t i = 0; i < c->top_count && c->top[i].class_index >= 0; i++) {
        if (c->task == EFFNET_TASK_VALUES)
            print("  %11.6g  ", (double)c->top[i].logit);
        else
            print("  %6.2f %%  ", 100 * fabs((double)c->top[i].probability)); /* no "-nan" */
        print_name(&c->top[i], kinds[c->task]);
        print("\n");
    }
}

static void print_csv_heading(const classifier *c)
{
    if (c->task == EFFNET_TASK_VALUES)
        print("path,output,label,value\n");
    else
        print("path,rank,class,label,probability,logit\n");
}

static void print_as_csv(const classifier *c, const picture *p)
{
    for (size_t i = 0; i < c->top_count && c->top[i].class_index >= 0; i++) {
        const effnet_prediction *t = &c->top[i];
        print_csv(p->path);
        if (c->task == EFFNET_TASK_VALUES) {
            print(",%d,", t->class_index);
            print_csv(t->label);
            print(",%.9g\n", (double)t->logit);
            continue;
        }
        print(",%zu,%d,", i + 1, t->class_index);
        print_csv(t->label);
        print(",%.9g,%.9g\n", (double)t->probability, (double)t->logit);
    }
}

static json_t *top_to_json(const classifier *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->top_count && c->top[i].class_index >= 0; i++) {
        const effnet_prediction *t = &c->top[i];
        if (c->task == EFFNET_TASK_VALUES)
            json_array_append_new(list,
                                  json_pack("{s:i,s:o,s:o}", "output", t->class_index, "label",
                                            json_text(t->label), "value", json_number((double)t->logit)));
        else
            json_array_append_new(list, json_pack("{s:i,s:o,s:o,s:o}", "class", t->class_index, "label",
                                                  json_text(t->label), "probability",
                                                  json_number((double)t->probability), "logit",
                                                  json_number((double)t->logit)));
    }
    return list;
}

static bool print_as_json(const classifier *c, const picture *p, double network_ms)
{
    const effnet_image_info *i = &p->info;
    json_t *ms = json_pack("{s:f,s:f,s:f}", "decode", i->decode_ms, "preprocess", i->preprocess_ms, "network",
                           network_ms);
    return json_print(json_pack("{s:o,s:i,s:i,s:s,s:i,s:o,s:o}", "path", json_text(p->path), "width",
                                i->width, "height", i->height, "format", i->format, "orientation",
                                i->orientation, c->task == EFFNET_TASK_VALUES ? "values" : "top",
                                top_to_json(c), "ms", ms));
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
static int print_picture(classifier *c, const job *j, const picture *p)
{
    const output_format format = c->settings->format;
    bool ok = true;
    if (p->error.code != EFFNET_OK) {
        if (format == FORMAT_JSON) ok = print_failure_as_json(p);
    } else {
        const float *logits = j->logits + p->slot * (size_t)c->network.num_classes;
        effnet_model_top(c->model, logits, c->top_count, c->top);
        if (!isfinite(c->task == EFFNET_TASK_VALUES ? c->top[0].logit : c->top[0].probability))
            note_not_finite(c, p);
        if (format == FORMAT_TEXT) print_as_text(c, p);
        if (format == FORMAT_CSV) print_as_csv(c, p);
        if (format == FORMAT_JSON) ok = print_as_json(c, p, j->network_ms);
        report_detail(
            "%s: %s, %d x %d, EXIF orientation %d, decoded in %.1f ms, prepared in %.1f ms, network %.1f ms",
            p->path, p->info.format, p->info.width, p->info.height, p->info.orientation, p->info.decode_ms,
            p->info.preprocess_ms, j->network_ms);
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

static effnet_status run_logits(const lane *l, const float *inputs, size_t count, float *logits,
                                effnet_error *error)
{
    const effnet_output output = {"logits", logits};
    return effnet_session_run(l->session, inputs, count, &output, 1, error);
}

/* The batch through the network, with --tta twice. */
static void run_network(const classifier *c, const lane *l, job *j)
{
    const size_t count = j->batch.ready;
    const double start = clock_ms();
    effnet_status status = run_logits(l, l->inputs, count, j->logits, &j->error);
    if (status == EFFNET_OK && c->settings->tta) {
        mirror(l->mirrored, l->inputs, count, &c->network);
        status = run_logits(l, l->mirrored, count, l->other_logits, &j->error);
        for (size_t i = 0; i < count * (size_t)c->network.num_classes; i++)
            j->logits[i] = 0.5f * (j->logits[i] + l->other_logits[i]);
    }
    j->network_ms = (clock_ms() - start) / (double)count;
}

static bool take(void *context, size_t number)
{
    classifier *c = context;
    c->jobs[number].error.code = EFFNET_OK;
    return pictures_take(&c->pictures, &c->jobs[number].batch);
}

static void work(void *context, size_t lane_number, size_t job_number)
{
    const classifier *c = context;
    const lane *l = &c->lanes[lane_number];
    job *j = &c->jobs[job_number];
    pictures_prepare(&c->pictures, &j->batch, l->inputs);
    if (j->batch.ready > 0) run_network(c, l, j);
}

static int deliver(void *context, size_t number)
{
    classifier *c = context;
    const job *j = &c->jobs[number];
    pictures_report(&c->pictures, &j->batch);
    if (j->error.code != EFFNET_OK) return report_error(&j->error);
    int code = EXIT_DONE;
    for (size_t i = 0; code == EXIT_DONE && i < j->batch.count; i++)
        code = print_picture(c, j, &j->batch.items[i]);
    return code;
}

static int run_all(classifier *c)
{
    const lanes plan = {.count = c->lane_count,
                        .jobs = c->job_count,
                        .context = c,
                        .take = take,
                        .work = work,
                        .deliver = deliver};
    if (c->settings->format == FORMAT_CSV) print_csv_heading(c);
    const int code = lanes_run(&plan);
    return code ? code : pictures_finish(&c->pictures);
}

/* ---- making ready ---- */

static int lane_open(classifier *c, lane *l, int threads)
{
    const effnet_session_options options = {.threads = threads};
    const int code = model_choice_start(&c->settings->choice, c->model, &options, &l->session);
    if (code != EXIT_DONE) return code;
    const size_t input = c->pictures.input_size, classes = (size_t)c->network.num_classes;
    l->inputs = calloc(c->batch, input * sizeof *l->inputs);
    if (c->settings->tta) {
        l->mirrored = calloc(c->batch, input * sizeof *l->mirrored);
        l->other_logits = calloc(c->batch, classes * sizeof *l->other_logits);
    }
    const bool ok = l->inputs && (!c->settings->tta || (l->mirrored && l->other_logits));
    return ok ? EXIT_DONE : report_failure(EXIT_SYSTEM, "out of memory");
}

static bool job_open(const classifier *c, job *j)
{
    j->logits = calloc(c->batch, (size_t)c->network.num_classes * sizeof *j->logits);
    return picture_batch_make(&j->batch, c->batch) && j->logits;
}

/* A picture on each thread gives more pictures a second than one picture on all of them, and decodes beside
 * the network. Few pictures share the threads, and so do large networks on many threads. */
static size_t count_lanes(const classifier *c, size_t threads)
{
    const uint64_t room = LANES_MEMORY / (c->network.activation_bytes_peak + 1);
    size_t count = c->pictures.expected < threads ? c->pictures.expected : threads;
    if (count > room) count = (size_t)room;
    return count ? count : 1;
}

static bool allocate(classifier *c)
{
    c->lanes = calloc(c->lane_count, sizeof *c->lanes);
    c->jobs = calloc(c->job_count, sizeof *c->jobs);
    c->top = calloc(c->top_count, sizeof *c->top);
    bool ok = c->lanes && c->jobs && c->top;
    for (size_t i = 0; ok && i < c->job_count; i++)
        ok = job_open(c, &c->jobs[i]);
    return ok;
}

static int open_lanes(classifier *c)
{
    const settings *s = c->settings;
    effnet_system system;
    effnet_system_get(&system);
    const size_t threads = (size_t)(s->choice.threads ? s->choice.threads : system.cores);
    c->lane_count = count_lanes(c, threads);
    c->job_count = c->lane_count == 1 ? 1 : c->lane_count * JOBS_A_LANE;
    c->batch = (s->batch + c->lane_count - 1) / c->lane_count;
    int code = allocate(c) ? EXIT_DONE : report_failure(EXIT_SYSTEM, "out of memory");
    for (size_t i = 0; code == EXIT_DONE && i < c->lane_count; i++)
        code = lane_open(c, &c->lanes[i], (int)(threads / c->lane_count));
    return code;
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
    c->task = effnet_model_get_task(c->model);
    c->top_count = s->top                          ? s->top
                   : c->task == EFFNET_TASK_VALUES ? (size_t)c->network.num_classes
                                                   : DEFAULT_TOP;
    code = pictures_open(&c->pictures, c->model, &s->image, paths, path_count);
    return code ? code : open_lanes(c);
}

static void release(classifier *c)
{
    for (size_t i = 0; c->lanes && i < c->lane_count; i++) {
        effnet_session_free(c->lanes[i].session);
        free(c->lanes[i].inputs);
        free(c->lanes[i].mirrored);
        free(c->lanes[i].other_logits);
    }
    for (size_t i = 0; c->jobs && i < c->job_count; i++) {
        picture_batch_free(&c->jobs[i].batch);
        free(c->jobs[i].logits);
    }
    free(c->lanes);
    free(c->jobs);
    free(c->top);
    pictures_close(&c->pictures);
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
            "A model says what its outputs mean: with several labels for a picture, each has a probability "
            "of its own;\n"
            "values are printed as they are.\n\n"
            "Examples:\n"
            "  effnet classify photo.jpg\n"
            "  effnet classify -k 1 --csv holiday/ > labels.csv\n"
            "  effnet classify -m checkpoint.pth --labels names.txt --json *.png\n"
            "  curl -s https://example.org/cat.jpg | effnet classify -\n",
    .options = specs,
    .run = run,
};

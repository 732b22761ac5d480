/* SPDX-License-Identifier: Apache-2.0
 *
 * Each lane takes pictures one by one and has a session of its own; what comes out is counted in the order of
 * the data, so that sums have the same bits for any number of threads. See evaluation.h.
 */
#include "evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lanes.h"
#include "progress.h"
#include "report.h"

enum { JOBS_A_LANE = 4, TOP = 5 };

typedef struct lane {
    effnet_session *session;
    float *input; /* [height][width][channels] */
} lane;

typedef struct job {
    size_t item;
    float *logits; /* [outputs of the network] */
    effnet_error error;
} job;

typedef struct evaluator {
    evaluation *e;
    const effnet_model *model;
    const effnet_dataset *data;
    const effnet_image_options *images;
    effnet_part part;
    size_t count, next;
    size_t network_outputs;
    size_t *output_of; /* [outputs]: the network's output for each class of the data */
    lane *lanes;
    job *jobs;
    size_t lane_count, job_count;
    int exit_code; /* of the first picture that failed */
} evaluator;

/* ---- Scores of one picture ---- */

static double logit_of(const evaluator *v, const job *j, size_t class)
{
    return (double)j->logits[v->output_of[class]];
}

static bool is_label(const effnet_dataset_item *item, size_t label)
{
    for (size_t i = 0; i < item->label_count; i++)
        if (item->labels[i] == label) return true;
    return false;
}

/* Cross-entropy over all outputs of the network, of which the data may know fewer. */
static void count_class(evaluator *v, const job *j, const effnet_dataset_item *item)
{
    evaluation *e = v->e;
    const size_t truth = (size_t)item->class_index;
    const double at = logit_of(v, j, truth);
    double most = -INFINITY, sum = 0;
    size_t ahead = 0, best = 0;
    for (size_t i = 0; i < v->network_outputs; i++) {
        const double x = (double)j->logits[i];
        most = fmax(most, x);
        ahead += x > at || (x == at && i < v->output_of[truth]);
    }
    for (size_t i = 0; i < v->network_outputs; i++)
        sum += exp((double)j->logits[i] - most);
    for (size_t c = 1; c < e->outputs; c++)
        if (logit_of(v, j, c) > logit_of(v, j, best)) best = c;
    e->loss += log(sum) + most - at;
    e->top1 += ahead == 0;
    e->top5 += ahead < TOP;
    e->classes[truth].support++;
    e->classes[best].found++;
    e->classes[truth].right += best == truth;
    e->confusion[truth * e->outputs + best]++;
}

static void count_labels(evaluator *v, const job *j, const effnet_dataset_item *item)
{
    evaluation *e = v->e;
    for (size_t c = 0; c < e->outputs; c++) {
        const double x = logit_of(v, j, c);
        const bool truth = is_label(item, c), found = x > 0;
        e->loss += (fmax(x, 0) + log1p(exp(-fabs(x))) - (truth ? x : 0)) / (double)e->outputs;
        e->top1 += truth == found ? 1 / (double)e->outputs : 0;
        e->classes[c].support += truth;
        e->classes[c].found += found;
        e->classes[c].right += truth && found;
    }
}

static void count_values(evaluator *v, const job *j, const effnet_dataset_item *item)
{
    for (size_t c = 0; c < v->e->outputs; c++) {
        const double off = logit_of(v, j, c) - (double)item->values[c];
        v->e->loss += off * off / (double)v->e->outputs;
    }
}

/* ---- Lanes ---- */

static bool take(void *context, size_t number)
{
    evaluator *v = context;
    if (v->next == v->count) return false;
    v->jobs[number].item = v->next++;
    return true;
}

static void work(void *context, size_t lane_number, size_t job_number)
{
    const evaluator *v = context;
    const lane *l = &v->lanes[lane_number];
    job *j = &v->jobs[job_number];
    const effnet_output output = {"logits", j->logits};
    j->error.code = EFFNET_OK;
    if (effnet_dataset_prepare(v->data, v->part, j->item, v->model, v->images, l->input, NULL, &j->error) ==
        EFFNET_OK)
        effnet_session_run(l->session, l->input, 1, &output, 1, &j->error);
}

static int deliver(void *context, size_t number)
{
    evaluator *v = context;
    const job *j = &v->jobs[number];
    effnet_dataset_item item;
    effnet_dataset_get_item(v->data, v->part, j->item, &item);
    if (j->error.code != EFFNET_OK) {
        progress_hide();
        const int code = report_error(&j->error);
        if (v->exit_code == EXIT_DONE) v->exit_code = code;
        v->e->failed++;
        return EXIT_DONE;
    }
    v->e->images++;
    switch (v->e->info.task) {
    case EFFNET_TASK_CLASSES: count_class(v, j, &item); break;
    case EFFNET_TASK_LABELS: count_labels(v, j, &item); break;
    default: count_values(v, j, &item); break;
    }
    progress_show(j->item + 1, v->count, "pictures");
    return EXIT_DONE;
}

/* ---- Making ready ---- */

/* Which output of the network each class of the data is: by name where the model has names, else by number.
 */
static int match_outputs(evaluator *v)
{
    const bool named = *effnet_model_get_label(v->model, 0) != '\0';
    if (!named && v->network_outputs != v->e->outputs)
        return report_failure(EXIT_DATA, "the model has %zu outputs without names, the data have %zu",
                              v->network_outputs, v->e->outputs);
    for (size_t c = 0; c < v->e->outputs; c++) {
        const char *label = effnet_dataset_get_label(v->data, c);
        size_t at = named ? 0 : c;
        while (named && at < v->network_outputs &&
               strcmp(effnet_model_get_label(v->model, (int)at), label) != 0)
            at++;
        if (at == v->network_outputs)
            return report_failure(EXIT_DATA, "the model does not know '%s', which is in the data", label);
        v->output_of[c] = at;
    }
    return EXIT_DONE;
}

static bool allocate(evaluator *v, size_t threads)
{
    evaluation *e = v->e;
    v->lane_count = threads < v->count ? threads : v->count;
    v->job_count = v->lane_count * JOBS_A_LANE;
    v->output_of = calloc(e->outputs, sizeof *v->output_of);
    v->lanes = calloc(v->lane_count, sizeof *v->lanes);
    v->jobs = calloc(v->job_count, sizeof *v->jobs);
    e->classes = calloc(e->outputs, sizeof *e->classes);
    if (e->info.task == EFFNET_TASK_CLASSES)
        e->confusion = calloc(e->outputs, e->outputs * sizeof *e->confusion);
    bool ok = v->output_of && v->lanes && v->jobs && e->classes;
    for (size_t i = 0; ok && i < v->job_count; i++)
        ok = (v->jobs[i].logits = calloc(v->network_outputs, sizeof(float))) != NULL;
    return ok && (e->confusion || e->info.task != EFFNET_TASK_CLASSES);
}

static int open_lanes(evaluator *v, const model_choice *choice, const effnet_network_info *network)
{
    const effnet_session_options options = {.threads = 1};
    const size_t input = (size_t)network->height * (size_t)network->width * (size_t)network->channels;
    for (size_t i = 0; i < v->lane_count; i++) {
        const int code = model_choice_start(choice, v->model, &options, &v->lanes[i].session);
        if (code != EXIT_DONE) return code;
        v->lanes[i].input = calloc(input, sizeof(float));
        if (!v->lanes[i].input) return report_failure(EXIT_SYSTEM, "out of memory");
    }
    return EXIT_DONE;
}

static int prepare(evaluator *v, const model_choice *choice)
{
    effnet_network_info network;
    effnet_system system;
    effnet_network_get_info(effnet_model_get_network(v->model), &network);
    effnet_system_get(&system);
    v->network_outputs = (size_t)network.num_classes;
    if (v->network_outputs == 0) return report_failure(EXIT_DATA, "no classifier in this model");
    if (v->count == 0) return report_failure(EXIT_NO_INPUT, "no pictures in this part of the data");
    if (!allocate(v, (size_t)(choice->threads ? choice->threads : system.cores)))
        return report_failure(EXIT_SYSTEM, "out of memory");
    for (size_t c = 0; c < v->e->outputs; c++)
        v->e->classes[c].label = effnet_dataset_get_label(v->data, c);
    const int code = match_outputs(v);
    return code ? code : open_lanes(v, choice, &network);
}

static void release(evaluator *v)
{
    for (size_t i = 0; v->lanes && i < v->lane_count; i++) {
        effnet_session_free(v->lanes[i].session);
        free(v->lanes[i].input);
    }
    for (size_t i = 0; v->jobs && i < v->job_count; i++)
        free(v->jobs[i].logits);
    free(v->lanes);
    free(v->jobs);
    free(v->output_of);
}

static void finish(evaluation *e)
{
    const double images = (double)e->images;
    e->loss /= images;
    e->top1 = e->info.task == EFFNET_TASK_VALUES ? NAN : e->top1 / images;
    e->top5 = e->info.task == EFFNET_TASK_CLASSES ? e->top5 / images : NAN;
}

int evaluation_run(evaluation *out, const model_choice *choice, const effnet_model *model,
                   const effnet_dataset *data, effnet_part part, const effnet_image_options *images)
{
    *out = (evaluation){0};
    effnet_dataset_get_info(data, &out->info);
    out->outputs = out->info.outputs;
    evaluator v = {.e = out,
                   .model = model,
                   .data = data,
                   .images = images,
                   .part = part,
                   .count = out->info.count[part]};
    int code = prepare(&v, choice);
    if (code == EXIT_DONE) {
        const lanes plan = {.count = v.lane_count,
                            .jobs = v.job_count,
                            .context = &v,
                            .take = take,
                            .work = work,
                            .deliver = deliver};
        code = lanes_run(&plan);
    }
    progress_hide();
    finish(out);
    release(&v);
    return code ? code : v.exit_code;
}

void evaluation_free(evaluation *e)
{
    free(e->classes);
    free(e->confusion);
}

double evaluation_precision(const evaluation_class *c)
{
    return c->found ? (double)c->right / (double)c->found : 0;
}

double evaluation_recall(const evaluation_class *c)
{
    return c->support ? (double)c->right / (double)c->support : 0;
}

double evaluation_f1(const evaluation_class *c)
{
    return c->found + c->support ? 2 * (double)c->right / (double)(c->found + c->support) : 0;
}

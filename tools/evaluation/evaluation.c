/* SPDX-License-Identifier: Apache-2.0
 *
 * Each lane takes pictures one by one and has a session of its own; what comes out is counted in the order of
 * the data, so that sums have the same bits for any number of threads. See evaluation.h.
 */
#include "evaluation/evaluation.h"

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

/* The data's name of the best class, or the model's where the data do not know it. */
static const char *best_name(const evaluator *v, const effnet_prediction *best)
{
    return *best->label ? best->label : effnet_dataset_get_label(v->data, (size_t)best->class_index);
}

/* Cross-entropy over all outputs of the network, of which the data may know fewer. */
static void count_class(evaluator *v, const job *j, const effnet_dataset_item *item, evaluation_picture *p)
{
    evaluation *e = v->e;
    const size_t truth = (size_t)item->class_index;
    const double at = logit_of(v, j, truth);
    double most = -INFINITY, sum = 0;
    size_t ahead = 0, best = 0;
    effnet_prediction first;
    for (size_t i = 0; i < v->network_outputs; i++) {
        const double x = (double)j->logits[i];
        most = fmax(most, x);
        ahead += x > at || (x == at && i < v->output_of[truth]);
    }
    for (size_t i = 0; i < v->network_outputs; i++)
        sum += exp((double)j->logits[i] - most);
    for (size_t c = 1; c < e->outputs; c++)
        if (logit_of(v, j, c) > logit_of(v, j, best)) best = c;
    effnet_model_top(v->model, j->logits, 1, &first);
    p->loss = log(sum) + most - at;
    p->right = ahead == 0;
    p->found = best_name(v, &first);
    p->confidence = (double)first.probability;
    calibration_add(&e->calibration, p->confidence, p->right);
    e->top1 += ahead == 0;
    e->top5 += ahead < TOP;
    e->classes[truth].support++;
    e->classes[best].found++;
    e->classes[truth].right += best == truth;
    e->confusion[truth * e->outputs + best]++;
}

static void count_labels(evaluator *v, const job *j, const effnet_dataset_item *item, evaluation_picture *p)
{
    evaluation *e = v->e;
    p->right = true;
    for (size_t c = 0; c < e->outputs; c++) {
        const double x = logit_of(v, j, c);
        const bool truth = is_label(item, c), found = x > 0;
        p->loss += (fmax(x, 0) + log1p(exp(-fabs(x))) - (truth ? x : 0)) / (double)e->outputs;
        p->right &= truth == found;
        e->top1 += truth == found ? 1 / (double)e->outputs : 0;
        e->classes[c].support += truth;
        e->classes[c].found += found;
        e->classes[c].right += truth && found;
    }
    e->subset += p->right;
}

static void count_values(evaluator *v, const job *j, const effnet_dataset_item *item, evaluation_picture *p)
{
    for (size_t c = 0; c < v->e->outputs; c++) {
        const double off = logit_of(v, j, c) - (double)item->values[c];
        p->loss += off * off / (double)v->e->outputs;
    }
}

static void count_picture(evaluator *v, const job *j, const effnet_dataset_item *item)
{
    evaluation *e = v->e;
    evaluation_picture *p = &e->pictures[e->images];
    p->item = j->item;
    for (size_t c = 0; e->answers && c < e->outputs; c++)
        e->answers[e->images * e->outputs + c] = j->logits[v->output_of[c]];
    e->images++;
    switch (e->info.task) {
    case EFFNET_TASK_CLASSES: count_class(v, j, item, p); break;
    case EFFNET_TASK_LABELS: count_labels(v, j, item, p); break;
    default: count_values(v, j, item, p); break;
    }
    e->loss += p->loss;
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
    count_picture(v, j, &item);
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

static bool allocate_results(evaluation *e, size_t count)
{
    const effnet_task task = e->info.task;
    const bool is_classes = task == EFFNET_TASK_CLASSES, is_values = task == EFFNET_TASK_VALUES;
    e->pictures = calloc(count, sizeof *e->pictures);
    if (is_classes) e->confusion = calloc(e->outputs, e->outputs * sizeof *e->confusion);
    if (!is_classes) e->answers = calloc(count, e->outputs * sizeof *e->answers);
    if (is_values) e->values = calloc(e->outputs, sizeof *e->values);
    if (!is_values) e->classes = calloc(e->outputs, sizeof *e->classes);
    return e->pictures && (e->confusion || e->answers) && (e->values || e->classes);
}

static bool allocate(evaluator *v, size_t threads)
{
    evaluation *e = v->e;
    v->lane_count = threads < v->count ? threads : v->count;
    v->job_count = v->lane_count * JOBS_A_LANE;
    v->output_of = calloc(e->outputs, sizeof *v->output_of);
    v->lanes = calloc(v->lane_count, sizeof *v->lanes);
    v->jobs = calloc(v->job_count, sizeof *v->jobs);
    bool ok = v->output_of && v->lanes && v->jobs && allocate_results(e, v->count);
    for (size_t i = 0; ok && i < v->job_count; i++)
        ok = (v->jobs[i].logits = calloc(v->network_outputs, sizeof(float))) != NULL;
    return ok;
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
    for (size_t c = 0; c < v->e->outputs; c++) {
        const char *label = effnet_dataset_get_label(v->data, c);
        if (v->e->classes) v->e->classes[c].label = label;
        if (v->e->values) v->e->values[c].label = label;
    }
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

/* ---- From sums to figures ---- */

static int finish_labels(evaluation *e)
{
    effnet_dataset_item item;
    size_t shown = 0;
    scored *list = calloc(e->images, sizeof *list);
    if (!list) return report_failure(EXIT_SYSTEM, "out of memory");
    for (size_t c = 0; c < e->outputs; c++) {
        for (size_t i = 0; i < e->images; i++) {
            effnet_dataset_get_item(e->data, e->part, e->pictures[i].item, &item);
            list[i] = (scored){(double)e->answers[i * e->outputs + c], is_label(&item, c)};
        }
        const double precision = e->classes[c].average_precision = average_precision(list, e->images);
        if (isnan(precision)) continue;
        e->mean_average_precision += precision;
        shown++;
    }
    free(list);
    e->mean_average_precision = shown ? e->mean_average_precision / (double)shown : NAN;
    e->subset /= (double)e->images;
    return EXIT_DONE;
}

static int finish_values(evaluation *e)
{
    effnet_dataset_item item;
    float *truths = calloc(e->images, sizeof *truths);
    if (!truths) return report_failure(EXIT_SYSTEM, "out of memory");
    for (size_t c = 0; c < e->outputs; c++) {
        for (size_t i = 0; i < e->images; i++) {
            effnet_dataset_get_item(e->data, e->part, e->pictures[i].item, &item);
            truths[i] = item.values[c];
        }
        const value_errors errors = value_errors_of(e->answers + c, e->outputs, truths, e->images);
        e->values[c].errors = errors;
        e->squared += errors.squared / (double)e->outputs;
        e->absolute += errors.absolute / (double)e->outputs;
        e->r2 += errors.r2 / (double)e->outputs;
    }
    free(truths);
    return EXIT_DONE;
}

static void finish_classes(evaluation *e)
{
    uint64_t right = 0, found = 0, support = 0;
    for (size_t c = 0; c < e->outputs; c++) {
        const evaluation_class *k = &e->classes[c];
        e->macro_f1 += f1_of(k->right, k->found, k->support) / (double)e->outputs;
        right += k->right;
        found += k->found;
        support += k->support;
    }
    e->micro_f1 = f1_of(right, found, support);
}

static int finish(evaluation *e)
{
    const double images = (double)e->images;
    e->loss /= images;
    e->top1 = e->info.task == EFFNET_TASK_VALUES ? NAN : e->top1 / images;
    e->top5 = e->info.task == EFFNET_TASK_CLASSES ? e->top5 / images : NAN;
    if (e->images == 0) return EXIT_DONE;
    if (e->classes) finish_classes(e);
    if (e->info.task == EFFNET_TASK_LABELS) return finish_labels(e);
    return e->info.task == EFFNET_TASK_VALUES ? finish_values(e) : EXIT_DONE;
}

int evaluation_run(evaluation *out, const model_choice *choice, const effnet_model *model,
                   const effnet_dataset *data, effnet_part part, const effnet_image_options *images)
{
    *out = (evaluation){.data = data, .part = part};
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
    const int finished = finish(out);
    release(&v);
    return code ? code : finished ? finished : v.exit_code;
}

void evaluation_free(evaluation *e)
{
    free(e->classes);
    free(e->values);
    free(e->confusion);
    free(e->pictures);
    free(e->answers);
}

/* What is not a number is worst; equal ones stay in their order. */
static int by_loss(const void *a, const void *b)
{
    const evaluation_picture *x = *(const evaluation_picture *const *)a,
                             *y = *(const evaluation_picture *const *)b;
    if (isnan(x->loss) != isnan(y->loss)) return isnan(x->loss) ? -1 : 1;
    if (x->loss > y->loss || x->loss < y->loss) return x->loss > y->loss ? -1 : 1;
    return x < y ? -1 : x > y;
}

const evaluation_picture **evaluation_by_loss(const evaluation *e)
{
    const evaluation_picture **list = malloc((e->images + 1) * sizeof *list);
    for (size_t i = 0; list && i < e->images; i++)
        list[i] = &e->pictures[i];
    if (list) qsort((void *)list, e->images, sizeof *list, by_loss);
    return list;
}

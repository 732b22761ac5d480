/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet_search: argument checks and translation around src/search.
 */
#include <math.h>
#include <stdlib.h>

#include "api/handles.h"
#include "search/search.h"

struct effnet_search {
    search *inner;
    const effnet_search_run_options *run; /* of the present run */
};

const char *effnet_candidate_kind_name(effnet_candidate_kind kind)
{
    static const char *const names[] = {[EFFNET_CANDIDATE_GRID] = "grid",
                                        [EFFNET_CANDIDATE_CONTROL] = "control",
                                        [EFFNET_CANDIDATE_PUBLISHED] = "published"};
    return (unsigned)kind <= EFFNET_CANDIDATE_PUBLISHED ? names[kind] : "unknown";
}

static effnet_status check_classes(const effnet_network *base, const effnet_dataset *data,
                                   effnet_error *error)
{
    const int classes = base->graph->arch.classes;
    if (!data || data->data->task != EFFNET_TASK_CLASSES || (size_t)classes == data->data->outputs)
        return EFFNET_OK;
    return error_set(error, EFFNET_ERR_MISMATCH, "the network has %d outputs, the data have %zu", classes,
                     data->data->outputs);
}

effnet_status effnet_search_create(effnet_search **out, const effnet_network *base,
                                   const effnet_dataset *data, const effnet_search_options *options,
                                   effnet_error *error)
{
    if (out) *out = NULL;
    if (!out || !base)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_search_create: an argument is NULL");
    static const effnet_search_options defaults = {0};
    if (!options) options = &defaults;
    cpu_level level;
    TRY(check_classes(base, data, error));
    TRY(api_check_level(&level, options->training.level, error));
    effnet_search *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    const image_options images = api_image_options(&options->training.images);
    const effnet_status status =
        search_create(&s->inner, base->graph, data ? data->data : NULL, options, level, &images, error);
    if (status == EFFNET_OK)
        *out = s;
    else
        free(s);
    return status;
}

void effnet_search_free(effnet_search *s)
{
    if (!s) return;
    search_free(s->inner);
    free(s);
}

void effnet_search_get_info(const effnet_search *s, effnet_search_info *info)
{
    const search *inner = s->inner;
    search_counts counts = {0};
    if (inner->queue) search_queue_count(inner->queue, &counts);
    *info =
        (effnet_search_info){.points = inner->all.points,
                             .survivors = inner->all.survivors,
                             .candidates = inner->all.count,
                             .networks = inner->all.networks,
                             .rungs = inner->rungs,
                             .seeds = inner->options.seeds,
                             .epochs = (int)inner->epochs[inner->rungs - 1],
                             .tasks = counts.total,
                             .tasks_done = counts.done,
                             .share_done = counts.total_cost > 0 ? counts.done_cost / counts.total_cost : 0,
                             .estimated_seconds = search_total_seconds(inner),
                             .notice = inner->notice};
}

/* The place of a job among those that have a score; 0 if it has none. */
static size_t rank_of(const search *s, size_t job)
{
    search_score score;
    if (!s->judged || !search_queue_score(s->queue, job, &score)) return 0;
    for (size_t i = 0; i < s->jobs; i++)
        if (s->order[i] == job) return i + 1;
    return 0;
}

static const char *note_of(const search *s, size_t job)
{
    for (size_t rung = 0; rung < s->rungs; rung++)
        for (int seed = 0; seed < s->options.seeds; seed++) {
            const search_task task = {(uint32_t)job, (uint32_t)seed, (uint32_t)rung};
            const search_result *r = search_queue_result(s->queue, &task);
            if (r && r->failed) return r->note;
        }
    return "";
}

static void tell_results(effnet_candidate *out, const search *s, size_t job)
{
    search_score score;
    const search_verdict *v = &s->verdicts[job];
    out->note = note_of(s, job);
    out->rung = search_queue_rung(s->queue, job);
    if (!search_queue_score(s->queue, job, &score)) return;
    out->rank = rank_of(s, job);
    out->rung = score.rung;
    out->accuracy = score.mean;
    out->spread = s->options.seeds > 1 ? score.spread : NAN;
    out->loss = score.loss;
    out->seconds = score.seconds;
    if (out->rank == 1) out->behind = 0;
    if (!v->compared) return;
    out->behind = v->difference;
    out->low = v->low;
    out->high = v->high;
    out->p = v->p;
    out->apart = v->apart;
}

bool effnet_search_get_candidate(const effnet_search *handle, size_t index, effnet_candidate *out)
{
    const search *s = handle->inner;
    *out = (effnet_candidate){.strategy = "", .note = ""};
    if (index >= s->all.count) return false;
    const search_candidate *one = &s->all.items[index];
    const size_t job = s->job_of[index];
    *out = (effnet_candidate){
        .kind = one->kind,
        .strategy = one->strategy,
        .alpha = one->c.alpha,
        .beta = one->c.beta,
        .gamma = one->c.gamma,
        .product = net_coefficients_product(&one->c),
        .growth = (double)one->cost.macs / (double)s->all.items[0].cost.macs,
        .macs = one->cost.macs,
        .parameters = one->cost.parameters,
        .height = one->height,
        .width = one->width,
        .same_as = one->same_as,
        .estimated_seconds = s->seconds[job],
        .accuracy = NAN,
        .spread = NAN,
        .loss = NAN,
        .behind = NAN,
        .low = NAN,
        .high = NAN,
        .p = NAN,
        .note = "",
    };
    if (s->queue) tell_results(out, s, job);
    return true;
}

effnet_status effnet_search_estimate(effnet_search *s, effnet_error *error)
{
    if (!s) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_search_estimate: search is NULL");
    return search_estimate(s->inner, error);
}

static bool stop(void *context)
{
    const effnet_search *s = context;
    return s->run->stop(s->run->context);
}

static void watch(void *context, const search_queue *queue, const search_task *task,
                  const search_result *result)
{
    const effnet_search *s = context;
    (void)queue, (void)result;
    s->run->watch(s->run->context, s, task ? s->inner->candidate_of[task->job] : SIZE_MAX);
}

effnet_status effnet_search_run(effnet_search *s, const effnet_search_run_options *options, bool *stopped,
                                effnet_error *error)
{
    bool unused;
    size_t workers;
    if (!s || !options || !options->folder)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_search_run: an argument is NULL");
    if (options->workers > SEARCH_MAX_WORKERS)
        return error_set(error, EFFNET_ERR_ARGUMENT, "%d workers: at most %d", options->workers,
                         SEARCH_MAX_WORKERS);
    TRY(api_threads(&workers, options->workers, error));
    s->run = options;
    const search_run_options inner = {.folder = options->folder,
                                      .resume = options->resume,
                                      .workers = workers,
                                      .open = options->ranks ? wire_open_mpi : NULL,
                                      .patience = options->patience,
                                      .stop = options->stop ? stop : NULL,
                                      .watch = options->watch ? watch : NULL,
                                      .context = s};
    return search_work_on(s->inner, &inner, stopped ? stopped : &unused, error);
}

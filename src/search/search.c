/* SPDX-License-Identifier: Apache-2.0
 *
 * See search.h: a search's life, its rungs, and its ranking.
 */
#define _POSIX_C_SOURCE 200809L
#include "search/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "search/group.h"

/* ---- Rungs ---- */

/* One more rung while at least a third of the networks can be left behind and the shortest training is still
 * an epoch.
 */
static void plan_rungs(search *s)
{
    const effnet_search_options *o = &s->options;
    const size_t epochs = (size_t)(o->training.epochs ? o->training.epochs : SEARCH_USUAL_EPOCHS);
    size_t parts = 1;
    s->rungs = 1;
    while (o->halving && s->rungs < SEARCH_MAX_RUNGS && s->jobs > parts &&
           (o->seconds > 0 || epochs >= SEARCH_THIRD * parts)) {
        if (s->jobs <= SEARCH_THIRD * parts && s->rungs > 1) break;
        parts *= SEARCH_THIRD;
        s->rungs++;
    }
    for (size_t i = 0; i < s->rungs; i++, parts /= SEARCH_THIRD) {
        s->epochs[i] = (uint32_t)(o->seconds > 0 ? epochs : (epochs + parts / 2) / parts);
        s->budget[i] = o->seconds > 0 ? o->seconds / (double)parts : INFINITY;
    }
}

static void shares_of(const search *s, double shares[SEARCH_MAX_RUNGS])
{
    const size_t last = s->rungs - 1;
    for (size_t i = 0; i < s->rungs; i++)
        shares[i] = isfinite(s->budget[last]) ? s->budget[i] / s->budget[last]
                                              : (double)s->epochs[i] / (double)s->epochs[last];
}

/* ---- Life ---- */

static effnet_status check_training(const search *s, effnet_error *error)
{
    const effnet_search_options *o = &s->options;
    if (o->seeds < 1 || o->seeds > SEARCH_MAX_SEEDS)
        return error_set(error, EFFNET_ERR_ARGUMENT, "%d seeds: wanted 1 to %d", o->seeds, SEARCH_MAX_SEEDS);
    if (o->group < 1 || o->group > SEARCH_MAX_WORKERS || search_batch(s) % (size_t)o->group != 0)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "batches of %zu cannot be divided among groups of %d ranks", search_batch(s),
                         o->group);
    if (!(o->seconds >= 0 && o->seconds < 1e9))
        return error_set(error, EFFNET_ERR_ARGUMENT, "a budget of %g seconds", o->seconds);
    if (o->training.epochs < 0 || o->training.head_epochs != 0)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "candidates are trained with all weights from the beginning");
    if (!s->data) return EFFNET_OK;
    if (s->data->task != EFFNET_TASK_CLASSES)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "a search compares accuracies: data of classes are wanted");
    if (s->data->parts[EFFNET_VALIDATION].count == 0)
        return error_set(error, EFFNET_ERR_ARGUMENT, "no pictures to validate with");
    return EFFNET_OK;
}

/* One job for each network; controls and the published, which all are to be compared with, go through all
 * rungs. */
static effnet_status list_jobs(search *s, effnet_error *error)
{
    s->job_of = calloc(s->all.count, sizeof *s->job_of);
    s->candidate_of = calloc(s->all.count, sizeof *s->candidate_of);
    s->costs = calloc(s->all.count, sizeof *s->costs);
    s->kept = calloc(s->all.count, sizeof *s->kept);
    s->seconds = calloc(s->all.count, sizeof *s->seconds);
    s->order = calloc(s->all.count, sizeof *s->order);
    s->verdicts = calloc(s->all.count, sizeof *s->verdicts);
    if (!s->job_of || !s->candidate_of || !s->costs || !s->kept || !s->seconds || !s->order || !s->verdicts)
        return error_memory(error);
    for (size_t i = 0; i < s->all.count; i++) {
        const search_candidate *c = &s->all.items[i];
        if (c->same_as == i) {
            s->candidate_of[s->jobs] = i;
            s->costs[s->jobs] = (double)c->cost.macs;
            s->seconds[s->jobs] = NAN;
            s->job_of[i] = s->jobs++;
        } else {
            s->job_of[i] = s->job_of[c->same_as];
        }
        s->kept[s->job_of[i]] |= c->kind != EFFNET_CANDIDATE_GRID;
    }
    return EFFNET_OK;
}

static effnet_status copy_text(char **out, const char *text, effnet_error *error)
{
    if (!text) return EFFNET_OK;
    *out = strdup(text);
    return *out ? EFFNET_OK : error_memory(error);
}

/* Says so if candidates see more pixels than pictures have. */
static effnet_status look_at_pictures(search *s, effnet_error *error)
{
    enum { LOOK = 16 };
    const dataset_part *part = &s->data->parts[EFFNET_TRAINING];
    size_t side = 0, beyond = 0;
    for (size_t i = 0; i < LOOK && i < part->count; i++) {
        image picture;
        const size_t item = i * part->count / (part->count < LOOK ? part->count : LOOK);
        if (dataset_read(&picture, &part->items[item], &s->images, error) != EFFNET_OK) continue;
        const size_t larger = (size_t)(picture.height > picture.width ? picture.height : picture.width);
        if (larger > side) side = larger;
        image_free(&picture);
    }
    for (size_t i = 0; i < s->all.count; i++)
        beyond += s->all.items[i].same_as == i && (size_t)s->all.items[i].height > side;
    if (side > 0 && beyond > 0)
        snprintf(s->notice, sizeof s->notice,
                 "%zu of %zu networks see more pixels than the pictures have (%zu a side): what resolution "
                 "gains may "
                 "be little",
                 beyond, s->all.networks, side);
    return EFFNET_OK;
}

static effnet_status fill(search *s, const net_graph *base, const effnet_search_options *options,
                          effnet_error *error)
{
    TRY(search_options_check(&s->options, options, error));
    if (s->options.seeds == 0) s->options.seeds = 1;
    if (s->options.group == 0) s->options.group = 1;
    TRY(copy_text(&s->recipe, s->options.recipe, error));
    TRY(copy_text(&s->augment, s->options.training.augment, error));
    s->options.recipe = s->recipe;
    s->options.training.augment = s->augment;
    TRY(check_training(s, error));
    TRY(net_graph_create(&s->base, &base->arch, &base->variant, base->height, base->width, error));
    TRY(search_enumerate(&s->all, base, &s->options, error));
    TRY(list_jobs(s, error));
    plan_rungs(s);
    return s->data ? look_at_pictures(s, error) : EFFNET_OK;
}

effnet_status search_create(search **out, const net_graph *base, const dataset *data,
                            const effnet_search_options *options, cpu_level level,
                            const image_options *images, effnet_error *error)
{
    *out = NULL;
    search *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    s->data = data;
    s->level = level;
    s->images = *images;
    const effnet_status status = fill(s, base, options, error);
    if (status == EFFNET_OK)
        *out = s;
    else
        search_free(s);
    return status;
}

void search_free(search *s)
{
    if (!s) return;
    search_queue_free(s->queue);
    search_candidates_clear(&s->all);
    net_graph_free(s->base);
    free(s->recipe);
    free(s->augment);
    free(s->job_of);
    free(s->candidate_of);
    free(s->costs);
    free(s->kept);
    free(s->seconds);
    free(s->order);
    free(s->verdicts);
    free(s->folder);
    free(s);
}

/* ---- Work ---- */

static effnet_status make_queue(search *s, effnet_error *error)
{
    search_plan plan = {.jobs = s->jobs,
                        .costs = s->costs,
                        .kept = s->kept,
                        .seeds = (size_t)s->options.seeds,
                        .rungs = s->rungs};
    shares_of(s, plan.shares);
    search_queue_free(s->queue);
    return search_queue_create(&s->queue, &plan, error);
}

/* The number that ranks must have in common. */
static uint64_t number_of(const char *description)
{
    return rng_key(0, description);
}

static effnet_status work(search *s, const search_run_options *o, wire *w, const char *description,
                          bool *stopped, effnet_error *error)
{
    const search_trainer teacher = {.train = search_train, .forget = search_forget, .context = s};
    search_cluster cluster = {w, number_of(description), s->data->parts[EFFNET_VALIDATION].count,
                              (size_t)s->options.group, o->patience > 0 ? o->patience : SEARCH_PATIENCE};
    if (w && w->rank > 0) {
        const effnet_status status =
            cluster.group > 1
                ? search_serve_group(&teacher, &s->together, o->stop, o->context, &cluster, error)
                : search_serve(&teacher, o->stop, o->context, &cluster, error);
        w->close(w, status == EFFNET_OK);
        return status;
    }
    char notice[SEARCH_NOTE] = "";
    search_work todo = {.queue = s->queue,
                        .trainer = teacher,
                        .workers = s->workers,
                        .stop = o->stop,
                        .stop_context = o->context,
                        .watch = o->watch,
                        .watch_context = o->context};
    bool lost = w != NULL;
    effnet_status status =
        search_journal_open(&todo.journal, o->folder, description, o->resume, s->queue, notice, error);
    if (*notice) snprintf(s->notice, sizeof s->notice, "%s", notice);
    if (status == EFFNET_OK)
        status =
            w ? search_coordinate(&todo, &cluster, stopped, &lost, error) : search_run(&todo, stopped, error);
    search_journal_close(todo.journal);
    if (w) w->close(w, !lost);
    return status;
}

static effnet_status check_ranks(const search *s, const wire *w, effnet_error *error)
{
    const int group = s->options.group;
    if (!w && group > 1)
        return error_set(error, EFFNET_ERR_ARGUMENT, "groups of %d ranks are wanted, and there are no ranks",
                         group);
    if (!w) return EFFNET_OK;
    if (w->count == 1)
        return error_set(error, EFFNET_ERR_ARGUMENT, "one rank alone: rank 0 hands out, and nobody trains");
    if ((w->count - 1) % (size_t)group != 0)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "%zu ranks: beside rank 0, which hands out, wanted a multiple of %d", w->count,
                         group);
    return EFFNET_OK;
}

effnet_status search_work_on(search *s, const search_run_options *o, bool *stopped, effnet_error *error)
{
    *stopped = false;
    s->judged = false;
    if (!s->data)
        return error_set(error, EFFNET_ERR_ARGUMENT, "a search without data can only list its candidates");
    char *description, *copy = NULL;
    wire *w = NULL;
    TRY(copy_text(&copy, o->folder, error));
    free(s->folder);
    s->folder = copy;
    s->workers = o->workers;
    TRY(make_queue(s, error));
    TRY(search_describe(&description, s, error));
    effnet_status status = o->open ? o->open(&w, error) : EFFNET_OK;
    if (status == EFFNET_OK) status = check_ranks(s, w, error);
    const bool serves = w && w->rank > 0;
    if (status == EFFNET_OK) status = work(s, o, w, description, stopped, error);
    free(description);
    if (status != EFFNET_OK || serves) return status;
    return search_judge(s, error);
}

/* ---- Ranking ---- */

/* The hits of all seeds of a job in the rung that its score is of; NULL where one has none. */
static const uint8_t **hits_of(const search *s, size_t job, size_t rung, uint64_t *images)
{
    const size_t seeds = (size_t)s->options.seeds;
    const uint8_t **hits = calloc(seeds, sizeof *hits);
    for (size_t seed = 0; hits && seed < seeds; seed++) {
        const search_task task = {(uint32_t)job, (uint32_t)seed, (uint32_t)rung};
        const search_result *r = search_queue_result(s->queue, &task);
        if (r && r->hits && (seed == 0 || r->images == *images)) {
            hits[seed] = r->hits;
            *images = r->images;
            continue;
        }
        free(hits);
        return NULL;
    }
    return hits;
}

static effnet_status compare_with(search *s, size_t job, const search_answers *best, uint64_t images,
                                  size_t rung, effnet_error *error)
{
    uint64_t own_images = 0;
    const uint8_t **hits = hits_of(s, job, rung, &own_images);
    if (!hits || own_images != images) {
        free(hits);
        return EFFNET_OK;
    }
    const search_answers own = {hits, best->seeds};
    const uint64_t key = rng_key(s->options.training.seed + job, "bootstrap");
    const effnet_status status = search_compare(&s->verdicts[job], best, &own, (size_t)images, key, error);
    free(hits);
    return status;
}

effnet_status search_judge(search *s, effnet_error *error)
{
    search_queue_rank(s->queue, s->order);
    s->judged = true;
    memset(s->verdicts, 0, s->jobs * sizeof *s->verdicts);
    search_score best, score;
    uint64_t images = 0;
    if (!search_queue_score(s->queue, s->order[0], &best)) return EFFNET_OK;
    const uint8_t **hits = hits_of(s, s->order[0], best.rung, &images);
    if (!hits) return EFFNET_OK;
    const search_answers answers = {hits, (size_t)s->options.seeds};
    effnet_status status = EFFNET_OK;
    for (size_t i = 1; i < s->jobs && status == EFFNET_OK; i++)
        if (search_queue_score(s->queue, s->order[i], &score) && score.rung == best.rung)
            status = compare_with(s, s->order[i], &answers, images, best.rung, error);
    free(hits);
    search_correct(s->verdicts, s->jobs);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The trainer behind the queue: src/train's own runs, one folder for each candidate and seed. A rung ends a
 * run early; the next goes on from its checkpoint, so that a candidate's last rung is the same run, bit for
 * bit, as one without rungs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "search/search.h"

effnet_status search_start(model **out, const search *s, size_t candidate, uint64_t seed, effnet_error *error)
{
    net_graph *graph;
    *out = NULL;
    TRY(search_network(&graph, s->base, &s->all.items[candidate].c, s->options.multiple, error));
    effnet_status status = model_create(out, graph, seed, error);
    net_graph_free(graph);
    if (status == EFFNET_OK && s->recipe) {
        model *m = *out;
        status = recipe_parse(&m->recipe, s->recipe, error);
        if (status == EFFNET_OK &&
            (m->recipe.height != m->graph->height || m->recipe.width != m->graph->width))
            status =
                error_set(error, EFFNET_ERR_ARGUMENT, "the recipe has a size; each candidate has its own");
    }
    if (status != EFFNET_OK) {
        model_free(*out);
        *out = NULL;
    }
    return status;
}

static uint64_t usual_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 10 * 9 : UINT64_MAX;
}

effnet_trainer_options search_training(const search *s, uint64_t seed)
{
    effnet_trainer_options o = s->options.training;
    const uint64_t memory = o.max_bytes ? o.max_bytes : usual_memory();
    o.folder = NULL;
    o.augment = s->augment;
    o.epochs = (int)s->epochs[s->rungs - 1];
    o.seed += seed;
    o.threads = 1;
    o.ranks = NULL;
    o.max_bytes = memory / (s->workers ? s->workers : 1);
    o.cache_bytes /= s->workers ? s->workers : 1;
    return o;
}

/* ---- Folders ---- */

/* RUN/candidates/012-0: the candidate's number and the seed's. */
static char *folder_of(const search *s, const search_task *task)
{
    char *path;
    const size_t candidate = s->candidate_of[task->job];
    return asprintf(&path, "%s/candidates/%03zu-%u", s->folder, candidate, task->seed) < 0 ? NULL : path;
}

static effnet_status make_folder(const search *s, const char *path, effnet_error *error)
{
    char *above;
    if (asprintf(&above, "%s/candidates", s->folder) < 0) return error_memory(error);
    const bool made =
        (mkdir(above, 0777) == 0 || errno == EEXIST) && (mkdir(path, 0777) == 0 || errno == EEXIST);
    free(above);
    return made ? EFFNET_OK : error_set(error, EFFNET_ERR_CREATE, "%s: %s", path, strerror(errno));
}

static void remove_from(const char *folder, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0) return;
    unlink(path);
    free(path);
}

static void remove_checkpoints(const char *folder)
{
    remove_from(folder, "last.ckpt");
    remove_from(folder, "previous.ckpt");
}

void search_forget(void *context, const search_task *task)
{
    const search *s = context;
    for (uint32_t seed = 0; seed < (uint32_t)s->options.seeds; seed++) {
        const search_task each = {task->job, seed, task->rung};
        char *folder = folder_of(s, &each);
        if (folder) remove_checkpoints(folder);
        free(folder);
    }
}

/* ---- A task ---- */

typedef struct job_run {
    const search *s;
    const search_task *task;
    char *folder;
    int lock; /* of the folder; -1: none */
    model *start;
    trainer *t;
} job_run;

static effnet_status create_trainer(job_run *r, effnet_error *error)
{
    effnet_trainer_options o = search_training(r->s, r->task->seed);
    o.folder = r->folder;
    trainer_free(r->t);
    return trainer_create(&r->t, r->start, r->s->data, &o, r->s->level, 1, &r->s->images, error);
}

/* A worker that was given up because it was silent may be at it still, and will notice. File systems that
 * cannot lock a folder do without. */
static void lock_folder(job_run *r, search_stop *stop, void *context, bool *stopped)
{
    r->lock = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (r->lock >= 0 && flock(r->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK && !*stopped) {
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        *stopped = stop(context);
    }
}

/* Where its checkpoint stands; from the beginning if there is none that is sound. */
static effnet_status open_run(job_run *r, search_stop *stop, void *context, bool *stopped,
                              effnet_error *error)
{
    r->folder = folder_of(r->s, r->task);
    if (!r->folder) return error_memory(error);
    TRY(make_folder(r->s, r->folder, error));
    lock_folder(r, stop, context, stopped);
    if (*stopped) return EFFNET_OK;
    const size_t candidate = r->s->candidate_of[r->task->job];
    TRY(search_start(&r->start, r->s, candidate, r->s->options.training.seed + r->task->seed, error));
    TRY(create_trainer(r, error));
    const effnet_status status = trainer_load(r->t, error);
    if (status == EFFNET_OK || status == EFFNET_ERR_NOT_FOUND) return EFFNET_OK;
    if (status != EFFNET_ERR_FORMAT) return status;
    remove_checkpoints(r->folder);
    return create_trainer(r, error);
}

/* At the end of an epoch: is it the rung's last? */
static bool has_enough(const job_run *r)
{
    const trainer_position *at = &r->t->at;
    const size_t rung = r->task->rung;
    if (at->stage == TRAINER_DONE) return true;
    if (at->stage != TRAINER_LEARN || at->step > 0 || at->epoch == 0) return false;
    return at->epoch >= r->s->epochs[rung] || at->seconds >= r->s->budget[rung];
}

static effnet_status learn(job_run *r, search_stop *stop, void *context, bool *stopped, effnet_error *error)
{
    effnet_progress p;
    while (!has_enough(r)) {
        *stopped = stop(context);
        if (*stopped) return trainer_save(r->t, error);
        TRY(trainer_run(r->t, NULL, &p, error));
    }
    return EFFNET_OK;
}

/* By the averaged weights where there are any: always the same choice, so that it is no second look. */
static effnet_status judge(job_run *r, search_result *result, effnet_error *error)
{
    const size_t images = r->s->data->parts[EFFNET_VALIDATION].count;
    uint8_t *right = calloc(images, 1);
    result->hits = calloc((images + 7) / 8, 1);
    effnet_status status =
        right && result->hits ? trainer_judge(r->t, true, right, &result->loss, error) : error_memory(error);
    size_t hits = 0;
    for (size_t i = 0; status == EFFNET_OK && i < images; i++) {
        hits += right[i];
        if (right[i]) result->hits[i / 8] = (uint8_t)(result->hits[i / 8] | 1 << i % 8);
    }
    free(right);
    result->images = images;
    result->top1 = (double)hits / (double)images;
    result->loss /= (double)images;
    result->epochs = (uint32_t)r->t->at.epoch;
    result->seconds = r->t->at.seconds;
    return status;
}

effnet_status search_train(void *context, const search_task *task, search_stop *stop, void *stop_context,
                           search_result *result, bool *stopped, effnet_error *error)
{
    job_run r = {.s = context, .task = task, .lock = -1};
    *stopped = false;
    effnet_status status = open_run(&r, stop, stop_context, stopped, error);
    if (status == EFFNET_OK && !*stopped) status = learn(&r, stop, stop_context, stopped, error);
    if (status == EFFNET_OK && !*stopped) status = judge(&r, result, error);
    trainer_free(r.t);
    model_free(r.start);
    if (r.lock >= 0) close(r.lock);
    free(r.folder);
    return status;
}

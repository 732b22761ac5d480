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

size_t search_batch(const search *s)
{
    const int batch = s->options.training.batch;
    return batch > 0 ? (size_t)batch : TRAINER_USUAL_BATCH;
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
    o.ranks = s->together;
    if (s->options.group > 1) o.batch = (int)(search_batch(s) / (size_t)s->options.group);
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
    search_stop *stop;
    void *context;
    bool *stopped;
} job_run;

/* For the trainer, which asks on all ranks and tells all of them. */
static int asked_to_stop(void *context)
{
    const job_run *r = context;
    return r->stop(r->context);
}

static effnet_status create_trainer(job_run *r, effnet_error *error)
{
    effnet_trainer_options o = search_training(r->s, r->task->seed);
    o.folder = r->folder;
    o.stop = asked_to_stop;
    o.stop_context = r;
    trainer_free(r->t);
    return trainer_create(&r->t, r->start, r->s->data, &o, r->s->level, 1, &r->s->images, error);
}

/* A worker that was given up because it was silent may be at it still, and will notice. File systems that
 * cannot lock a folder do without. */
static void lock_folder(job_run *r)
{
    r->lock = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (r->lock >= 0 && flock(r->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK && !*r->stopped) {
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        *r->stopped = r->stop(r->context);
    }
}

/* What came of something that the others of a group do not take part in: they are told if it failed. */
static effnet_status alone(const job_run *r, effnet_status status, const effnet_error *error)
{
    if (status != EFFNET_OK) ranks_fail(r->s->together, status, error->message);
    return status;
}

/* The folder is of the rank that writes, which tells the others if it was stopped while it waited. */
static effnet_status open_folder(job_run *r, effnet_error *error)
{
    ranks *together = r->s->together;
    if (ranks_number(together) == 0) {
        TRY(alone(r, make_folder(r->s, r->folder, error), error));
        lock_folder(r);
    }
    return ranks_broadcast(together, r->stopped, sizeof *r->stopped, error);
}

/* Where its checkpoint stands; from the beginning if there is none that is sound. */
static effnet_status open_run(job_run *r, effnet_error *error)
{
    r->folder = folder_of(r->s, r->task);
    if (!r->folder) return alone(r, error_memory(error), error);
    TRY(open_folder(r, error));
    if (*r->stopped) return EFFNET_OK;
    const size_t candidate = r->s->candidate_of[r->task->job];
    TRY(alone(r, search_start(&r->start, r->s, candidate, r->s->options.training.seed + r->task->seed, error),
              error));
    TRY(create_trainer(r, error));
    const effnet_status status = trainer_load(r->t, error);
    if (status == EFFNET_ERR_NOT_FOUND) return EFFNET_OK;
    if (status != EFFNET_ERR_FORMAT || ranks_have_failed(r->s->together)) return status;
    remove_checkpoints(r->folder);
    return create_trainer(r, error);
}

/* At the end of an epoch: is it the rung's last? The clock is that of the rank that writes. */
static effnet_status has_enough(const job_run *r, bool *enough, effnet_error *error)
{
    const trainer_position *at = &r->t->at;
    const size_t rung = r->task->rung;
    *enough = at->stage == TRAINER_DONE;
    if (*enough || at->stage != TRAINER_LEARN || at->step > 0 || at->epoch == 0) return EFFNET_OK;
    double seconds = at->seconds;
    TRY(ranks_broadcast(r->s->together, &seconds, sizeof seconds, error));
    *enough = at->epoch >= r->s->epochs[rung] || seconds >= r->s->budget[rung];
    return EFFNET_OK;
}

static effnet_status learn(job_run *r, effnet_error *error)
{
    for (bool asked = false, enough;;) {
        effnet_progress p;
        TRY(has_enough(r, &enough, error));
        *r->stopped = asked && !enough;
        if (enough) return EFFNET_OK;
        if (asked) return trainer_save(r->t, error);
        TRY(trainer_run(r->t, NULL, &p, error));
        asked = p.stop != 0;
    }
}

/* By the averaged weights where there are any: always the same choice, so that it is no second look. */
static effnet_status judge(job_run *r, search_result *result, effnet_error *error)
{
    const size_t images = r->s->data->parts[EFFNET_VALIDATION].count;
    uint8_t *right = calloc(images, 1);
    result->hits = calloc((images + 7) / 8, 1);
    effnet_status status =
        right && result->hits ? trainer_judge(r->t, true, right, &result->loss, error) : error_memory(error);
    status = alone(r, status, error);
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
    job_run r = {
        .s = context, .task = task, .lock = -1, .stop = stop, .context = stop_context, .stopped = stopped};
    *stopped = false;
    effnet_status status = open_run(&r, error);
    if (status == EFFNET_OK && !*stopped) status = learn(&r, error);
    if (status == EFFNET_OK && !*stopped) status = judge(&r, result, error);
    trainer_free(r.t);
    model_free(r.start);
    if (r.lock >= 0) close(r.lock);
    free(r.folder);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See queue.h.
 */
#define _GNU_SOURCE
#include "search/queue.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"

typedef enum task_state { WAITING, RUNNING, DONE } task_state;

typedef struct slot {
    task_state state;
    search_result result;
    size_t deaths; /* of workers, over this task */
} slot;

/* A job's, in a ranking. */
typedef struct place {
    search_score score;
    bool scored;
    double cost;
    size_t job;
} place;

struct search_queue {
    size_t jobs, seeds, rungs;
    double shares[SEARCH_MAX_RUNGS];
    double *costs; /* [jobs] */
    bool *kept;    /* [jobs] */
    size_t *order; /* [jobs]: long ones first */
    size_t *rung;  /* [jobs]: that it is in, or was left behind in */
    slot *slots;   /* [rungs][jobs][seeds] */
    place *places; /* [jobs]: scratch, so that nothing fails for want of memory later on */
    size_t open;   /* rung */
    size_t left;   /* tasks of it without a result */
    size_t cursor; /* position in order x seeds before which nothing of it waits */
};

void search_result_clear(search_result *r)
{
    free(r->hits);
    *r = (search_result){0};
}

static slot *slot_at(const search_queue *q, size_t rung, size_t job, size_t seed)
{
    return &q->slots[(rung * q->jobs + job) * q->seeds + seed];
}

static slot *slot_of(const search_queue *q, const search_task *task)
{
    const bool there = task->job < q->jobs && task->seed < q->seeds && task->rung < q->rungs;
    return there ? slot_at(q, task->rung, task->job, task->seed) : NULL;
}

/* ---- Life ---- */

static int by_cost(const void *a, const void *b, void *costs)
{
    const size_t i = *(const size_t *)a, j = *(const size_t *)b;
    const double x = ((const double *)costs)[i], y = ((const double *)costs)[j];
    if (x != y) return x > y ? -1 : 1;
    return i < j ? -1 : 1;
}

static effnet_status allocate(search_queue *q, effnet_error *error)
{
    size_t count;
    if (!size_product(&count, (size_t[]){q->jobs, q->seeds, q->rungs}, 3) || count > SEARCH_MAX_TASKS)
        return error_set(error, EFFNET_ERR_LIMIT, "more than %d trainings", SEARCH_MAX_TASKS);
    q->costs = calloc(q->jobs, sizeof *q->costs);
    q->kept = calloc(q->jobs, sizeof *q->kept);
    q->order = calloc(q->jobs, sizeof *q->order);
    q->rung = calloc(q->jobs, sizeof *q->rung);
    q->slots = calloc(count, sizeof *q->slots);
    q->places = calloc(q->jobs, sizeof *q->places);
    return q->costs && q->kept && q->order && q->rung && q->slots && q->places ? EFFNET_OK
                                                                               : error_memory(error);
}

effnet_status search_queue_create(search_queue **out, const search_plan *plan, effnet_error *error)
{
    *out = NULL;
    assert(plan->rungs >= 1 && plan->rungs <= SEARCH_MAX_RUNGS);
    if (plan->jobs == 0 || plan->seeds == 0 || plan->seeds > SEARCH_MAX_SEEDS)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "%zu networks with %zu seeds: nothing to search, or too much", plan->jobs,
                         plan->seeds);
    search_queue *q = calloc(1, sizeof *q);
    if (!q) return error_memory(error);
    *q = (search_queue){.jobs = plan->jobs, .seeds = plan->seeds, .rungs = plan->rungs};
    const effnet_status status = allocate(q, error);
    if (status != EFFNET_OK) {
        search_queue_free(q);
        return status;
    }
    memcpy(q->shares, plan->shares, sizeof q->shares);
    memcpy(q->costs, plan->costs, q->jobs * sizeof *q->costs);
    if (plan->kept) memcpy(q->kept, plan->kept, q->jobs * sizeof *q->kept);
    for (size_t i = 0; i < q->jobs; i++)
        q->order[i] = i;
    qsort_r(q->order, q->jobs, sizeof *q->order, by_cost, q->costs);
    q->left = q->jobs * q->seeds;
    *out = q;
    return EFFNET_OK;
}

void search_queue_free(search_queue *q)
{
    if (!q) return;
    if (q->slots)
        for (size_t i = 0; i < q->jobs * q->seeds * q->rungs; i++)
            free(q->slots[i].result.hits);
    free(q->costs);
    free(q->kept);
    free(q->order);
    free(q->rung);
    free(q->slots);
    free(q->places);
    free(q);
}

/* ---- Scores ---- */

/* Over the seeds in one rung; false if one is missing or failed. */
static bool score_in(const search_queue *q, size_t job, size_t rung, search_score *s)
{
    *s = (search_score){.rung = rung};
    for (size_t i = 0; i < q->seeds; i++) {
        const slot *at = slot_at(q, rung, job, i);
        if (at->state != DONE || at->result.failed) return false;
        s->mean += at->result.top1 / (double)q->seeds;
        s->loss += at->result.loss / (double)q->seeds;
        s->seconds += at->result.seconds;
    }
    s->mean = nearbyint(s->mean * 1e12) / 1e12; /* equal ones must not differ by how they were summed */
    double squares = 0;
    for (size_t i = 0; i < q->seeds; i++)
        squares += pow(slot_at(q, rung, job, i)->result.top1 - s->mean, 2);
    if (q->seeds > 1) s->spread = sqrt(squares / (double)(q->seeds - 1));
    return true;
}

bool search_queue_score(const search_queue *q, size_t job, search_score *score)
{
    for (size_t rung = q->rung[job] + 1; rung-- > 0;) {
        if (score_in(q, job, rung, score)) return true;
        for (size_t i = 0; i < q->seeds; i++)
            if (slot_at(q, rung, job, i)->result.failed) return false;
    }
    *score = (search_score){0};
    return false;
}

static int by_place(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->scored != y->scored) return x->scored ? -1 : 1;
    if (x->score.rung != y->score.rung) return x->score.rung > y->score.rung ? -1 : 1;
    if (x->score.mean != y->score.mean) return x->score.mean > y->score.mean ? -1 : 1;
    if (x->cost != y->cost) return x->cost < y->cost ? -1 : 1;
    return x->job < y->job ? -1 : 1;
}

/* Ranks the jobs that are in `rung` or beyond it by their scores in it, into q->places; how many they are. */
static size_t rank_rung(const search_queue *q, size_t rung)
{
    size_t count = 0;
    for (size_t job = 0; job < q->jobs; job++) {
        if (q->rung[job] < rung) continue;
        place *p = &q->places[count++];
        *p = (place){.cost = q->costs[job], .job = job};
        p->scored = score_in(q, job, rung, &p->score);
    }
    qsort(q->places, count, sizeof *q->places, by_place);
    return count;
}

void search_queue_rank(const search_queue *q, size_t *order)
{
    for (size_t job = 0; job < q->jobs; job++) {
        q->places[job] = (place){.cost = q->costs[job], .job = job};
        q->places[job].scored = search_queue_score(q, job, &q->places[job].score);
    }
    qsort(q->places, q->jobs, sizeof *q->places, by_place);
    for (size_t i = 0; i < q->jobs; i++)
        order[i] = q->places[i].job;
}

/* ---- Rungs ---- */

static bool has_failed(const search_queue *q, size_t rung, size_t job)
{
    for (size_t i = 0; i < q->seeds; i++)
        if (slot_at(q, rung, job, i)->result.failed) return true;
    return false;
}

static size_t third_of(size_t count)
{
    return (count + SEARCH_THIRD - 1) / SEARCH_THIRD;
}

/* The open rung is complete: who goes on? Those that failed do not, even if they are kept. */
static void open_next(search_queue *q)
{
    const size_t count = rank_rung(q, q->open), best = third_of(count);
    size_t promoted = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t job = q->places[i].job;
        if (has_failed(q, q->open, job) || (i >= best && !q->kept[job])) continue;
        q->rung[job] = q->open + 1;
        promoted++;
    }
    q->open++;
    q->left = promoted * q->seeds;
    q->cursor = 0;
}

/* ---- Tasks ---- */

bool search_queue_take(search_queue *q, search_task *task)
{
    for (; q->cursor < q->jobs * q->seeds; q->cursor++) {
        const size_t job = q->order[q->cursor / q->seeds], seed = q->cursor % q->seeds;
        if (q->rung[job] != q->open) continue;
        slot *s = slot_at(q, q->open, job, seed);
        if (s->state != WAITING) continue;
        s->state = RUNNING;
        *task = (search_task){(uint32_t)job, (uint32_t)seed, (uint32_t)q->open};
        return true;
    }
    return false;
}

void search_queue_give_back(search_queue *q, const search_task *task)
{
    slot *s = slot_of(q, task);
    if (!s || s->state != RUNNING) return;
    s->state = WAITING;
    q->cursor = 0;
}

size_t search_queue_count_death(search_queue *q, const search_task *task)
{
    slot *s = slot_of(q, task);
    return s ? ++s->deaths : 0;
}

bool search_queue_finish(search_queue *q, const search_task *task, const search_result *result)
{
    slot *s = slot_of(q, task);
    if (!s || task->rung != q->open || q->rung[task->job] != q->open || s->state == DONE) return false;
    s->state = DONE;
    s->result = *result;
    q->left--;
    while (q->left == 0 && q->open + 1 < q->rungs)
        open_next(q);
    return true;
}

bool search_queue_done(const search_queue *q)
{
    return q->left == 0 && q->open + 1 == q->rungs;
}

const search_result *search_queue_result(const search_queue *q, const search_task *task)
{
    const slot *s = slot_of(q, task);
    return s && s->state == DONE ? &s->result : NULL;
}

size_t search_queue_rung(const search_queue *q, size_t job)
{
    return q->rung[job];
}

bool search_queue_is_over(const search_queue *q, size_t job)
{
    if (q->rung[job] < q->open) return true;
    if (q->open + 1 < q->rungs) return false;
    for (size_t i = 0; i < q->seeds; i++)
        if (slot_at(q, q->open, job, i)->state != DONE) return false;
    return true;
}

/* ---- How far ---- */

static double share_of(const search_queue *q, size_t rung)
{
    return q->shares[rung] - (rung ? q->shares[rung - 1] : 0);
}

/* Of the rungs to come only the size is known; who is in them costs as much as the mean of the open one, and
 * the kept ones what they cost. */
static void count_future(const search_queue *q, size_t in_open, double mean_cost, search_counts *c)
{
    size_t count = in_open;
    for (size_t rung = q->open + 1; rung < q->rungs; rung++) {
        size_t kept = 0;
        for (size_t job = 0; job < q->jobs; job++)
            kept += q->kept[job] && q->rung[job] == q->open;
        count = third_of(count) + kept < count ? third_of(count) + kept : count;
        c->total += count * q->seeds;
        c->total_cost += (double)(count * q->seeds) * mean_cost * share_of(q, rung);
    }
}

void search_queue_count(const search_queue *q, search_counts *c)
{
    *c = (search_counts){0};
    double open_cost = 0;
    size_t in_open = 0;
    for (size_t rung = 0; rung <= q->open; rung++)
        for (size_t job = 0; job < q->jobs; job++) {
            if (q->rung[job] < rung) continue;
            const double cost = q->costs[job] * share_of(q, rung);
            if (rung == q->open) {
                open_cost += q->costs[job];
                in_open++;
            }
            for (size_t seed = 0; seed < q->seeds; seed++) {
                const task_state state = slot_at(q, rung, job, seed)->state;
                c->total++;
                c->total_cost += cost;
                c->running += state == RUNNING;
                c->done += state == DONE;
                if (state == DONE) c->done_cost += cost;
            }
        }
    if (in_open) count_future(q, in_open, open_cost / (double)in_open, c);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What is left to do of a search, and what is known already: networks x seeds x rungs. Who trains, and how
 * many at a time, is not its business; so the end is the same however the work was divided and in whichever
 * order results came.
 *
 * Rungs are successive halving (Jamieson and Talwalkar, Non-stochastic best arm identification and
 * hyperparameter optimization, AISTATS 2016), with thirds as in Hyperband (Li et al., JMLR 18, 2018): when a
 * rung is complete, its best third goes on to the next, and so do those that are always kept.
 */
#ifndef SEARCH_QUEUE_H
#define SEARCH_QUEUE_H

#include "base/error.h"

enum {
    SEARCH_MAX_RUNGS = 8,
    SEARCH_MAX_SEEDS = 1000,
    SEARCH_THIRD = 3,
    SEARCH_MAX_TASKS = 1000000,
    SEARCH_NOTE = EFFNET_MESSAGE_SIZE,
};

/* A network to train, with a seed, from where it is up to the end of a rung. */
typedef struct search_task {
    uint32_t job, seed, rung;
} search_task;

/* What came of it. */
typedef struct search_result {
    bool failed;            /* it could not be trained: why is in note */
    uint32_t epochs;        /* done since the beginning */
    double top1, loss;      /* of the validation part */
    double seconds;         /* since the beginning */
    uint8_t *hits;          /* [(images + 7) / 8] bit i % 8 of byte i / 8: image i was told right; or NULL */
    uint64_t images;        /* of the validation part */
    char note[SEARCH_NOTE]; /* one line, "" if there is nothing to say */
} search_result;

void search_result_clear(search_result *r);

typedef struct search_plan {
    size_t jobs;
    const double *costs; /* [jobs]: of any unit; long ones are handed out first, and of equal results the
                            cheaper one wins */
    const bool *kept;    /* [jobs]: in every rung whatever their results; NULL: none */
    size_t seeds, rungs;
    double shares[SEARCH_MAX_RUNGS]; /* of a job's cost that is done at the end of a rung; rising to 1 */
} search_plan;

typedef struct search_queue search_queue;

/* The arrays of `plan` are copied. */
effnet_status search_queue_create(search_queue **out, const search_plan *plan, effnet_error *error);
void search_queue_free(search_queue *q);

/* The next task; false if there is none to be had now: all are done, or a rung must end first. */
bool search_queue_take(search_queue *q, search_task *task);

/* A task that was taken and that nobody does any more. */
void search_queue_give_back(search_queue *q, const search_task *task);

/* A worker died over the task: how many have since the search began or went on. Others may die over other
 * tasks in between. */
size_t search_queue_count_death(search_queue *q, const search_task *task);

/* Takes over result->hits. A task need not have been taken: results may come from a journal. False, and the
 * result is the caller's, if there is no such task in a rung that is open or if it has a result already. */
bool search_queue_finish(search_queue *q, const search_task *task, const search_result *result);

bool search_queue_done(const search_queue *q);

/* The result of a task, or NULL. */
const search_result *search_queue_result(const search_queue *q, const search_task *task);

/* The rung that a job is in, or was in when it was left behind. */
size_t search_queue_rung(const search_queue *q, size_t job);

/* True if the job will not be trained any more. */
bool search_queue_is_over(const search_queue *q, size_t job);

typedef struct search_counts {
    size_t done, running,
        total; /* tasks; total grows exact as rungs end, as their sizes are known beforehand */
    double done_cost, total_cost;
} search_counts;

void search_queue_count(const search_queue *q, search_counts *counts);

/* Mean of the seeds' top1 in the last rung that all of them finished, the spread (the standard deviation of a
 * sample; 0 for one seed), and that rung; false if there is none, or if one failed in it. */
typedef struct search_score {
    double mean, spread, loss, seconds;
    size_t rung;
} search_score;

bool search_queue_score(const search_queue *q, size_t job, search_score *score);

/* All jobs, best first: of a later rung, of a higher mean, cheaper, of a lower number; those without a score
 * last. order is [jobs]. */
void search_queue_rank(const search_queue *q, size_t *order);

#endif

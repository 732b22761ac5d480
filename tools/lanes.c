/* SPDX-License-Identifier: Apache-2.0
 *
 * See lanes.h. One lock for all that is not work: what it covers is short beside the work.
 */
#define _POSIX_C_SOURCE 200809L
#include "lanes.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "report.h"

typedef struct board { /* what all lanes look at, under the lock */
    const lanes *plan;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t taken, delivered; /* how many; job numbers are the remainder by plan->jobs */
    bool *done;                /* [plan->jobs], worked on but not delivered */
    bool ended;                /* nothing more is to be taken */
    int code;
} board;

typedef struct lane {
    board *board;
    size_t number;
    pthread_t thread;
} lane;

static size_t job_number(const board *b, uint64_t turn)
{
    return (size_t)(turn % b->plan->jobs);
}

/* Under the lock. */
static bool take_job(board *b, size_t *job)
{
    const lanes *plan = b->plan;
    while (!b->ended && b->taken - b->delivered == plan->jobs)
        pthread_cond_wait(&b->moved, &b->lock);
    *job = job_number(b, b->taken);
    if (!b->ended && !plan->take(plan->context, *job)) b->ended = true;
    if (b->ended) return false;
    b->taken++;
    return true;
}

/* Under the lock. */
static void deliver_in_order(board *b)
{
    const lanes *plan = b->plan;
    for (size_t job; b->code == EXIT_DONE && b->done[job = job_number(b, b->delivered)]; b->delivered++) {
        b->done[job] = false;
        b->code = plan->deliver(plan->context, job);
    }
    if (b->code != EXIT_DONE) b->ended = true;
    pthread_cond_broadcast(&b->moved);
}

static void *run_lane(void *argument)
{
    const lane *l = argument;
    board *b = l->board;
    pthread_mutex_lock(&b->lock);
    for (size_t job; take_job(b, &job);) {
        pthread_mutex_unlock(&b->lock);
        b->plan->work(b->plan->context, l->number, job);
        pthread_mutex_lock(&b->lock);
        b->done[job] = true;
        deliver_in_order(b);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* If the system gives fewer threads than asked for, those that there are do all the work. */
static void run_lanes(board *b, lane *all)
{
    size_t started = 1;
    for (; started < b->plan->count; started++) {
        all[started] = (lane){.board = b, .number = started};
        if (pthread_create(&all[started].thread, NULL, run_lane, &all[started]) != 0) break;
    }
    all[0] = (lane){.board = b};
    run_lane(&all[0]);
    for (size_t i = 1; i < started; i++)
        pthread_join(all[i].thread, NULL);
}

int lanes_run(const lanes *plan)
{
    board b = {.plan = plan,
               .lock = PTHREAD_MUTEX_INITIALIZER,
               .moved = PTHREAD_COND_INITIALIZER,
               .done = calloc(plan->jobs, sizeof *b.done)};
    lane *all = calloc(plan->count, sizeof *all);
    if (b.done && all)
        run_lanes(&b, all);
    else
        b.code = report_failure(EXIT_SYSTEM, "out of memory");
    free(b.done);
    free(all);
    return b.code;
}

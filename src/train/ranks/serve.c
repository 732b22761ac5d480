/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread that carries the messages. MPI moves them only while one of its functions runs, so somebody has
 * to call them while the network computes. It looks often while something is under way, and else now and
 * then.
 */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "train/ranks/group.h"

enum { BUSY_NS = 50000, IDLE_NS = 2000000, FLUSH_MS = 2000 };

static effnet_status open_wire(ranks *r)
{
    effnet_error error = {0};
    effnet_status status = r->open ? r->open(&r->w, &error) : EFFNET_OK;
    if (status == EFFNET_OK) status = sum_allocate(r, &error);
    if (status == EFFNET_OK) status = notices_begin(r, &error);
    pthread_mutex_lock(&r->lock);
    r->opened = true;
    r->open_status = status;
    r->open_error = error;
    pthread_cond_broadcast(&r->news);
    pthread_mutex_unlock(&r->lock);
    return status;
}

/* ---- One round ---- */

/* The job as far as it gets. */
static effnet_status work(ranks *r, bool *busy, effnet_error *error)
{
    bool done = false;
    pthread_mutex_lock(&r->lock);
    const bool active = r->active;
    const size_t ready = r->ready;
    pthread_mutex_unlock(&r->lock);
    *busy = false;
    if (!active || r->verdict) return EFFNET_OK;
    TRY(job_advance(r, ready, &done, error));
    *busy = !done && (r->todo.kind != JOB_SUM || r->todo.from < r->todo.count);
    if (!done) return EFFNET_OK;
    pthread_mutex_lock(&r->lock);
    r->active = false;
    pthread_cond_broadcast(&r->news);
    pthread_mutex_unlock(&r->lock);
    return EFFNET_OK;
}

/* What the caller has said of himself. */
static void look_at_caller(ranks *r)
{
    char why[RANKS_TEXT];
    pthread_mutex_lock(&r->lock);
    const effnet_status status = r->own_failure;
    memcpy(why, r->own_why, sizeof why);
    pthread_mutex_unlock(&r->lock);
    if (status != EFFNET_OK) notices_fail(r, status, false, why);
}

static void nap(ranks *r, bool busy)
{
    struct timespec until;
    if (busy) {
        nanosleep(&(struct timespec){.tv_nsec = BUSY_NS}, NULL);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += IDLE_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&r->lock);
    pthread_cond_timedwait(&r->work, &r->lock, &until);
    pthread_mutex_unlock(&r->lock);
}

/* The others are told first, as far as they take it; the caller last, so that only one of his threads has it.
 */
static void tell_lost(ranks *r)
{
    effnet_error error;
    const double until = clock_ms() + FLUSH_MS;
    while (clock_ms() < until && !notices_sent(r) && notices_round(r, &error) == EFFNET_OK)
        nap(r, true);
    if (r->options.lost) r->options.lost(r->options.context, r->why);
    notices_publish(r);
}

/* False when this rank is to end. */
static bool serve_round(ranks *r)
{
    effnet_error error;
    bool busy = false;
    const bool before = r->verdict != EFFNET_OK;
    look_at_caller(r);
    effnet_status status = notices_round(r, &error);
    if (status == EFFNET_OK) status = work(r, &busy, &error);
    if (status != EFFNET_OK) notices_fail(r, status, true, error.message);
    if (!before && r->verdict && r->lost) tell_lost(r);
    pthread_mutex_lock(&r->lock);
    const bool leaving = r->leaving && (!r->active || r->failed);
    pthread_mutex_unlock(&r->lock);
    if (leaving && (status != EFFNET_OK || notices_may_end(r))) return false;
    nap(r, busy);
    return true;
}

static void note(ranks *r, bool *what)
{
    pthread_mutex_lock(&r->lock);
    *what = true;
    pthread_cond_broadcast(&r->news);
    pthread_mutex_unlock(&r->lock);
}

void *ranks_serve(void *argument)
{
    ranks *r = argument;
    if (open_wire(r) == EFFNET_OK)
        while (serve_round(r))
            ;
    note(r, &r->closing);
    if (r->w) r->w->close(r->w, r->open_status == EFFNET_OK && !r->verdict);
    note(r, &r->closed);
    return NULL;
}

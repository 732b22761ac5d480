/* SPDX-License-Identifier: Apache-2.0
 *
 * The caller's side: posts jobs to the thread that carries the messages, and waits for them. See ranks.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "train/ranks/ranks.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "train/ranks/group.h"

enum { PATIENCE = 30, JOIN_SECONDS = 55, CLOSE_SECONDS = 30, MAX_MESSAGE = 64 << 20 };

/* ---- Waiting ---- */

/* For a condition under the lock; false after `seconds`. */
static bool wait_for(ranks *r, const bool *condition, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    pthread_mutex_lock(&r->lock);
    int code = 0;
    while (!*condition && code != ETIMEDOUT)
        code = pthread_cond_timedwait(&r->news, &r->lock, &until);
    const bool met = *condition;
    pthread_mutex_unlock(&r->lock);
    return met;
}

static effnet_status failure(const ranks *r, effnet_error *error)
{
    return error_set(error, r->failed, "%s", r->why);
}

static effnet_status post(ranks *r, const job *todo, effnet_error *error)
{
    pthread_mutex_lock(&r->lock);
    const effnet_status status = r->failed ? failure(r, error) : EFFNET_OK;
    r->todo = *todo;
    r->ready = SIZE_MAX;
    r->active = status == EFFNET_OK;
    pthread_cond_signal(&r->work);
    pthread_mutex_unlock(&r->lock);
    return status;
}

static effnet_status finish(ranks *r, effnet_error *error)
{
    pthread_mutex_lock(&r->lock);
    while (r->active && !r->failed)
        pthread_cond_wait(&r->news, &r->lock);
    const effnet_status status = r->failed ? failure(r, error) : EFFNET_OK;
    pthread_mutex_unlock(&r->lock);
    return status;
}

/* ---- Joining and leaving ---- */

static void free_ranks(ranks *r)
{
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->work);
    pthread_cond_destroy(&r->news);
    sum_free(r);
    free(r->peers);
    free(r);
}

/* Signals are the caller's business. */
static bool start_thread(ranks *r)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool started = pthread_create(&r->thread, NULL, ranks_serve, r) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

/* By `open`, or over `w`. */
static effnet_status join(ranks **out, wire_opener *open, wire *w, const effnet_ranks_options *options,
                          effnet_error *error)
{
    *out = NULL;
    ranks *r = calloc(1, sizeof *r);
    if (!r) return error_memory(error);
    r->open = open;
    r->w = w;
    r->options = *options;
    if (r->options.patience <= 0) r->options.patience = PATIENCE;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->work, NULL);
    pthread_cond_init(&r->news, NULL);
    if (!start_thread(r)) {
        free_ranks(r);
        return error_set(error, EFFNET_ERR_OS, "cannot start a thread");
    }
    /* A thread that does not come back keeps its memory: it may still use it. */
    if (!wait_for(r, &r->opened, JOIN_SECONDS))
        return error_set(error, EFFNET_ERR_OS, "not all ranks have started within %d seconds", JOIN_SECONDS);
    if (r->open_status == EFFNET_OK) {
        *out = r;
        return EFFNET_OK;
    }
    const effnet_status status = error_set(error, r->open_status, "%s", r->open_error.message);
    pthread_join(r->thread, NULL);
    free_ranks(r);
    return status;
}

effnet_status ranks_join(ranks **out, wire_opener *open, const effnet_ranks_options *options,
                         effnet_error *error)
{
    return join(out, open, NULL, options, error);
}

effnet_status ranks_join_wire(ranks **out, wire *w, const effnet_ranks_options *options, effnet_error *error)
{
    return join(out, NULL, w, options, error);
}

void ranks_leave(ranks *r, const effnet_error *why)
{
    if (!r) return;
    if (why) ranks_fail(r, why->code, why->message);
    pthread_mutex_lock(&r->lock);
    r->leaving = true;
    pthread_cond_signal(&r->work);
    while (!r->closing)
        pthread_cond_wait(&r->news, &r->lock);
    pthread_mutex_unlock(&r->lock);
    if (!wait_for(r, &r->closed, CLOSE_SECONDS)) return; /* as in ranks_join */
    pthread_join(r->thread, NULL);
    free_ranks(r);
}

size_t ranks_number(const ranks *r)
{
    return r ? r->w->rank : 0;
}

size_t ranks_count(const ranks *r)
{
    return r ? r->w->count : 1;
}

bool ranks_have_failed(ranks *r)
{
    if (!r) return false;
    pthread_mutex_lock(&r->lock);
    const bool failed = r->failed != EFFNET_OK;
    pthread_mutex_unlock(&r->lock);
    return failed;
}

size_t ranks_bytes(size_t count)
{
    return count > 1 ? SUM_SLOTS * sizeof(float) * (SUM_BUCKET + count) : 0;
}

/* ---- What all do together ---- */

effnet_status ranks_sum_begin(ranks *r, float *data, size_t first, size_t count, effnet_error *error)
{
    if (!r) return EFFNET_OK;
    return post(r, &(job){.kind = JOB_SUM, .data = data, .first = first, .count = count}, error);
}

void ranks_sum_ready(ranks *r, size_t from)
{
    if (!r) return;
    pthread_mutex_lock(&r->lock);
    r->ready = from;
    pthread_cond_signal(&r->work);
    pthread_mutex_unlock(&r->lock);
}

effnet_status ranks_sum_end(ranks *r, effnet_error *error)
{
    if (!r) return EFFNET_OK;
    ranks_sum_ready(r, 0);
    return finish(r, error);
}

effnet_status ranks_gather(ranks *r, const void *mine, void *all, size_t size, effnet_error *error)
{
    if (!r) {
        memcpy(all, mine, size);
        return EFFNET_OK;
    }
    TRY(post(r, &(job){.kind = JOB_GATHER, .mine = mine, .all = all, .size = size}, error));
    return finish(r, error);
}

effnet_status ranks_broadcast(ranks *r, void *data, size_t size, effnet_error *error)
{
    for (size_t at = 0; r && at < size; at += MAX_MESSAGE) {
        const size_t n = size - at < MAX_MESSAGE ? size - at : MAX_MESSAGE;
        TRY(post(r, &(job){.kind = JOB_BROADCAST, .all = (char *)data + at, .size = n}, error));
        TRY(finish(r, error));
    }
    return EFFNET_OK;
}

void ranks_fail(ranks *r, effnet_status status, const char *message)
{
    if (!r) return;
    pthread_mutex_lock(&r->lock);
    r->own_failure = status;
    snprintf(r->own_why, sizeof r->own_why, "rank %zu: %.*s", r->w->rank, RANKS_TEXT - 32, message);
    pthread_cond_signal(&r->work);
    while (!r->failed)
        pthread_cond_wait(&r->news, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * An own pool, because the engine needs every member to run at the same time with barriers inside a task,
 * which task-stealing pools do not promise. Members spin briefly and then sleep.
 */
#define _GNU_SOURCE
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Polls before a waiting thread goes to sleep; about 20 us. */
enum { SPINS = 1000 };

typedef struct gate { /* a number that grows, and the threads that wait for it */
    atomic_uint value;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} gate;

typedef struct member {
    pool *team;
    size_t number;
    pthread_t thread;
} member;

struct pool {
    size_t members, started;
    pool_task task;
    void *context;
    bool stop;
    gate work;           /* grows by one for each task */
    gate passed;         /* grows by one for each barrier */
    atomic_uint arrived; /* at the present barrier */
    member *threads;
};

static inline void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static bool gate_init(gate *g)
{
    atomic_init(&g->value, 0);
    if (pthread_mutex_init(&g->mutex, NULL) != 0) return false;
    if (pthread_cond_init(&g->changed, NULL) == 0) return true;
    pthread_mutex_destroy(&g->mutex);
    return false;
}

static void gate_destroy(gate *g)
{
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->mutex);
}

static void gate_open(gate *g)
{
    pthread_mutex_lock(&g->mutex);
    atomic_fetch_add_explicit(&g->value, 1, memory_order_release);
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

/* Waits until the gate's value is no longer `old`. */
static void gate_wait(gate *g, unsigned old)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&g->value, memory_order_acquire) != old) return;
        pause_briefly();
    }
    pthread_mutex_lock(&g->mutex);
    while (atomic_load_explicit(&g->value, memory_order_acquire) == old)
        pthread_cond_wait(&g->changed, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
}

void pool_barrier(pool *p)
{
    const unsigned old = atomic_load_explicit(&p->passed.value, memory_order_acquire);
    if (atomic_fetch_add_explicit(&p->arrived, 1, memory_order_acq_rel) + 1 < p->members) {
        gate_wait(&p->passed, old);
        return;
    }
    atomic_store_explicit(&p->arrived, 0, memory_order_relaxed);
    gate_open(&p->passed);
}

static void *serve(void *argument)
{
    const member *m = argument;
    pool *p = m->team;
    for (unsigned round = 0;; round++) {
        gate_wait(&p->work, round);
        if (p->stop) return NULL;
        p->task(p->context, m->number, p->members);
        pool_barrier(p);
    }
}

/* New threads take no signals: those are the caller's business. */
static bool start_threads(pool *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->started + 1 < p->members) {
        member *m = &p->threads[p->started];
        *m = (member){.team = p, .number = p->started + 1};
        if (pthread_create(&m->thread, NULL, serve, m) != 0) break;
        p->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p->started + 1 == p->members;
}

effnet_status pool_create(pool **out, size_t members, effnet_error *error)
{
    *out = NULL;
    pool *p = calloc(1, sizeof *p);
    member *threads = calloc(members, sizeof *threads);
    if (!p || !threads || !gate_init(&p->work)) {
        free(p);
        free(threads);
        return error_memory(error);
    }
    if (!gate_init(&p->passed)) {
        gate_destroy(&p->work);
        free(p);
        free(threads);
        return error_memory(error);
    }
    p->members = members;
    p->threads = threads;
    if (!start_threads(p)) {
        pool_free(p);
        return error_set(error, EFFNET_ERR_OS, "cannot start %zu threads", members - 1);
    }
    *out = p;
    return EFFNET_OK;
}

void pool_free(pool *p)
{
    if (!p) return;
    p->stop = true;
    gate_open(&p->work);
    for (size_t i = 0; i < p->started; i++)
        pthread_join(p->threads[i].thread, NULL);
    gate_destroy(&p->work);
    gate_destroy(&p->passed);
    free(p->threads);
    free(p);
}

size_t pool_members(const pool *p)
{
    return p->members;
}

void pool_run(pool *p, pool_task task, void *context)
{
    if (p->members == 1) {
        task(context, 0, 1);
        return;
    }
    p->task = task;
    p->context = context;
    gate_open(&p->work);
    task(context, 0, p->members);
    pool_barrier(p);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * An own pool, because the engine needs every member to run at the same time with barriers inside a task,
 * which task-stealing pools do not promise. Members spin briefly and then sleep, and stay off the caller's
 * CPU. No member is bound to one CPU: several pools of one process would choose the same.
 */
#define _GNU_SOURCE
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Polls before a waiting thread goes to sleep: 50 to 150 us, about what it takes to wake one in a virtual
     * machine. Where members have to share CPUs they sleep at once. */
    SPINS = 3000,
    LINE = 64, /* bytes that cores exchange */
};

/* A number that grows, and the threads that wait for it to reach theirs. */
typedef struct gate {
    alignas(LINE) atomic_uint_fast64_t value;
    alignas(LINE) atomic_uint sleepers;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} gate;

typedef struct member {
    pool *team;
    size_t number;
    pthread_t thread;
} member;

struct pool {
    gate work;    /* grows by one for each task */
    gate arrived; /* grows by one for each member at a barrier */
    alignas(LINE) size_t members;
    size_t started;
    pool_task task;
    void *context;
    bool stop;
    atomic_int spins;
    cpu_set_t allowed; /* to the thread that made the pool, so to the members */
    bool spread;       /* members keep off the caller's CPU, which is */
    int avoided;
    member *threads;
};

static inline void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* ---- Gates ---- */

static bool gate_init(gate *g)
{
    atomic_init(&g->value, 0);
    atomic_init(&g->sleepers, 0);
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

/* A sleeper is counted before it looks at the value for the last time, and the value grows before the count
 * is looked at, both in one total order: either the sleeper sees the new value or this sees the sleeper. */
static void gate_wake(gate *g)
{
    if (atomic_load(&g->sleepers) == 0) return;
    pthread_mutex_lock(&g->mutex);
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

static bool gate_reached(const gate *g, uint64_t target)
{
    return atomic_load(&g->value) >= target;
}

static void gate_sleep(gate *g, uint64_t target)
{
    pthread_mutex_lock(&g->mutex);
    atomic_fetch_add(&g->sleepers, 1);
    while (!gate_reached(g, target))
        pthread_cond_wait(&g->changed, &g->mutex);
    atomic_fetch_sub(&g->sleepers, 1);
    pthread_mutex_unlock(&g->mutex);
}

static void gate_wait(gate *g, uint64_t target, int spins)
{
    for (int i = 0; i < spins; i++) {
        if (gate_reached(g, target)) return;
        pause_briefly();
    }
    gate_sleep(g, target);
}

/* ---- Members ---- */

/* Counts this member in at the barrier and gives the number at which all are there. */
static uint64_t arrive(pool *p)
{
    const uint64_t before = atomic_fetch_add(&p->arrived.value, 1);
    const uint64_t all = (before / p->members + 1) * p->members;
    if (before + 1 == all) gate_wake(&p->arrived);
    return all;
}

void pool_barrier(pool *p)
{
    if (p->members == 1) return;
    gate_wait(&p->arrived, arrive(p), p->spins);
}

static void *serve(void *argument)
{
    const member *m = argument;
    pool *p = m->team;
    for (uint64_t round = 1;; round++) {
        gate_wait(&p->work, round, p->spins);
        if (p->stop) return NULL;
        p->task(p->context, m->number, p->members);
        arrive(p);
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

/* ---- CPUs ---- */

/* Masks of more CPUs than cpu_set_t has are left alone, and so is what shares CPUs in any case. */
static void look_at_cpus(pool *p)
{
    p->avoided = -1;
    atomic_store(&p->spins, SPINS);
    if (pthread_getaffinity_np(pthread_self(), sizeof p->allowed, &p->allowed) != 0) return;
    pool_limit_cores(p, (size_t)CPU_COUNT(&p->allowed));
    p->spread = p->spins > 0 && p->members > 1;
}

void pool_limit_cores(pool *p, size_t cores)
{
    if (p->members > cores) atomic_store(&p->spins, 0);
}

/* A thread that is woken is often put on the CPU of the one that wakes it, although another is idle, and then
 * runs only when that one sleeps: measured, 11 ms for a pass of 3. */
static void keep_off_caller(pool *p)
{
    const int cpu = p->spread ? sched_getcpu() : -1;
    if (cpu == p->avoided) return;
    cpu_set_t others = p->allowed;
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_CLR((size_t)cpu, &others);
    for (size_t i = 0; i < p->started; i++)
        pthread_setaffinity_np(p->threads[i].thread, sizeof others, &others);
    p->avoided = cpu;
}

/* ---- Pools ---- */

static bool make_gates(pool *p)
{
    if (!gate_init(&p->work)) return false;
    if (gate_init(&p->arrived)) return true;
    gate_destroy(&p->work);
    return false;
}

effnet_status pool_create(pool **out, size_t members, effnet_error *error)
{
    *out = NULL;
    pool *p = aligned_alloc(LINE, sizeof *p);
    member *threads = calloc(members, sizeof *threads);
    if (p) memset(p, 0, sizeof *p);
    if (!p || !threads || !make_gates(p)) {
        free(p);
        free(threads);
        return error_memory(error);
    }
    p->members = members;
    p->threads = threads;
    look_at_cpus(p);
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
    atomic_fetch_add(&p->work.value, 1);
    gate_wake(&p->work);
    for (size_t i = 0; i < p->started; i++)
        pthread_join(p->threads[i].thread, NULL);
    gate_destroy(&p->work);
    gate_destroy(&p->arrived);
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
    keep_off_caller(p);
    p->task = task;
    p->context = context;
    atomic_fetch_add(&p->work.value, 1);
    gate_wake(&p->work);
    task(context, 0, p->members);
    pool_barrier(p);
}

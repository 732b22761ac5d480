/* SPDX-License-Identifier: Apache-2.0
 *
 * A search divided among ranks, which are threads here, with a trainer that only sleeps: the ranking is that
 * of one process, also where ranks train in groups; ranks that fall silent or break give their task back;
 * stopped it goes on; ranks of another search are found out.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rng.h"
#include "search/group.h"
#include "unit/folder.h"
#include "unit/thread_wire.h"

enum { JOBS = 24, RUNGS = 2, IMAGES = 20, MOST_RANKS = 7 };

static _Atomic int trainings[JOBS][RUNGS]; /* that ended */
static _Atomic bool over;                  /* threads that wait for nobody may go */
static double task_ms;
static size_t rank_count, group_size;

typedef struct member {
    pthread_t thread;
    search_cluster cluster;
    ranks *together;
    effnet_status status;
    effnet_error error;
} member;

/* ---- The trainer ---- */

static effnet_status sleep_task(void *context, const search_task *t, search_stop *stop, void *stop_context,
                                search_result *r, bool *stopped, effnet_error *error)
{
    const member *m = context;
    const double end = clock_ms() + task_ms * (1 + t->job % 3);
    for (bool ends = false; !ends && !*stopped;) {
        uint8_t word[] = {clock_ms() > end, stop(stop_context) || over}; /* a leader's are those of all */
        TRY(ranks_broadcast(m->together, word, sizeof word, error));
        ends = word[0];
        *stopped = word[1];
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    if (*stopped) return EFFNET_OK;
    if (ranks_number(m->together) == 0) trainings[t->job][t->rung]++;
    if (t->job == 5) return error_set(error, EFFNET_ERR_INTERNAL, "the loss was not finite");
    *r = (search_result){.epochs = 1, .images = IMAGES, .hits = calloc(1, (IMAGES + 7) / 8)};
    r->top1 = (double)(rng_bits(t->rung, t->job) % 1000) / 1000;
    if (!r->hits) return error_memory(error);
    r->hits[0] = (uint8_t)t->job;
    return EFFNET_OK;
}

/* ---- Ranks ---- */

static void *serve(void *context)
{
    member *m = context;
    const search_trainer trainer = {.train = sleep_task, .context = m};
    m->status = group_size > 1
                    ? search_serve_group(&trainer, &m->together, NULL, NULL, &m->cluster, &m->error)
                    : search_serve(&trainer, NULL, NULL, &m->cluster, &m->error);
    return NULL;
}

typedef struct outcome {
    size_t order[JOBS];
    search_counts counts;
    effnet_status status;
    effnet_error error;
    bool stopped, lost;
    uint8_t first_byte; /* of job 7's hits */
} outcome;

static search_queue *make_queue(void)
{
    static double costs[JOBS];
    for (size_t i = 0; i < JOBS; i++)
        costs[i] = 1 + (double)(i % 3);
    const search_plan plan = {
        .jobs = JOBS, .costs = costs, .seeds = 1, .rungs = RUNGS, .shares = {1 / 3., 1}};
    search_queue *q;
    assert_int_equal(search_queue_create(&q, &plan, NULL), EFFNET_OK);
    return q;
}

static bool stop_at(void *context)
{
    return clock_ms() > *(double *)context;
}

/* Breaks or silences a rank after some time. */
typedef struct accident {
    size_t rank; /* 0: none */
    bool broken;
    double at;
    bool done;
} accident;

static void cause(void *context, const search_queue *queue, const search_task *task,
                  const search_result *result)
{
    accident *a = context;
    (void)task, (void)result;
    search_counts c;
    search_queue_count(queue, &c);
    if (!a || a->done || a->rank == 0 || c.done < 5) return;
    a->done = true;
    (a->broken ? thread_wire_break : thread_wire_stop)(a->rank);
}

static void search(outcome *o, bool resume, double *until, accident *a, uint64_t odd_number)
{
    member members[MOST_RANKS] = {{0}};
    char notice[SEARCH_NOTE];
    wire *own;
    *o = (outcome){.stopped = false};
    memset((void *)trainings, 0, sizeof trainings);
    over = false;
    thread_wires_begin(rank_count);
    assert_int_equal(thread_wire_open(&own, NULL), EFFNET_OK);
    for (size_t i = 1; i < rank_count; i++) {
        members[i].cluster = (search_cluster){
            .search = 7 + (i == 2 ? odd_number : 0), .images = IMAGES, .group = group_size, .patience = 0.3};
        assert_int_equal(thread_wire_open(&members[i].cluster.w, NULL), EFFNET_OK);
    }
    for (size_t i = 1; i < rank_count; i++)
        assert_int_equal(pthread_create(&members[i].thread, NULL, serve, &members[i]), 0);
    search_queue *q = make_queue();
    search_work work = {.queue = q,
                        .trainer = {.train = sleep_task},
                        .stop = until ? stop_at : NULL,
                        .stop_context = until,
                        .watch = cause,
                        .watch_context = a};
    const search_cluster cluster = {own, 7, IMAGES, group_size, 0.3};
    assert_int_equal(search_journal_open(&work.journal, folder, "a=1", resume, q, notice, NULL), EFFNET_OK);
    o->status = search_coordinate(&work, &cluster, &o->stopped, &o->lost, &o->error);
    over = true;
    if (o->lost) /* ranks that were given up, or that nobody hears any more, would wait for ever */
        for (size_t i = 1; i < rank_count; i++)
            if ((a && a->rank == i) || o->status != EFFNET_OK) thread_wire_break(i);
    for (size_t i = 1; i < rank_count; i++)
        pthread_join(members[i].thread, NULL);
    for (size_t i = 1; i < rank_count && !o->lost; i++)
        if (members[i].status != EFFNET_OK) fail_msg("rank %zu: %s", i, members[i].error.message);
    search_queue_count(q, &o->counts);
    search_queue_rank(q, o->order);
    const search_result *r = search_queue_result(q, &(search_task){7, 0, 0});
    if (r && r->hits) o->first_byte = r->hits[0];
    search_journal_close(work.journal);
    search_queue_free(q);
    own->close(own, !o->lost);
    for (size_t i = 1; i < rank_count; i++)
        members[i].cluster.w->close(members[i].cluster.w, !o->lost);
    thread_wires_end();
}

static void clear(void)
{
    unlink(in_folder("search.log"));
    unlink(in_folder("search.lock"));
}

static size_t expected[JOBS];

static int expect(void **state)
{
    (void)state;
    search_queue *q = make_queue();
    search_task t;
    bool stopped = false;
    while (search_queue_take(q, &t)) {
        search_result r = {.failed = t.job == 5};
        if (t.job != 5) r.top1 = (double)(rng_bits(t.rung, t.job) % 1000) / 1000;
        stopped |= !search_queue_finish(q, &t, &r);
    }
    search_queue_rank(q, expected);
    search_queue_free(q);
    return stopped ? -1 : make_folder(state);
}

/* ---- Tests ---- */

/* Ranks one by one, in groups of two and of three. */
static void for_each_kind(void (*what)(void))
{
    static const size_t kinds[][2] = {{4, 1}, {7, 2}, {7, 3}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        rank_count = kinds[i][0];
        group_size = kinds[i][1];
        what();
        clear();
    }
}

static void rank(void)
{
    outcome o;
    task_ms = 1;
    search(&o, false, NULL, NULL, 0);
    assert_int_equal(o.status, EFFNET_OK);
    assert_false(o.stopped || o.lost);
    assert_int_equal(o.counts.done, o.counts.total);
    assert_memory_equal(o.order, expected, sizeof expected);
    assert_int_equal(o.first_byte, 7);
    for (size_t job = 0; job < JOBS; job++)
        for (size_t rung = 0; rung < RUNGS; rung++)
            assert_true(trainings[job][rung] <= 1 && (rung > 0 || trainings[job][rung] == 1));
}

static void ranks_rank_as_one_process_does(void **state)
{
    (void)state;
    for_each_kind(rank);
}

/* Of groups: one that follows, then a leader. */
static void lose_one(void)
{
    for (size_t lost = 2; lost > 2 - group_size && lost > 0; lost--)
        for (int broken = 0; broken < 2; broken++) {
            outcome o;
            accident a = {.rank = lost, .broken = broken};
            task_ms = 5;
            search(&o, false, NULL, &a, 0);
            if (o.status != EFFNET_OK) fail_msg("%s", o.error.message);
            assert_true(a.done && o.lost && !o.stopped);
            assert_int_equal(o.counts.done, o.counts.total);
            assert_memory_equal(o.order, expected, sizeof expected);
            clear();
        }
}

static void a_lost_rank_gives_its_task_back(void **state)
{
    (void)state;
    for_each_kind(lose_one);
}

static void stop_and_go_on(void)
{
    outcome o;
    double until = clock_ms() + 60;
    task_ms = 20;
    search(&o, false, &until, NULL, 0);
    assert_int_equal(o.status, EFFNET_OK);
    assert_true(o.stopped && !o.lost && o.counts.done < o.counts.total);
    task_ms = 1;
    search(&o, true, NULL, NULL, 0);
    assert_int_equal(o.status, EFFNET_OK);
    assert_memory_equal(o.order, expected, sizeof expected);
}

static void stopped_it_goes_on(void **state)
{
    (void)state;
    for_each_kind(stop_and_go_on);
}

/* The only group there is loses a rank: what it said last is told. */
static void the_last_words_are_told(void **state)
{
    (void)state;
    outcome o;
    accident a = {.rank = 3, .broken = true};
    rank_count = 4;
    group_size = 3;
    task_ms = 5;
    search(&o, false, NULL, &a, 0);
    assert_int_equal(o.status, EFFNET_ERR_OS);
    if (!strstr(o.error.message, "all other ranks are lost: rank 1: ")) fail_msg("%s", o.error.message);
    clear();
}

static void another_search_is_found_out(void **state)
{
    (void)state;
    outcome o;
    rank_count = 4;
    group_size = 1;
    task_ms = 1;
    search(&o, false, NULL, NULL, 1);
    assert_int_equal(o.status, EFFNET_ERR_MISMATCH);
    assert_non_null(strstr(o.error.message, "rank 2 searches something else"));
    clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_rank_as_one_process_does),
        cmocka_unit_test(a_lost_rank_gives_its_task_back),
        cmocka_unit_test(stopped_it_goes_on),
        cmocka_unit_test(the_last_words_are_told),
        cmocka_unit_test(another_search_is_found_out),
    };
    return cmocka_run_group_tests(tests, expect, remove_folder);
}

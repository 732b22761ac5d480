/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is trained next and who goes on: the queue against rungs worked out by sorting, in any order of
 * results; the journal read back, damaged at every byte, locked, of another search; 10,000 networks on 256
 * workers in made-up time.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "search/journal.h"
#include "unit/folder.h"

enum { JOBS = 25, SEEDS = 2, RUNGS = 3, KEPT = 4, IMAGES = 77 };

static double costs[JOBS];
static bool kept[JOBS];

static search_plan plan_of(size_t rungs)
{
    for (size_t i = 0; i < JOBS; i++) {
        costs[i] = 1 + (double)(rng_bits(9, i) % 7);
        kept[i] = i < KEPT;
    }
    search_plan plan = {.jobs = JOBS, .costs = costs, .kept = kept, .seeds = SEEDS, .rungs = rungs};
    for (size_t i = 0; i < rungs; i++)
        plan.shares[i] = pow(3, (double)i - (double)rungs + 1);
    return plan;
}

static search_queue *make_queue(size_t rungs)
{
    search_queue *q;
    const search_plan plan = plan_of(rungs);
    assert_int_equal(search_queue_create(&q, &plan, NULL), EFFNET_OK);
    return q;
}

/* What a training would give: few values, so that there are ties. */
static double top1_of(const search_task *t)
{
    return (double)(rng_bits(77 + t->rung, t->job * 100 + t->seed) % 20) / 20;
}

static search_result result_of(const search_task *t)
{
    search_result r = {
        .epochs = t->rung + 1, .top1 = top1_of(t), .loss = 1 / 3., .seconds = 2, .images = IMAGES};
    r.hits = calloc(1, (IMAGES + 7) / 8);
    assert_non_null(r.hits);
    for (size_t i = 0; i < IMAGES; i++)
        if (rng_bits(t->job, i) & 1) r.hits[i / 8] = (uint8_t)(r.hits[i / 8] | 1 << i % 8);
    return r;
}

static void finish(search_queue *q, const search_task *t)
{
    search_result r = result_of(t);
    assert_true(search_queue_finish(q, t, &r));
}

/* Runs it with up to `at_once` tasks out, which end in an order drawn from `key`; some are given back. The
 * tasks done. */
static size_t run_queue(search_queue *q, size_t at_once, uint64_t key)
{
    search_task out[64];
    size_t count = 0, done = 0, draw = 0;
    while (!search_queue_done(q)) {
        while (count < at_once && search_queue_take(q, &out[count]))
            count++;
        assert_true(count > 0);
        const size_t i = rng_bits(key, draw++) % count;
        if (rng_bits(key, draw++) % 5 == 0) {
            search_queue_give_back(q, &out[i]);
        } else {
            finish(q, &out[i]);
            done++;
        }
        out[i] = out[--count];
    }
    assert_int_equal(count, 0);
    return done;
}

/* ---- Rungs ---- */

static double mean_of(uint32_t job, uint32_t rung)
{
    double sum = 0;
    for (uint32_t seed = 0; seed < SEEDS; seed++)
        sum += top1_of(&(search_task){job, seed, rung});
    return sum / SEEDS;
}

/* Is `a` before `b` in a rung? */
static bool beats(uint32_t a, uint32_t b, uint32_t rung)
{
    const double x = mean_of(a, rung), y = mean_of(b, rung);
    if (fabs(x - y) > 1e-12) return x > y;
    return costs[a] != costs[b] ? costs[a] < costs[b] : a < b;
}

/* By the definition: a job goes on if fewer than a third of its rung are before it, or if it is kept. */
static void expected_rungs(size_t rung_of[JOBS])
{
    memset(rung_of, 0, JOBS * sizeof *rung_of);
    for (uint32_t rung = 0; rung + 1 < RUNGS; rung++) {
        size_t in = 0;
        for (size_t i = 0; i < JOBS; i++)
            in += rung_of[i] == rung;
        bool goes[JOBS] = {false};
        for (uint32_t i = 0; i < JOBS; i++) {
            size_t before = 0;
            for (uint32_t j = 0; j < JOBS; j++)
                before += j != i && rung_of[j] == rung && beats(j, i, rung);
            goes[i] = rung_of[i] == rung && (kept[i] || before < (in + 2) / 3);
        }
        for (size_t i = 0; i < JOBS; i++)
            rung_of[i] += goes[i];
    }
}

static void the_best_third_goes_on_whatever_the_order(void **state)
{
    (void)state;
    size_t first[JOBS], order[JOBS], rung_of[JOBS], tasks = 0;
    for (uint64_t key = 0; key < 30; key++) {
        search_queue *q = make_queue(RUNGS);
        search_counts before, after;
        const size_t done = run_queue(q, 1 + key % 9, key);
        expected_rungs(rung_of);
        tasks = 0;
        for (size_t i = 0; i < JOBS; i++) {
            assert_int_equal(search_queue_rung(q, i), rung_of[i]);
            assert_true(search_queue_is_over(q, i));
            tasks += (rung_of[i] + 1) * SEEDS;
        }
        assert_int_equal(done, tasks);
        search_queue_count(q, &after);
        assert_int_equal(after.done, tasks);
        assert_int_equal(after.total, tasks);
        assert_true(fabs(after.done_cost - after.total_cost) < 1e-9);
        search_queue_rank(q, key ? order : first);
        if (key) assert_memory_equal(order, first, sizeof order);
        search_queue_free(q);
        q = make_queue(RUNGS);
        search_queue_count(q, &before);
        assert_true(before.total >= tasks - 2 * KEPT * SEEDS && before.done == 0);
        search_queue_free(q);
    }
    expected_rungs(rung_of);
    for (size_t i = 1; i < JOBS; i++) {
        const uint32_t a = (uint32_t)first[i - 1], b = (uint32_t)first[i];
        assert_true(rung_of[a] > rung_of[b] ||
                    (rung_of[a] == rung_of[b] && beats(a, b, (uint32_t)rung_of[a])));
    }
}

static void long_ones_come_first_and_spread_is_told(void **state)
{
    (void)state;
    search_queue *q = make_queue(1);
    search_task task;
    double last = INFINITY;
    while (search_queue_take(q, &task)) {
        assert_true(costs[task.job] <= last);
        last = costs[task.job];
        finish(q, &task);
    }
    assert_true(search_queue_done(q));
    search_score s;
    assert_true(search_queue_score(q, 3, &s));
    const double a = top1_of(&(search_task){3, 0, 0}), b = top1_of(&(search_task){3, 1, 0});
    assert_true(fabs(s.mean - (a + b) / 2) < 1e-12);
    assert_true(fabs(s.spread - fabs(a - b) / sqrt(2)) < 1e-12);
    search_queue_free(q);
}

static void what_failed_is_last_and_goes_no_further(void **state)
{
    (void)state;
    search_queue *q = make_queue(2);
    search_task task;
    size_t order[JOBS];
    search_score s;
    for (size_t i = 0; i < JOBS * SEEDS; i++) {
        assert_true(search_queue_take(q, &task));
        search_result r = {.failed = task.job == 0 || task.job == 20, .top1 = 0.5};
        assert_true(search_queue_finish(q, &task, &r));
        assert_false(search_queue_finish(q, &task, &r));
    }
    assert_int_equal(search_queue_rung(q, 0), 0);
    assert_int_equal(search_queue_rung(q, 1), 1);
    while (search_queue_take(q, &task))
        finish(q, &task);
    search_queue_rank(q, order);
    assert_int_equal(order[JOBS - 2] + order[JOBS - 1], 20);
    assert_false(search_queue_score(q, 20, &s));
    assert_false(search_queue_finish(q, &(search_task){JOBS, 0, 1}, &(search_result){.failed = true}));
    assert_null(search_queue_result(q, &(search_task){0, 0, 1}));
    search_queue_free(q);
    q = make_queue(3); /* nothing is left of it */
    while (search_queue_take(q, &task))
        assert_true(search_queue_finish(q, &task, &(search_result){.failed = true}));
    assert_true(search_queue_done(q));
    search_queue_free(q);
}

/* ---- The journal ---- */

static void clear_folder(void)
{
    unlink(in_folder("search.log"));
    unlink(in_folder("search.lock"));
}

static const char description[] = "net=tiny\nepochs=9\nlabels=a,b";

static effnet_status open_journal(search_journal **out, const char *where, const char *text, bool resume,
                                  search_queue *q, char *notice, effnet_error *error)
{
    return search_journal_open(out, where, text, resume, q, notice, error);
}

/* Does everything, with a journal. */
static void write_journal(size_t *order)
{
    search_journal *j;
    char notice[SEARCH_NOTE];
    search_queue *q = make_queue(RUNGS);
    assert_int_equal(open_journal(&j, folder, description, false, q, notice, NULL), EFFNET_OK);
    search_task t;
    while (search_queue_take(q, &t)) {
        search_result r = result_of(&t);
        if (t.job == 11) {
            search_result_clear(&r);
            r.failed = true;
            strcpy(r.note, "why, oh why: 3,4");
        }
        assert_int_equal(search_journal_add(j, &t, &r, NULL), EFFNET_OK);
        assert_true(search_queue_finish(q, &t, &r));
    }
    assert_true(search_queue_done(q));
    search_queue_rank(q, order);
    search_journal_close(j);
    search_queue_free(q);
}

static void a_journal_says_all_of_it_again(void **state)
{
    (void)state;
    size_t order[JOBS], again[JOBS];
    char notice[SEARCH_NOTE];
    write_journal(order);
    search_queue *q = make_queue(RUNGS);
    search_journal *j;
    assert_int_equal(open_journal(&j, folder, description, true, q, notice, NULL), EFFNET_OK);
    assert_string_equal(notice, "");
    assert_true(search_queue_done(q));
    search_queue_rank(q, again);
    assert_memory_equal(order, again, sizeof order);
    assert_string_equal(search_queue_result(q, &(search_task){11, 1, 0})->note, "why, oh why: 3,4");
    search_result r = result_of(&(search_task){5, 1, 0});
    const search_result *read = search_queue_result(q, &(search_task){5, 1, 0});
    assert_memory_equal(r.hits, read->hits, (IMAGES + 7) / 8);
    assert_true(read->loss == r.loss && read->top1 == r.top1 && read->images == IMAGES && read->epochs == 1);
    search_result_clear(&r);
    search_queue_free(q);
    /* while it is open nobody else may; then a second search needs to say that it goes on */
    effnet_error error;
    q = make_queue(RUNGS);
    search_journal *other;
    assert_int_equal(open_journal(&other, folder, description, true, q, notice, &error), EFFNET_ERR_CREATE);
    assert_non_null(strstr(error.message, "another search is at work"));
    search_journal_close(j);
    assert_int_equal(open_journal(&other, folder, description, false, q, notice, &error), EFFNET_ERR_CREATE);
    assert_non_null(strstr(error.message, "holds a search"));
    search_queue_free(q);
    clear_folder();
}

static void other_searches_are_refused(void **state)
{
    (void)state;
    static const char *const others[] = {"net=tiny\nepochs=10\nlabels=a,b", "net=tiny\nepochs=9", "net=tiny",
                                         "net=tiny\nepochs=9\nlabels=a,b\nmore=1", ""};
    size_t order[JOBS];
    effnet_error error;
    char notice[SEARCH_NOTE];
    write_journal(order);
    search_queue *q = make_queue(RUNGS);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        search_journal *j;
        assert_int_equal(open_journal(&j, folder, others[i], true, q, notice, &error), EFFNET_ERR_MISMATCH);
        assert_non_null(strstr(error.message, "of another search"));
    }
    assert_non_null(strstr(error.message, folder));
    FILE *f = fopen(in_folder("search.log"), "w");
    assert_non_null(f);
    fputs("no journal\n", f);
    fclose(f);
    search_journal *j;
    assert_int_equal(open_journal(&j, folder, description, true, q, notice, &error), EFFNET_ERR_FORMAT);
    assert_int_equal(open_journal(&j, "/nowhere", description, false, q, notice, &error), EFFNET_ERR_CREATE);
    search_queue_free(q);
    clear_folder();
}

/* The journal without its last bytes: nothing that is whole is lost, and what is made up is not believed. */
static void a_torn_journal_loses_one_line(void **state)
{
    (void)state;
    size_t order[JOBS], again[JOBS];
    char notice[SEARCH_NOTE], text[1 << 16];
    write_journal(order);
    FILE *f = fopen(in_folder("search.log"), "r");
    const size_t size = fread(text, 1, sizeof text, f);
    fclose(f);
    const char *results = strstr(text, "trained,");
    for (size_t cut = 0; cut < 400; cut++) {
        const size_t length = size - 1 - (size_t)(rng_bits(5, cut) % (size - (size_t)(results - text)));
        char damaged[sizeof text];
        memcpy(damaged, text, length);
        if (cut % 2) damaged[length - 1] ^= 4;
        f = fopen(in_folder("search.log"), "w");
        fwrite(damaged, 1, length, f);
        fclose(f);
        search_journal *j;
        search_queue *q = make_queue(RUNGS);
        const bool head = cut % 2 && length - 1 < (size_t)(results - text);
        if (head) {
            search_queue_free(q);
            continue;
        }
        assert_int_equal(open_journal(&j, folder, description, true, q, notice, NULL), EFFNET_OK);
        search_counts c;
        search_queue_count(q, &c);
        size_t lines = 0;
        for (const char *at = results; at && at < text + length - cut % 2; at = strchr(at, '\n') + 1)
            lines += (size_t)(strchr(at, '\n') + 1 - text) <= length - cut % 2;
        assert_int_equal(c.done, lines);
        if (cut < 20) {
            search_task t;
            while (search_queue_take(q, &t)) {
                search_result r = result_of(&t);
                if (t.job == 11) {
                    search_result_clear(&r);
                    r.failed = true;
                }
                assert_int_equal(search_journal_add(j, &t, &r, NULL), EFFNET_OK);
                assert_true(search_queue_finish(q, &t, &r));
            }
            search_queue_rank(q, again);
            assert_memory_equal(order, again, sizeof order);
        }
        search_journal_close(j);
        search_queue_free(q);
    }
    clear_folder();
}

/* ---- Many ---- */

enum { MANY = 10000, WORKERS = 256 };

typedef struct event {
    double at;
    search_task task;
} event;

/* 256 workers in made-up time, 30 to 90 s for a training; real is only what the coordinator does. */
static void ten_thousand_networks_and_256_workers(void **state)
{
    (void)state;
    double *durations = calloc(MANY, sizeof *durations), sum = 0, now = 0;
    event out[WORKERS];
    size_t busy = 0;
    char notice[SEARCH_NOTE];
    for (size_t i = 0; i < MANY; i++)
        sum += durations[i] = 30 + 60 * (double)rng_uniform(3, i);
    search_plan plan = {.jobs = MANY, .costs = durations, .seeds = 1, .rungs = 1, .shares = {1}};
    const double began = clock_ms();
    search_queue *q;
    search_journal *j;
    assert_int_equal(search_queue_create(&q, &plan, NULL), EFFNET_OK);
    assert_int_equal(open_journal(&j, folder, description, false, q, notice, NULL), EFFNET_OK);
    while (!search_queue_done(q)) {
        while (busy < WORKERS && search_queue_take(q, &out[busy].task)) {
            out[busy].at = now + durations[out[busy].task.job];
            busy++;
        }
        size_t first = 0;
        for (size_t i = 1; i < busy; i++)
            if (out[i].at < out[first].at) first = i;
        now = out[first].at;
        search_result r = {.top1 = 0.5, .images = IMAGES, .hits = calloc(1, (IMAGES + 7) / 8)};
        assert_non_null(r.hits);
        assert_int_equal(search_journal_add(j, &out[first].task, &r, NULL), EFFNET_OK);
        assert_true(search_queue_finish(q, &out[first].task, &r));
        out[first] = out[--busy];
    }
    /* No worker waits while there is a task; at the end the others wait for the last ones, which are short.
     */
    const double seconds = (clock_ms() - began) / 1000, least = sum / WORKERS;
    print_message("made-up time %.1f s, %.1f s without the wait at the end; coordinator %.3f s\n", now, least,
                  seconds);
    assert_true(now <= least + 31);
    assert_true(seconds < 0.01 * now);
    search_journal_close(j);
    search_queue_free(q);
    free(durations);
    clear_folder();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_third_goes_on_whatever_the_order),
        cmocka_unit_test(long_ones_come_first_and_spread_is_told),
        cmocka_unit_test(what_failed_is_last_and_goes_no_further),
        cmocka_unit_test(a_journal_says_all_of_it_again),
        cmocka_unit_test(other_searches_are_refused),
        cmocka_unit_test(a_torn_journal_loses_one_line),
        cmocka_unit_test(ten_thousand_networks_and_256_workers),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

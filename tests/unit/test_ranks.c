/* SPDX-License-Identifier: Apache-2.0
 *
 * What several ranks do together, ranks being threads here: sums have the bits of their definition on all of
 * them, whatever was ready when; a failure, a silent rank and a broken wire reach all, with a name.
 */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rng.h"
#include "thread_wire.h"
#include "train/ranks/ranks.h"

enum { MOST = 4, TEXT = 500 };

typedef struct seat {
    ranks *r;
    void (*run)(struct seat *s);
    pthread_t thread;
    size_t rank;
    effnet_status status;
    effnet_error error;
    const effnet_error *why; /* to leave with */
    size_t lost;
    char lost_text[TEXT];
    float *data;
    size_t count;
} seat;

static void on_lost(void *context, const char *message)
{
    seat *s = context;
    s->lost++;
    strcpy(s->lost_text, message);
}

static void *sit(void *argument)
{
    seat *s = argument;
    const effnet_ranks_options o = {.patience = 1, .lost = on_lost, .context = s};
    if (ranks_join(&s->r, thread_wire_open, &o, &s->error)) abort();
    s->rank = ranks_number(s->r);
    s->run(s);
    ranks_leave(s->r, s->why);
    return NULL;
}

/* All that `seats` do, each as the rank that it becomes. */
static void together(seat *seats, size_t count)
{
    thread_wires_begin(count);
    for (size_t i = 0; i < count; i++)
        pthread_create(&seats[i].thread, NULL, sit, &seats[i]);
    for (size_t i = 0; i < count; i++)
        pthread_join(seats[i].thread, NULL);
    thread_wires_end();
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* ---- Sums ---- */

static float value(size_t rank, size_t i)
{
    return (float)(int)(rng_bits(rank + 1, i) % 2000001) / 7e5f - 1;
}

static void sum(seat *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->data[i] = value(s->rank, i);
    const size_t first = s->count / 5;
    s->status = ranks_sum_begin(s->r, s->data, first, s->count, &s->error);
    for (size_t from = s->count; from > s->count / 2;) { /* each in another rhythm */
        from -= from < 100000 + s->rank * 7777 ? from : 100000 + s->rank * 7777;
        ranks_sum_ready(s->r, from);
        wait_ms((long)s->rank);
    }
    if (s->status == EFFNET_OK) s->status = ranks_sum_end(s->r, &s->error);
}

static void sums_have_one_order(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 1000, 262144, 1500001};
    for (size_t n = 1; n <= MOST; n++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            seat seats[MOST] = {0};
            for (size_t i = 0; i < n; i++) {
                seats[i].run = sum;
                seats[i].count = counts[c];
                seats[i].data = malloc((counts[c] + 1) * sizeof(float));
            }
            together(seats, n);
            for (size_t i = 0; i < counts[c]; i++) {
                double all = 0;
                for (size_t rank = 0; rank < n; rank++)
                    all += (double)value(rank, i);
                for (size_t k = 0; k < n; k++) {
                    const float wanted = i < counts[c] / 5 ? value(seats[k].rank, i) : (float)all;
                    if (memcmp(&wanted, &seats[k].data[i], sizeof wanted) != 0)
                        fail_msg("%zu ranks, %zu of %zu: %g, wanted %g", n, i, counts[c],
                                 (double)seats[k].data[i], (double)wanted);
                }
            }
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(seats[i].status, EFFNET_OK);
                assert_int_equal(seats[i].lost, 0);
                free(seats[i].data);
            }
        }
}

/* ---- One round of messages ---- */

static void exchange(seat *s)
{
    uint64_t mine = 100 + s->rank, all[MOST] = {0}, first = s->rank == 0 ? 7 : 0;
    for (int round = 0; round < 20; round++) {
        if (ranks_gather(s->r, &mine, all, sizeof mine, &s->error)) abort();
        for (size_t i = 0; i < ranks_count(s->r); i++)
            if (all[i] != 100 + i + (size_t)round) abort();
        mine++;
        first = s->rank == 0 ? 7 + (uint64_t)round : 0;
        if (ranks_broadcast(s->r, &first, sizeof first, &s->error)) abort();
        if (first != 7 + (uint64_t)round) abort();
    }
}

static void all_hear_all(void **state)
{
    (void)state;
    for (size_t n = 1; n <= MOST; n++) {
        seat seats[MOST] = {{.run = exchange}, {.run = exchange}, {.run = exchange}, {.run = exchange}};
        together(seats, n);
    }
}

static void one_process_is_alone(void **state)
{
    (void)state;
    uint64_t mine = 3, all = 0;
    float data = 2;
    assert_int_equal(ranks_count(NULL), 1);
    assert_int_equal(ranks_number(NULL), 0);
    assert_int_equal(ranks_bytes(1), 0);
    assert_true(ranks_bytes(2) > 0);
    assert_int_equal(ranks_gather(NULL, &mine, &all, sizeof mine, NULL), EFFNET_OK);
    assert_int_equal(all, 3);
    assert_int_equal(ranks_broadcast(NULL, &mine, sizeof mine, NULL), EFFNET_OK);
    assert_int_equal(ranks_sum_begin(NULL, &data, 0, 1, NULL), EFFNET_OK);
    ranks_sum_ready(NULL, 0);
    assert_int_equal(ranks_sum_end(NULL, NULL), EFFNET_OK);
    assert_true(data == 2);
    ranks_fail(NULL, EFFNET_ERR_IO, "");
    ranks_leave(NULL, NULL);
}

/* ---- Failures ---- */

static void wait_for_others(seat *s)
{
    uint64_t mine = 0, all[MOST];
    s->status = ranks_gather(s->r, &mine, all, sizeof mine, &s->error);
}

static void one_fails(seat *s)
{
    if (s->rank != 2) {
        wait_for_others(s);
        return;
    }
    float data[4] = {0};
    if (ranks_sum_begin(s->r, data, 0, 4, &s->error)) abort();
    ranks_fail(s->r, EFFNET_ERR_IO, "no space left");
    s->status = ranks_sum_end(s->r, &s->error);
    assert_int_equal(ranks_broadcast(s->r, data, sizeof data, NULL), EFFNET_ERR_IO);
}

static void a_failure_reaches_all(void **state)
{
    (void)state;
    seat seats[MOST] = {{.run = one_fails}, {.run = one_fails}, {.run = one_fails}, {.run = one_fails}};
    const double began = clock_ms();
    together(seats, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(seats[i].status, EFFNET_ERR_IO);
        assert_string_equal(seats[i].error.message, "rank 2: no space left");
        assert_int_equal(seats[i].lost, 0);
    }
    assert_true(clock_ms() - began < 3000);
}

static void one_leaves(seat *s)
{
    static const effnet_error why = {.code = EFFNET_ERR_CREATE, .message = "it has ended"};
    if (s->rank == 0)
        s->why = &why;
    else
        wait_for_others(s);
}

static void who_leaves_early_is_named(void **state)
{
    (void)state;
    seat seats[2] = {{.run = one_leaves}, {.run = one_leaves}};
    together(seats, 2);
    const seat *other = seats[0].rank == 1 ? &seats[0] : &seats[1];
    assert_int_equal(other->status, EFFNET_ERR_CREATE);
    assert_string_equal(other->error.message, "rank 0: it has ended");
}

static size_t victim;
static bool breaks;

static void one_stops(seat *s)
{
    wait_for_others(s);
    wait_ms(500); /* so that all have heard of each other */
    if (s->status) abort();
    if (s->rank == victim) (breaks ? thread_wire_break : thread_wire_stop)(victim);
    wait_for_others(s);
}

static void run_victim(size_t rank, bool broken, const char *name, double limit_ms)
{
    seat seats[3] = {{.run = one_stops}, {.run = one_stops}, {.run = one_stops}};
    victim = rank;
    breaks = broken;
    const double began = clock_ms();
    together(seats, 3);
    for (size_t i = 0; i < 3; i++) {
        if (seats[i].rank == rank) continue;
        assert_int_equal(seats[i].status, EFFNET_ERR_OS);
        if (!strstr(seats[i].error.message, name)) fail_msg("%s", seats[i].error.message);
        assert_int_equal(seats[i].lost, 1);
        assert_string_equal(seats[i].lost_text, seats[i].error.message);
    }
    if (!(clock_ms() - began < limit_ms)) fail_msg("%g ms", clock_ms() - began);
}

static void a_silent_rank_is_named(void **state)
{
    (void)state;
    run_victim(1, false, "rank 1 on ", 12000);
    run_victim(1, true, "rank 1 on ", 12000);
    run_victim(0, false, "rank 0 on ", 20000);
}

static effnet_status no_wire(wire **out, effnet_error *error)
{
    *out = NULL;
    return error_set(error, EFFNET_ERR_MISSING, "no wire");
}

static void who_cannot_join_is_told(void **state)
{
    (void)state;
    ranks *r;
    effnet_error error;
    const effnet_ranks_options o = {0};
    assert_int_equal(ranks_join(&r, no_wire, &o, &error), EFFNET_ERR_MISSING);
    assert_string_equal(error.message, "no wire");
    assert_null(r);
    assert_int_equal(effnet_ranks_join(NULL, NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_ranks_count(NULL), 1);
    assert_int_equal(effnet_ranks_number(NULL), 0);
    effnet_ranks_leave(NULL, NULL);
    char version[2];
    assert_false(effnet_ranks_version(NULL, 0));
    if (effnet_ranks_version(version, sizeof version)) assert_true(*version >= '4' && *version <= '9');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_have_one_order),       cmocka_unit_test(all_hear_all),
        cmocka_unit_test(one_process_is_alone),      cmocka_unit_test(a_failure_reaches_all),
        cmocka_unit_test(who_leaves_early_is_named), cmocka_unit_test(a_silent_rank_is_named),
        cmocka_unit_test(who_cannot_join_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

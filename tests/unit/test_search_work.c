/* SPDX-License-Identifier: Apache-2.0
 *
 * A search at work with a trainer that only sleeps: in one process and in several; 50 kills of workers and of
 * the coordinator, after which every epoch was done once and the ranking is that of an unbroken run; what
 * stops it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/rng.h"
#include "search/work.h"
#include "unit/folder.h"

enum { JOBS = 40, SEEDS = 2, RUNGS = 3, KEPT = 4, IMAGES = 20, KILLS = 50, PROCESSES = 4 };

static const uint32_t epochs_of[RUNGS] = {1, 3, 9};

static void sleep_ms(double ms)
{
    nanosleep(&(struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(fmod(ms, 1000) * 1e6)},
              NULL);
}

/* ---- The trainer that sleeps ---- */

typedef struct sleeper {
    double epoch_ms;
    uint32_t dies; /* the job at which its worker dies; none: JOBS */
    uint32_t fails;
    effnet_status ends; /* at job 3; EFFNET_OK: it does not */
} sleeper;

/* A file with a byte for each epoch that was finished. Who trains it holds a lock on it. */
static int open_epochs(const search_task *t)
{
    char name[32];
    snprintf(name, sizeof name, "job%u-%u", t->job, t->seed);
    return open(in_folder(name), O_RDWR | O_CREAT | O_APPEND, 0666);
}

static void complain(const char *what)
{
    const int f = open(in_folder("complaints"), O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (f < 0 || write(f, what, strlen(what)) < 0) abort();
    close(f);
}

static effnet_status sleep_task(void *context, const search_task *t, search_stop *stop, void *stop_context,
                                search_result *r, bool *stopped, effnet_error *error)
{
    const sleeper *s = context;
    if (t->job == s->dies) raise(SIGKILL);
    if (t->job == s->fails) return error_set(error, EFFNET_ERR_INTERNAL, "the loss was not finite");
    if (t->job == 3 && s->ends) return error_set(error, s->ends, "no room");
    const int f = open_epochs(t);
    struct stat at;
    if (f < 0 || flock(f, LOCK_EX | LOCK_NB) != 0) complain("two at once\n");
    if (fstat(f, &at) != 0 || at.st_size > epochs_of[t->rung]) complain("too many\n");
    for (off_t epoch = at.st_size; epoch < epochs_of[t->rung]; epoch++) {
        sleep_ms(s->epoch_ms * (1 + t->job % 3));
        *stopped = stop(stop_context);
        if (*stopped) break;
        if (write(f, "e", 1) != 1) complain("no epoch\n");
    }
    close(f);
    *r = (search_result){.epochs = epochs_of[t->rung], .images = IMAGES};
    r->top1 = (double)(rng_bits(t->rung, t->job * SEEDS + t->seed) % 1000) / 1000;
    r->hits = calloc(1, (IMAGES + 7) / 8);
    return r->hits ? EFFNET_OK : error_memory(error);
}

static void forget_task(void *context, const search_task *t)
{
    (void)context;
    char name[48];
    snprintf(name, sizeof name, "over%u-%u", t->job, t->seed);
    close(open(in_folder(name), O_WRONLY | O_CREAT, 0666));
}

/* ---- Searches ---- */

static search_queue *make_queue(void)
{
    static double costs[JOBS];
    static bool kept[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        costs[i] = 1 + (double)(i % 3);
        kept[i] = i < KEPT;
    }
    const search_plan plan = {.jobs = JOBS,
                              .costs = costs,
                              .kept = kept,
                              .seeds = SEEDS,
                              .rungs = RUNGS,
                              .shares = {1 / 9., 1 / 3., 1}};
    search_queue *q;
    assert_int_equal(search_queue_create(&q, &plan, NULL), EFFNET_OK);
    return q;
}

typedef struct outcome {
    size_t order[JOBS];
    search_counts counts;
    bool stopped;
    effnet_status status;
    char notice[SEARCH_NOTE];
    effnet_error error;
} outcome;

static bool stop_after(void *context)
{
    return clock_ms() > *(double *)context;
}

static void search(outcome *o, sleeper s, size_t workers, bool resume, double *until)
{
    search_queue *q = make_queue();
    search_journal *j;
    *o = (outcome){.stopped = false};
    o->status = search_journal_open(&j, folder, "a=1", resume, q, o->notice, &o->error);
    if (o->status != EFFNET_OK) {
        search_queue_free(q);
        return;
    }
    const search_work work = {
        .queue = q,
        .journal = j,
        .trainer = {.train = sleep_task, .forget = forget_task, .context = &s},
        .workers = workers,
        .stop = until ? stop_after : NULL,
        .stop_context = until,
    };
    o->status = search_run(&work, &o->stopped, &o->error);
    search_queue_count(q, &o->counts);
    search_queue_rank(q, o->order);
    search_journal_close(j);
    search_queue_free(q);
}

static const sleeper quick = {.epoch_ms = 0, .dies = JOBS, .fails = JOBS};

/* Each training has all its epochs, no more, and is forgotten; then the folder is emptied. */
static void check_epochs(const outcome *o)
{
    size_t epochs = 0, forgotten = 0;
    for (uint32_t job = 0; job < JOBS; job++)
        for (uint32_t seed = 0; seed < SEEDS; seed++) {
            char name[48];
            struct stat at;
            snprintf(name, sizeof name, "job%u-%u", job, seed);
            assert_int_equal(stat(in_folder(name), &at), 0);
            epochs += (size_t)at.st_size;
            assert_true(at.st_size == 1 || at.st_size == 3 || at.st_size == 9);
            unlink(in_folder(name));
            snprintf(name, sizeof name, "over%u-%u", job, seed);
            forgotten += unlink(in_folder(name)) == 0;
        }
    assert_int_equal(o->counts.done, o->counts.total);
    /* tasks: 1 epoch each in the first rung, 2 more in the second, 6 more in the third */
    const size_t second = ((JOBS + 2) / 3 + KEPT), third = (second + 2) / 3 + KEPT;
    assert_true(epochs <= SEEDS * (JOBS + 2 * second + 6 * third));
    assert_true(epochs >= SEEDS * (JOBS + 2 * ((JOBS + 2) / 3) + 6 * KEPT));
    assert_true(forgotten > 0);
    assert_int_not_equal(access(in_folder("complaints"), F_OK), 0);
    unlink(in_folder("search.log"));
    unlink(in_folder("search.lock"));
}

static void clear_all(void)
{
    for (uint32_t job = 0; job < JOBS; job++)
        for (uint32_t seed = 0; seed < SEEDS; seed++) {
            char name[48];
            snprintf(name, sizeof name, "job%u-%u", job, seed);
            unlink(in_folder(name));
            snprintf(name, sizeof name, "over%u-%u", job, seed);
            unlink(in_folder(name));
        }
    unlink(in_folder("search.log"));
    unlink(in_folder("search.lock"));
}

static size_t expected[JOBS];

static void one_process_or_many_give_the_same_ranking(void **state)
{
    (void)state;
    outcome o;
    for (size_t workers = 1; workers <= 5; workers += 2) {
        search(&o, quick, workers, false, NULL);
        assert_int_equal(o.status, EFFNET_OK);
        assert_false(o.stopped);
        check_epochs(&o);
        if (workers == 1) memcpy(expected, o.order, sizeof expected);
        assert_memory_equal(o.order, expected, sizeof expected);
    }
}

/* ---- Kills ---- */

/* A process of its own that searches with workers. */
static pid_t start_coordinator(sleeper s)
{
    const pid_t process = fork();
    assert_true(process >= 0);
    if (process > 0) return process;
    outcome o;
    search(&o, s, PROCESSES, true, NULL);
    _exit(o.status == EFFNET_OK ? 0 : 1);
}

/* One of the workers of `coordinator` now; 0 if it has none. */
static pid_t some_worker(pid_t coordinator, uint64_t draw)
{
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", coordinator, coordinator);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    char *line = fgets(text, sizeof text, f);
    fclose(f);
    pid_t workers[PROCESSES + 1];
    size_t count = 0;
    for (char *at = line; at && *at && count < PROCESSES; count++) {
        char *end;
        workers[count] = (pid_t)strtol(at, &end, 10);
        if (end == at) break;
        at = end;
    }
    return count ? workers[draw % count] : 0;
}

static void fifty_kills_lose_nothing_and_do_nothing_twice(void **state)
{
    (void)state;
    const sleeper s = {.epoch_ms = 5, .dies = JOBS, .fails = JOBS};
    size_t kills = 0, coordinators = 0;
    int ended = -1;
    pid_t coordinator = start_coordinator(s);
    for (uint64_t draw = 0; ended != 0; draw += 3) {
        sleep_ms(3 + (double)(rng_bits(1, draw) % 12));
        if (kills < KILLS) {
            const bool all = rng_bits(1, draw + 1) % 4 == 0;
            const pid_t victim = all ? coordinator : some_worker(coordinator, rng_bits(1, draw + 2));
            if (victim > 0 && kill(victim, SIGKILL) == 0) {
                kills++;
                coordinators += all;
            }
        }
        int code;
        if (waitpid(coordinator, &code, kills < KILLS ? WNOHANG : 0) != coordinator) continue;
        ended = code;
        if (ended == 0 && kills < KILLS) { /* done too soon: again, until all kills have happened */
            clear_all();
            ended = -1;
        }
        if (ended != 0) coordinator = start_coordinator(s);
    }
    print_message("%zu kills, %zu of them of the coordinator\n", kills, coordinators);
    assert_int_equal(kills, KILLS);
    outcome o;
    search(&o, s, 1, true, NULL);
    assert_int_equal(o.status, EFFNET_OK);
    assert_string_equal(o.notice, "");
    check_epochs(&o);
    assert_memory_equal(o.order, expected, sizeof expected);
}

/* ---- What ends a task, and what ends a search ---- */

static void a_stopped_search_goes_on(void **state)
{
    (void)state;
    outcome o;
    for (size_t workers = 1; workers <= 3; workers += 2) {
        sleeper s = quick;
        s.epoch_ms = 3;
        double until = clock_ms() + 60;
        search(&o, s, workers, false, &until);
        assert_int_equal(o.status, EFFNET_OK);
        assert_true(o.stopped);
        assert_true(o.counts.done < o.counts.total);
        search(&o, quick, workers, true, NULL);
        check_epochs(&o);
        assert_memory_equal(o.order, expected, sizeof expected);
    }
}

static void a_task_that_kills_its_workers_fails(void **state)
{
    (void)state;
    sleeper s = quick;
    s.dies = 17;
    s.fails = 18;
    outcome o;
    search(&o, s, 3, false, NULL);
    assert_int_equal(o.status, EFFNET_OK);
    assert_int_equal(o.order[JOBS - 2] + o.order[JOBS - 1], 17 + 18);
    clear_all();
}

static void a_full_disk_ends_the_search(void **state)
{
    (void)state;
    for (size_t workers = 1; workers <= 3; workers += 2) {
        sleeper s = quick;
        s.ends = EFFNET_ERR_IO;
        outcome o;
        search(&o, s, workers, false, NULL);
        assert_int_equal(o.status, EFFNET_ERR_IO);
        assert_string_equal(o.error.message, "no room");
        search(&o, quick, workers, true, NULL);
        check_epochs(&o);
        assert_memory_equal(o.order, expected, sizeof expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_process_or_many_give_the_same_ranking),
        cmocka_unit_test(fifty_kills_lose_nothing_and_do_nothing_twice),
        cmocka_unit_test(a_stopped_search_goes_on),
        cmocka_unit_test(a_task_that_kills_its_workers_fails),
        cmocka_unit_test(a_full_disk_ends_the_search),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread pool: everybody runs and meets at barriers, and how it lives with its surroundings: affinity
 * masks, fewer CPUs than members, other pools, signals, forks.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/pool.h"

enum { MOST_MEMBERS = 16, BARRIERS = 200 };

static pool *make_team(size_t members)
{
    pool *team = NULL;
    effnet_error error = {0};
    if (pool_create(&team, members, &error)) fail_msg("%s", error.message);
    assert_int_equal(pool_members(team), members);
    return team;
}

/* ---- Everybody runs, and waits for everybody ---- */

typedef struct meeting {
    pool *team;
    atomic_int sum;
    atomic_int before[BARRIERS];
    atomic_bool late;
} meeting;

static void add_up(void *context, size_t member, size_t members)
{
    meeting *m = context;
    atomic_fetch_add(&m->sum, (int)member + 1);
    (void)members;
}

static void cross_barriers(void *context, size_t member, size_t members)
{
    meeting *m = context;
    (void)member;
    for (int i = 0; i < BARRIERS; i++) {
        atomic_fetch_add(&m->before[i], 1);
        pool_barrier(m->team);
        if (atomic_load(&m->before[i]) != (int)members) atomic_store(&m->late, true);
    }
}

static void check_barriers(pool *team)
{
    meeting m = {.team = team};
    pool_run(team, cross_barriers, &m);
    assert_false(atomic_load(&m.late));
    assert_int_equal(atomic_load(&m.before[BARRIERS - 1]), pool_members(team));
}

static void everyone_runs(void **state)
{
    (void)state;
    for (size_t members = 1; members <= 5; members++) {
        meeting m = {.team = make_team(members)};
        for (int i = 0; i < 300; i++)
            pool_run(m.team, add_up, &m);
        assert_int_equal(atomic_load(&m.sum), 300 * (int)(members * (members + 1) / 2));
        usleep(2000); /* long enough that the members sleep */
        check_barriers(m.team);
        pool_free(m.team);
    }
    pool_free(NULL);
}

static void shares_cover_all(void **state)
{
    (void)state;
    for (size_t count = 0; count < 20; count++) {
        size_t end = 0;
        for (size_t m = 0; m < 6; m++) {
            size_t first, next;
            pool_share(count, m, 6, &first, &next);
            assert_int_equal(first, end);
            end = next;
        }
        assert_int_equal(end, count);
    }
}

/* ---- CPUs ---- */

typedef struct sighting { /* what each member found about itself */
    cpu_set_t mask[MOST_MEMBERS];
    sigset_t signals[MOST_MEMBERS];
    int cpu[MOST_MEMBERS];
} sighting;

static void look_around(void *context, size_t member, size_t members)
{
    sighting *s = context;
    (void)members;
    s->cpu[member] = sched_getcpu();
    sched_getaffinity(0, sizeof s->mask[member], &s->mask[member]);
    pthread_sigmask(SIG_SETMASK, NULL, &s->signals[member]);
}

static cpu_set_t own_mask(void)
{
    cpu_set_t mask;
    assert_int_equal(sched_getaffinity(0, sizeof mask, &mask), 0);
    return mask;
}

static void set_own_mask(cpu_set_t mask)
{
    assert_int_equal(sched_setaffinity(0, sizeof mask, &mask), 0);
}

/* The mask of `mask`'s CPU number `index` alone. */
static cpu_set_t only(const cpu_set_t *mask, int index)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, mask) && index-- == 0) CPU_SET(cpu, &one);
    return one;
}

static bool within(const cpu_set_t *inner, const cpu_set_t *outer)
{
    cpu_set_t both;
    CPU_AND(&both, inner, outer);
    return CPU_EQUAL(&both, inner);
}

/* The caller is put on one CPU after the other, so that it cannot move while the test looks. */
static void members_keep_off_the_caller(void **state)
{
    (void)state;
    const cpu_set_t all = own_mask();
    const int cpus = CPU_COUNT(&all);
    if (cpus < 2) skip();
    const size_t members = cpus < MOST_MEMBERS ? (size_t)cpus : MOST_MEMBERS;
    pool *team = make_team(members);
    for (int i = 0; i < cpus; i++) {
        const cpu_set_t one = only(&all, i);
        set_own_mask(one);
        sighting s;
        pool_run(team, look_around, &s);
        assert_true(CPU_EQUAL(&s.mask[0], &one));
        for (size_t m = 1; m < members; m++) {
            assert_true(within(&s.mask[m], &all));
            assert_false(within(&one, &s.mask[m]));
            assert_true(CPU_ISSET((size_t)s.cpu[m], &s.mask[m]));
            assert_int_equal(CPU_COUNT(&s.mask[m]), cpus - 1);
        }
    }
    set_own_mask(all);
    pool_free(team);
}

/* More members than the mask has CPUs: they share what there is, and the mask is not left. */
static void masks_are_respected(void **state)
{
    (void)state;
    const cpu_set_t all = own_mask(), one = only(&all, 0);
    set_own_mask(one);
    pool *team = make_team(5);
    sighting s;
    pool_run(team, look_around, &s);
    for (size_t m = 0; m < 5; m++)
        assert_true(CPU_EQUAL(&s.mask[m], &one));
    for (int i = 0; i < 5; i++)
        check_barriers(team);
    pool_free(team);
    const cpu_set_t after = own_mask();
    assert_true(CPU_EQUAL(&after, &one));
    set_own_mask(all);
}

static void wait_once(void *context, size_t member, size_t members)
{
    (void)members;
    if (member == 0) usleep(20000);
    pool_barrier(context);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Members that wait long cost no CPU: 7 for 0.2 s would be 1.4 s. */
static void waiting_is_sleeping(void **state)
{
    (void)state;
    static const size_t cores[] = {1, MOST_MEMBERS};
    for (size_t i = 0; i < 2; i++) {
        pool *team = make_team(8);
        pool_limit_cores(team, cores[i]);
        const double start = cpu_seconds();
        for (int run = 0; run < 10; run++)
            pool_run(team, wait_once, team);
        assert_true(cpu_seconds() - start < 0.5);
        check_barriers(team);
        pool_free(team);
    }
}

static int thread_count(void)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) return -1;
    int count = 0;
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count;
}

/* A pool of one is nothing: no thread, the caller's own stack. */
static void one_member_is_the_caller(void **state)
{
    (void)state;
    const int before = thread_count();
    pool *team = make_team(1);
    assert_int_equal(thread_count(), before);
    sighting s;
    pool_run(team, look_around, &s);
    const cpu_set_t mask = own_mask();
    assert_true(CPU_EQUAL(&s.mask[0], &mask));
    check_barriers(team);
    pool_free(team);
}

/* ---- Neighbours ---- */

static void *use_own_team(void *failed)
{
    pool *team = NULL;
    if (pool_create(&team, 3, NULL) != EFFNET_OK) {
        atomic_store((atomic_bool *)failed, true);
        return NULL;
    }
    for (int i = 0; i < 20; i++) {
        meeting m = {.team = team};
        pool_run(team, cross_barriers, &m);
        if (atomic_load(&m.late)) atomic_store((atomic_bool *)failed, true);
    }
    pool_free(team);
    return NULL;
}

static void many_teams_at_once(void **state)
{
    (void)state;
    enum { CALLERS = 6 };
    pthread_t callers[CALLERS];
    atomic_bool failed = false;
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&callers[i], NULL, use_own_team, &failed), 0);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    assert_false(atomic_load(&failed));
}

static void *run_elsewhere(void *team)
{
    check_barriers(team);
    return NULL;
}

/* Made by one thread, used by another. */
static void a_team_changes_hands(void **state)
{
    (void)state;
    pool *team = make_team(2);
    for (int i = 0; i < 3; i++) {
        pthread_t other;
        assert_int_equal(pthread_create(&other, NULL, run_elsewhere, team), 0);
        pthread_join(other, NULL);
        check_barriers(team);
    }
    pool_free(team);
}

static void members_take_no_signals(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGCHLD, SIGUSR1, SIGPIPE, SIGWINCH};
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    pool *team = make_team(3);
    sighting s;
    pool_run(team, look_around, &s);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        assert_int_equal(sigismember(&after, signals[i]), sigismember(&before, signals[i]));
        assert_int_equal(sigismember(&s.signals[0], signals[i]), sigismember(&before, signals[i]));
        for (size_t m = 1; m < 3; m++)
            assert_int_equal(sigismember(&s.signals[m], signals[i]), 1);
    }
    pool_free(team);
}

#if defined(__has_feature) /* clang's word for gcc's __SANITIZE_THREAD__ */
#if __has_feature(thread_sanitizer)
#define FORKS_HAVE_NO_THREADS 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(FORKS_HAVE_NO_THREADS)
static const bool may_fork = false; /* threads after a fork are refused there */
#else
static const bool may_fork = true;
#endif

/* Threads are no processes: the program has no child. And a child that the program forks itself, which has
 * none of the pool's threads, can make its own. */
static void forks_are_the_callers(void **state)
{
    (void)state;
    pool *team = make_team(3);
    check_barriers(team);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    if (may_fork) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(20);
            atomic_bool failed = false;
            use_own_team(&failed);
            _exit(atomic_load(&failed));
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    check_barriers(team);
    pool_free(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everyone_runs),
        cmocka_unit_test(shares_cover_all),
        cmocka_unit_test(members_keep_off_the_caller),
        cmocka_unit_test(masks_are_respected),
        cmocka_unit_test(waiting_is_sleeping),
        cmocka_unit_test(one_member_is_the_caller),
        cmocka_unit_test(many_teams_at_once),
        cmocka_unit_test(a_team_changes_hands),
        cmocka_unit_test(members_take_no_signals),
        cmocka_unit_test(forks_are_the_callers),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}

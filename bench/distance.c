/* SPDX-License-Identifier: Apache-2.0
 *
 * How far apart processors 0 and 1 are: the time in which a cache line goes from one to the other and back,
 * the least of several tries. Some 60 ns where they share a cache, several times that where they do not. On a
 * virtual machine it may change from second to second, and with it every time that is measured on two
 * threads.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { TRIES = 200, TRIPS = 200 };

static atomic_int ball;

static void go_to(size_t processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) perror("distance: sched_setaffinity");
}

/* The caller waits for even numbers, the other for odd ones; who waits yields, so that they get by on one
 * processor too. */
static void play(int odd)
{
    for (int i = 0; i < TRIPS; i++) {
        for (int polls = 0; atomic_load(&ball) != 2 * i + odd; polls++)
            if (polls > 1000) sched_yield();
        atomic_store(&ball, 2 * i + odd + 1);
    }
}

static void *other(void *unused)
{
    go_to(1);
    play(1);
    return unused;
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

int main(void)
{
    double least = 0;
    for (int i = 0; i < TRIES; i++) {
        pthread_t thread;
        atomic_store(&ball, 0);
        if (pthread_create(&thread, NULL, other, NULL) != 0) return 1;
        go_to(0);
        const double start = now_ns();
        play(0);
        const double trip = (now_ns() - start) / TRIPS;
        pthread_join(thread, NULL);
        if (i == 0 || trip < least) least = trip;
    }
    printf("%.0f ns from processor 0 to 1 and back\n", least);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a command several times with its output thrown away, and prints wall time and peak resident memory.
 * With -m, fails if the peak is above so many megabytes (10^6 bytes). Looks at the whole process from
 * outside, so start-up, reading the model and decoding are in the figures.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RUNS = 10000, USAGE = 64 };

typedef struct run {
    double milliseconds, megabytes;
} run;

static _Noreturn void become(char **command)
{
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0) dup2(nowhere, STDOUT_FILENO);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

static run run_once(char **command)
{
    struct timespec start, end;
    struct rusage usage;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const pid_t child = fork();
    if (child == 0) become(command);
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("measure");
        exit(EXIT_FAILURE);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "measure: %s failed\n", command[0]);
        exit(EXIT_FAILURE);
    }
    const double seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    return (run){1e3 * seconds, 1024e-6 * (double)usage.ru_maxrss}; /* ru_maxrss counts KiB */
}

static int by_time(const void *a, const void *b)
{
    const double x = ((const run *)a)->milliseconds, y = ((const run *)b)->milliseconds;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static run runs[MAX_RUNS];
    int count = 1, option;
    double limit = 0, peak = 0;
    while ((option = getopt(argc, argv, "+m:r:")) != -1) {
        if (option == 'm')
            limit = atof(optarg);
        else if (option == 'r')
            count = atoi(optarg);
        else
            return USAGE;
    }
    if (optind == argc || count < 1 || count > MAX_RUNS) {
        fprintf(stderr, "usage: measure [-m MEGABYTES] [-r RUNS] COMMAND...\n");
        return USAGE;
    }
    for (int i = 0; i < count; i++) {
        runs[i] = run_once(argv + optind);
        if (runs[i].megabytes > peak) peak = runs[i].megabytes;
    }
    qsort(runs, (size_t)count, sizeof *runs, by_time);
    printf("%d runs: %.1f ms at best, %.1f ms median; peak memory %.1f MB\n", count, runs[0].milliseconds,
           runs[count / 2].milliseconds, peak);
    if (limit > 0 && peak > limit) {
        fprintf(stderr, "measure: %.1f MB, allowed %.1f MB\n", peak, limit);
        return EXIT_FAILURE;
    }
    return 0;
}

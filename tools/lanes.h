/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs that are taken one after the other, worked on side by side, and handed on in the order in which they
 * were taken. Memory is that of a fixed number of jobs, however many pass through: a lane that is far ahead
 * of a slow one waits.
 */
#ifndef TOOLS_LANES_H
#define TOOLS_LANES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct lanes {
    size_t count; /* lanes; each is a thread, the first is the caller's. With one lane there is no other. */
    size_t jobs;  /* at least `count`; jobs are numbered below this, again and again */
    void *context;
    /* Fills a job; false if there is none left. One call at a time, and none beside `deliver`. */
    bool (*take)(void *context, size_t job);
    /* Several at a time, of different lanes and jobs. */
    void (*work)(void *context, size_t lane, size_t job);
    /* One call at a time, in order. Anything but EXIT_DONE ends the run and is its exit code. */
    int (*deliver)(void *context, size_t job);
} lanes;

/* Runs until there is nothing left to take or a delivery fails. Returns an exit code. */
int lanes_run(const lanes *plan);

#endif

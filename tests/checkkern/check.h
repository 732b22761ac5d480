/* SPDX-License-Identifier: Apache-2.0
 *
 * What all tests of checkkern share: the options, the kernels on trial, the name of the case, and the count
 * of failures.
 */
#ifndef CHECKKERN_CHECK_H
#define CHECKKERN_CHECK_H

#include "kernels/blocked/blocked.h"

#include <stdint.h>

/* Layers with more weights than this are left out of a quick run. */
enum { CHECK_QUICK_WEIGHTS = 1 << 17 };

typedef struct checker {
    const char *filter; /* what a name must contain; NULL for all */
    uint64_t seed;
    bool quick;
    cpu_level level;              /* on trial */
    kernel_table table, below;    /* of the level on trial, and of the one under it */
    const blocked_table *blocked; /* of the level on trial; NULL if it has none of its own */
    bool all;                     /* this is the lowest level: every kernel is new */
    size_t tested, failed;
} checker;

/* True if `kernel` is not the one of the level below. */
static inline bool check_is_new(const checker *k, const void *kernel, const void *below)
{
    return k->all || kernel != below;
}

/* Names what is on trial from here on, "kernel text"; false if the filter leaves it out. */
bool check_begin(const checker *k, const char *kernel, const char *text);

/* What check_begin named. */
const char *check_on_trial(void);

/* A random number that no other test sees: number `stream` of the test that is next. */
uint64_t check_random(const checker *k, uint64_t stream);

/* Counts a failure of what is on trial and says why, unless many were said already. */
__attribute__((format(printf, 2, 3))) void check_fail(checker *k, const char *format, ...);

/* From here on, a kernel that touches memory that is not its own ends the program with a word on which. */
void check_catch_faults(void);

#endif

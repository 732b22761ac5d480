/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a hostile file may take.
 */
#ifndef TEST_CASE_TIME_H
#define TEST_CASE_TIME_H

#include <time.h>

#include "unit/heap.h"

/* Seconds for one case. They are promised for the optimised build; one that checks or counts every step gets
 * ten times as much. */
#if defined(HEAP_UNDER_SANITIZER) || defined(TEST_COUNTS_LINES) || !defined(__OPTIMIZE__)
static const double case_seconds = 1.0;
#else
static const double case_seconds = 0.1;
#endif

/* Processor time, so that a busy machine does not fail a test. */
static inline double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

#endif

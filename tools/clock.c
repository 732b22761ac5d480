/* SPDX-License-Identifier: Apache-2.0
 *
 * See clock.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "clock.h"

#include <time.h>

static double read_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

double clock_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

double clock_process_start_ms(void)
{
    return clock_ms() - read_ms(CLOCK_PROCESS_CPUTIME_ID);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The least of several measurements, because everything that disturbs a measurement makes it longer.
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <time.h>

enum { MEASUREMENTS = 7 };

/* Nanoseconds that one measurement should last. */
static const double wanted = 3e6;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double measure(layer *l, size_t units, size_t repeats)
{
    const double start = now();
    for (size_t i = 0; i < repeats; i++)
        layer_run(l, 0, units);
    return (now() - start) / (double)repeats;
}

double bench_layer(const kernel_table *table, const check_case *c, uint64_t seed)
{
    layer l = layer_create(table, c, NUMBERS_REALS, GUARD_AT_END, seed);
    const size_t units = case_units(c);
    const double first = measure(&l, units, 1);
    const size_t repeats = first < wanted ? (size_t)(wanted / (first + 1)) + 1 : 1;
    double least = first;
    for (int i = 0; i < MEASUREMENTS; i++) {
        const double t = measure(&l, units, repeats);
        if (t < least) least = t;
    }
    layer_free(&l);
    return least;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The least of several measurements, because everything that disturbs a measurement makes it longer.
 */
#include "bench.h"

#include "blocked_bench.h"
#include "layer.h"

#include "base/clock.h"

#include <stdio.h>

enum { MEASUREMENTS = 7 };

/* Nanoseconds that one measurement should last. */
static const double wanted = 3e6;

static double measure(bench_run run, void *context, size_t repeats)
{
    const double start = clock_ms();
    for (size_t i = 0; i < repeats; i++)
        run(context);
    return 1e6 * (clock_ms() - start) / (double)repeats;
}

double bench_time(bench_run run, void *context)
{
    const double first = measure(run, context, 1);
    const size_t repeats = first < wanted ? (size_t)(wanted / (first + 1)) + 1 : 1;
    double least = first;
    for (int i = 0; i < MEASUREMENTS; i++) {
        const double t = measure(run, context, repeats);
        if (t < least) least = t;
    }
    return least;
}

static void run_layer(void *context)
{
    layer *l = context;
    layer_run(l, 0, case_units(l->c));
}

static double layer_time(const kernel_table *table, const check_case *c, uint64_t seed)
{
    layer l = layer_create(table, c, NUMBERS_REALS, GUARD_AT_END, seed);
    const double ns = bench_time(run_layer, &l);
    layer_free(&l);
    return ns;
}

/* ---- The peak ---- */

enum { PEAK_ROUNDS = 1000 };

static void run_peak(void *context)
{
    const kernel_peak *peak = context;
    float values[KERNEL_PEAK_MAX_LANES] = {0};
    peak->run(values, PEAK_ROUNDS);
}

/* Multiplications and additions in a nanosecond. */
static double peak_of(cpu_level level)
{
    kernel_peak peak = kernels_peak(level);
    return 2 * (double)peak.lanes * PEAK_ROUNDS / bench_time(run_peak, &peak);
}

/* ---- A network ---- */

typedef struct network_bench {
    checker *k;
    double peak;
} network_bench;

static void print_line(const network_bench *b, const check_case *c, double ns, double ref_ns)
{
    const double rate = 2 * case_macs(c) / ns;
    printf("%-72s %12.0f ns %8.2f GFLOP/s %5.1f %% of peak %7.2fx\n", check_on_trial(), ns, rate,
           100 * rate / b->peak, ref_ns / ns);
    b->k->tested++;
}

static void time_case(void *context, const check_case *c)
{
    const network_bench *b = context;
    checker *k = b->k;
    kernel_table ref;
    kernels_init(&ref, CPU_REF);
    char text[CASE_TEXT_SIZE];
    case_describe(text, sizeof text, c);
    if (check_is_new(k, layer_kernel(&k->table, c->operation), layer_kernel(&k->below, c->operation)) &&
        check_begin(k, layer_kernel_name(&k->table, c->operation), text)) {
        const double ns = layer_time(&k->table, c, k->seed);
        print_line(b, c, ns, k->all ? ns : layer_time(&ref, c, k->seed));
    }
    const char *name = k->blocked ? blocked_bench_name(k->blocked, c) : NULL;
    if (name && check_begin(k, name, text))
        print_line(b, c, blocked_bench_time(k, c), layer_time(&ref, c, k->seed));
}

bool bench_network(checker *k, const char *network)
{
    network_bench b = {.k = k, .peak = peak_of(k->level)};
    return cases_network(network, time_case, &b);
}

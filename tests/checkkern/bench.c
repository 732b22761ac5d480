/* SPDX-License-Identifier: Apache-2.0
 *
 * The least of several measurements, because everything that disturbs a measurement makes it longer.
 */
#include "bench.h"

#include "blocked_bench.h"
#include "layer.h"
#include "training.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

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

enum { MOST_KERNELS = 16, NAME_SIZE = 64 };

typedef struct total { /* of one kernel over the network */
    char kernel[NAME_SIZE];
    double ns, ref_ns, macs, bytes;
} total;

typedef struct network_bench {
    checker *k;
    double peak;
    total totals[MOST_KERNELS];
} network_bench;

static void print_line(const network_bench *b, const char *name, const total *t)
{
    const double rate = 2 * t->macs / t->ns;
    if (t->bytes > 0) {
        printf("%-72s %12.0f ns %8.2f GB/s                    %7.2fx\n", name, t->ns, t->bytes / t->ns,
               t->ref_ns / t->ns);
        return;
    }
    printf("%-72s %12.0f ns %8.2f GFLOP/s %5.1f %% of peak %7.2fx\n", name, t->ns, rate, 100 * rate / b->peak,
           t->ref_ns / t->ns);
}

static void add_layer(network_bench *b, const char *kernel, total one)
{
    print_line(b, check_on_trial(), &one);
    b->k->tested++;
    total *t = b->totals;
    while (*t->kernel && strcmp(t->kernel, kernel) != 0)
        if (++t == b->totals + MOST_KERNELS) return;
    snprintf(t->kernel, sizeof t->kernel, "%s", kernel);
    t->ns += one.ns;
    t->ref_ns += one.ref_ns;
    t->macs += one.macs;
    t->bytes += one.bytes;
}

static void take_training(void *context, const char *kernel, const training_time *t)
{
    add_layer(context, kernel, (total){.ns = t->ns, .ref_ns = t->ref_ns, .macs = t->macs, .bytes = t->bytes});
}

static void time_case(void *context, const check_case *c)
{
    network_bench *b = context;
    checker *k = b->k;
    kernel_table ref;
    kernels_init(&ref, CPU_REF);
    total t = {.macs = case_macs(c)};
    const char *name = layer_kernel_name(&k->table, c->operation);
    char text[CASE_TEXT_SIZE];
    case_describe(text, sizeof text, c);
    if (check_is_new(k, layer_kernel(&k->table, c->operation), layer_kernel(&k->below, c->operation)) &&
        check_begin(k, name, text)) {
        t.ns = layer_time(&k->table, c, k->seed);
        t.ref_ns = k->all ? t.ns : layer_time(&ref, c, k->seed);
        add_layer(b, name, t);
    }
    name = k->blocked ? blocked_bench_name(k->blocked, c) : NULL;
    if (name && check_begin(k, name, text)) {
        t.ns = blocked_bench_time(k, c);
        t.ref_ns = layer_time(&ref, c, k->seed);
        add_layer(b, name, t);
    }
    training_bench(k, c, take_training, b);
}

bool bench_network(checker *k, const char *network)
{
    network_bench b = {.k = k, .peak = peak_of(k->level)};
    if (!cases_network(network, time_case, &b)) return false;
    for (const total *t = b.totals; t < b.totals + MOST_KERNELS && *t->kernel; t++) {
        char name[NAME_SIZE + 32];
        snprintf(name, sizeof name, "%.63s, all of them", t->kernel);
        print_line(&b, name, t);
    }
    return true;
}

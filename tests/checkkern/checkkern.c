/* SPDX-License-Identifier: Apache-2.0
 *
 * checkkern: tests and times every kernel of every level that can run here.
 *
 * Without --bench it tests, and exits with 1 if a kernel is wrong or nothing was tested. With --bench NETWORK
 * it times the layers of a network, beside the plain C kernels. --filter TEXT takes only kernels and layers
 * whose name has the text; --quick leaves out much, for builds that are slow.
 *
 * A kernel is held against a naive reference in double: on small integers bit for bit, on reals within a
 * bound that is derived from the number of terms. Its tensors touch unreadable pages, its outputs start as
 * NaN, and parts of the output computed alone must have the bits of the whole.
 */
#include "bench.h"
#include "blocked.h"
#include "check.h"
#include "layer.h"
#include "training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- One layer ---- */

/* True if integers give the same bits whatever the order: nothing is divided but by powers of two. */
static bool is_exact(const check_case *c)
{
    const size_t pixels = c->plane.in_height * c->plane.in_width;
    if (c->operation == CHECK_POOL) return (pixels & (pixels - 1)) == 0;
    return c->filter.activation == KERNEL_LINEAR || c->filter.activation == KERNEL_RELU6 ||
           c->filter.activation == KERNEL_RELU;
}

/* Where part `unit` of the output starts, in floats. */
static size_t unit_offset(const check_case *c, size_t unit)
{
    return unit * (case_output_size(c) / case_units(c));
}

static void check_values(checker *k, const layer *l, bool exact)
{
    const check_case *c = l->c;
    const naive_data data = layer_data(l);
    const float *output = l->output.data;
    for (size_t y = 0; y < c->plane.out_height; y++)
        for (size_t x = 0; x < c->plane.out_width; x++)
            for (size_t o = 0; o < c->filter.out; o++, output++) {
                const naive_output want = naive_layer(c, &data, y, x, o);
                const bool same =
                    exact ? *output == (float)want.value : fabs(*output - want.value) <= want.bound;
                if (same) continue;
                check_fail(k, "(%zu, %zu, %zu) is %.9g, not %.9g +- %.2g", y, x, o, *output, want.value,
                           exact ? 0 : want.bound);
                return;
            }
}

/* A random part computed alone: the same bits inside it, nothing written outside. */
static void check_part(checker *k, layer *l, const float *whole)
{
    const size_t units = case_units(l->c);
    size_t first = (size_t)(check_random(k, 0) % units);
    const size_t end = first + 1 + (size_t)(check_random(k, 1) % (units - first));
    guard_blank(&l->output);
    layer_run(l, first, end);
    const size_t from = unit_offset(l->c, first), to = unit_offset(l->c, end);
    for (size_t i = 0; i < l->output.count; i++) {
        if (i >= from && i < to ? memcmp(&l->output.data[i], &whole[i], sizeof *whole) == 0
                                : guard_is_blank(l->output.data[i]))
            continue;
        check_fail(k, "%s",
                   i >= from && i < to ? "a part differs from the whole"
                                       : "wrote outside the part asked for");
        return;
    }
}

static void check_layer(checker *k, const check_case *c, numbers kind, guard_side side)
{
    layer l = layer_create(&k->table, c, kind, side, check_random(k, 0));
    float *whole = malloc(l.output.count * sizeof *whole);
    if (!whole) abort();
    layer_run(&l, 0, case_units(c));
    check_values(k, &l, kind == NUMBERS_INTEGERS);
    memcpy(whole, l.output.data, l.output.count * sizeof *whole);
    check_part(k, &l, whole);
    if (!guard_intact(&l.output) || !guard_intact(&l.packed)) check_fail(k, "wrote beside its tensors");
    free(whole);
    layer_free(&l);
    k->tested++;
}

/* Names the case; false if it is filtered out or its kernel is that of a lower level. */
static bool begin_case(const checker *k, const check_case *c)
{
    if (!check_is_new(k, layer_kernel(&k->table, c->operation), layer_kernel(&k->below, c->operation)))
        return false;
    char text[CASE_TEXT_SIZE];
    case_describe(text, sizeof text, c);
    return check_begin(k, layer_kernel_name(&k->table, c->operation), text);
}

static void check_odd(void *context, const check_case *c)
{
    checker *k = context;
    if (!begin_case(k, c)) return;
    for (guard_side side = GUARD_AT_END; side <= GUARD_NEAR_START; side++) {
        if (k->quick && side == GUARD_AT_START) continue;
        if (is_exact(c)) check_layer(k, c, NUMBERS_INTEGERS, side);
        check_layer(k, c, NUMBERS_REALS, side);
    }
}

/* The layers of the catalogue are many and large: one way each. */
static void check_real(void *context, const check_case *c)
{
    checker *k = context;
    if (k->quick && case_weights_size(c) > CHECK_QUICK_WEIGHTS) return;
    if (!begin_case(k, c)) return;
    check_layer(k, c, is_exact(c) ? NUMBERS_INTEGERS : NUMBERS_REALS, GUARD_AT_END);
}

/* ---- All of them ---- */

/* Calls `run` with the kernels of every level that can run here, lowest first. */
static void for_each_level(checker *k, void (*run)(checker *k, const char *network), const char *network)
{
    static const cpu_level levels[] = {CPU_REF, CPU_AVX2, CPU_AVX512, CPU_NEON};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (!cpu_has_level(levels[i])) continue;
        k->level = levels[i];
        k->all = levels[i] == CPU_REF;
        k->below = k->table;
        kernels_init(&k->table, levels[i]);
        k->blocked = blocked_table_for(levels[i]);
        run(k, network);
    }
}

static void test_level(checker *k, const char *network)
{
    (void)network;
    cases_odd(check_odd, k);
    cases_catalogue(check_real, k);
    if (k->blocked) blocked_test(k);
    if (k->blocked) training_test(k);
}

static void bench_level(checker *k, const char *network)
{
    if (bench_network(k, network)) return;
    fprintf(stderr, "checkkern: no network %s\n", network);
    exit(1);
}

/* Fills `k` and the network to time from the command line; false if it makes no sense. */
static bool parse_options(checker *k, const char **network, char **argv)
{
    for (char **at = argv + 1; *at; at++) {
        if (strcmp(*at, "--quick") == 0) {
            k->quick = true;
            continue;
        }
        const char *value = at[1];
        if (!value) return false;
        if (strcmp(*at, "--filter") == 0)
            k->filter = value;
        else if (strcmp(*at, "--seed") == 0)
            k->seed = strtoull(value, NULL, 10);
        else if (strcmp(*at, "--bench") == 0)
            *network = value;
        else
            return false;
        at++;
    }
    return true;
}

int main(int argc, char **argv)
{
    checker k = {.seed = 1};
    const char *network = NULL;
    (void)argc;
    if (!parse_options(&k, &network, argv)) {
        fputs("usage: checkkern [--filter TEXT] [--seed N] [--quick] [--bench NETWORK]\n", stderr);
        return 2;
    }
    check_catch_faults();
    for_each_level(&k, network ? bench_level : test_level, network);
    if (!network)
        printf("checkkern: %zu tests, %zu failed (seed %llu)\n", k.tested, k.failed,
               (unsigned long long)k.seed);
    if (k.tested == 0) fputs("checkkern: nothing ran\n", stderr);
    return k.failed > 0 || k.tested == 0;
}

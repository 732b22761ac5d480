/* SPDX-License-Identifier: Apache-2.0
 *
 * How far an output is from PyTorch's, and the largest distances of all runs.
 */
#ifndef TESTS_PARITY_COMPARE_H
#define TESTS_PARITY_COMPARE_H

#include <jansson.h>

#include "net/graph.h"

/* Largest difference allowed, as a share of the output's largest magnitude. */
#define PARITY_TOLERANCE 1e-4

typedef struct difference {
    const char *output;
    double relative;
} difference;

enum { TALLY_MAX = 8 };

typedef struct tally {
    size_t runs, failures, packages;
    struct tally_row {
        char package[64];
        size_t outputs;
        double logits, others; /* largest */
        double float64;        /* largest distance of PyTorch's own float32 from float64 */
    } rows[TALLY_MAX];
} tally;

/* The distance of `values` ([height][width][channels] of `at`) from the golden of `output`: the larger of the
 * samples' and of the projection's. Infinite if shapes differ or a value is not a number. */
double compare_output(const json_t *golden, uint64_t seed, const char *output, const float *values,
                      const net_endpoint *at);

void tally_add(tally *sums, const char *package, const char *output, double relative);

void tally_add_float64(tally *sums, const char *package, double relative);

/* A table in Markdown. */
void tally_print(const tally *sums, const char *kernel);

#endif

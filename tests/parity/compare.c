/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples are compared one by one. The projection, a sum over all elements with a weight of its own for each,
 * stands in for those that are not stored: independent errors of the tolerance's size would move it by the
 * square root of their number times as much, and one wrong channel moves it by far more.
 */
#include "compare.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "golden_weights.h"

static bool same_shape(const json_t *shape, const net_endpoint *at)
{
    const int sizes[3] = {at->height, at->width, at->channels};
    const size_t rank = json_array_size(shape), skip = 3 - rank;
    if (rank != 1 && rank != 3) return false;
    if (rank == 1 && (at->height != 1 || at->width != 1)) return false;
    for (size_t i = 0; i < rank; i++)
        if (json_integer_value(json_array_get(shape, i)) != sizes[i + skip]) return false;
    return true;
}

double compare_output(const json_t *golden, uint64_t seed, const char *output, const float *values,
                      const net_endpoint *at)
{
    const size_t count = (size_t)at->height * (size_t)at->width * (size_t)at->channels;
    const double largest = json_number_value(json_object_get(golden, "max"));
    const json_t *samples = json_object_get(golden, "values");
    double worst = 0;
    if (!same_shape(json_object_get(golden, "shape"), at) || !(largest > 0)) return INFINITY;
    for (size_t i = 0; i < json_array_size(samples); i++) {
        const size_t place = golden_position(seed, output, count, json_array_size(samples), i);
        const double d = fabs((double)values[place] - json_number_value(json_array_get(samples, i)));
        if (isnan(d)) return INFINITY;
        worst = fmax(worst, d);
    }
    const double sum = json_number_value(json_object_get(golden, "projection"));
    const double d = fabs(golden_projection(seed, output, values, count) - sum);
    if (isnan(d)) return INFINITY;
    return fmax(worst, d / sqrt((double)count)) / largest;
}

static struct tally_row *find_row(tally *sums, const char *package)
{
    size_t i = 0;
    while (i < sums->packages && strcmp(sums->rows[i].package, package) != 0)
        i++;
    assert(i < TALLY_MAX);
    if (i == sums->packages) {
        snprintf(sums->rows[i].package, sizeof sums->rows[i].package, "%s", package);
        sums->packages++;
    }
    return &sums->rows[i];
}

void tally_add(tally *sums, const char *package, const char *output, double relative)
{
    struct tally_row *row = find_row(sums, package);
    double *largest = strcmp(output, "logits") == 0 ? &row->logits : &row->others;
    *largest = fmax(*largest, relative);
    row->outputs++;
}

void tally_add_float64(tally *sums, const char *package, double relative)
{
    struct tally_row *row = find_row(sums, package);
    row->float64 = fmax(row->float64, relative);
}

void tally_print(const tally *sums, const char *kernel)
{
    printf("\n| package | outputs | largest difference, logits | features, pooled, endpoints |"
           " PyTorch's float32 from its float64 |\n");
    printf("|---|---|---|---|---|\n");
    for (size_t i = 0; i < sums->packages; i++)
        printf("| %s | %zu | %.1e | %.1e | %.1e |\n", sums->rows[i].package, sums->rows[i].outputs,
               sums->rows[i].logits, sums->rows[i].others, sums->rows[i].float64);
    printf("\n%zu runs with %s, %zu failed; allowed: %.0e\n", sums->runs, kernel, sums->failures,
           PARITY_TOLERANCE);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See figures.h.
 */
#include "evaluation/figures.h"

#include <math.h>
#include <stdlib.h>

void calibration_add(calibration *c, double confidence, bool right)
{
    const double place = ceil(confidence * CALIBRATION_BINS) - 1;
    const int bin = place > 0 ? place < CALIBRATION_BINS ? (int)place : CALIBRATION_BINS - 1 : 0;
    c->count[bin]++;
    c->confidence[bin] += confidence;
    c->right[bin] += right;
}

double calibration_error(const calibration *c)
{
    double sum = 0, count = 0;
    for (int bin = 0; bin < CALIBRATION_BINS; bin++) {
        sum += fabs(c->right[bin] - c->confidence[bin]); /* |B| cancels */
        count += (double)c->count[bin];
    }
    return count > 0 ? sum / count : NAN;
}

/* Falling; what is not a number comes last. */
static int by_score(const void *a, const void *b)
{
    const double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    if (isnan(x) || isnan(y)) return !isnan(y) - !isnan(x);
    return (x < y) - (x > y);
}

double average_precision(scored *list, size_t count)
{
    double sum = 0;
    size_t found = 0, fresh = 0; /* pictures that show it, up to now and with the present score */
    if (count > 0) qsort(list, count, sizeof *list, by_score);
    for (size_t i = 0; i < count; i++) {
        fresh += list[i].truth;
        if (i + 1 < count && list[i + 1].score == list[i].score) continue;
        found += fresh;
        sum += (double)fresh * (double)found / (double)(i + 1);
        fresh = 0;
    }
    return found ? sum / (double)found : NAN;
}

value_errors value_errors_of(const float *answers, size_t stride, const float *truths, size_t count)
{
    double mean = 0, spread = 0, squared = 0, absolute = 0;
    for (size_t i = 0; i < count; i++)
        mean += (double)truths[i] / (double)count;
    for (size_t i = 0; i < count; i++) {
        const double truth = (double)truths[i], off = (double)answers[i * stride] - truth;
        squared += off * off;
        absolute += fabs(off);
        spread += (truth - mean) * (truth - mean);
    }
    return (value_errors){.squared = squared / (double)count,
                          .absolute = absolute / (double)count,
                          .r2 = spread > 0 ? 1 - squared / spread : NAN};
}

double precision_of(uint64_t right, uint64_t found)
{
    return found ? (double)right / (double)found : 0;
}

double recall_of(uint64_t right, uint64_t support)
{
    return support ? (double)right / (double)support : 0;
}

double f1_of(uint64_t right, uint64_t found, uint64_t support)
{
    return found + support ? 2 * (double)right / (double)(found + support) : 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Norms and averages over flat arrays. See sums.h.
 */
#include "train/update/sums.h"

#include <math.h>

#include "cpu/cpu.h"

/* Floats summed on their own before the pieces are; small enough that there are pieces for all threads. */
enum { PIECE = 16384 };

typedef struct summing {
    const float *values;
    size_t count;
    double *pieces;
} summing;

size_t train_norm_pieces(size_t count)
{
    return count / PIECE + 1;
}

/* Eight sums, so that compilers make vectors of them and no addition waits for the one before; always the
 * same eight. */
static double squares(const float *values, size_t count)
{
    enum { SUMS = 8 };
    double sums[SUMS] = {0};
    size_t i = 0;
    for (; i + SUMS <= count; i += SUMS)
        for (size_t j = 0; j < SUMS; j++)
            sums[j] += (double)values[i + j] * (double)values[i + j];
    for (size_t j = 0; i + j < count; j++)
        sums[j] += (double)values[i + j] * (double)values[i + j];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static void sum_member(void *context, size_t member, size_t members)
{
    const summing *s = context;
    size_t first, end;
    pool_share(train_norm_pieces(s->count), member, members, &first, &end);
    for (size_t p = first; p < end; p++) {
        const size_t start = p * PIECE, left = s->count - start;
        s->pieces[p] = squares(s->values + start, left < PIECE ? left : PIECE);
    }
}

double train_norm(const float *values, size_t count, double *scratch, pool *team)
{
    summing s = {values, count, scratch};
    if (team)
        pool_run(team, sum_member, &s);
    else
        sum_member(&s, 0, 1);
    double sum = 0;
    for (size_t p = 0; p < train_norm_pieces(count); p++)
        sum += scratch[p];
    return sqrt(sum);
}

double train_clip_scale(double norm, double limit)
{
    return limit > 0 && norm > limit ? limit / (norm + 1e-6) : 1;
}

double train_average_decay(double decay, uint64_t updates)
{
    return fmin(decay, (1 + (double)updates) / (10 + (double)updates));
}

typedef struct averaging {
    float *average;
    const float *values;
    size_t count;
    float share;
} averaging;

static void average_member(void *context, size_t member, size_t members)
{
    const averaging *a = context;
    size_t first, end;
    pool_share(a->count, member, members, &first, &end);
    const unsigned saved = cpu_denormals_off();
    for (size_t i = first; i < end; i++)
        a->average[i] += a->share * (a->values[i] - a->average[i]);
    cpu_denormals_restore(saved);
}

void train_average(float *average, const float *values, size_t count, double decay, pool *team)
{
    averaging a = {average, values, count, (float)(1 - decay)};
    if (team)
        pool_run(team, average_member, &a);
    else
        average_member(&a, 0, 1);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning rates by step. See schedule.h.
 */
#include "train/update/schedule.h"

#include <math.h>

static double cosine(const train_schedule *s, uint64_t step)
{
    const double pi = 3.14159265358979323846;
    if (step >= s->total) return s->least * s->rate;
    const double done = (double)(step - s->warmup) / (double)(s->total - s->warmup);
    return s->rate * (s->least + (1 - s->least) * 0.5 * (1 + cos(pi * done)));
}

double train_schedule_rate(const train_schedule *s, uint64_t step)
{
    if (step < s->warmup) return s->rate * (double)(step + 1) / (double)s->warmup;
    switch (s->kind) {
    case TRAIN_CONSTANT: return s->rate;
    case TRAIN_STEPPED: return s->rate * pow(s->factor, floor((double)step / s->interval));
    case TRAIN_EXPONENTIAL: return s->rate * pow(s->factor, (double)step / s->interval);
    case TRAIN_COSINE: return cosine(s, step);
    }
    return s->rate;
}

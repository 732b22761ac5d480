/* SPDX-License-Identifier: Apache-2.0
 *
 * The learning rate as a function of the step, and nothing else: what is resumed has no state here.
 */
#ifndef TRAIN_UPDATE_SCHEDULE_H
#define TRAIN_UPDATE_SCHEDULE_H

#include <stdint.h>

typedef enum train_schedule_kind {
    TRAIN_CONSTANT,
    TRAIN_STEPPED,     /* times `factor` every `interval` steps, at once: the source and the paper (0.97 every
                          2.4 epochs; tensorflow/tpu efficientnet utils.py, staircase) */
    TRAIN_EXPONENTIAL, /* the same curve without stairs */
    TRAIN_COSINE, /* from the rate after warm-up to `least` of it at `total` (Loshchilov and Hutter 2017) */
} train_schedule_kind;

/* Warm-up is linear, (step + 1) / warmup: the source has step / warmup, whose first step moves nothing. Decay
 * by a factor counts from step 0, as in the source; the cosine begins where warm-up ends. */
typedef struct train_schedule {
    train_schedule_kind kind;
    double rate;     /* after warm-up */
    double factor;   /* of the stepped and the exponential one */
    double interval; /* steps, over 0 */
    double least;    /* the cosine's end, as a share of `rate` */
    uint64_t warmup; /* steps */
    uint64_t total;  /* steps */
} train_schedule;

/* The rate of step number `step`, the first being 0. Steps from `total` on have the cosine's end. */
double train_schedule_rate(const train_schedule *s, uint64_t step);

#endif

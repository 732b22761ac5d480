/* SPDX-License-Identifier: Apache-2.0
 *
 * One step of an optimiser over flat arrays, each element for itself, so that the result does not depend on
 * how the work is divided. Arithmetic is float32, as in the frameworks that these are known from.
 *
 *   RMSprop  as TensorFlow has it (tf.compat.v1.train.RMSPropOptimizer, which the source trains with; timm's
 *            RMSpropTF): the mean of squares s begins at 1, epsilon is inside the root, the rate goes into
 * the momentum:   s += (1 - rho) (g^2 - s);  m = mu m + rate g / sqrt(s + epsilon);  w -= m SGD      as
 * PyTorch:  m = mu m + g;  w -= rate m, or with Nesterov  w -= rate (g + mu m) AdamW    as PyTorch
 * (Loshchilov and Hutter 2019):  w -= rate decay w;  m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;  w -=
 * rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
 *
 * In RMSprop and SGD, weight decay adds decay w to the gradient (the source's L2 term). It never applies to
 * batch norm and biases (the source spares batch norm only).
 */
#ifndef TRAIN_UPDATE_OPTIMISER_H
#define TRAIN_UPDATE_OPTIMISER_H

#include "base/pool.h"
#include "train/parameters.h"

typedef enum train_rule { TRAIN_RMSPROP, TRAIN_SGD, TRAIN_ADAMW } train_rule;

typedef struct train_optimiser {
    train_rule rule;
    double momentum; /* RMSprop, SGD: mu; AdamW: b1 */
    double rho;      /* RMSprop; AdamW: b2 */
    double epsilon;  /* RMSprop, AdamW */
    double decay;    /* of weights */
    bool nesterov;   /* SGD */
} train_optimiser;

enum { TRAIN_MAX_STATES = 2 };

/* The usual constants: RMSprop 0.9, 0.9, 1e-3 (the source), SGD 0.9 with Nesterov, AdamW 0.9, 0.999, 1e-8. No
 * decay. */
train_optimiser train_optimiser_default(train_rule rule);

/* Arrays of [layout->trained] floats that the rule keeps. */
size_t train_optimiser_states(const train_optimiser *o);

/* Puts them to where they begin. */
void train_optimiser_reset(const train_optimiser *o, float *const *states, size_t count);

/* What one update reads and writes. */
typedef struct train_update {
    const train_layout *layout;
    size_t first;           /* floats before this one are frozen: train_layout_first */
    float *values;          /* [layout->count] */
    const float *gradients; /* [layout->trained] */
    double gradient_scale;  /* what gradients are multiplied by as they are read (clipping) */
    float *const *states;   /* [train_optimiser_states] of [layout->trained] */
    double rate;
    uint64_t step; /* since the reset, from 1 */
} train_update;

/* On all members of `team`; NULL: on the caller alone. */
void train_optimiser_step(const train_optimiser *o, const train_update *update, pool *team);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * One step of training, without the loss and without the optimiser: forward from images to logits, backward
 * from the gradient of the logits to that of every parameter, batch statistics into the running ones. Two
 * implementations stand behind it: reference/ in double, plain, the definition of correct, and blocked/ in
 * float, fast. Both read the graph of src/net and plan every buffer before the first step.
 *
 * Parameters and gradients are flat arrays in the layout of parameters.h. A step owns neither, so the same
 * step also runs averaged weights.
 *
 * What training does where it differs from inference, and who else does the same: lukemelas's
 * EfficientNet-PyTorch (the source: model.py, utils.py), PyTorch 2.15, tensorflow/tpu (efficientnet utils.py)
 * and TensorFlow's fused_batch_norm_op.cc.
 *   - Batch norm divides by the square root of the batch's variance over n (biased) + epsilon. All do.
 *   - The running variance takes the variance over n - 1 (unbiased): PyTorch and so the source, and
 *     TensorFlow's fused kernel; not its unfused one, which tensorflow/tpu's cross-replica norm is made of.
 *     Where n is 1, PyTorch refuses and TensorFlow divides by 1, as here.
 *   - running = (1 - momentum) running + momentum batch, momentum being the share of the new batch:
 *     variant.bn_momentum, 0.01 in the source, which TensorFlow calls 0.99.
 *   - Drop-connect (stochastic depth, Huang et al. 2016) multiplies the branch of a block that has a residual
 *     by 0 or by 1 / (1 - rate), one draw for each image; the rate is net_block.drop_rate, which is 0 in the
 *     first block and never quite arch.drop_connect in the last. The source and TensorFlow do the same.
 *   - Dropout multiplies every pooled feature by 0 or by 1 / (1 - rate), only where there is a classifier.
 *   - ReLU6's slope is 0 at 0 and at 6, hard-swish's is 0 at -3 and 1 at 3, as in PyTorch.
 */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H

#include "base/pool.h"
#include "cpu/cpu.h"
#include "net/graph.h"

typedef struct train_step train_step;

/* What is held between forward and backward. The gradients are the same in each, to rounding. */
typedef enum train_memory {
    TRAIN_KEEP,      /* what costs time to make again */
    TRAIN_RECOMPUTE, /* as little as possible: the hidden tensors of blocks are made a second time */
} train_memory;

/* Zero is the default of each. */
typedef struct train_step_options {
    cpu_level level; /* CPU_REF: the reference, on one thread whatever the team */
    pool *team;      /* NULL: one thread; must outlive the step */
    size_t batch;    /* the most images of one pass, at least 1 */
    train_memory memory;
    bool frozen_norms;    /* batch norm uses the running statistics in training too, as constants */
    size_t first_trained; /* tensors (net_tensor_at) before this one get no gradient: backward stops there */
} train_step_options;

typedef enum train_mode {
    TRAIN_LEARN,      /* batch statistics unless frozen, drop-connect, dropout; backward may follow */
    TRAIN_EVALUATE,   /* running statistics, nothing dropped */
    TRAIN_STATISTICS, /* batch statistics, nothing dropped: measures them anew for weights that changed
                         otherwise (averaged, frozen until now); no backward */
} train_mode;

/* One pass. Masks of drop-connect and dropout are pure functions of these four and of the place in the
 * network (masks.h): neither threads nor ranks nor how a batch is cut into passes change them. */
typedef struct train_pass {
    train_mode mode;
    uint64_t seed;        /* of the run */
    uint64_t step;        /* of the optimiser */
    uint64_t first_image; /* number of the first image within the step, over all passes and ranks */
} train_pass;

/* The bytes that a step takes on a team of `members`, whatever options.team is; nothing is allocated.
 * EFFNET_ERR_MEMORY if they are more than can be counted. */
effnet_status train_step_bytes(size_t *out, const net_graph *graph, const train_step_options *options,
                               size_t members, effnet_error *error);

/* A step for images of graph's height and width; `graph` must outlive it. No later call allocates or fails.
 */
effnet_status train_step_create(train_step **out, const net_graph *graph, const train_step_options *options,
                                effnet_error *error);
void train_step_free(train_step *step);

/* Numbers of one row of logits: arch.classes, or the pooled features where there is no classifier. */
size_t train_outputs(const net_graph *graph);

/* Runs `count` images (1 to options.batch) [count][height][width][in_channels] and fills logits
 * [count][outputs]. `values` [layout.count] does not change. */
void train_forward(train_step *step, const train_pass *pass, const float *values, const float *images,
                   size_t count, float *logits);

/* Called while train_backward runs, by one of its threads, when gradients[from..trained) are what they will
 * be when it returns; `from` falls from call to call. */
typedef void (*train_ready)(void *context, size_t from);

/* From now on; NULL: nobody is told. */
void train_on_ready(train_step *step, train_ready ready, void *context);

/* Adds to `gradients` [layout.trained] what dlogits [count][outputs], the loss's gradient with respect to the
 * logits of the last train_forward (which was TRAIN_LEARN, with the same values), gives for every trained
 * tensor. Tensors before first_trained stay as they are. Once for each forward. */
void train_backward(train_step *step, const float *values, const float *dlogits, float *gradients);

/* Moves the running means and variances in `values` towards the batch statistics of the last train_forward
 * (TRAIN_LEARN or TRAIN_STATISTICS), by variant.bn_momentum; does nothing if norms are frozen and the mode
 * was TRAIN_LEARN. A call of its own, so that a batch whose loss was not finite leaves no trace. */
void train_update_statistics(train_step *step, float *values);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The training step in double: a network laid out as units of the operations in plain.h, with every
 * intermediate tensor kept. Its own interface takes parameters in double, which differences and exact goldens
 * need; reference_step.c puts step.h's float arrays in front of it.
 */
#ifndef TRAIN_REFERENCE_REFERENCE_STEP_H
#define TRAIN_REFERENCE_REFERENCE_STEP_H

#include "train/parameters.h"
#include "train/step.h"

/* A convolution's weight, and batch norm's weight, bias, running mean and variance. */
enum { REFERENCE_UNIT_TENSORS = 5, REFERENCE_SQUEEZE_TENSORS = 4 };

/* A convolution, the batch norm behind it and the activation behind that, with all that the last pass made.
 */
typedef struct reference_unit {
    const net_conv *conv;
    size_t tensor;           /* the convolution's weight; batch norm's four tensors follow it */
    bool activates;          /* false: linear, as projections are */
    double *convolved;       /* [n][h][w][out] */
    double *normed;          /* [n][h][w][out] */
    double *out;             /* [n][h][w][out]; normed itself where nothing activates */
    double *mean, *variance; /* [out], of the batch */
} reference_unit;

/* Squeeze-and-excitation. [n][channels] unless it says otherwise. */
typedef struct reference_squeeze {
    size_t tensor; /* the reduction's weight; its bias and the expansion's two tensors follow */
    double *pooled;
    double *reduced, *activated; /* [n][squeeze] */
    double *gate;
    double *out; /* [n][h][w][channels]: the depthwise unit's, gated */
} reference_squeeze;

typedef struct reference_block {
    reference_unit expand, depthwise, project; /* expand.conv is NULL where nothing expands */
    reference_squeeze squeeze;                 /* only where net_block.squeeze > 0 */
    double *scale;                             /* [n]: drop-connect */
    double *out;                               /* [n][h][w][out]; project.out where there is no residual */
} reference_block;

typedef struct reference_step {
    const net_graph *graph;
    train_step_options options;
    train_layout *layout;
    reference_unit stem;
    reference_block *blocks;        /* [graph->block_count] */
    reference_unit head;            /* only where graph->has_head */
    double *pooled;                 /* [n][features] */
    double *dropout;                /* [n][features]: what each is multiplied by */
    double *dropped;                /* [n][features] */
    double *logits;                 /* [n][outputs] */
    double *d, *dx, *narrow, *wide; /* derivatives; each as large as the largest tensor of the network */
    double *inner;                  /* [n][the most squeezed channels] */
    double *values, *gradients, *images, *dlogits; /* step.h's arrays in double */
    size_t memory_bytes;                           /* of all arrays of doubles */
    double *memory;
    train_pass pass; /* the last one */
    size_t count;    /* its images */
    const double *input;
} reference_step;

/* As the functions of step.h that are called alike. */
effnet_status reference_step_bytes(size_t *out, const net_graph *graph, const train_step_options *options,
                                   effnet_error *error);
effnet_status reference_step_create(reference_step **out, const net_graph *graph,
                                    const train_step_options *options, effnet_error *error);
void reference_step_free(reference_step *step);
void reference_forward(reference_step *step, const train_pass *pass, const float *values, const float *images,
                       size_t count, float *logits);
void reference_backward(reference_step *step, const float *values, const float *dlogits, float *gradients);
void reference_update_statistics(reference_step *step, float *values);

/* The same in double. `images` must stay until backward is done; logits are in step->logits. */
void reference_forward_double(reference_step *step, const train_pass *pass, const double *values,
                              const double *images, size_t count);
void reference_backward_double(reference_step *step, const double *values, const double *dlogits,
                               double *gradients);
void reference_update_statistics_double(reference_step *step, double *values);

#endif

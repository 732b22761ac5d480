/* SPDX-License-Identifier: Apache-2.0
 *
 * What weights, plan and run of the engine share. A network is a list of layers in the order of its
 * parameters, which is also the order in which they run; a plan puts pooling between them and gives every
 * step its place in memory.
 */
#ifndef ENGINE_PARTS_H
#define ENGINE_PARTS_H

#include "engine/engine.h"
#include "kernels/kernels.h"

/* Buffers and packed weights start on cache lines. */
enum { ENGINE_ALIGNMENT = 64, ENGINE_ALIGNED_FLOATS = ENGINE_ALIGNMENT / sizeof(float) };

/* One filter of the network with its weights, batch norm folded in. */
typedef struct engine_layer {
    net_part part; /* the NET_..._CONV, NET_SE_... or NET_CLASSIFIER that it is */
    const kernel_op *op;
    kernel_filter filter;
    float *weights, *bias; /* packed by op; [filter.out] */
} engine_layer;

struct engine_weights {
    kernel_table kernels;
    engine_layer *layers;
    size_t layer_count;
    float *memory; /* all weights and biases */
};

/* One kernel over one image. The input of the first step is filled in for each image. */
typedef struct engine_step {
    const kernel_op *op; /* NULL: global average pooling of call.filter.in channels */
    kernel_layer call;
    size_t units, grain; /* how the output divides among threads */
    size_t output_size;  /* floats */
} engine_step;

struct engine_scratch {
    pool *team;
    const kernel_pool_op *pool;
    engine_step *steps;
    size_t step_count;
    size_t *block_steps;             /* [block_count]: the last step of each block */
    size_t features, pooled, logits; /* the steps whose outputs these are */
    size_t image_size;               /* floats of an input image */
    float *memory;                   /* every buffer */
};

/* Memory for `count` floats at a multiple of ENGINE_ALIGNMENT, to be free()d; NULL if there is none. */
float *engine_alloc(size_t count);

/* `count` rounded up, so that what follows is aligned too. */
static inline size_t engine_aligned(size_t count)
{
    return (count + ENGINE_ALIGNED_FLOATS - 1) / ENGINE_ALIGNED_FLOATS * ENGINE_ALIGNED_FLOATS;
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference engine: one layer after the other over NHWC, by the kernel table of a level. It is correct
 * everywhere and what the fast engine is tested against. A network is a list of layers in the order of its
 * parameters, which is also the order in which they run; a plan puts pooling between them and gives every
 * step its place in memory.
 */
#ifndef ENGINE_REFERENCE_REFERENCE_H
#define ENGINE_REFERENCE_REFERENCE_H

#include "engine/engine.h"
#include "engine/stopwatch.h"
#include "kernels/kernels.h"

/* Buffers and packed weights start on cache lines. */
enum { ENGINE_ALIGNMENT = 64, ENGINE_ALIGNED_FLOATS = ENGINE_ALIGNMENT / sizeof(float) };

/* One filter of the network with its weights, batch norm folded in. */
typedef struct reference_layer {
    net_part part; /* the NET_..._CONV, NET_SE_... or NET_CLASSIFIER that it is */
    const kernel_op *op;
    kernel_filter filter;
    float *weights, *bias; /* packed by op; [filter.out] */
} reference_layer;

typedef struct reference_weights {
    kernel_table kernels;
    reference_layer *layers;
    size_t layer_count;
    float *memory; /* all weights and biases */
} reference_weights;

/* One kernel over one image. The input of the first step is filled in for each image. */
typedef struct reference_step {
    const kernel_op *op; /* NULL: global average pooling of call.filter.in channels */
    kernel_layer call;
    size_t units, grain; /* how the output divides among threads */
    size_t output_size;  /* floats */
    size_t part;         /* of the network, as engine_profile counts */
} reference_step;

typedef struct reference_scratch {
    pool *team;
    const kernel_pool_op *pool;
    reference_step *steps;
    size_t step_count;
    size_t *block_steps;             /* [block_count]: the last step of each block */
    size_t features, pooled, logits; /* the steps whose outputs these are */
    size_t image_size;               /* floats of an input image */
    float *memory;                   /* every buffer */
} reference_scratch;

/* As the functions of engine.h that are called alike. */
effnet_status reference_weights_create(reference_weights **out, const net_graph *graph, cpu_level level,
                                       engine_reader read, void *context, effnet_error *error);
void reference_weights_free(reference_weights *weights);
effnet_status reference_scratch_create(reference_scratch **out, const net_graph *graph,
                                       const reference_weights *weights, pool *team, effnet_error *error);
void reference_scratch_free(reference_scratch *scratch);
void reference_run(reference_scratch *scratch, const float *input, size_t count, const engine_tap *taps,
                   size_t tap_count, stopwatch *watch);

/* As engine_memory_plan. */
effnet_status reference_memory_plan(engine_memory *out, const net_graph *graph, cpu_level level,
                                    effnet_error *error);

/* The layers of `weights` without memory for them, and in *floats what that would be; the caller frees
 * weights->layers, on failure too. */
effnet_status reference_weights_plan(reference_weights *weights, const net_graph *graph, cpu_level level,
                                     size_t *floats, effnet_error *error);

/* Floats of the buffers that tensors are read into. */
size_t reference_loading_floats(const net_graph *graph, const reference_weights *weights);

/* Memory for `count` floats at a multiple of ENGINE_ALIGNMENT, to be free()d; NULL if there is none. */
float *engine_alloc(size_t count);

/* `count` rounded up, so that what follows is aligned too. */
static inline size_t engine_aligned(size_t count)
{
    return (count + ENGINE_ALIGNED_FLOATS - 1) / ENGINE_ALIGNED_FLOATS * ENGINE_ALIGNED_FLOATS;
}

#endif

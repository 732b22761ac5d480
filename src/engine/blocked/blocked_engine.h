/* SPDX-License-Identifier: Apache-2.0
 *
 * The fast engine: whole MBConv blocks fused over channel-blocked tensors. It serves every level that has
 * blocked kernels (kernels/blocked/blocked.h); the reference engine serves the others and is what this one is
 * tested against.
 *
 * A panel of hidden channels (two or three vectors) is the unit of work: it is expanded into a small buffer
 * in cache, run through the depthwise convolution and stored once, with its sums for squeeze-and-excitation
 * taken on the way. The expanded tensor, the largest of the network, never exists. In the first block the
 * stem plays the expansion's part.
 */
#ifndef ENGINE_BLOCKED_BLOCKED_ENGINE_H
#define ENGINE_BLOCKED_BLOCKED_ENGINE_H

#include "engine/engine.h"
#include "engine/stopwatch.h"
#include "kernels/blocked/blocked.h"

/* A pointwise convolution or the stem: outputs in panels, as blocked_dot wants them. */
typedef struct dot_weights {
    float *weights, *bias;
    size_t rows, length, last;
    size_t vectors; /* of outputs */
    bool half;      /* the last panel is one for blocked_dot.half */
} dot_weights;

typedef struct depthwise_weights {
    float *weights; /* [vectors][kernel * kernel][V] */
    float *bias;    /* [vectors][V] */
    size_t vectors;
} depthwise_weights;

typedef struct dense_weights {
    float *weights, *bias;
    size_t k, vectors;
} dense_weights;

typedef struct block_weights {
    dot_weights expand; /* unused where the block does not expand */
    depthwise_weights depthwise;
    dense_weights reduce; /* squeeze-and-excitation; unused where there is none */
    dot_weights excite;
    dot_weights project;
} block_weights;

typedef struct blocked_weights {
    const blocked_table *table;
    float *memory; /* one block, 64-byte aligned: everything below points into it */
    dot_weights stem;
    block_weights *blocks;
    dot_weights head;
    dense_weights classifier;
} blocked_weights;

effnet_status blocked_weights_create(blocked_weights **out, const net_graph *graph,
                                     const blocked_table *table, pool *team, engine_reader read,
                                     void *context, effnet_error *error);
void blocked_weights_free(blocked_weights *weights);

/* The shapes of `weights` and, in *bytes, the memory for them, which is not taken yet: their pointers are
 * NULL. `weights` has its table set and nothing else; the caller frees weights->blocks, on failure too. */
effnet_status blocked_weights_plan(blocked_weights *weights, const net_graph *graph, size_t *bytes,
                                   effnet_error *error);

/* The most that buffers for reading hold at once, with `members` loading. */
effnet_status blocked_loading_bytes(size_t *bytes, const net_graph *graph, size_t members,
                                    effnet_error *error);

/* As engine_memory_plan. */
effnet_status blocked_memory_plan(engine_memory *out, const net_graph *graph, const blocked_table *table,
                                  size_t members, effnet_error *error);

typedef struct blocked_scratch blocked_scratch;

effnet_status blocked_scratch_create(blocked_scratch **out, const net_graph *graph,
                                     const blocked_weights *weights, pool *team, effnet_error *error);
void blocked_scratch_free(blocked_scratch *scratch);
void blocked_run(blocked_scratch *scratch, const float *input, size_t count, const engine_tap *taps,
                 size_t tap_count, stopwatch *watch);

/* True if block `index` takes its expanded rows straight from the stem: the first block, where it neither
 * expands nor needs its input again. */
static inline bool blocked_fuses_stem(const net_graph *graph, int index)
{
    return index == 0 && !graph->blocks[0].expands && !graph->blocks[0].residual;
}

/* What an activation's output is multiplied by inside the engine (kernels/blocked/activate.h). */
float activation_scale(net_activation activation);
kernel_activation activation_kernel(net_activation activation);

/* Panels of `vectors` vectors: twos, with a three at the end of an odd number (a one where there is only
 * one). */
static inline size_t panel_count(size_t vectors)
{
    return vectors < 2 ? 1 : vectors / 2;
}

static inline size_t panel_first(size_t panel)
{
    return 2 * panel;
}

static inline size_t panel_width(size_t vectors, size_t panel)
{
    if (vectors < 2) return vectors;
    return panel + 1 == vectors / 2 ? 2 + vectors % 2 : 2;
}

static inline size_t vectors_for(size_t channels, size_t vector)
{
    return (channels + vector - 1) / vector;
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the blocked step share: the layers of a network with all that is kept of them, how work
 * is cut, and one thread's view.
 */
#ifndef TRAIN_BLOCKED_PLAN_H
#define TRAIN_BLOCKED_PLAN_H

#include "kernels/blocked/training.h"
#include "train/blocked/blocked_step.h"
#include "train/parameters.h"

/* A tensor of a whole batch: [vectors][batch * pixels][V]. */
typedef struct map {
    float *data;
    size_t vectors, channels;
    size_t pixels; /* of one image */
    size_t block;  /* floats from one vector of channels to the next: some more than the pixels take, so
                      that vectors do not compete for the same lines of a cache */
} map;

/* How something countable of each image (pixels, rows) is cut into parts; sizes differ by at most one. */
typedef struct division {
    size_t items, parts;
    size_t width; /* pixels of an item */
} division;

/* How a pointwise convolution's pixels are cut: several pieces of an image, or several images a piece. */
typedef struct pieces {
    division image;
    size_t images; /* of a piece, where image.parts is 1 */
} pieces;

/* One piece: some pixels of one image, or several images whole. */
typedef struct piece {
    size_t image, images; /* first, and how many */
    size_t part;          /* of the image */
    size_t first, pixels; /* in the map */
    size_t each;          /* pixels of each image that are in it */
} piece;

/* A convolution and the batch norm behind it. Arrays are [vectors * V]. */
typedef struct unit {
    const net_conv *conv;
    size_t tensor;                /* the convolution's weight; batch norm's four tensors follow */
    kernel_activation activation; /* behind the norm */
    map raw;                      /* what the convolution gave */
    size_t vectors;
    float *mean, *variance;  /* of the batch, or the running ones */
    float *gain, *bias;      /* of the norm as it is applied */
    float *inverse;          /* 1 / sqrt(variance + epsilon) */
    float *slope, *constant; /* backward: what blocked_undo wants */
} unit;

/* What a convolution reads: a map as it is, or a unit's raw output with its norm and activation applied, and
 * a gate's factors for each image. */
typedef struct source {
    map x;
    const unit *norm; /* NULL: x as it is */
    const map *gate;  /* [vectors][batch][V]; NULL: none */
} source;

/* Squeeze-and-excitation: maps of one pixel for each image. */
typedef struct squeeze {
    size_t tensor;    /* the reduction's weight; its bias and the expansion's two tensors follow */
    map pooled, gate; /* [hidden] */
    map reduced, activated;
    map dgate, dpooled, dreduced;
} squeeze;

typedef struct block_state {
    const net_block *net;
    size_t number;
    unit expand, depthwise, project;
    squeeze se;
    source input, output; /* output is block n + 1's input */
    bool keeps_output;    /* output.x is a map of its own, else the projection's raw output */
    map expanded[2];      /* the expand unit's raw output, forward and backward: the same if it is kept */
    map dinput, dhidden, dwide; /* gradients: of the input, of the gated depthwise output (without a gate: of
                                   its norm), of the expand unit's (or the stem's) norm */
    float *scale;               /* [batch]: drop-connect */
    pieces expand_pieces, project_pieces;
    division rows_out, rows_in; /* strips of the depthwise convolution, forward and backward */
    pieces strips; /* rows_in of all vectors, backward through the expansion too; no images: apart */
    bool remakes;  /* the expand unit's raw output is made again for each strip */
} block_state;

/* The places of one step's tensors; see plan.c. */
struct blocked_step {
    const net_graph *graph;
    train_step_options options;
    train_layout *layout;
    const blocked_table *kernels;
    const blocked_training *training;
    pool *team, *own_team; /* own_team: where the caller gave none */
    size_t vector;
    size_t large; /* floats from which on a map is written past the caches */
    size_t bytes;
    float *memory;

    unit stem, head;
    division stem_rows;
    bool fuses_stem; /* the first block's depthwise convolution reads the stem's raw output */
    map first;       /* otherwise: the stem activated */
    map dfirst;      /* gradient of the stem's norm; unless it is fused, the first block's dinput */
    map dlast;       /* gradient of the last block's output */
    block_state *blocks;
    pieces head_pieces;
    map pooled, dropped, logits; /* one pixel for each image */
    map dpooled, dlogits;

    float *zeros, *ones; /* [BLOCKED_MAX_PANEL * V] */
    float *packed;       /* weights of the layer at work */
    float *again;        /* those of an expansion that is made again */
    float *taps;         /* depthwise weights of the layer at work */
    float *sums;         /* of pieces: the layer's at work */
    float *weight_sums;  /* weight gradients of pieces */
    float *scratch;      /* [members][scratch_size] */
    const float **rows;  /* [members][rows_size] */
    size_t scratch_size, rows_size;

    train_pass pass; /* the last one */
    size_t count;    /* its images */
    const float *images, *values, *dlogits_in;
    float *gradients, *logits_out;
    train_ready ready; /* NULL: nobody wants to know */
    void *ready_context;
};

/* One thread's view of a step. */
typedef struct member {
    blocked_step *s;
    size_t number, count;
    float *scratch;
    const float **rows;
} member;

/* ---- Cutting ---- */

/* Items [*first, *end) of part `part`. */
static inline void division_part(const division *d, size_t part, size_t *first, size_t *end)
{
    pool_share(d->items, part, d->parts, first, end);
}

size_t pieces_count(const pieces *p, size_t images);
piece piece_at(const pieces *p, size_t images, size_t index);

/* Weight gradients of `count` pieces are summed up in so many places, each of a run of neighbouring pieces:
 * enough for many threads where weights are small. */
size_t slots_count(size_t count, size_t weights);

/* What one place sums up where a block goes backward by strips, in floats from its beginning. */
typedef struct strip_sums {
    size_t step;   /* of the weights' rows: [in][step] from 0 on */
    size_t square; /* [in][inputs]: products of inputs with each other */
    size_t inputs; /* all channels of the input, padded */
    size_t total;  /* [inputs] */
    size_t taps;   /* [vectors][taps][V] */
    size_t size;
} strip_sums;

strip_sums strip_sums_of(const unit *expand, const net_conv *depthwise, size_t vector);

/* Strips of rows of `row_floats` that stay in the second cache. */
size_t strips_of(size_t rows, size_t row_floats);

/* The weight gradients of depthwise convolutions are summed up in so many groups of images at most. */
enum { MOST_IMAGE_SLOTS = 16 };

/* ---- Maps ---- */

static inline float *map_at(const map *m, size_t vector, size_t v, size_t pixel)
{
    return m->data + v * m->block + pixel * vector;
}

/* True if a map is so large that what is written to it has left the caches before it is read again. */
static inline bool map_is_large(const blocked_step *s, const map *m)
{
    return m->vectors * m->block >= s->large;
}

static inline size_t pixels_of(const net_conv *c)
{
    return (size_t)c->out_height * (size_t)c->out_width;
}

static inline size_t vectors_of(size_t channels, size_t vector)
{
    return (channels + vector - 1) / vector;
}

/* ---- Parameters ---- */

static inline const float *value_of(const blocked_step *s, size_t tensor)
{
    return s->values + s->layout->slots[tensor].offset;
}

/* Where a tensor's gradient is added; NULL where it is not wanted. */
static inline float *gradient_of(const blocked_step *s, size_t tensor)
{
    return tensor < s->options.first_trained ? NULL : s->gradients + s->layout->slots[tensor].offset;
}

/* Batch norm's mean and variance are constants in this pass. */
static inline bool constant_norms(const blocked_step *s)
{
    return s->pass.mode == TRAIN_EVALUATE || (s->pass.mode == TRAIN_LEARN && s->options.frozen_norms);
}

/* Panels of `vectors` vectors of outputs: twos, with a three at the end of an odd number. */
static inline size_t panel_count(size_t vectors)
{
    return vectors < 2 ? 1 : vectors / 2;
}

static inline size_t panel_width(size_t vectors, size_t panel)
{
    if (vectors < 2) return vectors;
    return panel + 1 == vectors / 2 ? 2 + vectors % 2 : 2;
}

#endif

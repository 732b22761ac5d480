/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the blocked engine share: the plan of a block, the scratch memory of a caller, and one
 * member's view of it.
 */
#ifndef ENGINE_BLOCKED_PLAN_H
#define ENGINE_BLOCKED_PLAN_H

#include "engine/blocked/blocked_engine.h"

/* Everything about one block that follows from its shape. */
typedef struct block_plan {
    const net_block *net;
    const block_weights *weights;
    bool from_stem;      /* expanded rows come from the stem */
    bool copies;         /* no expansion: the input rows themselves, only padded */
    bool by_rows, whole; /* how members divide it; whether a panel's expanded plane is made whole */
    size_t padded_width; /* pixels of a padded row */
    size_t ring_rows;    /* rows that the buffer of a panel holds */
    uint32_t *place;     /* whole: [in_height * in_width], where an expanded pixel goes in the padded plane */
} block_plan;

struct blocked_scratch {
    const net_graph *graph;
    const blocked_weights *weights;
    const blocked_table *table;
    pool *team;
    size_t members; /* of the team */
    block_plan *plans;
    float *memory;    /* one block, 64-byte aligned */
    float *planes[2]; /* block inputs and outputs, in turn */
    float *hidden;    /* [vectors][out_height][out_width][V] of the widest block */
    float *row_sums;  /* [out_height][vectors][V] of the widest block with squeeze-and-excitation */
    float *gate;      /* [members][vectors * V]: sums, then the gate, a copy for each member */
    float *squeezed;  /* [members][vectors * V] */
    float *pooled, *logits;
    float *rings;   /* [members][ring_size] */
    float *zeros;   /* one padded row */
    float *patches; /* [members][patch_size]: padded input rows for the stem */
    size_t gate_size, squeezed_size, ring_size, patch_size;
    uint32_t *places;
    struct blocked_scratch **own; /* [members]: a scratch of each member's own; NULL before the first batch */
    pool *alone;                  /* the team of one that these work on */
    bool no_own;                  /* there is no memory for them */
};

/* One member's view. */
typedef struct member {
    blocked_scratch *s;
    size_t number, count;
    float *ring, *patch, *gate, *squeezed;
} member;

/* The panel of a block's hidden channels that is being made. */
typedef struct panel {
    size_t first, width; /* vectors */
} panel;

/* Pixels of a padded row: all that outputs see, and all that there are. */
static inline size_t padded_width_of(const net_conv *c)
{
    const int seen = (c->out_width - 1) * c->stride + c->kernel, given = c->pad_left + c->in_width;
    return (size_t)(seen > given ? seen : given);
}

/* True if every member has a scratch of its own, for an image of a batch that it runs alone; makes them at
 * the first call. */
bool blocked_scratch_split(blocked_scratch *s);

/* A pointwise convolution of `pixels` pixels of blocked planes of `plane` pixels, from pixel `first`, for one
 * panel. */
blocked_dot pointwise_job(const blocked_table *table, const dot_weights *w, panel p, const float *x,
                          size_t plane, size_t first, size_t pixels);

/* Row `y` of the stem's output for one panel, to `out` with `out_block` floats between vectors. */
void stem_row(const member *m, const float *image, int y, panel p, float *out, size_t out_block);

/* One block from plane `x` (the image, where the block takes the stem in) to plane `y`, which is complete for
 * all members on return. */
void run_block(const member *m, const block_plan *b, const float *x, float *y);

#endif

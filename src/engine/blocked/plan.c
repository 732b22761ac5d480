/* SPDX-License-Identifier: Apache-2.0
 *
 * How each block is divided and where it works, decided before the first run; and the memory for it, in one
 * piece.
 */
#include "engine/blocked/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "base/sizes.h"

enum {
    ROWS_PER_MEMBER = 8,           /* fewer output rows for each member: divide channels instead */
    FULL_PLANE_BYTES = 160 * 1024, /* a panel's expanded plane up to this size is made whole, else by rows */
};

static void plan_block(block_plan *p, const blocked_scratch *s, int index)
{
    const net_block *b = &s->graph->blocks[index];
    const net_conv *dw = &b->depthwise;
    const size_t members = s->members, plane = (size_t)dw->in_height * padded_width_of(dw);
    p->net = b;
    p->weights = &s->weights->blocks[index];
    p->from_stem = blocked_fuses_stem(s->graph, index);
    p->copies = !b->expands && !p->from_stem;
    p->by_rows = members == 1 || (size_t)dw->out_height >= ROWS_PER_MEMBER * members;
    p->padded_width = padded_width_of(dw);
    p->whole = !p->from_stem && plane * 2 * s->table->vector * sizeof(float) <= FULL_PLANE_BYTES;
    p->ring_rows = p->whole ? (size_t)((dw->out_height - 1) * dw->stride + dw->kernel)
                            : (size_t)(dw->kernel + dw->stride);
}

/* ---- Memory ---- */

typedef struct extent { /* the largest of each kind of buffer, floats */
    size_t plane, hidden, row_sums, channels, squeeze, ring, row, places;
} extent;

static void grow(size_t *largest, size_t size)
{
    if (size > *largest) *largest = size;
}

static void measure_block(extent *e, const block_plan *p, size_t vector)
{
    const net_block *b = p->net;
    const size_t vectors = p->weights->depthwise.vectors,
                 widest = vectors < BLOCKED_MAX_PANEL ? vectors : BLOCKED_MAX_PANEL;
    const size_t out = (size_t)b->depthwise.out_height * (size_t)b->depthwise.out_width;
    grow(&e->hidden, vectors * out * vector);
    grow(&e->plane, p->weights->project.vectors * out * vector);
    grow(&e->channels, vectors * vector);
    grow(&e->ring, widest * p->ring_rows * p->padded_width * vector);
    grow(&e->row, p->padded_width * vector);
    if (b->squeeze) {
        grow(&e->row_sums, (size_t)b->depthwise.out_height * vectors * vector);
        grow(&e->squeeze, p->weights->reduce.vectors * vector);
    }
    if (p->whole && b->expands) e->places += (size_t)b->depthwise.in_height * (size_t)b->depthwise.in_width;
}

static extent measure(const blocked_scratch *s)
{
    const net_graph *graph = s->graph;
    const size_t vector = s->table->vector;
    extent e = {.channels = vector, .squeeze = vector};
    for (int i = 0; i < graph->block_count; i++)
        measure_block(&e, &s->plans[i], vector);
    /* Room for the stem's own output even where the first block takes it in: it may be asked for. */
    grow(&e.plane,
         s->weights->stem.vectors * (size_t)graph->stem.out_height * (size_t)graph->stem.out_width * vector);
    if (graph->has_head)
        grow(&e.hidden, s->weights->head.vectors * (size_t)graph->head.out_height *
                            (size_t)graph->head.out_width * vector);
    return e;
}

static void fill_places(blocked_scratch *s)
{
    uint32_t *next = s->places;
    for (int i = 0; i < s->graph->block_count; i++) {
        block_plan *p = &s->plans[i];
        const net_conv *dw = &p->net->depthwise;
        if (!p->whole || !p->net->expands) continue;
        p->place = next;
        for (size_t y = 0; y < (size_t)dw->in_height; y++)
            for (size_t x = 0; x < (size_t)dw->in_width; x++)
                *next++ = (uint32_t)((y * p->padded_width + x) * s->table->vector);
    }
}

/* Rounds up to whole cache lines, with one to spare, so that no two members write to the same line. */
static size_t apart(size_t floats)
{
    return (floats + 31) & ~(size_t)15;
}

/* A buffer of the scratch memory: where its address goes, and its size. */
typedef struct part {
    float **to;
    size_t floats;
    bool handed_on; /* holds what one layer gives to the next */
} part;

enum { PARTS = 11 };

/* The parts of the memory for what `e` measured, in their order; returns the sum of their floats. */
static size_t list_parts(part out[PARTS], blocked_scratch *s, const extent *e)
{
    const size_t members = s->members, vector = s->table->vector;
    s->gate_size = apart(e->channels);
    s->squeezed_size = apart(e->squeeze);
    s->ring_size = apart(e->ring);
    s->patch_size =
        apart((size_t)s->graph->stem.kernel * padded_width_of(&s->graph->stem) * (size_t)s->graph->stem.in);
    const part parts[PARTS] = {
        {&s->planes[0], apart(e->plane), true},
        {&s->planes[1], apart(e->plane), true},
        {&s->hidden, apart(e->hidden), true},
        {&s->row_sums, apart(e->row_sums), false},
        {&s->gate, members * s->gate_size, false},
        {&s->squeezed, members * s->squeezed_size, false},
        {&s->rings, members * s->ring_size, false},
        {&s->patches, members * s->patch_size, false},
        {&s->zeros, apart(e->row), false},
        {&s->pooled, apart(vectors_for((size_t)s->graph->features, vector) * vector), true},
        {&s->logits, apart(vectors_for((size_t)s->graph->arch.classes + 1, vector) * vector), true},
    };
    size_t total = 0;
    for (size_t i = 0; i < PARTS; i++)
        total += parts[i].floats;
    memcpy(out, parts, sizeof parts);
    return total;
}

static size_t places_bytes(const blocked_scratch *s, const extent *e)
{
    return (e->places + 1) * sizeof *s->places;
}

static effnet_status allocate(blocked_scratch *s, effnet_error *error)
{
    const extent e = measure(s);
    part parts[PARTS];
    size_t bytes;
    const size_t total = list_parts(parts, s, &e);
    s->places = malloc(places_bytes(s, &e));
    if (!s->places || !size_mul(&bytes, total, sizeof(float)) || !(s->memory = pages_alloc(bytes)))
        return error_memory(error);
    memset(s->memory, 0, bytes); /* and every page is touched before the first run */
    float *next = s->memory;
    for (size_t i = 0; i < PARTS; i++) {
        *parts[i].to = next;
        next += parts[i].floats;
    }
    fill_places(s);
    return EFFNET_OK;
}

static effnet_status plan_blocks(blocked_scratch *s, effnet_error *error)
{
    const int blocks = s->graph->block_count;
    s->plans = calloc((size_t)blocks + 1, sizeof *s->plans);
    if (!s->plans) return error_memory(error);
    for (int i = 0; i < blocks; i++)
        plan_block(&s->plans[i], s, i);
    return EFFNET_OK;
}

/* Adds what one scratch of a team of `members` takes. */
static effnet_status count_scratch(engine_memory *out, const net_graph *graph, const blocked_weights *weights,
                                   size_t members, effnet_error *error)
{
    blocked_scratch s = {.graph = graph, .weights = weights, .table = weights->table, .members = members};
    TRY(plan_blocks(&s, error));
    const extent e = measure(&s);
    part parts[PARTS];
    size_t handed_on = 0;
    const size_t whole = pages_rounded(list_parts(parts, &s, &e) * sizeof(float));
    for (size_t i = 0; i < PARTS; i++)
        if (parts[i].handed_on) handed_on += parts[i].floats * sizeof(float);
    out->activations += handed_on;
    out->scratch += whole - handed_on + places_bytes(&s, &e);
    free(s.plans);
    return EFFNET_OK;
}

effnet_status blocked_memory_plan(engine_memory *out, const net_graph *graph, const blocked_table *table,
                                  size_t members, effnet_error *error)
{
    blocked_weights weights = {.table = table};
    engine_memory alone = {0};
    *out = (engine_memory){0};
    effnet_status status = blocked_weights_plan(&weights, graph, &out->weights, error);
    if (status == EFFNET_OK) status = blocked_loading_bytes(&out->loading, graph, members, error);
    if (status == EFFNET_OK) status = count_scratch(out, graph, &weights, members, error);
    if (status == EFFNET_OK) status = count_scratch(&alone, graph, &weights, 1, error);
    out->weights = pages_rounded(out->weights);
    if (members > 1) out->batch = members * (alone.activations + alone.scratch);
    free(weights.blocks);
    return status;
}

effnet_status blocked_scratch_create(blocked_scratch **out, const net_graph *graph,
                                     const blocked_weights *weights, pool *team, effnet_error *error)
{
    *out = NULL;
    blocked_scratch *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    *s = (blocked_scratch){.graph = graph, .weights = weights, .table = weights->table, .team = team};
    s->members = pool_members(team);
    effnet_status status = plan_blocks(s, error);
    if (status == EFFNET_OK) status = allocate(s, error);
    if (status != EFFNET_OK) {
        blocked_scratch_free(s);
        return status;
    }
    *out = s;
    return EFFNET_OK;
}

static void free_own(blocked_scratch *s)
{
    for (size_t i = 0; s->own && i < s->members; i++)
        blocked_scratch_free(s->own[i]);
    free(s->own);
    s->own = NULL;
    pool_free(s->alone);
    s->alone = NULL;
}

bool blocked_scratch_split(blocked_scratch *s)
{
    if (s->own || s->no_own) return s->own != NULL;
    s->own = calloc(s->members, sizeof *s->own);
    effnet_status status = s->own ? pool_create(&s->alone, 1, NULL) : EFFNET_ERR_MEMORY;
    for (size_t i = 0; status == EFFNET_OK && i < s->members; i++)
        status = blocked_scratch_create(&s->own[i], s->graph, s->weights, s->alone, NULL);
    s->no_own = status != EFFNET_OK;
    if (s->no_own) free_own(s);
    return !s->no_own;
}

void blocked_scratch_free(blocked_scratch *scratch)
{
    if (!scratch) return;
    free_own(scratch);
    free(scratch->memory);
    free(scratch->places);
    free(scratch->plans);
    free(scratch);
}

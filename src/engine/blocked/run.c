/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass of a network over blocked tensors, as every member of the team runs it: blocks in turn, then head,
 * pooling and classifier, and the endpoints that the caller asked for. See blocked_engine.h for the idea.
 */
#include <string.h>

#include "engine/blocked/plan.h"

/* ---- Stem, head, pooling, classifier ---- */

/* The stem alone, where the first block does not take it in: its true values, Swish's factor taken out again.
 */
static void run_stem(const member *m, const float *image, float *y)
{
    const net_conv *c = &m->s->graph->stem;
    const size_t vector = m->s->table->vector, vectors = m->s->weights->stem.vectors,
                 width = (size_t)c->out_width;
    const size_t plane = (size_t)c->out_height * width;
    size_t first, end;
    pool_share((size_t)c->out_height, m->number, m->count, &first, &end);
    for (size_t i = 0; i < panel_count(vectors); i++)
        for (size_t row = first; row < end; row++)
            stem_row(m, image, (int)row, (panel){panel_first(i), panel_width(vectors, i)},
                     y + (panel_first(i) * plane + row * width) * vector, plane * vector);
    const float act = activation_scale(m->s->graph->arch.activation);
    if (act == 1.0f) return;
    for (size_t c8 = 0; c8 < vector; c8++)
        m->gate[c8] = 1 / act;
    for (size_t n = 0; n < vectors; n++)
        m->s->table->scale(y + (n * plane + first * width) * vector, m->gate, (end - first) * width);
}

/* The last convolution with the global average in its epilogue; its plane is kept only if somebody asked for
 * it. */
static void run_head(const member *m, const float *x, float *keep)
{
    blocked_scratch *s = m->s;
    const net_graph *graph = s->graph;
    const size_t vector = s->table->vector,
                 plane = (size_t)graph->head.out_height * (size_t)graph->head.out_width;
    const dot_weights *w = &s->weights->head;
    const float factor = 1 / (activation_scale(graph->arch.activation) * (float)plane);
    size_t from, to;
    pool_share(panel_count(w->vectors), m->number, m->count, &from, &to);
    for (size_t i = from; i < to; i++) {
        const panel p = {panel_first(i), panel_width(w->vectors, i)};
        blocked_dot job = pointwise_job(s->table, w, p, x, plane, 0, plane);
        float *sum = s->pooled + p.first * vector;
        memset(sum, 0, p.width * vector * sizeof *sum);
        job.activation = activation_kernel(graph->arch.activation);
        job.out = keep ? keep + p.first * plane * vector : NULL;
        job.out_block = plane * vector;
        job.sum = sum;
        s->table->dot(&job);
        for (size_t c = 0; c < p.width * vector; c++)
            sum[c] *= factor;
    }
}

/* Global average of the last block, for networks without a head. */
static void pool_plane(const member *m, const float *x, const net_conv *c, size_t vectors)
{
    const size_t vector = m->s->table->vector, plane = (size_t)c->out_height * (size_t)c->out_width;
    size_t from, to;
    pool_share(vectors, m->number, m->count, &from, &to);
    for (size_t n = from; n < to; n++) {
        float *sum = m->s->pooled + n * vector;
        memset(sum, 0, vector * sizeof *sum);
        for (size_t p = 0; p < plane; p++)
            for (size_t c8 = 0; c8 < vector; c8++)
                sum[c8] += x[(n * plane + p) * vector + c8];
        for (size_t c8 = 0; c8 < vector; c8++)
            sum[c8] /= (float)plane;
    }
}

static void run_classifier(const member *m)
{
    blocked_scratch *s = m->s;
    const dense_weights *w = &s->weights->classifier;
    const size_t group = s->table->dense_panel, groups = (w->vectors + group - 1) / group;
    size_t from, to;
    pool_share(groups, m->number, m->count, &from, &to);
    if (from == to) return;
    s->table->dense(&(blocked_dense){
        .x = s->pooled,
        .k = w->k,
        .weights = w->weights,
        .bias = w->bias,
        .first = from * group,
        .end = to * group < w->vectors ? to * group : w->vectors,
        .vectors = w->vectors,
        .activation = KERNEL_LINEAR,
        .out = s->logits,
    });
}

/* ---- Taps ---- */

/* A blocked plane, times `factor`, as [pixels][channels]. */
static void unblock(const member *m, float *out, const float *x, size_t pixels, size_t channels, float factor)
{
    const size_t vector = m->s->table->vector;
    size_t first, end;
    pool_share(pixels, m->number, m->count, &first, &end);
    for (size_t p = first; p < end; p++)
        for (size_t c = 0; c < channels; c++)
            out[p * channels + c] = x[(c / vector * pixels + p) * vector + c % vector] * factor;
}

typedef struct pass { /* what one call of blocked_run is about */
    blocked_scratch *s;
    const float *input;
    size_t count;
    size_t apart; /* the first of them, a multiple of the members, are run by one member each */
    const engine_tap *taps;
    size_t tap_count;
    int blocks;                    /* to run */
    bool stem;                     /* somebody wants its output */
    bool features, pooled, logits; /* whether anything needs them */
    stopwatch *watch;
} pass;

static void serve_taps(const member *m, const pass *run, size_t image, net_endpoint_kind kind, int block,
                       const float *x, float factor)
{
    for (size_t i = 0; i < run->tap_count; i++) {
        const net_endpoint *at = &run->taps[i].at;
        if (at->kind != kind || (kind == NET_AT_BLOCK && at->block != block)) continue;
        const size_t pixels = (size_t)at->height * (size_t)at->width, channels = (size_t)at->channels;
        unblock(m, run->taps[i].out + image * pixels * channels, x, pixels, channels, factor);
    }
}

/* ---- The pass ---- */

static const float *run_blocks(const member *m, const pass *run, size_t image, const float *input)
{
    blocked_scratch *s = m->s;
    const float *x = input;
    int next = 0;
    if (run->stem || (run->blocks > 0 && !s->plans[0].from_stem)) {
        run_stem(m, input, s->planes[0]);
        pool_barrier(s->team);
        serve_taps(m, run, image, NET_AT_STEM, 0, s->planes[0], 1);
        stopwatch_lap(run->watch, m->number, 0);
    }
    if (run->blocks > 0 && !s->plans[0].from_stem) {
        x = s->planes[0];
        next = 1;
    } else if (run->stem) {
        pool_barrier(s->team); /* block 0 overwrites what the tap reads */
    }
    for (int i = 0; i < run->blocks; i++, next = !next) {
        run_block(m, &s->plans[i], x, s->planes[next]);
        x = s->planes[next];
        serve_taps(m, run, image, NET_AT_BLOCK, i, x, 1);
        stopwatch_lap(run->watch, m->number, (size_t)i + 1);
    }
    return x;
}

static void run_top(const member *m, const pass *run, size_t image, const float *x)
{
    blocked_scratch *s = m->s;
    const net_graph *graph = s->graph;
    const net_conv *last = &graph->blocks[graph->block_count - 1].project;
    const size_t part = (size_t)graph->block_count + graph->has_head; /* that pooling counts with */
    if (graph->has_head) {
        run_head(m, x, run->features ? s->hidden : NULL);
        if (run->features) {
            pool_barrier(s->team);
            serve_taps(m, run, image, NET_AT_FEATURES, 0, s->hidden,
                       1 / activation_scale(graph->arch.activation));
        }
    } else {
        serve_taps(m, run, image, NET_AT_FEATURES, 0, x, 1);
        pool_plane(m, x, last, vectors_for((size_t)graph->features, s->table->vector));
    }
    if (!run->pooled) return;
    pool_barrier(s->team);
    serve_taps(m, run, image, NET_AT_POOLED, 0, s->pooled, 1);
    stopwatch_lap(run->watch, m->number, part);
    if (!run->logits) return;
    run_classifier(m);
    pool_barrier(s->team);
    serve_taps(m, run, image, NET_AT_LOGITS, 0, s->logits, 1);
    stopwatch_lap(run->watch, m->number, part + 1);
}

/* Images [first, end), each by the whole team of `s`. */
static void run_images(const pass *run, blocked_scratch *s, size_t number, size_t count, size_t first,
                       size_t end)
{
    const net_graph *graph = s->graph;
    const member m = {.s = s,
                      .number = number,
                      .count = count,
                      .ring = s->rings + number * s->ring_size,
                      .patch = s->patches + number * s->patch_size,
                      .gate = s->gate + number * s->gate_size,
                      .squeezed = s->squeezed + number * s->squeezed_size};
    const size_t image_size = (size_t)graph->height * (size_t)graph->width * (size_t)graph->arch.in_channels;
    for (size_t i = first; i < end; i++) {
        const float *x = run_blocks(&m, run, i, run->input + i * image_size);
        if (run->features || run->pooled) run_top(&m, run, i, x);
        pool_barrier(s->team); /* taps are read out before the next image overwrites */
    }
}

/* As many images as there are members, and as many again, are run by one member each; those that are left by
 * all together. */
static void run_member(void *context, size_t number, size_t count)
{
    const pass *run = context;
    const size_t each = run->apart / count;
    const unsigned denormals = cpu_denormals_off();
    if (each > 0) {
        stopwatch off = {0};
        pass alone = *run;
        if (number != 0) alone.watch = &off; /* all are member 0 of their own teams */
        run_images(&alone, run->s->own[number], 0, 1, number * each, (number + 1) * each);
    }
    run_images(run, run->s, number, count, run->apart, run->count);
    cpu_denormals_restore(denormals);
}

void blocked_run(blocked_scratch *scratch, const float *input, size_t count, const engine_tap *taps,
                 size_t tap_count, stopwatch *watch)
{
    pass run = {
        .s = scratch, .input = input, .count = count, .taps = taps, .tap_count = tap_count, .watch = watch};
    for (size_t i = 0; i < tap_count; i++) {
        const net_endpoint *at = &taps[i].at;
        if (at->kind == NET_AT_BLOCK && at->block + 1 > run.blocks) run.blocks = at->block + 1;
        run.stem |= at->kind == NET_AT_STEM;
        run.features |= at->kind == NET_AT_FEATURES;
        run.logits |= at->kind == NET_AT_LOGITS;
        run.pooled |= at->kind == NET_AT_POOLED || at->kind == NET_AT_LOGITS;
    }
    if (run.features || run.pooled) run.blocks = scratch->graph->block_count;
    if (count >= scratch->members && scratch->members > 1 && blocked_scratch_split(scratch))
        run.apart = count - count % scratch->members;
    pool_run(scratch->team, run_member, &run);
}

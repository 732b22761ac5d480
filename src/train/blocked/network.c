/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole network forward and backward, as one task that every member of the team runs.
 */
#include <assert.h>
#include <string.h>

#include "cpu/cpu.h"
#include "train/blocked/layers.h"
#include "train/masks.h"

enum { SLOPE_KINDS = 2 };

/* ---- Elementwise passes over (vector of channels, image) ---- */

/* out = image_scale norm(x) + add; NULL: 1, x itself, none. */
static void combine(const member *m, const map *out, const unit *norm, const map *x, const float *image_scale,
                    const map *add)
{
    const blocked_step *s = m->s;
    const size_t vector = s->vector;
    const blocked_norm plain = {s->zeros, s->ones, s->zeros, KERNEL_LINEAR};
    float factor[16];
    size_t first, end;
    assert(vector <= sizeof factor / sizeof *factor);
    pool_share(x->vectors * s->count, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const size_t v = i / s->count, image = i % s->count, pixel = image * x->pixels;
        for (size_t lane = 0; lane < vector; lane++)
            factor[lane] = image_scale ? image_scale[image] : 1;
        s->training->apply(&(blocked_apply){
            .norm = norm ? norm_of(norm, vector, v) : plain,
            .x = map_at(x, vector, v, pixel),
            .height = 1,
            .width = x->pixels,
            .factor = factor,
            .add = add ? map_at(add, vector, v, pixel) : NULL,
            .out = map_at(out, vector, v, pixel),
        });
    }
    pool_barrier(s->team);
}

/* The slopes of a unit's norm at dy (NULL: 1), an image a piece. */
static void measure_slopes(const member *m, const unit *u, const map *dy, const division *whole)
{
    const blocked_step *s = m->s;
    size_t first, end;
    pool_share(u->vectors * s->count, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const size_t v = i / s->count, image = i % s->count, pixel = image * u->raw.pixels;
        s->training->slope(&(blocked_slope){
            .norm = norm_of(u, s->vector, v),
            .x = map_at(&u->raw, s->vector, v, pixel),
            .dy = dy ? map_at(dy, s->vector, v, pixel) : NULL,
            .pixels = u->raw.pixels,
            .sums = sums_at(m, u, whole, SLOPE_KINDS, image, 0, v),
        });
    }
    pool_barrier(s->team);
}

/* ---- Blocks ---- */

/* What the depthwise convolution of a block reads. */
static source depthwise_source(const blocked_step *s, const block_state *b)
{
    if (b->net->expands) return (source){.x = b->expand.raw, .norm = &b->expand};
    if (b->number == 0 && s->fuses_stem) return (source){.x = s->stem.raw, .norm = &s->stem};
    return b->input; /* a map as it is: its maker knew */
}

static source project_source(const block_state *b)
{
    return (source){
        .x = b->depthwise.raw, .norm = &b->depthwise, .gate = b->net->squeeze ? &b->se.gate : NULL};
}

static void block_forward(const member *m, block_state *b)
{
    if (b->net->expands) pointwise_forward(m, &b->expand, &b->input, &b->expand.raw, &b->expand_pieces, true);
    const source wide = depthwise_source(m->s, b), gated = project_source(b);
    depthwise_forward(m, b, &wide);
    if (b->net->squeeze) squeeze_forward(m, b);
    pointwise_forward(m, &b->project, &gated, &b->project.raw, &b->project_pieces, true);
    if (!b->keeps_output) return;
    if (b->net->residual && b->input.norm) combine(m, &b->output.x, b->input.norm, &b->input.x, NULL, NULL);
    const map *add = b->input.norm ? &b->output.x : &b->input.x;
    combine(m, &b->output.x, &b->project, &b->project.raw, b->scale, b->net->residual ? add : NULL);
}

/* All tensors of a unit and of what lies before it are ones whose gradients are not wanted. */
static bool frozen_up_to(const blocked_step *s, const unit *u)
{
    return u->tensor + 5 <= s->options.first_trained;
}

/* True if what lies before a block is trained. */
static bool wants_input(const blocked_step *s, const block_state *b)
{
    return !frozen_up_to(s, b->number > 0 ? &s->blocks[b->number - 1].project : &s->stem);
}

/* From the gradient of the depthwise convolution's input to that of the block's. */
static void expand_backward(const member *m, block_state *b, const map *dout)
{
    blocked_step *s = m->s;
    const bool wanted = wants_input(s, b);
    if (b->net->expands) {
        norm_derive(m, &b->expand, &b->rows_in, &(norm_gradient){0});
        const pointwise_gradient g = {.dy = &b->dwide,
                                      .dx = wanted ? &b->dinput : NULL,
                                      .add = wanted && b->net->residual ? dout : NULL};
        pointwise_backward(m, &b->expand, &b->input, &b->expand_pieces, &g);
    } else if (b->number == 0 && s->fuses_stem) {
        if (wanted) norm_derive(m, &s->stem, &b->rows_in, &(norm_gradient){0});
    } else if (wanted && b->net->residual) {
        combine(m, &b->dinput, NULL, &b->dinput, NULL, dout);
    }
}

/* The map that takes the gradient of what the depthwise convolution reads; NULL where it is not wanted. */
static const map *depthwise_gradient(const blocked_step *s, const block_state *b)
{
    if (b->net->expands) return &b->dwide;
    if (!wants_input(s, b)) return NULL;
    return b->number == 0 && s->fuses_stem ? &s->dfirst : &b->dinput;
}

static void block_backward(const member *m, block_state *b, const map *dout)
{
    blocked_step *s = m->s;
    const bool gated = b->net->squeeze > 0;
    const division whole = {b->project.raw.pixels, 1, 1};
    const source wide = depthwise_source(s, b), narrow = project_source(b);
    measure_slopes(m, &b->project, dout, &whole);
    norm_derive(m, &b->project, &whole, &(norm_gradient){.image_scale = b->scale});
    const pointwise_gradient g = {.dy = dout, .image_scale = b->scale, .dx = &b->dhidden, .slopes = true};
    pointwise_backward(m, &b->project, &narrow, &b->project_pieces, &g);
    if (gated) squeeze_backward(m, b);
    norm_derive(m, &b->depthwise, &b->project_pieces.image,
                &(norm_gradient){.factor = gated ? &b->se.gate : NULL,
                                 .offset = gated ? &b->se.dpooled : NULL,
                                 .gated = gated});
    if (b->net->expands && s->options.memory == TRAIN_RECOMPUTE && !b->remakes)
        pointwise_forward(m, &b->expand, &b->input, &b->expand.raw, &b->expand_pieces, false);
    if (b->strips.images > 0) {
        const bool wanted = wants_input(s, b);
        inverted_backward(m, b, wanted ? &b->dinput : NULL, wanted && b->net->residual ? dout : NULL);
        return;
    }
    depthwise_backward(m, b, &wide, depthwise_gradient(s, b));
    expand_backward(m, b, dout);
}

/* ---- Behind the blocks ---- */

static const source *last_output(const blocked_step *s)
{
    return &s->blocks[s->graph->block_count - 1].output;
}

static source pooled_source(const blocked_step *s)
{
    if (s->graph->has_head) return (source){.x = s->head.raw, .norm = &s->head};
    return *last_output(s);
}

static size_t classifier_tensor(const net_graph *graph)
{
    return net_tensor_count(graph) - 2;
}

/* Multiplies pooled features, or their gradients, by what dropout has drawn. */
static void drop(const member *m, const map *from, const map *to, double by)
{
    const blocked_step *s = m->s;
    const train_dropout draws = train_dropout_of(&s->pass, &s->graph->arch);
    size_t first, end;
    pool_share(from->vectors, m->number, m->count, &first, &end);
    for (size_t v = first; v < end; v++)
        for (size_t image = 0; image < s->count; image++)
            for (size_t i = 0; i < s->vector; i++) {
                const size_t feature = v * s->vector + i;
                const double scale =
                    feature < from->channels ? train_feature_scale(&draws, image, feature) : 0;
                map_at(to, s->vector, v, image)[i] =
                    map_at(from, s->vector, v, image)[i] * (float)(scale * by);
            }
    pool_barrier(s->team);
}

/* Between maps of one pixel and rows [count][channels]. */
static void from_map(const member *m, const map *from, float *rows)
{
    const size_t vector = m->s->vector;
    size_t first, end;
    pool_share(m->s->count, m->number, m->count, &first, &end);
    for (size_t image = first; image < end; image++)
        for (size_t c = 0; c < from->channels; c++)
            rows[image * from->channels + c] = map_at(from, vector, c / vector, image)[c % vector];
    pool_barrier(m->s->team);
}

static void to_map(const member *m, const float *rows, const map *to)
{
    const size_t vector = m->s->vector;
    size_t first, end;
    pool_share(m->s->count, m->number, m->count, &first, &end);
    for (size_t image = first; image < end; image++)
        for (size_t c = 0; c < to->vectors * vector; c++)
            map_at(to, vector, c / vector, image)[c % vector] =
                c < to->channels ? rows[image * to->channels + c] : 0;
    pool_barrier(m->s->team);
}

static void classify_forward(const member *m)
{
    blocked_step *s = m->s;
    if (s->graph->has_head)
        pointwise_forward(m, &s->head, last_output(s), &s->head.raw, &s->head_pieces, true);
    const source features = pooled_source(s);
    pool_forward(m, &features, &s->pooled);
    if (s->graph->arch.classes == 0) {
        from_map(m, &s->pooled, s->logits_out);
        return;
    }
    drop(m, &s->pooled, &s->dropped, 1);
    dense_forward(m, classifier_tensor(s->graph), &s->dropped, &s->logits);
    from_map(m, &s->logits, s->logits_out);
}

/* Where there is no head, every pixel of the last block's output has the same share. */
static void spread(const member *m, const map *pooled, const map *to)
{
    const blocked_step *s = m->s;
    size_t first, end;
    pool_share(to->vectors * s->count, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const size_t v = i / s->count, image = i % s->count;
        for (size_t p = 0; p < to->pixels; p++)
            memcpy(map_at(to, s->vector, v, image * to->pixels + p), map_at(pooled, s->vector, v, image),
                   s->vector * sizeof(float));
    }
    pool_barrier(s->team);
}

/* To the gradient of the last block's output; false if nothing is trained there or before. */
static bool classify_backward(const member *m)
{
    blocked_step *s = m->s;
    const source features = pooled_source(s);
    const block_state *last = &s->blocks[s->graph->block_count - 1];
    const double each = 1 / (double)features.x.pixels;
    if (s->graph->arch.classes == 0) {
        to_map(m, s->dlogits_in, &s->dpooled);
    } else {
        to_map(m, s->dlogits_in, &s->dlogits);
        dense_backward(m, classifier_tensor(s->graph), &s->dropped, &s->dlogits, &s->dpooled);
    }
    drop(m, &s->dpooled, &s->dpooled, each);
    if (!s->graph->has_head) {
        if (frozen_up_to(s, &last->project)) return false;
        spread(m, &s->dpooled, &s->dlast);
        return true;
    }
    if (frozen_up_to(s, &s->head)) return false;
    const division whole = {features.x.pixels, 1, 1};
    const bool wanted = !frozen_up_to(s, &last->project);
    measure_slopes(m, &s->head, NULL, &whole);
    norm_derive(m, &s->head, &whole, &(norm_gradient){.factor = &s->dpooled});
    const pointwise_gradient g = {.offset = &s->dpooled, .dx = wanted ? &s->dlast : NULL};
    pointwise_backward(m, &s->head, &last->output, &s->head_pieces, &g);
    return wanted;
}

/* ---- The network ---- */

static member member_of(blocked_step *s, size_t number, size_t count)
{
    return (member){.s = s,
                    .number = number,
                    .count = count,
                    .scratch = s->scratch + number * s->scratch_size,
                    .rows = s->rows + number * s->rows_size};
}

static void run_forward(void *context, size_t number, size_t count)
{
    blocked_step *s = context;
    const member m = member_of(s, number, count);
    const unsigned denormals = cpu_denormals_off();
    stem_forward(&m);
    for (int i = 0; i < s->graph->block_count; i++)
        block_forward(&m, &s->blocks[i]);
    classify_forward(&m);
    cpu_denormals_restore(denormals);
}

/* The first tensor behind the blocks, if there is one. */
static size_t tensor_behind(const blocked_step *s)
{
    if (s->graph->has_head) return s->head.tensor;
    return s->graph->arch.classes > 0 ? classifier_tensor(s->graph) : net_tensor_count(s->graph);
}

/* The gradients from `tensor` on are there: no member adds to them any more. */
static void tell_ready(const member *m, size_t tensor)
{
    const blocked_step *s = m->s;
    if (!s->ready || tensor == net_tensor_count(s->graph)) return;
    pool_barrier(s->team);
    if (m->number == 0) s->ready(s->ready_context, s->layout->slots[tensor].offset);
}

static size_t first_tensor_of(const block_state *b)
{
    return (b->net->expands ? &b->expand : &b->depthwise)->tensor;
}

static void run_backward(void *context, size_t number, size_t count)
{
    blocked_step *s = context;
    const member m = member_of(s, number, count);
    const unsigned denormals = cpu_denormals_off();
    bool wanted = classify_backward(&m);
    const map *dout = &s->dlast;
    size_t before = tensor_behind(s);
    for (int i = s->graph->block_count - 1; wanted && i >= 0; i--) {
        tell_ready(&m, before);
        block_backward(&m, &s->blocks[i], dout);
        before = first_tensor_of(&s->blocks[i]);
        wanted = wants_input(s, &s->blocks[i]);
        dout = &s->blocks[i].dinput;
    }
    if (wanted) stem_backward(&m);
    cpu_denormals_restore(denormals);
}

void blocked_step_forward(blocked_step *s, const train_pass *pass, const float *values, const float *images,
                          size_t count, float *logits)
{
    s->pass = *pass;
    s->count = count;
    s->values = values;
    s->images = images;
    s->logits_out = logits;
    for (int i = 0; i < s->graph->block_count; i++) {
        block_state *b = &s->blocks[i];
        b->expand.raw = b->expanded[0];
        for (size_t image = 0; image < count; image++)
            b->scale[image] = (float)train_branch_scale(pass, b->net, b->number, image);
    }
    pool_run(s->team, run_forward, s);
}

void blocked_step_backward(blocked_step *s, const float *values, const float *dlogits, float *gradients)
{
    s->values = values;
    s->dlogits_in = dlogits;
    s->gradients = gradients;
    for (int i = 0; i < s->graph->block_count; i++)
        s->blocks[i].expand.raw = s->blocks[i].expanded[1];
    pool_run(s->team, run_backward, s);
}

void blocked_step_on_ready(blocked_step *s, train_ready ready, void *context)
{
    s->ready = ready;
    s->ready_context = context;
}

/* ---- Running statistics ---- */

static void update_unit(const blocked_step *s, const unit *u, float *values)
{
    const double momentum = s->graph->variant.bn_momentum, count = (double)(s->count * pixels_of(u->conv)),
                 unbiased = count > 1 ? count / (count - 1) : 1;
    float *mean = values + s->layout->slots[u->tensor + 3].offset,
          *variance = values + s->layout->slots[u->tensor + 4].offset;
    for (size_t c = 0; c < (size_t)u->conv->out; c++) {
        mean[c] = (float)((1 - momentum) * (double)mean[c] + momentum * (double)u->mean[c]);
        variance[c] =
            (float)((1 - momentum) * (double)variance[c] + momentum * unbiased * (double)u->variance[c]);
    }
}

void blocked_step_update_statistics(blocked_step *s, float *values)
{
    if (constant_norms(s)) return;
    update_unit(s, &s->stem, values);
    for (int i = 0; i < s->graph->block_count; i++) {
        const block_state *b = &s->blocks[i];
        if (b->net->expands) update_unit(s, &b->expand, values);
        update_unit(s, &b->depthwise, values);
        update_unit(s, &b->project, values);
    }
    if (s->graph->has_head) update_unit(s, &s->head, values);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * One MBConv block, as every member of the team runs it: expand and depthwise fused panel by panel, squeeze
 * and excite, project. In the first block the stem plays the expansion's part.
 *
 * Members divide large planes by rows (each recomputes the few expanded rows that its neighbour has too) and
 * small ones by hidden channels. The choice depends on the shape and the team; no bit of the result does,
 * since every sum is taken within one member in an order of its own: over channels in a kernel, over the
 * pixels of a row, then over rows.
 */
#include <string.h>

#include "engine/blocked/plan.h"

/* Fewer pixels for each member than this: a projection is divided by outputs instead. */
enum { PIXELS_PER_MEMBER = 40 };

/* ---- The expanded rows of a panel ---- */

/* Input rows of the stem that output row `y` sees, padded, to the member's patch. */
static void fill_patch(const member *m, const float *image, int y)
{
    const net_conv *c = &m->s->graph->stem;
    const size_t channels = (size_t)c->in, width = padded_width_of(c) * channels;
    const size_t left = (size_t)c->pad_left * channels, columns = (size_t)c->in_width * channels;
    const size_t kept = columns < width - left ? columns : width - left;
    for (int k = 0; k < c->kernel; k++) {
        float *to = m->patch + (size_t)k * width;
        const int row = y * c->stride - c->pad_top + k;
        if (row < 0 || row >= c->in_height) {
            memset(to, 0, width * sizeof *to);
            continue;
        }
        memset(to, 0, left * sizeof *to);
        memcpy(to + left, image + (size_t)row * columns, kept * sizeof *to);
        memset(to + left + kept, 0, (width - left - kept) * sizeof *to);
    }
}

/* A dot product for one panel of `w`; its input, pixels and output are the caller's to fill in. */
static blocked_dot panel_job(const dot_weights *w, size_t vector, panel p)
{
    const size_t inputs = (w->rows - 1) * w->length + w->last; /* of each output */
    return (blocked_dot){
        .rows = w->rows,
        .length = w->length,
        .last = w->last,
        .weights = w->weights + p.first * vector * inputs,
        .bias = w->bias + p.first * vector,
        .panel = p.width,
        .half = w->half && p.first + p.width == w->vectors,
    };
}

void stem_row(const member *m, const float *image, int y, panel p, float *out, size_t out_block)
{
    const net_conv *c = &m->s->graph->stem;
    const size_t channels = (size_t)c->in;
    fill_patch(m, image, y);
    blocked_dot job = panel_job(&m->s->weights->stem, m->s->table->vector, p);
    job.x = m->patch;
    job.x_pixel = (size_t)c->stride * channels;
    job.x_row = padded_width_of(c) * channels;
    job.pixels = (size_t)c->out_width;
    job.activation = activation_kernel(m->s->graph->arch.activation);
    job.out = out;
    job.out_block = out_block;
    m->s->table->dot(&job);
}

blocked_dot pointwise_job(const blocked_table *table, const dot_weights *w, panel p, const float *x,
                          size_t plane, size_t first, size_t pixels)
{
    blocked_dot job = panel_job(w, table->vector, p);
    job.x = x + first * table->vector;
    job.x_pixel = table->vector;
    job.x_row = plane * table->vector;
    job.pixels = pixels;
    return job;
}

/* Expanded rows [first, end) of a panel to `out` (at the first real column of row `first`), rows apart by
 * padded_width. `place` is given where several rows go at once. */
static void expand_rows(const member *m, const block_plan *b, const float *x, panel p, int first, int end,
                        float *out, size_t out_block)
{
    const net_conv *dw = &b->net->depthwise;
    const size_t vector = m->s->table->vector, width = (size_t)dw->in_width,
                 plane = (size_t)dw->in_height * width;
    if (b->from_stem) {
        stem_row(m, x, first, p, out, out_block);
    } else if (b->copies) {
        for (size_t n = 0; n < p.width; n++)
            for (int y = first; y < end; y++)
                memcpy(out + n * out_block + (size_t)(y - first) * b->padded_width * vector,
                       x + ((p.first + n) * plane + (size_t)y * width) * vector,
                       width * vector * sizeof *out);
    } else {
        blocked_dot job = pointwise_job(m->s->table, &b->weights->expand, p, x, plane, (size_t)first * width,
                                        (size_t)(end - first) * width);
        job.activation = activation_kernel(m->s->graph->arch.activation);
        job.out = out;
        job.out_block = out_block;
        job.place = b->place;
        m->s->table->dot(&job);
    }
}

/* ---- Expand and depthwise, fused ---- */

/* Zeroes the columns left and right of the image in `rows` rows of the ring, for `width` vectors. */
static void clear_columns(const member *m, const block_plan *b, size_t width)
{
    const net_conv *dw = &b->net->depthwise;
    const size_t vector = m->s->table->vector, left = (size_t)dw->pad_left;
    const size_t right =
        b->padded_width > left + (size_t)dw->in_width ? b->padded_width - left - (size_t)dw->in_width : 0;
    for (size_t r = 0; r < width * b->ring_rows; r++) {
        float *row = m->ring + r * b->padded_width * vector;
        memset(row, 0, left * vector * sizeof *row);
        memset(row + (b->padded_width - right) * vector, 0, right * vector * sizeof *row);
    }
}

/* The depthwise convolution of output rows [y, y + height) of one vector of channels. */
static void depthwise_rows(const member *m, const block_plan *b, size_t v, int y, size_t height,
                           const float *const *rows)
{
    blocked_scratch *s = m->s;
    const net_conv *dw = &b->net->depthwise;
    const size_t vector = s->table->vector, taps = (size_t)dw->kernel * (size_t)dw->kernel;
    const size_t vectors = b->weights->depthwise.vectors, width = (size_t)dw->out_width;
    const blocked_depthwise job = {
        .rows = rows,
        .kernel = (size_t)dw->kernel,
        .stride = (size_t)dw->stride,
        .weights = b->weights->depthwise.weights + v * taps * vector,
        .bias = b->weights->depthwise.bias + v * vector,
        .activation = activation_kernel(s->graph->arch.activation),
        .out = s->hidden + (v * (size_t)dw->out_height + (size_t)y) * width * vector,
        .width = width,
        .height = height,
        .row_step = (size_t)dw->stride * b->padded_width * vector,
        .sum = b->net->squeeze ? s->row_sums + ((size_t)y * vectors + v) * vector : NULL,
        .sum_step = vectors * vector,
    };
    s->table->depthwise(&job);
}

/* Output rows [first, end) of one panel, over a plane that holds every expanded row they need. */
static void front_whole(const member *m, const block_plan *b, const float *x, panel p, int first, int end)
{
    const net_conv *dw = &b->net->depthwise;
    const size_t vector = m->s->table->vector, row = b->padded_width * vector, block = b->ring_rows * row;
    const int top = first * dw->stride - dw->pad_top,
              bottom = (end - 1) * dw->stride - dw->pad_top + dw->kernel;
    const int from = top < 0 ? 0 : top, to = bottom > dw->in_height ? dw->in_height : bottom;
    for (size_t n = 0; n < p.width; n++) {
        memset(m->ring + n * block, 0, (size_t)(from - top) * row * sizeof *m->ring);
        memset(m->ring + n * block + (size_t)(to - top) * row, 0,
               (size_t)(bottom - to) * row * sizeof *m->ring);
    }
    expand_rows(m, b, x, p, from, to, m->ring + (size_t)(from - top) * row + (size_t)dw->pad_left * vector,
                block);
    for (size_t n = 0; n < p.width; n++) {
        const float *rows[NET_MAX_KERNEL];
        for (int k = 0; k < dw->kernel; k++)
            rows[k] = m->ring + n * block + (size_t)k * row;
        depthwise_rows(m, b, p.first + n, first, (size_t)(end - first), rows);
    }
}

/* The same through a ring of rows: each expanded row is made once, just before the first output row that
 * needs it. */
static void front_ring(const member *m, const block_plan *b, const float *x, panel p, int first, int end)
{
    const net_conv *dw = &b->net->depthwise;
    const size_t vector = m->s->table->vector, row = b->padded_width * vector, block = b->ring_rows * row;
    const int ring = (int)b->ring_rows;
    int next = first * dw->stride - dw->pad_top;
    if (next < 0) next = 0;
    for (int y = first; y < end; y++) {
        const int top = y * dw->stride - dw->pad_top;
        int bottom = top + dw->kernel;
        if (bottom > dw->in_height) bottom = dw->in_height;
        if (next < top) next = top; /* strides wider than the kernel skip rows */
        for (; next < bottom; next++)
            expand_rows(m, b, x, p, next, next + 1,
                        m->ring + (size_t)(next % ring) * row + (size_t)dw->pad_left * vector, block);
        for (size_t n = 0; n < p.width; n++) {
            const float *rows[NET_MAX_KERNEL];
            for (int k = 0; k < dw->kernel; k++) {
                const int r = top + k;
                rows[k] = r < 0 || r >= dw->in_height ? m->s->zeros
                                                      : m->ring + n * block + (size_t)(r % ring) * row;
            }
            depthwise_rows(m, b, p.first + n, y, 1, rows);
        }
    }
}

/* What of a block's hidden tensor falls to a member: rows [row, last) of panels [first, end). */
typedef struct hidden_share {
    size_t row, last, first, end;
} hidden_share;

/* Rows or panels, as the plan says; false if there is nothing for this member. */
static bool share_hidden(const member *m, const block_plan *b, hidden_share *s)
{
    *s = (hidden_share){.last = (size_t)b->net->depthwise.out_height,
                        .end = panel_count(b->weights->depthwise.vectors)};
    if (b->by_rows)
        pool_share(s->last, m->number, m->count, &s->row, &s->last);
    else
        pool_share(s->end, m->number, m->count, &s->first, &s->end);
    return s->row < s->last && s->first < s->end;
}

static void front(const member *m, const block_plan *b, const float *x)
{
    const size_t vectors = b->weights->depthwise.vectors;
    hidden_share share;
    if (!share_hidden(m, b, &share)) return;
    clear_columns(m, b, vectors < BLOCKED_MAX_PANEL ? vectors : BLOCKED_MAX_PANEL);
    for (size_t i = share.first; i < share.end; i++) {
        const panel p = {panel_first(i), panel_width(vectors, i)};
        if (b->whole)
            front_whole(m, b, x, p, (int)share.row, (int)share.last);
        else
            front_ring(m, b, x, p, (int)share.row, (int)share.last);
    }
}

/* ---- Squeeze and excitation ---- */

static void excite(const member *m, const block_plan *b)
{
    blocked_scratch *s = m->s;
    const block_weights *w = b->weights;
    const net_conv *dw = &b->net->depthwise;
    const size_t vector = s->table->vector, vectors = w->depthwise.vectors, floats = vectors * vector;
    const size_t pixels = (size_t)dw->out_height * (size_t)dw->out_width;
    memset(m->gate, 0, floats * sizeof *m->gate);
    for (int y = 0; y < dw->out_height; y++)
        for (size_t c = 0; c < floats; c++)
            m->gate[c] += s->row_sums[(size_t)y * floats + c];
    for (size_t c = 0; c < floats; c++)
        m->gate[c] /= (float)pixels;
    s->table->dense(&(blocked_dense){
        .x = m->gate,
        .k = w->reduce.k,
        .weights = w->reduce.weights,
        .bias = w->reduce.bias,
        .end = w->reduce.vectors,
        .vectors = w->reduce.vectors,
        .activation = activation_kernel(s->graph->arch.activation),
        .out = m->squeezed,
    });
}

/* The gate of one panel, and the hidden pixels [first, end) of its vectors multiplied by it. */
static void apply_gate(const member *m, const block_plan *b, panel p, size_t first, size_t end)
{
    blocked_scratch *s = m->s;
    const net_conv *dw = &b->net->depthwise;
    const size_t vector = s->table->vector, plane = (size_t)dw->out_height * (size_t)dw->out_width;
    blocked_dot job = pointwise_job(s->table, &b->weights->excite, p, m->squeezed, 1, 0, 1);
    job.activation = KERNEL_SIGMOID;
    job.out = m->gate + p.first * vector;
    job.out_block = vector;
    s->table->dot(&job);
    for (size_t n = p.first; n < p.first + p.width; n++)
        s->table->scale(s->hidden + (n * plane + first) * vector, m->gate + n * vector, end - first);
}

static void squeeze_and_excite(const member *m, const block_plan *b)
{
    const size_t vectors = b->weights->depthwise.vectors, width = (size_t)b->net->depthwise.out_width;
    hidden_share share;
    if (!share_hidden(m, b, &share)) return;
    excite(m, b);
    for (size_t i = share.first; i < share.end; i++)
        apply_gate(m, b, (panel){panel_first(i), panel_width(vectors, i)}, share.row * width,
                   share.last * width);
}

/* ---- Projection ---- */

/* Pixels [first, end) of panels [from, to) that fall to this member: pixels where there are enough, else
 * panels. */
static void share_plane(const member *m, size_t pixels, size_t panels, size_t *first, size_t *end,
                        size_t *from, size_t *to)
{
    *first = *from = 0;
    *end = pixels;
    *to = panels;
    if (pixels >= PIXELS_PER_MEMBER * m->count)
        pool_share(pixels, m->number, m->count, first, end);
    else
        pool_share(panels, m->number, m->count, from, to);
}

static void project(const member *m, const block_plan *b, const float *x, float *y)
{
    const dot_weights *w = &b->weights->project;
    const net_conv *c = &b->net->project;
    const size_t vector = m->s->table->vector, width = (size_t)c->out_width,
                 plane = (size_t)c->out_height * width;
    size_t first, end, from = 0, to = panel_count(w->vectors);
    if (b->by_rows) { /* the rows that this member made itself */
        pool_share((size_t)c->out_height, m->number, m->count, &first, &end);
        first *= width;
        end *= width;
    } else {
        share_plane(m, plane, panel_count(w->vectors), &first, &end, &from, &to);
    }
    if (first == end) return;
    for (size_t i = from; i < to; i++) {
        const panel p = {panel_first(i), panel_width(w->vectors, i)};
        blocked_dot job = pointwise_job(m->s->table, w, p, m->s->hidden, plane, first, end - first);
        const size_t at = (p.first * plane + first) * vector;
        job.out = y + at;
        job.out_block = plane * vector;
        job.add = b->net->residual ? x + at : NULL;
        m->s->table->dot(&job);
    }
}

void run_block(const member *m, const block_plan *b, const float *x, float *y)
{
    pool *team = m->s->team;
    front(m, b, x);
    if (b->net->squeeze) {
        pool_barrier(team);
        squeeze_and_excite(m, b);
    }
    /* By rows without squeeze-and-excitation a member reads only what it wrote. */
    if (!b->by_rows) pool_barrier(team);
    project(m, b, x, y);
    pool_barrier(team);
}

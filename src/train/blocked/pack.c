/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights from PyTorch's layouts to the order in which kernels read. They change with every step, so this is
 * part of it: squares of V x V are turned over in registers.
 */
#include <string.h>

#include "train/blocked/layers.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void pack_forward_panel(const member *m, float *to, const float *weights, size_t in, size_t out, size_t panel)
{
    const size_t vector = m->s->vector, width = panel_width(vectors_of(out, vector), panel);
    for (size_t n = 0; n < width; n++) {
        const size_t first = (2 * panel + n) * vector;
        m->s->training->transpose(&(blocked_transpose){
            .x = weights + first * in,
            .x_step = in,
            .rows = least(vector, out - first),
            .columns = in,
            .out = to + n * vector,
            .out_step = width * vector,
        });
    }
}

void pack_backward_panel(const member *m, float *to, const float *weights, size_t in, size_t out,
                         size_t panel)
{
    const size_t vector = m->s->vector, width = panel_width(vectors_of(in, vector), panel) * vector;
    const size_t first = 2 * panel * vector, kept = least(width, in - first);
    for (size_t o = 0; o < out; o++, to += width) {
        memcpy(to, weights + o * in + first, kept * sizeof *to);
        memset(to + kept, 0, (width - kept) * sizeof *to);
    }
}

void pack_forward(const member *m, float *to, const float *weights, size_t in, size_t out)
{
    size_t first, end;
    pool_share(panel_count(vectors_of(out, m->s->vector)), m->number, m->count, &first, &end);
    for (size_t panel = first; panel < end; panel++)
        pack_forward_panel(m, to + 2 * panel * m->s->vector * in, weights, in, out, panel);
}

void pack_backward(const member *m, float *to, const float *weights, size_t in, size_t out)
{
    size_t first, end;
    pool_share(panel_count(vectors_of(in, m->s->vector)), m->number, m->count, &first, &end);
    for (size_t panel = first; panel < end; panel++)
        pack_backward_panel(m, to + 2 * panel * m->s->vector * out, weights, in, out, panel);
}

void pack_taps(const member *m, float *to, const float *weights, size_t channels, size_t taps)
{
    const size_t vector = m->s->vector;
    size_t first, end;
    pool_share(vectors_of(channels, vector), m->number, m->count, &first, &end);
    for (size_t v = first; v < end; v++)
        m->s->training->transpose(&(blocked_transpose){
            .x = weights + v * vector * taps,
            .x_step = taps,
            .rows = least(vector, channels - v * vector),
            .columns = taps,
            .out = to + v * taps * vector,
            .out_step = vector,
        });
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution in plain C:
 *
 *     output[y][x][c] = activation(bias[c] + sum over ky, kx of
 *                                  input[y * stride - pad_top + ky][x * stride - pad_left + kx][c] *
 * weights[c][ky][kx])
 *
 * with ky, then kx ascending, over the taps that lie inside the input. Packed weights are
 * [kernel][kernel][channels].
 */
#include "kernels/ref.h"

#include <assert.h>

static size_t packed_size(const kernel_filter *f)
{
    return f->kernel * f->kernel * f->out;
}

static void pack(float *packed, const kernel_filter *f, const float *weights /* [out][1][kernel][kernel] */)
{
    assert(f->in == f->out);
    const size_t taps = f->kernel * f->kernel;
    for (size_t tap = 0; tap < taps; tap++)
        for (size_t c = 0; c < f->out; c++)
            packed[tap * f->out + c] = weights[c * taps + tap];
}

/* The taps of one output pixel, with the input and the weights of its first one. */
typedef struct window {
    size_t rows, columns;
    size_t channels;
    size_t input_row, weight_row; /* floats from one row of taps to the next */
    const float *input, *weights;
} window;

/* Channels [first, first + count) of one pixel. Inlined twice, so that `count` is a constant where it
 * matters. */
static inline __attribute__((always_inline)) void run_strip(float *output /* [channels] */, const window *w,
                                                            const kernel_layer *l, size_t first, size_t count)
{
    float sum[REF_STRIP];
    for (size_t c = 0; c < count; c++)
        sum[c] = l->bias[first + c];
    for (size_t ky = 0; ky < w->rows; ky++) {
        const float *input = w->input + ky * w->input_row + first;
        const float *weights = w->weights + ky * w->weight_row + first;
        for (size_t kx = 0; kx < w->columns; kx++)
            for (size_t c = 0; c < count; c++)
                sum[c] += input[kx * w->channels + c] * weights[kx * w->channels + c];
    }
    ref_activate(sum, count, l->filter.activation);
    for (size_t c = 0; c < count; c++)
        output[first + c] = sum[c];
}

static void run_pixel(const kernel_layer *l, size_t y, size_t x)
{
    const kernel_filter *f = &l->filter;
    const kernel_plane *p = &l->plane;
    const size_t channels = f->out;
    size_t top, bottom, left, right;
    ref_taps(y, f->stride, p->pad_top, f->kernel, p->in_height, &top, &bottom);
    ref_taps(x, f->stride, p->pad_left, f->kernel, p->in_width, &left, &right);
    const size_t in_y = y * f->stride + top - p->pad_top, in_x = x * f->stride + left - p->pad_left;
    const window w = {
        .rows = bottom - top,
        .columns = right - left,
        .channels = channels,
        .input_row = p->in_width * channels,
        .weight_row = f->kernel * channels,
        .input = l->input + (in_y * p->in_width + in_x) * channels,
        .weights = l->weights + (top * f->kernel + left) * channels,
    };
    float *output = l->output + (y * p->out_width + x) * channels;
    size_t c = 0;
    for (; c + REF_STRIP <= channels; c += REF_STRIP)
        run_strip(output, &w, l, c, REF_STRIP);
    if (c < channels) run_strip(output, &w, l, c, channels - c);
}

static void run(const kernel_layer *l, size_t first, size_t end)
{
    assert(l->filter.in == l->filter.out && first <= end && end <= l->plane.out_height);
    assert(!l->scale && !l->residual);
    for (size_t y = first; y < end; y++)
        for (size_t x = 0; x < l->plane.out_width; x++)
            run_pixel(l, y, x);
}

const kernel_op depthwise_f32_ref = {
    .name = "depthwise_f32_ref",
    .level = CPU_REF,
    .grain = 1,
    .packed_size = packed_size,
    .pack = pack,
    .run = run,
};

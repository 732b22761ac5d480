/* SPDX-License-Identifier: Apache-2.0
 *
 * Full convolution in plain C, for any kernel, stride and number of channels:
 *
 *     output[y][x][o] = activation(bias[o] + sum over ky, kx, i of
 *                                  input[y * stride - pad_top + ky][x * stride - pad_left + kx][i] *
 * weights[o][i][ky][kx])
 *
 * with ky, then kx, then i ascending, over the taps that lie inside the input. Packed weights are
 * [strip][kernel][kernel][in][REF_STRIP], the last strip filled up with zeros.
 */
#include "kernels/ref.h"

#include <assert.h>
#include <string.h>

static size_t packed_size(const kernel_filter *f)
{
    return (f->out + REF_STRIP - 1) / REF_STRIP * f->kernel * f->kernel * f->in * REF_STRIP;
}

static void pack(float *packed, const kernel_filter *f, const float *weights /* [out][in][kernel][kernel] */)
{
    const size_t taps = f->kernel * f->kernel;
    memset(packed, 0, packed_size(f) * sizeof *packed);
    for (size_t o = 0; o < f->out; o++) {
        float *strip = packed + o / REF_STRIP * REF_STRIP * taps * f->in; /* [taps][in][REF_STRIP] */
        for (size_t i = 0; i < f->in; i++)
            for (size_t tap = 0; tap < taps; tap++)
                strip[(tap * f->in + i) * REF_STRIP + o % REF_STRIP] = weights[(o * f->in + i) * taps + tap];
    }
}

/* Outputs [strip, end) of pixel (y, x). */
static void run_strip(const kernel_layer *l, size_t y, size_t x, size_t strip, size_t end)
{
    const kernel_filter *f = &l->filter;
    const kernel_plane *p = &l->plane;
    const float *weights =
        l->weights + strip * f->kernel * f->kernel * f->in; /* [kernel][kernel][in][REF_STRIP] */
    size_t top, bottom, left, right;
    ref_taps(y, f->stride, p->pad_top, f->kernel, p->in_height, &top, &bottom);
    ref_taps(x, f->stride, p->pad_left, f->kernel, p->in_width, &left, &right);

    float sum[REF_STRIP] = {0};
    memcpy(sum, l->bias + strip, (end - strip) * sizeof *sum);
    for (size_t ky = top; ky < bottom; ky++) {
        const size_t in_y = y * f->stride + ky - p->pad_top, in_x = x * f->stride + left - p->pad_left;
        /* The taps of a row and their channels lie in one piece, in the input as in the weights. */
        const float *input = l->input + (in_y * p->in_width + in_x) * f->in;
        const float *row = weights + (ky * f->kernel + left) * f->in * REF_STRIP;
        ref_add_products(sum, input, row, (right - left) * f->in);
    }
    ref_activate(sum, end - strip, f->activation);
    memcpy(l->output + (y * p->out_width + x) * f->out + strip, sum, (end - strip) * sizeof *sum);
}

static void run(const kernel_layer *l, size_t first, size_t end)
{
    assert(first <= end && end <= l->plane.out_height && !l->scale && !l->residual);
    for (size_t y = first; y < end; y++)
        for (size_t x = 0; x < l->plane.out_width; x++)
            for (size_t strip = 0; strip < l->filter.out; strip += REF_STRIP)
                run_strip(l, y, x, strip, ref_min(strip + REF_STRIP, l->filter.out));
}

const kernel_op convolution_f32_ref = {
    .name = "convolution_f32_ref",
    .level = CPU_REF,
    .grain = 1,
    .packed_size = packed_size,
    .pack = pack,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * Pointwise (1x1) convolution and the fully connected layer in plain C. Both are
 *
 *     output[pixel][o] = activation(bias[o] + sum over i of (input[pixel][i] * scale[i]) * weights[o][i])
 *
 * with i ascending. Packed weights are [strip][in][REF_STRIP], the last strip filled up with zeros.
 */
#include "kernels/ref.h"

#include <assert.h>
#include <string.h>

static size_t packed_size(const kernel_filter *f)
{
    return (f->out + REF_STRIP - 1) / REF_STRIP * f->in * REF_STRIP;
}

static void pack(float *packed, const kernel_filter *f, const float *weights /* [out][in] */)
{
    assert(f->kernel == 1 && f->stride == 1);
    memset(packed, 0, packed_size(f) * sizeof *packed);
    for (size_t o = 0; o < f->out; o++) {
        float *strip = packed + o / REF_STRIP * REF_STRIP * f->in; /* [in][REF_STRIP] */
        for (size_t i = 0; i < f->in; i++)
            strip[i * REF_STRIP + o % REF_STRIP] = weights[o * f->in + i];
    }
}

/* As ref_add_products, with input[i] * scale[i] for input[i]. */
static void add_scaled_products(float sums[REF_STRIP], const float *input /* [in] */,
                                const float *scale /* [in] */, const float *weights /* [in][REF_STRIP] */,
                                size_t in)
{
    float sum[REF_STRIP];
    memcpy(sum, sums, sizeof sum);
    for (size_t i = 0; i < in; i++) {
        const float scaled = input[i] * scale[i];
        for (size_t o = 0; o < REF_STRIP; o++)
            sum[o] += scaled * weights[i * REF_STRIP + o];
    }
    memcpy(sums, sum, sizeof sum);
}

/* Outputs [first, end) of one pixel, all within the strip that starts at `strip`. */
static void run_strip(const kernel_layer *l, size_t pixel, size_t strip, size_t first, size_t end)
{
    const kernel_filter *f = &l->filter;
    const float *input = l->input + pixel * f->in, *weights = l->weights + strip * f->in;
    float sum[REF_STRIP] = {0};
    for (size_t o = first; o < end; o++)
        sum[o - strip] = l->bias[o];
    if (l->scale)
        add_scaled_products(sum, input, l->scale, weights, f->in);
    else
        ref_add_products(sum, input, weights, f->in);
    ref_activate(sum + (first - strip), end - first, f->activation);

    float *output = l->output + pixel * f->out;
    if (l->residual)
        for (size_t o = first; o < end; o++)
            output[o] = sum[o - strip] + l->residual[pixel * f->out + o];
    else
        memcpy(output + first, sum + (first - strip), (end - first) * sizeof *output);
}

static void run_pixels(const kernel_layer *l, size_t first, size_t end)
{
    const kernel_filter *f = &l->filter;
    assert(f->kernel == 1 && f->stride == 1 && first <= end && end <= kernel_pixels(&l->plane));
    for (size_t strip = 0; strip < f->out; strip += REF_STRIP)
        for (size_t pixel = first; pixel < end; pixel++)
            run_strip(l, pixel, strip, strip, ref_min(strip + REF_STRIP, f->out));
}

static void run_outputs(const kernel_layer *l, size_t first, size_t end)
{
    assert(l->filter.kernel == 1 && kernel_pixels(&l->plane) == 1 && first <= end && end <= l->filter.out);
    assert(!l->scale && !l->residual);
    for (size_t strip = first / REF_STRIP * REF_STRIP; strip < end; strip += REF_STRIP)
        run_strip(l, 0, strip, first > strip ? first : strip, ref_min(strip + REF_STRIP, end));
}

const kernel_op pointwise_f32_ref = {
    .name = "pointwise_f32_ref",
    .level = CPU_REF,
    .grain = 1,
    .packed_size = packed_size,
    .pack = pack,
    .run = run_pixels,
};

const kernel_op linear_f32_ref = {
    .name = "linear_f32_ref",
    .level = CPU_REF,
    .grain = REF_STRIP,
    .packed_size = packed_size,
    .pack = pack,
    .run = run_outputs,
};

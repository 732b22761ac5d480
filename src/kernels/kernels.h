/* SPDX-License-Identifier: Apache-2.0
 *
 * Compute primitives: one table of kernels, chosen once for a level, that everything which calculates stands
 * on. A kernel packs its own weights, so the layout of packed weights is nobody else's business. Kernels know
 * nothing of networks, threads or memory: they never allocate, and the caller says which part of the output
 * to compute.
 *
 * The *_ref.c files are the definition of correct: each output is one sum, taken in the order that the
 * formula is written in, in float32, with every product rounded (no fused multiply-add). Other levels may
 * fuse, reorder and approximate within the bounds that tests/checkkern states. In every level the bits of an
 * output depend on the shape of the layer only: not on the range asked for, nor on its neighbours.
 *
 * For all kernels
 *   - Tensors are float32, row-major, NHWC without padding; one call sees one image. All sizes are at
 * least 1.
 *   - Pointers need the alignment of float, no more; 64 bytes is faster.
 *   - Nothing outside the tensors is read or written, and of the output only the range [first, end).
 *   - The output overlaps nothing that is read, except that it may be the residual itself.
 *   - Infinity and NaN spread as in the formula; input outside the image counts as absent.
 */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include "cpu/cpu.h"

typedef enum kernel_activation {
    KERNEL_LINEAR,     /* x */
    KERNEL_SWISH,      /* x / (1 + exp(-x)); Ramachandran et al. 2017, beta = 1 */
    KERNEL_RELU6,      /* min(max(x, 0), 6) */
    KERNEL_RELU,       /* max(x, 0) */
    KERNEL_HARD_SWISH, /* x min(max(x + 3, 0), 6) / 6; Howard et al. 2019 */
    KERNEL_SIGMOID,    /* 1 / (1 + exp(-x)) */
} kernel_activation;

/* What weights belong to: all that packing may depend on. */
typedef struct kernel_filter {
    size_t in, out;        /* channels; equal for depthwise */
    size_t kernel, stride; /* 1 and 1 for pointwise and linear */
    kernel_activation activation;
} kernel_filter;

/* Where a filter is laid: output (y, x) sees input rows y * stride - pad_top + [0, kernel), columns likewise.
 * Every output sees at least one input. */
typedef struct kernel_plane {
    size_t in_height, in_width, out_height, out_width;
    size_t pad_top, pad_left; /* less than kernel */
} kernel_plane;

/* One layer on one image: output = activation(bias + sum of input * weights) [+ residual]. */
typedef struct kernel_layer {
    kernel_filter filter;
    kernel_plane plane;
    const float *weights;  /* packed by the same kernel */
    const float *bias;     /* [out] */
    const float *input;    /* [in_height][in_width][in] */
    const float *scale;    /* [in], multiplies the input of a pointwise kernel; NULL for none */
    const float *residual; /* [out_height][out_width][out], added by a pointwise kernel; NULL for none */
    float *output;         /* [out_height][out_width][out] */
} kernel_layer;

/* A kernel that applies a filter. */
typedef struct kernel_op {
    const char *name;
    cpu_level level;
    size_t grain; /* ranges are cheapest where first is a multiple of this */

    /* Floats that packed weights take. */
    size_t (*packed_size)(const kernel_filter *filter);

    /* From PyTorch's layout, [out][in][kernel][kernel] (depthwise: [out][1][kernel][kernel]), to this
     * kernel's own. */
    void (*pack)(float *packed, const kernel_filter *filter, const float *weights);

    /* Computes part [first, end) of the output; what is counted is said in kernel_table. */
    void (*run)(const kernel_layer *layer, size_t first, size_t end);
} kernel_op;

/* Mean of every channel over the plane: output[c] for c in [first, end). */
typedef struct kernel_pool_op {
    const char *name;
    cpu_level level;
    size_t grain;
    void (*run)(float *output /* [channels] */, const float *input /* [pixels_high][pixels_wide][channels] */,
                size_t height, size_t width, size_t channels, size_t first, size_t end);
} kernel_pool_op;

/* The kernels of one level. Ranges count: pixels (row-major) for pointwise, output rows for depthwise and
 * convolution, outputs for linear (one pixel in, no scale, no residual), channels for pool. */
typedef struct kernel_table {
    const kernel_op *convolution; /* any kernel, stride and channels: the stem */
    const kernel_op *pointwise;
    const kernel_op *depthwise;
    const kernel_op *linear;
    const kernel_pool_op *pool;
} kernel_table;

/* A kernel of multiply-adds in registers alone, which a level can do no more of: each of `lanes` values
 * becomes value * KERNEL_PEAK_FACTOR + KERNEL_PEAK_ADDEND, `rounds` times over. */
typedef struct kernel_peak {
    size_t lanes; /* at most KERNEL_PEAK_MAX_LANES */
    void (*run)(float *values, size_t rounds);
} kernel_peak;

/* So many vectors depend on none but themselves: twice a cycle's, times the latency of up to 5 cycles, and
 * some to spare. They and the constants fit into 16 registers. */
enum { KERNEL_PEAK_CHAINS = 12, KERNEL_PEAK_MAX_LANES = 16 * KERNEL_PEAK_CHAINS };

/* Values tend to 2, far from denormal numbers and infinity. */
#define KERNEL_PEAK_FACTOR 0.5f
#define KERNEL_PEAK_ADDEND 1.0f

kernel_peak kernels_peak(cpu_level level);

/* The table for `level`: starts as plain C, then every level up to this one replaces what it has. */
void kernels_init(kernel_table *table, cpu_level level);

/* Operation number `index` and the name of the kernel that serves it at `level`; false past the end. */
bool kernels_describe(cpu_level level, size_t index, const char **operation, const char **kernel);

/* Parts of the output that `run` counts for a layer laid as `plane`. */
static inline size_t kernel_pixels(const kernel_plane *plane)
{
    return plane->out_height * plane->out_width;
}

#endif

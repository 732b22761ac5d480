/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of training for AVX2 and FMA: 16 registers, so tiles of 4 x 3 and 6 x 2 (inputs x vectors) and
 * two rows of a kernel of 5.
 */
#include "kernels/x86/vec_avx2.h"

enum { OUTER_MAX_TILE = 12, OUTER_MAX_INPUTS = 8 };
#define OUTER_INPUTS(N) ((N) == 3 ? 4u : (N) == 2 ? 4u : 8u)
enum { DEPTHWISE_MAX_TILE = 12, DEPTHWISE_OUTER_TILE = 4, DEPTHWISE_OUTER_ROWS = 2 };
/* clang-format off */
#define OUTER_TILES(_) \
    _(1, 1) _(2, 1) _(3, 1) _(4, 1) _(5, 1) _(6, 1) _(7, 1) _(8, 1) \
    _(1, 2) _(2, 2) _(3, 2) _(4, 2) _(1, 3) _(2, 3) _(3, 3) _(4, 3)

#define DEPTHWISE_TILES(_, K, S) \
    _(1, K, S) _(2, K, S) _(3, K, S) _(4, K, S) _(5, K, S) _(6, K, S) _(7, K, S) _(8, K, S) \
    _(9, K, S) _(10, K, S) _(11, K, S) _(12, K, S)
/* clang-format on */

#include "kernels/blocked/depthwise_back.h"
#include "kernels/blocked/normalise.h"
#include "kernels/blocked/outer.h"

const blocked_training training_avx2 = {
    .level = CPU_AVX2,
    .outer_name = "outer_f32_4x24_avx2",
    .depthwise_name = "depthwise_back_f32_12x8_avx2",
    .apply = apply,
    .slope = slope,
    .undo = undo,
    .moments = moments,
    .outer = outer,
    .depthwise_outer = depthwise_outer,
    .depthwise_back = depthwise_back,
    .transpose = transpose,
};

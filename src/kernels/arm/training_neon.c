/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of training for AArch64: 32 registers, so tiles of 8 x 3 and 8 x 2 (inputs x vectors) and
 * all rows of a kernel of 5.
 */
#include "kernels/arm/vec_neon.h"

enum { OUTER_MAX_TILE = 24, OUTER_MAX_INPUTS = 16 };
#define OUTER_INPUTS(N) ((N) == 1 ? 16u : 8u)
enum { DEPTHWISE_MAX_TILE = 14, DEPTHWISE_OUTER_TILE = 4, DEPTHWISE_OUTER_ROWS = 5 };
/* clang-format off */
#define OUTER_TILES(_) \
    _(1, 1) _(2, 1) _(3, 1) _(4, 1) _(5, 1) _(6, 1) _(7, 1) _(8, 1) \
    _(9, 1) _(10, 1) _(11, 1) _(12, 1) _(13, 1) _(14, 1) _(15, 1) _(16, 1) \
    _(1, 2) _(2, 2) _(3, 2) _(4, 2) _(5, 2) _(6, 2) _(7, 2) _(8, 2) \
    _(1, 3) _(2, 3) _(3, 3) _(4, 3) _(5, 3) _(6, 3) _(7, 3) _(8, 3)

#define DEPTHWISE_TILES(_, K, S) \
    _(1, K, S) _(2, K, S) _(3, K, S) _(4, K, S) _(5, K, S) _(6, K, S) _(7, K, S) \
    _(8, K, S) _(9, K, S) _(10, K, S) _(11, K, S) _(12, K, S) _(13, K, S) _(14, K, S)
/* clang-format on */

#include "kernels/blocked/depthwise_back.h"
#include "kernels/blocked/normalise.h"
#include "kernels/blocked/outer.h"

const blocked_training training_neon = {
    .level = CPU_NEON,
    .outer_name = "outer_f32_8x12_neon",
    .depthwise_name = "depthwise_back_f32_14x4_neon",
    .apply = apply,
    .slope = slope,
    .undo = undo,
    .moments = moments,
    .outer = outer,
    .depthwise_outer = depthwise_outer,
    .depthwise_back = depthwise_back,
    .transpose = transpose,
};

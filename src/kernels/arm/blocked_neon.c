/* SPDX-License-Identifier: Apache-2.0
 *
 * The blocked kernels for AArch64: 32 registers of 4 floats, so tiles of 12 x 2 and 8 x 3 (pixels x vectors):
 * 24 sums, the weights of a step, and inputs.
 */
#include "kernels/arm/vec_neon.h"

enum { DOT_MAX_PIXELS = 16, DOT_MAX_TILE = 24, DOT_WIDEST_1 = 16, DOT_WIDEST_2 = 12, DOT_WIDEST_3 = 8 };
enum { DOT_AHEAD = 1 }; /* cache lines asked for with every V inputs of a tile */
enum { DOT_WIDEST_SWISH = 10 };
/* clang-format off */
#define DOT_TILES(_) \
    _(1, 1) _(2, 1) _(3, 1) _(4, 1) _(5, 1) _(6, 1) _(7, 1) _(8, 1) \
    _(9, 1) _(10, 1) _(11, 1) _(12, 1) _(13, 1) _(14, 1) _(15, 1) _(16, 1) \
    _(1, 2) _(2, 2) _(3, 2) _(4, 2) _(5, 2) _(6, 2) _(7, 2) _(8, 2) _(9, 2) _(10, 2) _(11, 2) _(12, 2) \
    _(1, 3) _(2, 3) _(3, 3) _(4, 3) _(5, 3) _(6, 3) _(7, 3) _(8, 3)

enum { DEPTHWISE_MAX_TILE = 14 };
#define DEPTHWISE_TILES(_, K, S) \
    _(1, K, S) _(2, K, S) _(3, K, S) _(4, K, S) _(5, K, S) _(6, K, S) _(7, K, S) \
    _(8, K, S) _(9, K, S) _(10, K, S) _(11, K, S) _(12, K, S) _(13, K, S) _(14, K, S)
/* clang-format on */

#include "kernels/blocked/dense.h"
#include "kernels/blocked/depthwise.h"
#include "kernels/blocked/dot.h"
#include "kernels/blocked/peak.h"

const blocked_table blocked_neon = {
    .level = CPU_NEON,
    .vector = V,
    .dense_panel = DENSE_PANEL,
    .dot_name = "dot_f32_12x8_neon",
    .depthwise_name = "depthwise_f32_14x4_neon",
    .dense_name = "dense_f32_32_neon",
    .dot = dot,
    .depthwise = depthwise,
    .dense = dense,
    .scale = scale,
    .peak = peak,
};

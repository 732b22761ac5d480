/* SPDX-License-Identifier: Apache-2.0
 *
 * The blocked kernels for AVX2 and FMA: 16 registers, so tiles of 6 x 2 and 4 x 3 (pixels x vectors).
 */
#include "kernels/x86/vec_avx2.h"

enum { DOT_MAX_PIXELS = 12, DOT_MAX_TILE = 12, DOT_WIDEST_1 = 12, DOT_WIDEST_2 = 6, DOT_WIDEST_3 = 4 };
enum { DOT_AHEAD = 1 }; /* cache lines asked for with every V inputs of a tile */
enum { DOT_WIDEST_SWISH = 5 };
/* clang-format off */
#define DOT_TILES(_) \
    _(1, 1) _(2, 1) _(3, 1) _(4, 1) _(5, 1) _(6, 1) _(7, 1) _(8, 1) _(9, 1) _(10, 1) _(11, 1) \
    _(12, 1) _(1, 2) _(2, 2) _(3, 2) _(4, 2) _(5, 2) _(6, 2) _(1, 3) _(2, 3) _(3, 3) _(4, 3)

enum { DEPTHWISE_MAX_TILE = 12 };
#define DEPTHWISE_TILES(_, K, S) \
    _(1, K, S) _(2, K, S) _(3, K, S) _(4, K, S) _(5, K, S) _(6, K, S) _(7, K, S) _(8, K, S) \
    _(9, K, S) _(10, K, S) _(11, K, S) _(12, K, S)
/* clang-format on */

#include "kernels/blocked/dense.h"
#include "kernels/blocked/depthwise.h"
#include "kernels/blocked/dot.h"
#include "kernels/blocked/peak.h"

const blocked_table blocked_avx2 = {
    .level = CPU_AVX2,
    .vector = V,
    .dense_panel = DENSE_PANEL,
    .dot_name = "dot_f32_6x16_avx2",
    .depthwise_name = "depthwise_f32_12x8_avx2",
    .dense_name = "dense_f32_64_avx2",
    .dot = dot,
    .depthwise = depthwise,
    .dense = dense,
    .scale = scale,
    .peak = peak,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * The blocked kernels for AVX-512: 32 registers, so tiles of 8 x 2 and 8 x 3 (pixels x vectors).
 */
#include "kernels/x86/vec_avx512.h"

enum { DOT_MAX_PIXELS = 14, DOT_MAX_TILE = 24, DOT_WIDEST_1 = 14, DOT_WIDEST_2 = 8, DOT_WIDEST_3 = 8 };
enum { DOT_AHEAD = 5 }; /* cache lines asked for with every V inputs of a tile */
enum { DOT_WIDEST_SWISH = 8 };
/* clang-format off */
#define DOT_TILES(_) \
    _(1, 1) _(2, 1) _(3, 1) _(4, 1) _(5, 1) _(6, 1) _(7, 1) _(8, 1) _(9, 1) _(10, 1) _(11, 1) \
    _(12, 1) _(13, 1) _(14, 1) _(1, 2) _(2, 2) _(3, 2) _(4, 2) _(5, 2) _(6, 2) _(7, 2) _(8, 2) \
    _(1, 3) _(2, 3) _(3, 3) _(4, 3) _(5, 3) _(6, 3) _(7, 3) _(8, 3)

enum { DOT_HALF_PIXELS = 7 };
#define DOT_HALF_TILES(_) \
    _(1, 1) _(2, 1) _(3, 1) _(4, 1) _(5, 1) _(6, 1) _(7, 1) _(1, 2) _(2, 2) _(3, 2) _(4, 2) _(5, 2) \
    _(6, 2) _(7, 2) _(1, 3) _(2, 3) _(3, 3) _(4, 3) _(5, 3) _(6, 3) _(7, 3)

enum { DEPTHWISE_MAX_TILE = 14 };
#define DEPTHWISE_TILES(_, K, S) \
    _(1, K, S) _(2, K, S) _(3, K, S) _(4, K, S) _(5, K, S) _(6, K, S) _(7, K, S) _(8, K, S) \
    _(9, K, S) _(10, K, S) _(11, K, S) _(12, K, S) _(13, K, S) _(14, K, S)
/* clang-format on */

#include "kernels/blocked/dense.h"
#include "kernels/blocked/depthwise.h"
#include "kernels/blocked/dot_half.h"
#include "kernels/blocked/peak.h"

const blocked_table blocked_avx512 = {
    .level = CPU_AVX512,
    .vector = V,
    .halves = true,
    .dense_panel = DENSE_PANEL,
    .dot_name = "dot_f32_8x32_avx512",
    .depthwise_name = "depthwise_f32_14x16_avx512",
    .dense_name = "dense_f32_128_avx512",
    .dot = dot_any,
    .depthwise = depthwise,
    .dense = dense,
    .scale = scale,
    .peak = peak,
};

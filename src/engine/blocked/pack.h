/* SPDX-License-Identifier: Apache-2.0
 *
 * From PyTorch's layouts, [out][in][kernel][kernel] and [out][in], to the order in which kernels read.
 * Outputs that fill up a vector get zeros.
 */
#ifndef ENGINE_BLOCKED_PACK_H
#define ENGINE_BLOCKED_PACK_H

#include "engine/blocked/blocked_engine.h"

/* constant [out] to [vectors][V]. */
void pack_bias(float *bias, size_t vectors, size_t vector, const float *constant, size_t out);

/* raw [out][in] to panels [panel][in][panel width * V], or as blocked_dot.half says for the last of them;
 * each row of outputs times factor [out] (NULL: 1) and scale. */
void pack_panels(dot_weights *d, size_t vector, const float *raw, size_t in, size_t out, const float *factor,
                 float scale);

/* [out][in][ky][kx] to [out][ky][kx][in], the order in which a row of pixels lies in memory. */
void pack_reorder_stem(float *to, const float *from, const net_conv *stem);

/* raw [channels][taps] to [channels / V][taps][V], each channel times its factor and scale. */
void pack_depthwise(depthwise_weights *d, size_t vector, const float *raw, size_t channels, size_t taps,
                    const float *factor, float scale);

/* raw [out][k] to [vectors in groups of table->dense_panel][k][group][V]. */
void pack_dense(dense_weights *d, const blocked_table *table, const float *raw, size_t out);

#endif

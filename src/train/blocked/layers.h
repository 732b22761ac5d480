/* SPDX-License-Identifier: Apache-2.0
 *
 * The layers of the blocked step, as every member of the team runs them. Each function ends with all of its
 * results complete for all members, unless it says otherwise.
 */
#ifndef TRAIN_BLOCKED_LAYERS_H
#define TRAIN_BLOCKED_LAYERS_H

#include "train/blocked/plan.h"

/* ---- Batch norm (norm.c) ---- */

/* The norm of a unit as kernels want it, for vector v. */
blocked_norm norm_of(const unit *u, size_t vector, size_t v);

/* Where the sums of one part of one image lie for vector v: [kinds][V]. */
float *sums_at(const member *m, const unit *u, const division *d, size_t kinds, size_t image, size_t part,
               size_t v);

/* The moments of vector v's outputs of one part of one image; `made`: they are here, to be copied to their
 * place in the map past the caches; NULL: they are in their place. */
void norm_measure(const member *m, const unit *u, const division *d, size_t image, size_t part, size_t v,
                  const float *made);

/* From the moments of all parts to the norm; or from the running statistics. */
void norm_settle(const member *m, unit *u, const division *d);

/* What the gradient behind a unit's norm is made of: factor times the given one, and an offset. */
typedef struct norm_gradient {
    const float *image_scale; /* [batch]; NULL: 1 */
    const map *factor;        /* [vectors][batch][V]; NULL: 1 */
    const map *offset;        /* [vectors][batch][V], with gated sums; NULL: 0 */
    bool gated;               /* the sums are those of blocked_slope.gated */
} norm_gradient;

/* From the slopes of all parts to the unit's slope and constant, and the gradients of the norm's weight and
 * bias. */
void norm_derive(const member *m, unit *u, const division *d, const norm_gradient *g);

/* ---- Weights (pack.c). The caller waits for all members before they are used. ---- */

/* [out][in] to panels of outputs for blocked_dot; only panel `panel`. */
void pack_forward_panel(const member *m, float *to, const float *weights, size_t in, size_t out,
                        size_t panel);

/* The same for the product with transposed weights: panels of inputs. */
void pack_backward_panel(const member *m, float *to, const float *weights, size_t in, size_t out,
                         size_t panel);

/* A member's share of all panels. */
void pack_forward(const member *m, float *to, const float *weights, size_t in, size_t out);
void pack_backward(const member *m, float *to, const float *weights, size_t in, size_t out);

/* [channels][taps] to [vectors][taps][V]; a member's share. */
void pack_taps(const member *m, float *to, const float *weights, size_t channels, size_t taps);

/* ---- Pointwise convolutions (pointwise.c) ---- */

/* out = u's convolution of `in`, with moments. `measured` false: recomputed, no moments, no norm. */
void pointwise_forward(const member *m, unit *u, const source *in, const map *out, const pieces *cut,
                       bool measured);

/* The gradient of a unit's raw output: (factor dy + offset) act' + slope (x - mean) + constant, and what to
 * do with it. */
typedef struct pointwise_gradient {
    const map *dy;            /* NULL: none but the offset */
    const float *image_scale; /* [batch], multiplies dy; NULL: 1 */
    const map *offset;        /* [vectors][batch][V]; NULL: 0 */
    const map *dx;            /* NULL: not wanted */
    const map *add;           /* added to dx; NULL: none */
    bool slopes;              /* the slopes of in.norm at dx go to the sums, gated if in.gate is */
} pointwise_gradient;

void pointwise_backward(const member *m, const unit *u, const source *in, const pieces *cut,
                        const pointwise_gradient *g);

/* A piece of what is read, in place or made at `to`; *row: floats from one vector of channels to the next. */
const float *pointwise_read(const member *m, const source *in, const piece *p, float *to, size_t *row);

/* A product of `pixels` pixels [vectors of channels][pixels][V] by packed weights; the panel is the caller's
 * to fill in. */
blocked_dot pointwise_product(const member *m, const float *x, size_t x_row, size_t channels, size_t pixels);

/* Adds V rows of sums [in][out], rows `step` floats apart, from row `first` on to the gradient [out][in]. */
void pointwise_add_turned(const member *m, const unit *u, const float *sums, size_t step, size_t first,
                          float *gradient);

/* ---- Depthwise convolutions (depthwise.c) ---- */

void depthwise_forward(const member *m, block_state *b, const source *in);

/* dx is the gradient behind in.norm's activation, with its slopes summed, or of x as it is. */
void depthwise_backward(const member *m, block_state *b, const source *in, const map *dx);

/* ---- Expansion and depthwise convolution at once (inverted.c) ---- */

/* From the gradient of the depthwise output to that of the block's input, for a block with `strips`: the
 * gradient of the hidden tensor between them never leaves a member's caches. dx NULL: not wanted; `add` NULL:
 * nothing is added to it. */
void inverted_backward(const member *m, block_state *b, const map *dx, const map *add);

/* ---- The stem (stem.c) ---- */

void stem_forward(const member *m);
void stem_backward(const member *m);

/* ---- Layers of one pixel (dense.c): squeeze-and-excitation and the classifier ---- */

/* y = w x + b for all images. */
void dense_forward(const member *m, size_t tensor, const map *x, const map *y);

/* Adds the gradients of weight and bias; dx NULL: not wanted. */
void dense_backward(const member *m, size_t tensor, const map *x, const map *dy, const map *dx);

/* Pools b's depthwise output and makes the gates. */
void squeeze_forward(const member *m, block_state *b);

/* From the gated slopes of all pieces to dpooled, and the gradients of the two layers. */
void squeeze_backward(const member *m, block_state *b);

/* Mean over each image's pixels of `in`. */
void pool_forward(const member *m, const source *in, const map *pooled);

#endif

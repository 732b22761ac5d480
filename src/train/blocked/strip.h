/* SPDX-License-Identifier: Apache-2.0
 *
 * A strip of rows of one vector of one image, backward through a depthwise convolution: depthwise.c runs over
 * them by vectors, inverted.c by all vectors of a strip.
 */
#ifndef TRAIN_BLOCKED_STRIP_H
#define TRAIN_BLOCKED_STRIP_H

#include "train/blocked/layers.h"

/* Rows of padded pixels: row `first` + i of a plane at data + i * step, column 0 at `left` pixels. */
typedef struct window {
    float *data;
    ptrdiff_t first, end; /* rows */
    size_t left, width;   /* pixels: before column 0, and in all */
    size_t step;          /* floats */
} window;

/* Everything about one strip. */
typedef struct back_strip {
    const member *m;
    const block_state *b;
    const source *in;
    const map *dx; /* where the gradient of the strip's inputs goes; NULL: to `to` */
    float *to;     /* [rows][width][V]; NULL with a NULL dx: not wanted */
    size_t v, image;
    size_t first, end; /* input rows */
    window input, gradient;
    float *zeros; /* a row of the input window */
    float *rest;  /* scratch memory behind all of these */
} back_strip;

/* The windows of b->rows_in's strips in the member's scratch memory. */
back_strip strip_buffers(const member *m, const block_state *b, const source *in, const map *dx);

/* Strip number `strip` of vector t->v of image t->image: adds the taps' gradient to `sums` [taps][V] unless
 * NULL, and makes that of the inputs: if in.norm is, the one in front of its activation, with slopes to the
 * sums. */
void strip_backward(back_strip *t, size_t strip, float *sums);

/* Adds up what `places` have, `step` floats apart from `sums` on, to the gradient [channels][taps]. */
void strip_gather(const member *m, const unit *u, const float *sums, size_t places, size_t step,
                  float *gradient);

#endif

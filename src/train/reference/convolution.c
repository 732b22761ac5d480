/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions and their derivatives: with all input channels (the stem, and pointwise ones, whose kernel is
 * 1), and depthwise. Loops over images, output pixels and the kernel's places; no other order is tried.
 */
#include "train/reference/plain.h"

#include <string.h>

/* One place of a kernel over one output pixel: where both are, in pixels from the start of the tensors. */
typedef struct place {
    size_t in, out; /* pixels */
    size_t kernel;  /* element of the kernel x kernel window */
} place;

/* Where a convolution is: counts output pixels of all images and places of the kernel. */
typedef struct walk {
    const net_conv *conv;
    size_t n, image;
    int y, x, ky, kx;
} walk;

static walk walk_start(const net_conv *conv, size_t n)
{
    return (walk){.conv = conv, .n = n, .kx = -1};
}

/* Moves to the next place; false behind the last. */
static bool walk_step(walk *w)
{
    const net_conv *c = w->conv;
    if (++w->kx < c->kernel) return true;
    w->kx = 0;
    if (++w->ky < c->kernel) return true;
    w->ky = 0;
    if (++w->x < c->out_width) return true;
    w->x = 0;
    if (++w->y < c->out_height) return true;
    w->y = 0;
    return ++w->image < w->n;
}

/* The next place that lies inside the image. */
static bool walk_next(walk *w, place *at)
{
    const net_conv *c = w->conv;
    while (walk_step(w)) {
        const int in_y = w->y * c->stride - c->pad_top + w->ky;
        const int in_x = w->x * c->stride - c->pad_left + w->kx;
        if (in_y < 0 || in_y >= c->in_height || in_x < 0 || in_x >= c->in_width) continue;
        at->in = (w->image * (size_t)c->in_height + (size_t)in_y) * (size_t)c->in_width + (size_t)in_x;
        at->out = (w->image * (size_t)c->out_height + (size_t)w->y) * (size_t)c->out_width + (size_t)w->x;
        at->kernel = (size_t)(w->ky * c->kernel + w->kx);
        return true;
    }
    return false;
}

static size_t input_size(const net_conv *c, size_t n)
{
    return n * (size_t)c->in_height * (size_t)c->in_width * (size_t)c->in;
}

static size_t output_size(const net_conv *c, size_t n)
{
    return n * (size_t)c->out_height * (size_t)c->out_width * (size_t)c->out;
}

void plain_dense_forward(const net_conv *conv, size_t n, const double *w, const double *x, double *y)
{
    const size_t in = (size_t)conv->in, out = (size_t)conv->out, area = (size_t)(conv->kernel * conv->kernel);
    memset(y, 0, output_size(conv, n) * sizeof *y);
    walk at = walk_start(conv, n);
    for (place p; walk_next(&at, &p);)
        for (size_t o = 0; o < out; o++) {
            double sum = 0;
            for (size_t i = 0; i < in; i++)
                sum += w[(o * in + i) * area + p.kernel] * x[p.in * in + i];
            y[p.out * out + o] += sum;
        }
}

/* dw[o][i][k] = sum over p of dy[p][o] x[p * stride - pad + k][i], dx[q][i] = sum over the p, k that read q
 * of w[o][i][k] dy[p][o]. */
void plain_dense_backward(const net_conv *conv, size_t n, const double *w, const double *x, const double *dy,
                          double *dw, double *dx)
{
    const size_t in = (size_t)conv->in, out = (size_t)conv->out, area = (size_t)(conv->kernel * conv->kernel);
    if (dx) memset(dx, 0, input_size(conv, n) * sizeof *dx);
    walk at = walk_start(conv, n);
    for (place p; walk_next(&at, &p);)
        for (size_t o = 0; o < out; o++) {
            const double d = dy[p.out * out + o];
            for (size_t i = 0; dw && i < in; i++)
                dw[(o * in + i) * area + p.kernel] += d * x[p.in * in + i];
            for (size_t i = 0; dx && i < in; i++)
                dx[p.in * in + i] += d * w[(o * in + i) * area + p.kernel];
        }
}

void plain_depthwise_forward(const net_conv *conv, size_t n, const double *w, const double *x, double *y)
{
    const size_t channels = (size_t)conv->out, area = (size_t)(conv->kernel * conv->kernel);
    memset(y, 0, output_size(conv, n) * sizeof *y);
    walk at = walk_start(conv, n);
    for (place p; walk_next(&at, &p);)
        for (size_t c = 0; c < channels; c++)
            y[p.out * channels + c] += w[c * area + p.kernel] * x[p.in * channels + c];
}

/* As the dense one, with i = o = c. */
void plain_depthwise_backward(const net_conv *conv, size_t n, const double *w, const double *x,
                              const double *dy, double *dw, double *dx)
{
    const size_t channels = (size_t)conv->out, area = (size_t)(conv->kernel * conv->kernel);
    if (dx) memset(dx, 0, input_size(conv, n) * sizeof *dx);
    walk at = walk_start(conv, n);
    for (place p; walk_next(&at, &p);)
        for (size_t c = 0; c < channels; c++) {
            const double d = dy[p.out * channels + c];
            if (dw) dw[c * area + p.kernel] += d * x[p.in * channels + c];
            if (dx) dx[p.in * channels + c] += d * w[c * area + p.kernel];
        }
}

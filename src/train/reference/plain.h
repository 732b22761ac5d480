/* SPDX-License-Identifier: Apache-2.0
 *
 * Every operation of a network of the family and its derivative, in double and in the plainest way: what
 * correct means for training. Each backward function stands beside its forward function and its formula.
 * No networks, no memory, no speed.
 *
 * Tensors are [n][height][width][channels]; weights have PyTorch's layout. `dx` is the derivative of the loss
 * with respect to x. Backward functions write dx and add to the derivatives of parameters; where a pointer to
 * a derivative is NULL, it is not wanted. x and y, and dx and dy, may be the same array where it says so.
 */
#ifndef TRAIN_REFERENCE_PLAIN_H
#define TRAIN_REFERENCE_PLAIN_H

#include <stddef.h>

#include "net/graph.h"

/* y[p][o] = sum over i and the kernel's places k of w[o][i][k] x[p * stride - pad + k][i]; outside is 0.
 * x: [n][in_height][in_width][in], y: [n][out_height][out_width][out], w: [out][in][kernel][kernel]. */
void plain_dense_forward(const net_conv *conv, size_t n, const double *w, const double *x, double *y);
void plain_dense_backward(const net_conv *conv, size_t n, const double *w, const double *x, const double *dy,
                          double *dw, double *dx);

/* The same with one kernel for each channel; w: [channels][1][kernel][kernel]. */
void plain_depthwise_forward(const net_conv *conv, size_t n, const double *w, const double *x, double *y);
void plain_depthwise_backward(const net_conv *conv, size_t n, const double *w, const double *x,
                              const double *dy, double *dw, double *dx);

/* Batch norm of `rows` = n height width rows of `channels`; each array is [channels]. */
typedef struct plain_norm {
    size_t rows, channels;
    double epsilon;
    const double *weight, *bias;
    const double *mean, *variance; /* of the batch (biased), or the running ones */
} plain_norm;

/* mean and variance (over rows) of each channel of x. */
void plain_norm_measure(size_t rows, size_t channels, const double *x, double *mean, double *variance);

/* y = weight (x - mean) / sqrt(variance + epsilon) + bias (Ioffe and Szegedy 2015). In place too. */
void plain_norm_forward(const plain_norm *norm, const double *x, double *y);

/* `constant`: mean and variance do not depend on x (frozen). In place too. */
void plain_norm_backward(const plain_norm *norm, bool constant, const double *x, const double *dy,
                         double *dweight, double *dbias, double *dx);

/* running = (1 - momentum) running + momentum batch, with the variance over rows - 1, at least 1. */
void plain_norm_update(size_t rows, size_t channels, double momentum, const double *mean,
                       const double *variance, double *running_mean, double *running_variance);

/* Element by element. In place too. */
void plain_activation_forward(net_activation kind, size_t count, const double *x, double *y);
void plain_activation_backward(net_activation kind, size_t count, const double *x, const double *dy,
                               double *dx);

/* y = 1 / (1 + exp(-x)). In place too. */
void plain_sigmoid_forward(size_t count, const double *x, double *y);
void plain_sigmoid_backward(size_t count, const double *y, const double *dy, double *dx);

/* Mean over each image's pixels; x: [n][pixels][channels], y: [n][channels]. Backward adds to dx. */
void plain_pool_forward(size_t n, size_t pixels, size_t channels, const double *x, double *y);
void plain_pool_backward(size_t n, size_t pixels, size_t channels, const double *dy, double *dx);

/* y = w x + b; x: [n][in], y: [n][out], w: [out][in], b: [out]. */
void plain_linear_forward(size_t n, size_t in, size_t out, const double *w, const double *b, const double *x,
                          double *y);
void plain_linear_backward(size_t n, size_t in, size_t out, const double *w, const double *x,
                           const double *dy, double *dw, double *db, double *dx);

/* y[image][pixel][c] = gate[image][c] x[image][pixel][c]. dx may be dy. */
void plain_gate_forward(size_t n, size_t pixels, size_t channels, const double *gate, const double *x,
                        double *y);
void plain_gate_backward(size_t n, size_t pixels, size_t channels, const double *gate, const double *x,
                         const double *dy, double *dgate, double *dx);

/* y[row][i] = scale[row] x[row][i]: drop-connect with a row for each image, dropout with one for each
 * feature; its derivative is the same with dy for x. In place too. */
void plain_scale(size_t rows, size_t columns, const double *scale, const double *x, double *y);

/* y += x: the residual, and its derivative. */
void plain_add(size_t count, const double *x, double *y);

#endif

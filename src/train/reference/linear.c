/* SPDX-License-Identifier: Apache-2.0
 *
 * What works on vectors and whole planes: pooling, fully connected layers (the classifier and both of
 * squeeze-and-excitation), SE's gate (Hu et al. 2018), dropping and the residual sum; and their derivatives.
 */
#include "train/reference/plain.h"

#include <string.h>

void plain_pool_forward(size_t n, size_t pixels, size_t channels, const double *x, double *y)
{
    memset(y, 0, n * channels * sizeof *y);
    for (size_t p = 0; p < n * pixels; p++)
        for (size_t c = 0; c < channels; c++)
            y[p / pixels * channels + c] += x[p * channels + c] / (double)pixels;
}

void plain_pool_backward(size_t n, size_t pixels, size_t channels, const double *dy, double *dx)
{
    for (size_t p = 0; p < n * pixels; p++)
        for (size_t c = 0; c < channels; c++)
            dx[p * channels + c] += dy[p / pixels * channels + c] / (double)pixels;
}

void plain_linear_forward(size_t n, size_t in, size_t out, const double *w, const double *b, const double *x,
                          double *y)
{
    for (size_t image = 0; image < n; image++)
        for (size_t o = 0; o < out; o++) {
            double sum = b[o];
            for (size_t i = 0; i < in; i++)
                sum += w[o * in + i] * x[image * in + i];
            y[image * out + o] = sum;
        }
}

/* dw = dy x^T, db = dy, summed over images; dx = w^T dy. */
void plain_linear_backward(size_t n, size_t in, size_t out, const double *w, const double *x,
                           const double *dy, double *dw, double *db, double *dx)
{
    if (dx) memset(dx, 0, n * in * sizeof *dx);
    for (size_t image = 0; image < n; image++)
        for (size_t o = 0; o < out; o++) {
            const double d = dy[image * out + o];
            if (db) db[o] += d;
            for (size_t i = 0; dw && i < in; i++)
                dw[o * in + i] += d * x[image * in + i];
            for (size_t i = 0; dx && i < in; i++)
                dx[image * in + i] += d * w[o * in + i];
        }
}

void plain_gate_forward(size_t n, size_t pixels, size_t channels, const double *gate, const double *x,
                        double *y)
{
    for (size_t p = 0; p < n * pixels; p++)
        for (size_t c = 0; c < channels; c++)
            y[p * channels + c] = gate[p / pixels * channels + c] * x[p * channels + c];
}

/* dgate = sum over pixels of dy x, dx = gate dy. */
void plain_gate_backward(size_t n, size_t pixels, size_t channels, const double *gate, const double *x,
                         const double *dy, double *dgate, double *dx)
{
    memset(dgate, 0, n * channels * sizeof *dgate);
    for (size_t p = 0; p < n * pixels; p++)
        for (size_t c = 0; c < channels; c++) {
            const size_t i = p * channels + c, g = p / pixels * channels + c;
            dgate[g] += dy[i] * x[i];
            dx[i] = gate[g] * dy[i];
        }
}

void plain_scale(size_t rows, size_t columns, const double *scale, const double *x, double *y)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < columns; i++)
            y[r * columns + i] = scale[r] * x[r * columns + i];
}

void plain_add(size_t count, const double *x, double *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] += x[i];
}

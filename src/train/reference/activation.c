/* SPDX-License-Identifier: Apache-2.0
 *
 * Activations and their derivatives. Where a derivative jumps, it has PyTorch's value at the jump.
 */
#include "train/reference/plain.h"

#include <assert.h>
#include <math.h>

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double relu6(double x)
{
    return fmin(fmax(x, 0), 6);
}

static double activate(net_activation kind, double x)
{
    switch (kind) {
    case NET_SWISH: return x * sigmoid(x);            /* Ramachandran et al. 2017, beta = 1 */
    case NET_RELU6: return relu6(x);                  /* Sandler et al. 2018 */
    case NET_RELU: return fmax(x, 0);                 /* Nair and Hinton 2010 */
    case NET_HARD_SWISH: return x * relu6(x + 3) / 6; /* Howard et al. 2019 */
    }
    assert(false);
    return x;
}

static double slope(net_activation kind, double x)
{
    const double s = sigmoid(x);
    switch (kind) {
    case NET_SWISH: return s + x * s * (1 - s);
    case NET_RELU6: return x > 0 && x < 6;
    case NET_RELU: return x > 0;
    case NET_HARD_SWISH: return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6;
    }
    assert(false);
    return 1;
}

void plain_activation_forward(net_activation kind, size_t count, const double *x, double *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = activate(kind, x[i]);
}

void plain_activation_backward(net_activation kind, size_t count, const double *x, const double *dy,
                               double *dx)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = dy[i] * slope(kind, x[i]);
}

void plain_sigmoid_forward(size_t count, const double *x, double *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = sigmoid(x[i]);
}

/* s' = s (1 - s) */
void plain_sigmoid_backward(size_t count, const double *y, const double *dy, double *dx)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = dy[i] * y[i] * (1 - y[i]);
}

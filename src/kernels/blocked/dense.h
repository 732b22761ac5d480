/* SPDX-License-Identifier: Apache-2.0
 *
 * The bodies of the small kernels: the linear layer for one input (bound by reading its weights) and the
 * scaling of a plane by squeeze-and-excitation's gate.
 */
#ifndef KERNELS_BLOCKED_DENSE_H
#define KERNELS_BLOCKED_DENSE_H

#include "kernels/blocked/activate.h"
#include "kernels/blocked/blocked.h"

enum { DENSE_PANEL = 8 }; /* independent sums: enough to hide the latency of the multiply-add */

INLINE void dense_panel(const blocked_dense *job, size_t first, const float *w, const int N)
{
    vec acc[DENSE_PANEL];
    UNROLL for (int n = 0; n < N; n++) acc[n] = vec_load(job->bias + (first + (size_t)n) * V);
    for (size_t k = 0; k < job->k; k++, w += N * V) {
        const vec input = vec_broadcast(job->x + k);
        UNROLL for (int n = 0; n < N; n++) acc[n] = vec_fma(input, vec_load(w + n * V), acc[n]);
    }
    activate(acc, N, job->activation);
    UNROLL for (int n = 0; n < N; n++) vec_store(job->out + (first + (size_t)n) * V, acc[n]);
}

static void dense(const blocked_dense *job)
{
    for (size_t first = job->first; first < job->end; first += DENSE_PANEL) {
        const float *w = job->weights + first * job->k * V;
        const size_t left = job->vectors - first; /* the last panel of the layer may be narrower */
        switch (left < DENSE_PANEL ? left : DENSE_PANEL) {
        case 1: dense_panel(job, first, w, 1); break;
        case 2: dense_panel(job, first, w, 2); break;
        case 3: dense_panel(job, first, w, 3); break;
        case 4: dense_panel(job, first, w, 4); break;
        case 5: dense_panel(job, first, w, 5); break;
        case 6: dense_panel(job, first, w, 6); break;
        case 7: dense_panel(job, first, w, 7); break;
        default: dense_panel(job, first, w, 8); break;
        }
    }
}

static void scale(float *x, const float *gate, size_t pixels)
{
    const vec factor = vec_load(gate);
    for (size_t p = 0; p < pixels; p++)
        vec_store(x + p * V, vec_mul(vec_load(x + p * V), factor));
}

#endif

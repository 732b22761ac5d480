/* SPDX-License-Identifier: Apache-2.0
 *
 * Between step.h's float arrays and the step in double.
 */
#include "train/reference/reference_step.h"

#include <string.h>

static void widen(double *out, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = values[i];
}

static void narrow(float *out, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)values[i];
}

void reference_forward(reference_step *step, const train_pass *pass, const float *values, const float *images,
                       size_t count, float *logits)
{
    const net_graph *g = step->graph;
    const size_t image = (size_t)g->height * (size_t)g->width * (size_t)g->arch.in_channels;
    widen(step->values, values, step->layout->count);
    widen(step->images, images, count * image);
    reference_forward_double(step, pass, step->values, step->images, count);
    narrow(logits, step->logits, count * train_outputs(g));
}

void reference_backward(reference_step *step, const float *values, const float *dlogits, float *gradients)
{
    const size_t trained = step->layout->trained;
    widen(step->values, values, step->layout->count);
    widen(step->dlogits, dlogits, step->count * train_outputs(step->graph));
    memset(step->gradients, 0, trained * sizeof *step->gradients);
    reference_backward_double(step, step->values, step->dlogits, step->gradients);
    for (size_t i = 0; i < trained; i++)
        gradients[i] += (float)step->gradients[i];
}

/* Only the running statistics change, so all others come back as they went. */
void reference_update_statistics(reference_step *step, float *values)
{
    widen(step->values, values, step->layout->count);
    reference_update_statistics_double(step, step->values);
    narrow(values, step->values, step->layout->count);
}

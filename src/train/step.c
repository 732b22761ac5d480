/* SPDX-License-Identifier: Apache-2.0
 *
 * Chooses between the implementations of a step: the blocked one where the level has its kernels, else the
 * reference.
 */
#include "train/step.h"

#include <assert.h>
#include <stdlib.h>

#include "train/blocked/blocked_step.h"
#include "train/reference/reference_step.h"

struct train_step {
    size_t batch;
    blocked_step *blocked; /* or */
    reference_step *reference;
};

static effnet_status check_options(const train_step_options *options, effnet_error *error)
{
    if (options->batch > 0) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "a batch of 0 images; wanted at least 1");
}

size_t train_outputs(const net_graph *graph)
{
    return (size_t)(graph->arch.classes > 0 ? graph->arch.classes : graph->features);
}

effnet_status train_step_bytes(size_t *out, const net_graph *graph, const train_step_options *options,
                               size_t members, effnet_error *error)
{
    TRY(check_options(options, error));
    return blocked_step_serves(options) ? blocked_step_bytes(out, graph, options, members, error)
                                        : reference_step_bytes(out, graph, options, error);
}

effnet_status train_step_create(train_step **out, const net_graph *graph, const train_step_options *options,
                                effnet_error *error)
{
    *out = NULL;
    TRY(check_options(options, error));
    train_step *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    s->batch = options->batch;
    const effnet_status status = blocked_step_serves(options)
                                     ? blocked_step_create(&s->blocked, graph, options, error)
                                     : reference_step_create(&s->reference, graph, options, error);
    if (status != EFFNET_OK) {
        free(s);
        return status;
    }
    *out = s;
    return EFFNET_OK;
}

void train_step_free(train_step *step)
{
    if (!step) return;
    blocked_step_free(step->blocked);
    reference_step_free(step->reference);
    free(step);
}

void train_forward(train_step *step, const train_pass *pass, const float *values, const float *images,
                   size_t count, float *logits)
{
    assert(count > 0 && count <= step->batch);
    if (step->blocked)
        blocked_step_forward(step->blocked, pass, values, images, count, logits);
    else
        reference_forward(step->reference, pass, values, images, count, logits);
}

void train_on_ready(train_step *step, train_ready ready, void *context)
{
    if (step->blocked) blocked_step_on_ready(step->blocked, ready, context);
}

void train_backward(train_step *step, const float *values, const float *dlogits, float *gradients)
{
    if (step->blocked)
        blocked_step_backward(step->blocked, values, dlogits, gradients);
    else
        reference_backward(step->reference, values, dlogits, gradients);
}

void train_update_statistics(train_step *step, float *values)
{
    if (step->blocked)
        blocked_step_update_statistics(step->blocked, values);
    else
        reference_update_statistics(step->reference, values);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The training step in float over channel-blocked tensors, for every level that has blocked kernels; the
 * reference step serves the others and is what this one is tested against.
 *
 * Tensors of a whole batch are [channels / V][batch * height * width][V], and only the raw outputs of
 * convolutions are kept, and blocks' inputs: batch norm and activation are made again wherever they are read.
 * Work is cut into pieces by shape alone (parts of images, or a few whole ones), every piece has its own
 * place for sums, and those are added in the order of pieces: the same bits for any number of threads.
 */
#ifndef TRAIN_BLOCKED_BLOCKED_STEP_H
#define TRAIN_BLOCKED_BLOCKED_STEP_H

#include "train/step.h"

typedef struct blocked_step blocked_step;

/* True if options->level has the kernels. */
bool blocked_step_serves(const train_step_options *options);

/* As the functions of step.h that are called alike. */
effnet_status blocked_step_bytes(size_t *out, const net_graph *graph, const train_step_options *options,
                                 size_t members, effnet_error *error);
effnet_status blocked_step_create(blocked_step **out, const net_graph *graph,
                                  const train_step_options *options, effnet_error *error);
void blocked_step_free(blocked_step *step);
void blocked_step_forward(blocked_step *step, const train_pass *pass, const float *values,
                          const float *images, size_t count, float *logits);
void blocked_step_backward(blocked_step *step, const float *values, const float *dlogits, float *gradients);
void blocked_step_on_ready(blocked_step *step, train_ready ready, void *context);
void blocked_step_update_statistics(blocked_step *step, float *values);

#endif

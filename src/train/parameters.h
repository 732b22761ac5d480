/* SPDX-License-Identifier: Apache-2.0
 *
 * Where each tensor of a network lies in a flat array. One layout is shared by values, gradients, averages
 * and everything that an optimiser keeps, so that updating, clipping, averaging, summing over machines and
 * saving are loops over arrays that know no network. Holds no values itself.
 */
#ifndef TRAIN_PARAMETERS_H
#define TRAIN_PARAMETERS_H

#include "net/graph.h"

/* One tensor: slot number i is net_tensor_at(graph, i), in PyTorch's layout, without gaps. */
typedef struct train_slot {
    size_t offset, count; /* floats */
    bool trainable;       /* not so: batch norm's running mean and variance */
    bool decays;          /* weight decay applies: weights, not batch norm's, and not biases */
} train_slot;

/* Trainable tensors come first, then the running statistics, both in the order of the state dict: gradients
 * and optimiser states are [trained], values and their averages [count]. So the tensors from `first` on that
 * a step trains are one range, slots[first].offset (or the next trainable one's) to `trained`. */
typedef struct train_layout {
    size_t tensor_count, trained, count;
    train_slot slots[]; /* [tensor_count] */
} train_layout;

effnet_status train_layout_create(train_layout **out, const net_graph *graph, effnet_error *error);
void train_layout_free(train_layout *layout);

/* The first float that is trained if tensors before number `first_tensor` are not. */
size_t train_layout_first(const train_layout *layout, size_t first_tensor);

/* Reads one tensor, as model_read does. */
typedef effnet_status (*train_reader)(void *context, const net_tensor *tensor, float *out,
                                      effnet_error *error);

/* Fills `values` [layout->count] from wherever `read` takes tensors. */
effnet_status train_layout_read(const train_layout *layout, const net_graph *graph, train_reader read,
                                void *context, float *values, effnet_error *error);

struct model; /* model/model.h */

/* A model with the network, recipe and labels of `like` and the values of a flat array, which it copies. */
effnet_status train_layout_export(struct model **out, const train_layout *layout, const struct model *like,
                                  const char *origin, const float *values, effnet_error *error);

#endif

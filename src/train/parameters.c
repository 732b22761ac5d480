/* SPDX-License-Identifier: Apache-2.0
 *
 * From a network's tensors to places in a flat array, and back to a model. See parameters.h.
 */
#include "train/parameters.h"

#include <stdlib.h>

#include "model/model.h"

static bool is_norm(net_part part)
{
    return part == NET_STEM_BN || part == NET_EXPAND_BN || part == NET_DEPTHWISE_BN ||
           part == NET_PROJECT_BN || part == NET_HEAD_BN;
}

/* Gives places to the tensors that are trainable, or to those that are not. A graph's totals are below 2^63
 * (net_graph_create). */
static void place(train_layout *layout, bool trainable)
{
    for (size_t i = 0; i < layout->tensor_count; i++) {
        train_slot *slot = &layout->slots[i];
        if (slot->trainable != trainable) continue;
        slot->offset = layout->count;
        layout->count += slot->count;
    }
}

effnet_status train_layout_create(train_layout **out, const net_graph *graph, effnet_error *error)
{
    const size_t tensors = net_tensor_count(graph);
    train_layout *layout = calloc(1, sizeof *layout + tensors * sizeof *layout->slots);
    *out = layout;
    if (!layout) return error_memory(error);
    layout->tensor_count = tensors;
    for (size_t i = 0; i < tensors; i++) {
        const net_tensor tensor = net_tensor_at(graph, i);
        layout->slots[i] = (train_slot){
            .count = tensor.count,
            .trainable = tensor.field != NET_MEAN && tensor.field != NET_VARIANCE,
            .decays = tensor.field == NET_WEIGHT && !is_norm(tensor.part),
        };
    }
    place(layout, true);
    layout->trained = layout->count;
    place(layout, false);
    return EFFNET_OK;
}

void train_layout_free(train_layout *layout)
{
    free(layout);
}

size_t train_layout_first(const train_layout *layout, size_t first_tensor)
{
    for (size_t i = first_tensor; i < layout->tensor_count; i++)
        if (layout->slots[i].trainable) return layout->slots[i].offset;
    return layout->trained;
}

effnet_status train_layout_read(const train_layout *layout, const net_graph *graph, train_reader read,
                                void *context, float *values, effnet_error *error)
{
    for (size_t i = 0; i < layout->tensor_count; i++) {
        const net_tensor tensor = net_tensor_at(graph, i);
        TRY(read(context, &tensor, values + layout->slots[i].offset, error));
    }
    return EFFNET_OK;
}

effnet_status train_layout_export(model **out, const train_layout *layout, const model *like,
                                  const char *origin, const float *values, effnet_error *error)
{
    *out = NULL;
    const float **tensors = malloc(layout->tensor_count * sizeof *tensors);
    if (!tensors) return error_memory(error);
    for (size_t i = 0; i < layout->tensor_count; i++)
        tensors[i] = values + layout->slots[i].offset;
    const effnet_status status = model_derive(out, like, origin, tensors, error);
    free(tensors);
    return status;
}

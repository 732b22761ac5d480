/* SPDX-License-Identifier: Apache-2.0
 *
 * A model from another one and new values: what training makes of the model it began with.
 */
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/binding.h"
#include "model/labels.h"

/* Copies tensor `index` into the state of `m`. */
static effnet_status add_values(model *m, size_t index, const float *values, effnet_error *error)
{
    const net_tensor tensor = net_tensor_at(m->graph, index);
    char name[DIALECT_NAME_SIZE];
    dialect_tensor_name(name, DIALECT_EFFNET, m->graph, &tensor);
    float *copy = malloc(tensor.count * sizeof *copy);
    if (!copy) return error_memory(error);
    memcpy(copy, values, tensor.count * sizeof *copy);
    const effnet_status status = state_add_f32(m->state, name, tensor.rank, tensor.shape, copy, true, error);
    if (status != EFFNET_OK) {
        free(copy);
        return status;
    }
    m->binding->tensors[index] = state_find(m->state, "", name);
    return EFFNET_OK;
}

static effnet_status fill(model *m, const model *like, const float *const *values, effnet_error *error)
{
    TRY(state_create(&m->state, error));
    if (like->labels) {
        TRY(labels_copy(&m->labels, (const char *const *)like->labels, like->label_count, error));
        m->label_count = like->label_count;
    }
    for (size_t i = 0; i < m->binding->count; i++)
        TRY(add_values(m, i, values[i], error));
    return EFFNET_OK;
}

effnet_status model_derive(model **out, const model *like, const char *origin, const float *const *values,
                           effnet_error *error)
{
    model *m;
    *out = NULL;
    TRY(model_create(&m, like->graph, 0, error));
    m->recipe = like->recipe;
    m->task = like->task;
    snprintf(m->origin, sizeof m->origin, "%s", origin);
    const effnet_status status = fill(m, like, values, error);
    if (status != EFFNET_OK) {
        model_free(m);
        return status;
    }
    *out = m;
    return EFFNET_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Values are learned in units of their own, (t - mean) / deviation over the training part, so that rates fit
 * whether somebody learns shares or prices, and outputs of different size count the same. Only the trainer
 * knows: the classifier comes out of these units with every model that is made, and goes into them if the run
 * begins with a model of values.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/loop/trainer.h"

/* Mean and deviation of output `c`; a deviation of 0 is none to divide by. */
static void measure(const dataset_part *part, size_t c, float *centre, float *spread)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < part->count; i++)
        mean += (double)part->items[i].values[c] / (double)part->count;
    for (size_t i = 0; i < part->count; i++)
        square += pow((double)part->items[i].values[c] - mean, 2) / (double)part->count;
    const float deviation = (float)sqrt(square);
    *centre = (float)mean;
    *spread = isnormal(deviation) ? deviation : 1;
}

effnet_status trainer_measure_values(trainer *t, effnet_error *error)
{
    const dataset_part *part = &t->data->parts[EFFNET_TRAINING];
    const size_t outputs = t->data->outputs;
    if (t->data->task != EFFNET_TASK_VALUES || part->count == 0) return EFFNET_OK;
    t->centre = malloc(outputs * sizeof *t->centre);
    t->spread = malloc(outputs * sizeof *t->spread);
    if (!t->centre || !t->spread) return error_memory(error);
    for (size_t c = 0; c < outputs; c++)
        measure(part, c, &t->centre[c], &t->spread[c]);
    t->loss.centre = t->centre;
    t->loss.spread = t->spread;
    return EFFNET_OK;
}

/* The classifier, [outputs][features] and [outputs], within a flat array: the last two tensors. */
static float *weight_in(const trainer *t, float *values)
{
    return values + t->layout->slots[t->layout->tensor_count - 2].offset;
}

static float *bias_in(const trainer *t, float *values)
{
    return values + t->layout->slots[t->layout->tensor_count - 1].offset;
}

void trainer_into_units(const trainer *t, float *values)
{
    const size_t outputs = t->data->outputs;
    const size_t features = t->layout->slots[t->layout->tensor_count - 2].count / outputs;
    float *weight = weight_in(t, values), *bias = bias_in(t, values);
    for (size_t c = 0; t->centre && t->start->task == EFFNET_TASK_VALUES && c < outputs; c++) {
        for (size_t i = 0; i < features; i++)
            weight[c * features + i] /= t->spread[c];
        bias[c] = (bias[c] - t->centre[c]) / t->spread[c];
    }
}

static void out_of_units(const trainer *t, float *values)
{
    const size_t outputs = t->data->outputs;
    const size_t features = t->layout->slots[t->layout->tensor_count - 2].count / outputs;
    float *weight = weight_in(t, values), *bias = bias_in(t, values);
    for (size_t c = 0; c < outputs; c++) {
        for (size_t i = 0; i < features; i++)
            weight[c * features + i] *= t->spread[c];
        bias[c] = bias[c] * t->spread[c] + t->centre[c];
    }
}

effnet_status trainer_export_values(const trainer *t, const char *origin, const float *values, model **out,
                                    effnet_error *error)
{
    if (!t->centre) return train_layout_export(out, t->layout, t->start, origin, values, error);
    *out = NULL;
    float *copy = malloc(t->layout->count * sizeof *copy);
    if (!copy) return error_memory(error);
    memcpy(copy, values, t->layout->count * sizeof *copy);
    out_of_units(t, copy);
    const effnet_status status = train_layout_export(out, t->layout, t->start, origin, copy, error);
    free(copy);
    return status;
}

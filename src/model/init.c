/* SPDX-License-Identifier: Apache-2.0
 *
 * Initial weights by the rules of tensorflow/tpu models/official/efficientnet/efficientnet_model.py:
 *
 *   convolutions   normal, deviation sqrt(2 / fan_out), fan_out = kernel height x width x output channels; a
 * depthwise kernel has one output channel per input channel there, so its fan_out is height x width
 *                  (conv_kernel_initializer; squeeze-and-excitation too)
 *   biases         0
 *   batch norm     weight 1, bias 0, mean 0, variance 1
 *
 * The classifier's weight is uniform in +-1 / sqrt(inputs), as efficientnet_pytorch has it (torch.nn.Linear).
 * The rule of tensorflow/tpu, +-1 / sqrt(outputs), is for 1000 classes: with two, the logits of features as
 * they come from a trained network are so far apart that learning begins with a loss of 3 and more.
 */
#include "model/init.h"

#include <math.h>

#include "base/rng.h"
#include "model/dialect.h"

static void fill(float *out, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        out[i] = value;
}

static void fill_normal(float *out, size_t count, uint64_t key, double deviation)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(deviation * (double)rng_normal(key, i));
}

static void fill_uniform(float *out, size_t count, uint64_t key, double limit)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(limit * (2.0 * (double)rng_uniform(key, i) - 1.0));
}

void init_tensor(float *out, const net_graph *graph, const net_tensor *tensor, uint64_t seed)
{
    if (tensor->field != NET_WEIGHT) {
        fill(out, tensor->count, tensor->field == NET_VARIANCE ? 1.0F : 0.0F);
        return;
    }
    char name[DIALECT_NAME_SIZE];
    dialect_tensor_name(name, DIALECT_EFFNET, graph, tensor);
    const uint64_t key = rng_key(seed, name);
    const double outputs = tensor->part == NET_DEPTHWISE_CONV ? 1.0 : (double)tensor->shape[0];
    if (tensor->rank == 4)
        fill_normal(out, tensor->count, key,
                    sqrt(2.0 / (outputs * (double)(tensor->shape[2] * tensor->shape[3]))));
    else if (tensor->part == NET_CLASSIFIER)
        fill_uniform(out, tensor->count, key, 1.0 / sqrt((double)tensor->shape[1]));
    else
        fill(out, tensor->count, 1.0F);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The C side of scripts/golden.py: same names, same order of operations, same roundings.
 */
#include "golden_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

static const double GAIN = 1.5, DAMP = 0.1, BIAS = 0.2, SCALE[2] = {0.5, 1.5}, VARIANCE[2] = {0.5, 1.5},
                    PICTURE = 2.0;

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), cut = strlen(end);
    return length >= cut && !strcmp(name + length - cut, end);
}

/* low + (high - low) * u: both constants and both steps rounded to float. */
static void fill_between(float *out, uint64_t seed, const char *name, size_t count, double low, double high)
{
    const uint64_t key = rng_key(seed, name);
    const float width = (float)(high - low), first = (float)low;
    for (size_t i = 0; i < count; i++) {
        const float scaled = rng_uniform(key, i) * width;
        out[i] = scaled + first;
    }
}

/* Half the range of a weight: its standard deviation becomes GAIN / sqrt(fan_in). */
static double weight_limit(int rank, const size_t *shape)
{
    size_t fan_in = 1;
    for (int i = 1; i < rank; i++)
        fan_in *= shape[i];
    const double limit = GAIN * sqrt(3.0 / (double)fan_in);
    const bool ends_branch = rank == 4 && shape[2] == 1 && (shape[1] == shape[0] || shape[1] == 6 * shape[0]);
    return ends_branch ? limit * DAMP : limit;
}

void golden_tensor(float *out, uint64_t seed, const char *name, int rank, const size_t *shape)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= shape[i];
    if (ends_with(name, "running_mean") || ends_with(name, "bias")) {
        fill_between(out, seed, name, count, -BIAS, BIAS);
    } else if (ends_with(name, "running_var")) {
        fill_between(out, seed, name, count, VARIANCE[0], VARIANCE[1]);
    } else if (rank == 1) {
        fill_between(out, seed, name, count, SCALE[0], SCALE[1]);
    } else {
        const double limit = weight_limit(rank, shape);
        fill_between(out, seed, name, count, -limit, limit);
    }
}

void golden_picture(float *out, uint64_t seed, size_t height, size_t width, size_t channels)
{
    fill_between(out, seed, "input", height * width * channels, -PICTURE, PICTURE);
}

size_t golden_position(uint64_t seed, const char *output, size_t count, size_t samples, size_t index)
{
    char name[64];
    if (count <= samples || index == 0) return index;
    if (index == samples - 1) return count - 1;
    snprintf(name, sizeof name, "sample %s", output);
    return (size_t)((double)rng_uniform(rng_key(seed, name), index) * (double)count);
}

double golden_projection(uint64_t seed, const char *output, const float *values, size_t count)
{
    char name[64];
    snprintf(name, sizeof name, "projection %s", output);
    const uint64_t key = rng_key(seed, name);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const float weight = rng_uniform(key, i) * 2.0f;
        sum += (double)values[i] * (double)(weight - 1.0f);
    }
    return sum;
}

static effnet_status add_tensor(state_dict *state, const net_graph *graph, const net_tensor *tensor,
                                dialect d, uint64_t seed, effnet_error *error)
{
    char name[DIALECT_NAME_SIZE];
    float *values = malloc(tensor->count * sizeof *values);
    if (!values) return error_memory(error);
    dialect_tensor_name(name, d, graph, tensor);
    golden_tensor(values, seed, name, tensor->rank, tensor->shape);
    const effnet_status status = state_add_f32(state, name, tensor->rank, tensor->shape, values, true, error);
    if (status != EFFNET_OK) free(values);
    return status;
}

effnet_status golden_state(state_dict **out, const net_graph *graph, dialect d, uint64_t seed,
                           effnet_error *error)
{
    state_dict *state;
    *out = NULL;
    TRY(state_create(&state, error));
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor tensor = net_tensor_at(graph, i);
        const effnet_status status = add_tensor(state, graph, &tensor, d, seed, error);
        if (status != EFFNET_OK) {
            state_free(state);
            return status;
        }
    }
    *out = state;
    return EFFNET_OK;
}

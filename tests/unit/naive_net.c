/* SPDX-License-Identifier: Apache-2.0
 *
 * The naive forward pass and its random weights.
 */
#include "naive_net.h"

#include "base/rng.h"

#include <stdlib.h>

/* What layers need of the network. */
typedef struct walker {
    const net_graph *graph;
    uint64_t seed;
} walker;

static void *checked(void *memory)
{
    if (!memory) abort();
    return memory;
}

static double *doubles(size_t count)
{
    return checked(calloc(count + 1, sizeof(double)));
}

/* ---- Weights ---- */

static double uniform(double low, double high, uint64_t key, size_t index)
{
    return low + (high - low) * (double)rng_uniform(key, index);
}

effnet_status naive_net_tensor(void *seed, const net_tensor *t, float *out, effnet_error *error)
{
    (void)error;
    const uint64_t place = ((uint64_t)(t->block + 1) * 16 + (uint64_t)t->part) * 4 + (uint64_t)t->field;
    const uint64_t key = rng_mix(*(const uint64_t *)seed + place);
    double low = -0.3, high = 0.3; /* biases, means */
    if (t->field == NET_VARIANCE) low = 0.5, high = 2;
    if (t->field == NET_WEIGHT && t->rank == 1) low = 0.5, high = 1.5; /* of batch norm */
    if (t->field == NET_WEIGHT && t->rank > 1) {
        high = sqrt(6.0 * (double)t->shape[0] / (double)t->count); /* He et al. 2015, uniform */
        low = -high;
    }
    for (size_t i = 0; i < t->count; i++)
        out[i] = (float)uniform(low, high, key, i);
    return EFFNET_OK;
}

/* The tensor of a part; the caller frees it. NULL if the network has none. */
static float *tensor_of(const walker *w, net_part part, net_field field, int block)
{
    const size_t count = net_tensor_count(w->graph);
    for (size_t i = 0; i < count; i++) {
        const net_tensor t = net_tensor_at(w->graph, i);
        if (t.part != part || t.field != field || t.block != block) continue;
        uint64_t seed = w->seed;
        float *values = checked(malloc(t.count * sizeof *values));
        naive_net_tensor(&seed, &t, values, NULL);
        return values;
    }
    return NULL;
}

/* ---- Layers ---- */

static double activate(net_activation activation, double x)
{
    switch (activation) {
    case NET_SWISH: return x / (1 + exp(-x));
    case NET_RELU6: return fmin(fmax(x, 0), 6);
    case NET_RELU: return fmax(x, 0);
    case NET_HARD_SWISH: return x * fmin(fmax(x + 3, 0), 6) / 6;
    }
    return NAN;
}

static double convolve_at(const net_conv *c, const double *input, const float *weights, int y, int x, int o)
{
    const int inputs = c->depthwise ? 1 : c->in;
    double sum = 0;
    for (int i = 0; i < inputs; i++)
        for (int ky = 0; ky < c->kernel; ky++)
            for (int kx = 0; kx < c->kernel; kx++) {
                const int in_y = y * c->stride + ky - c->pad_top, in_x = x * c->stride + kx - c->pad_left;
                if (in_y < 0 || in_y >= c->in_height || in_x < 0 || in_x >= c->in_width) continue;
                const int channel = c->depthwise ? o : i;
                sum += input[(in_y * c->in_width + in_x) * c->in + channel] *
                       (double)weights[((o * inputs + i) * c->kernel + ky) * c->kernel + kx];
            }
    return sum;
}

static double *convolve(const walker *w, net_part part, int block, const net_conv *c, const double *input)
{
    float *weights = tensor_of(w, part, NET_WEIGHT, block);
    double *out = doubles((size_t)c->out_height * (size_t)c->out_width * (size_t)c->out), *next = out;
    for (int y = 0; y < c->out_height; y++)
        for (int x = 0; x < c->out_width; x++)
            for (int o = 0; o < c->out; o++)
                *next++ = convolve_at(c, input, weights, y, x, o);
    free(weights);
    return out;
}

static void normalise(const walker *w, net_part part, int block, double *values, const net_conv *c)
{
    float *weight = tensor_of(w, part, NET_WEIGHT, block), *bias = tensor_of(w, part, NET_BIAS, block);
    float *mean = tensor_of(w, part, NET_MEAN, block), *variance = tensor_of(w, part, NET_VARIANCE, block);
    for (int i = 0; i < c->out_height * c->out_width; i++)
        for (int o = 0; o < c->out; o++) {
            double *v = &values[i * c->out + o];
            *v = (*v - mean[o]) / sqrt(variance[o] + w->graph->variant.bn_epsilon) * weight[o] + bias[o];
        }
    free(weight);
    free(bias);
    free(mean);
    free(variance);
}

static void activate_all(const walker *w, double *values, const net_conv *c)
{
    for (int i = 0; i < c->out_height * c->out_width * c->out; i++)
        values[i] = activate(w->graph->arch.activation, values[i]);
}

/* Convolution, batch norm, and activation unless it is a projection. */
static double *layer(const walker *w, net_part part, int block, const net_conv *c, const double *input)
{
    double *out = convolve(w, part, block, c, input);
    normalise(w, part + 1, block, out, c);
    if (part != NET_PROJECT_CONV) activate_all(w, out, c);
    return out;
}

static double *mean_of(const double *values, const net_conv *c)
{
    const int pixels = c->out_height * c->out_width;
    double *out = doubles((size_t)c->out);
    for (int o = 0; o < c->out; o++) {
        for (int i = 0; i < pixels; i++)
            out[o] += values[i * c->out + o];
        out[o] /= pixels;
    }
    return out;
}

static double *linear(const walker *w, net_part part, int block, int in, int out, const double *input)
{
    float *weights = tensor_of(w, part, NET_WEIGHT, block), *bias = tensor_of(w, part, NET_BIAS, block);
    double *values = doubles((size_t)out);
    for (int o = 0; o < out; o++) {
        values[o] = bias[o];
        for (int i = 0; i < in; i++)
            values[o] += (double)weights[o * in + i] * input[i];
    }
    free(weights);
    free(bias);
    return values;
}

/* Squeeze and excitation: every channel times a gate that is worked out from the means of all. */
static void squeeze_and_excite(const walker *w, int block, double *values)
{
    const net_block *b = &w->graph->blocks[block];
    const int channels = b->depthwise.out;
    double *mean = mean_of(values, &b->depthwise);
    double *squeezed = linear(w, NET_SE_REDUCE, block, channels, b->squeeze, mean);
    for (int i = 0; i < b->squeeze; i++)
        squeezed[i] = activate(w->graph->arch.activation, squeezed[i]);
    double *gate = linear(w, NET_SE_EXPAND, block, b->squeeze, channels, squeezed);
    for (int i = 0; i < b->depthwise.out_height * b->depthwise.out_width; i++)
        for (int c = 0; c < channels; c++)
            values[i * channels + c] *= 1 / (1 + exp(-gate[c]));
    free(mean);
    free(squeezed);
    free(gate);
}

static double *run_block(const walker *w, int block, const double *input)
{
    const net_block *b = &w->graph->blocks[block];
    double *expanded = b->expands ? layer(w, NET_EXPAND_CONV, block, &b->expand, input) : NULL;
    double *hidden = layer(w, NET_DEPTHWISE_CONV, block, &b->depthwise, expanded ? expanded : input);
    if (b->squeeze > 0) squeeze_and_excite(w, block, hidden);
    double *out = layer(w, NET_PROJECT_CONV, block, &b->project, hidden);
    if (b->residual)
        for (int i = 0; i < b->project.out_height * b->project.out_width * b->project.out; i++)
            out[i] += input[i];
    free(expanded);
    free(hidden);
    return out;
}

/* ---- The network ---- */

naive_net naive_net_run(const net_graph *graph, uint64_t seed, const float *image)
{
    const walker w = {.graph = graph, .seed = seed};
    naive_net n = {.block_count = graph->block_count};
    const size_t size = (size_t)graph->height * (size_t)graph->width * (size_t)graph->arch.in_channels;
    double *input = doubles(size);
    for (size_t i = 0; i < size; i++)
        input[i] = image[i];
    n.stem = layer(&w, NET_STEM_CONV, -1, &graph->stem, input);
    free(input);
    n.blocks = checked(calloc((size_t)graph->block_count + 1, sizeof *n.blocks));
    for (int i = 0; i < graph->block_count; i++)
        n.blocks[i] = run_block(&w, i, i == 0 ? n.stem : n.blocks[i - 1]);
    const int last = graph->block_count - 1;
    if (graph->has_head) n.features = layer(&w, NET_HEAD_CONV, -1, &graph->head, n.blocks[last]);
    n.pooled = graph->has_head ? mean_of(n.features, &graph->head)
                               : mean_of(n.blocks[last], &graph->blocks[last].project);
    if (graph->arch.classes > 0)
        n.logits = linear(&w, NET_CLASSIFIER, -1, graph->features, graph->arch.classes, n.pooled);
    return n;
}

void naive_net_free(naive_net *n)
{
    for (int i = 0; i < n->block_count; i++)
        free(n->blocks[i]);
    free(n->blocks);
    free(n->stem);
    free(n->features);
    free(n->pooled);
    free(n->logits);
}

const double *naive_net_at(const naive_net *n, const net_endpoint *at)
{
    switch (at->kind) {
    case NET_AT_STEM: return n->stem;
    case NET_AT_BLOCK: return n->blocks[at->block];
    case NET_AT_FEATURES: return n->features ? n->features : n->blocks[n->block_count - 1];
    case NET_AT_POOLED: return n->pooled;
    case NET_AT_LOGITS: return n->logits;
    }
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Small networks that together have everything the family has, with weights and pictures from a counter, for
 * the tests of training steps. Include in one file of a test program only.
 */
#ifndef TEST_TRAIN_NETS_H
#define TEST_TRAIN_NETS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "train/parameters.h"
#include "train/step.h"

typedef struct train_net {
    const char *name;
    const char *stages[4]; /* block strings; squeeze comes from here too */
    net_activation activation;
    net_padding padding;
    int in_channels, stem_kernel, stem_stride, head, classes, height, width;
    double dropout, drop_connect;
    bool frozen;
} train_net;

/* Blocks with and without expansion, squeeze, residual; strides 1 and 2; kernels 3, 5, 7; odd sizes. */
static const train_net train_nets[] = {
    {"swish, squeeze",
     {"r1_k3_s11_e1_i4_o3_se0.25", "r2_k5_s22_e2_i3_o4_se0.5", "r2_k3_s22_e3_i4_o5_se0.25"},
     NET_SWISH,
     NET_PAD_SAME,
     3,
     3,
     2,
     7,
     5,
     32,
     37,
     0,
     0,
     false},
    {"swish, squeeze, dropped",
     {"r2_k3_s11_e1_i4_o4_se0.25", "r3_k3_s22_e2_i4_o5_se0.25"},
     NET_SWISH,
     NET_PAD_SAME,
     3,
     3,
     2,
     6,
     4,
     33,
     32,
     0.4,
     0.6,
     false},
    {"swish, squeeze, frozen",
     {"r1_k3_s11_e1_i4_o3_se0.25", "r2_k5_s22_e2_i3_o4_se0.5"},
     NET_SWISH,
     NET_PAD_SYMMETRIC,
     3,
     3,
     2,
     7,
     5,
     34,
     35,
     0,
     0,
     true},
    {"relu6",
     {"r1_k3_s11_e1_i4_o3", "r2_k3_s22_e4_i3_o4", "r2_k3_s11_e2_i4_o4"},
     NET_RELU6,
     NET_PAD_SYMMETRIC,
     3,
     3,
     2,
     8,
     5,
     32,
     33,
     0,
     0,
     false},
    {"relu, four channels",
     {"r1_k3_s22_e2_i4_o4", "r1_k7_s11_e2_i4_o4_noskip"},
     NET_RELU,
     NET_PAD_SAME,
     4,
     3,
     2,
     6,
     3,
     35,
     32,
     0.2,
     0,
     false},
    {"hard-swish, one channel, no head",
     {"r1_k5_s22_e2_i4_o4_se0.5", "r2_k3_s11_e2_i4_o4_se0.5"},
     NET_HARD_SWISH,
     NET_PAD_SYMMETRIC,
     1,
     5,
     2,
     0,
     3,
     36,
     32,
     0,
     0.3,
     false},
    {"swish, no classifier",
     {"r1_k3_s22_e1_i4_o4", "r1_k3_s22_e2_i4_o6"},
     NET_SWISH,
     NET_PAD_SAME,
     3,
     3,
     2,
     5,
     0,
     32,
     32,
     0.5,
     0,
     false},
    {"swish, bare, stem of stride 1",
     {"r1_k3_s22_e1_i3_o3", "r1_k3_s22_e2_i3_o4"},
     NET_SWISH,
     NET_PAD_SYMMETRIC,
     3,
     3,
     1,
     0,
     0,
     32,
     32,
     0,
     0,
     false},
};

enum { TRAIN_NETS = sizeof train_nets / sizeof train_nets[0] };

static inline net_graph *train_net_graph(const train_net *net)
{
    net_arch arch = {.name = "custom",
                     .width = 1,
                     .depth = 1,
                     .divisor = 1,
                     .size = 32,
                     .activation = net->activation,
                     .stem_kernel = net->stem_kernel,
                     .stem_stride = net->stem_stride,
                     .stem_scaling = NET_FIXED,
                     .head = net->head,
                     .head_scaling = NET_FIXED,
                     .classes = net->classes,
                     .in_channels = net->in_channels,
                     .dropout = net->dropout,
                     .drop_connect = net->drop_connect};
    for (int i = 0; i < 4 && net->stages[i]; i++)
        assert_int_equal(net_stage_parse(&arch.stages[arch.stage_count++], net->stages[i], NULL), EFFNET_OK);
    arch.stem = arch.stages[0].in;
    const net_variant variant = {.padding = net->padding, .bn_epsilon = 1e-3, .bn_momentum = 0.1};
    net_graph *graph;
    effnet_error error = {0};
    if (net_graph_create(&graph, &arch, &variant, net->height, net->width, &error))
        fail_msg("%s: %s", net->name, error.message);
    return graph;
}

/* Element `index` of the network: weights of about 1 / sqrt(fan-in), norms about 1, variances above 0. */
static inline float train_net_value(const net_tensor *t, size_t tensor, size_t index)
{
    const float draw = rng_normal(100 + tensor, index);
    switch (t->field) {
    case NET_VARIANCE: return 0.5f + fabsf(draw);
    case NET_MEAN:
    case NET_BIAS: return 0.2f * draw;
    case NET_WEIGHT: break;
    }
    return t->rank == 1 ? 1 + 0.2f * draw : 1.5f * draw / sqrtf((float)(t->count / t->shape[0]));
}

/* The whole flat array, to be freed. */
static inline float *train_net_values(const net_graph *graph, const train_layout *layout)
{
    float *values = calloc(layout->count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < layout->tensor_count; i++) {
        const net_tensor t = net_tensor_at(graph, i);
        for (size_t k = 0; k < t.count; k++)
            values[layout->slots[i].offset + k] = train_net_value(&t, i, k);
    }
    return values;
}

/* `count` normal numbers of stream `key`, to be freed. */
static inline float *train_net_numbers(size_t count, uint64_t key)
{
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = rng_normal(key, i);
    return values;
}

static inline size_t train_net_image(const net_graph *graph)
{
    return (size_t)graph->height * (size_t)graph->width * (size_t)graph->arch.in_channels;
}

#endif

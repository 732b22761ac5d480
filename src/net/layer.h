/* SPDX-License-Identifier: Apache-2.0
 *
 * One layer or block outside any network: the pieces of the argument that a depthwise separable convolution
 * costs a fraction, and an inverted residual less than a residual bottleneck. A layer is a few convolutions
 * in a row, each with its batch norm; what they cost is net/cost's business.
 */
#ifndef NET_LAYER_H
#define NET_LAYER_H

#include "net/cost.h"

typedef enum net_layer_kind {
    NET_STANDARD,  /* k x k, in to out */
    NET_SEPARABLE, /* k x k depthwise, then 1x1, in to out: Howard et al., MobileNets, 2017, section 3.1 */
    NET_INVERTED, /* 1x1 to in * expand, k x k depthwise, SE, 1x1 to out: Sandler et al., MobileNetV2, 2018 */
    NET_BOTTLENECK, /* 1x1 to out / expand, k x k, 1x1 to out: He et al., ResNet, 2015, figure 5 */
    NET_LAYER_KINDS
} net_layer_kind;

typedef struct net_layer {
    net_layer_kind kind;
    int kernel, stride, in, out;
    int height, width; /* of the input */
    int expand;        /* of NET_INVERTED and NET_BOTTLENECK */
    double se;         /* of NET_INVERTED: squeeze channels over input channels; 0 for none */
} net_layer;

enum { NET_LAYER_CONVS = 3 };

/* A layer with every shape worked out, SAME padding. A shortcut has no convolution. */
typedef struct net_layer_graph {
    net_conv convs[NET_LAYER_CONVS]; /* in the order in which they run */
    int count;
    int squeeze, squeezed; /* SE's inner channels and the channels that it weighs; 0 for none */
} net_layer_graph;

/* EFFNET_ERR_ARGUMENT with the member that is out of its range. */
effnet_status net_layer_place(net_layer_graph *out, const net_layer *layer, effnet_error *error);

net_cost net_layer_cost(const net_layer_graph *graph);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What a network costs: parameters, multiply-adds, activation bytes. Counted from the graph, never measured.
 * Parameters are the trainable ones (batch norm's weight and bias, not its statistics). Multiply-adds are
 * those of convolutions (squeeze-and-excitation's two among them) and of the classifier, padding included,
 * biases not: what forward hooks over PyTorch's Conv2d and Linear count, and what the papers print.
 */
#ifndef NET_COST_H
#define NET_COST_H

#include "net/graph.h"

typedef struct net_cost {
    uint64_t parameters;
    uint64_t macs;             /* for one image */
    uint64_t activation_bytes; /* float32 outputs of the same layers, one image */
    uint64_t bytes_moved;      /* float32 inputs, outputs and parameters of each, one after the other */
} net_cost;

/* A convolution without bias and its batch norm; a fully connected layer with bias. */
net_cost net_cost_conv(const net_conv *conv);
net_cost net_cost_linear(int in, int out);

/* Adds `part` to `sum`; what does not fit is UINT64_MAX. */
void net_cost_add(net_cost *sum, net_cost part);

net_cost net_cost_stem(const net_graph *graph);
net_cost net_cost_block(const net_graph *graph, int block);
net_cost net_cost_head(const net_graph *graph); /* last convolution; nothing where there is none */
net_cost net_cost_classifier(const net_graph *graph);
net_cost net_cost_total(const net_graph *graph);

/* The same with a standard convolution in place of each depthwise one and the 1x1 one behind it: from the
 * hidden channels straight to the output's, same kernel and stride. This is how MobileNetV1 (Howard et al.,
 * 2017, table 4) sets a network against itself. */
net_conv net_standard_conv(const net_block *block);
net_cost net_cost_block_standard(const net_graph *graph, int block);
net_cost net_cost_total_standard(const net_graph *graph);

/* The most bytes that live at once, float32, one image, when layers run one after the other and nothing is
 * fused: the input and output of a convolution, and the block's input where a residual still needs it. Batch
 * norm, activation, SE's scaling and the residual sum work in place; SE's vectors are not counted. */
uint64_t net_activation_peak(const net_graph *graph);

#endif

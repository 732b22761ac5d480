/* SPDX-License-Identifier: Apache-2.0
 *
 * What a network costs: parameters, multiply-adds, activation bytes. Counted from the graph, never measured.
 * Parameters are the trainable ones (batch norm's weight and bias, not its statistics), multiply-adds those
 * of convolutions and linear layers, as the papers count them.
 */
#ifndef NET_COST_H
#define NET_COST_H

#include "net/graph.h"

typedef struct net_cost {
    uint64_t parameters;
    uint64_t macs;             /* for one image */
    uint64_t activation_bytes; /* float32 outputs of all convolutions of this part, one image */
} net_cost;

net_cost net_cost_stem(const net_graph *graph);
net_cost net_cost_block(const net_graph *graph, int block);
net_cost net_cost_head(const net_graph *graph); /* last convolution and classifier */
net_cost net_cost_total(const net_graph *graph);

/* The most bytes that must live at once when layers run one after the other, float32, one image: input,
 * output and the residual of the widest point. */
uint64_t net_activation_peak(const net_graph *graph);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A network with every shape worked out for one input size: what the engine runs, training differentiates,
 * cost counts and dialects name. No weights.
 */
#ifndef NET_GRAPH_H
#define NET_GRAPH_H

#include "net/arch.h"

/* TensorFlow pads so that out = ceil(in / stride), the odd pixel at the bottom and right; PyTorch's own nets
 * pad k/2. */
typedef enum net_padding { NET_PAD_SAME, NET_PAD_SYMMETRIC } net_padding;

/* What belongs to a checkpoint and not to the architecture. */
typedef struct net_variant {
    net_padding padding;
    double bn_epsilon;
    double bn_momentum; /* fraction of the new batch in the running statistics: 0.01 in the source */
} net_variant;

/* The source's own: SAME padding, epsilon 1e-3, momentum 0.01. */
extern const net_variant net_variant_source;

/* One convolution. Depthwise where `depthwise` is set (then in == out and each channel has its own kernel).
 */
typedef struct net_conv {
    bool depthwise;
    int in, out, kernel, stride;
    int in_height, in_width, out_height, out_width;
    int pad_top, pad_left; /* bottom and right follow from the sizes; reads past an edge give zero */
} net_conv;

/* Works out output size and padding from the other members. */
void net_conv_place(net_conv *conv, net_padding padding);

/* The squeeze channels of a block with `in` input channels, at least one; 0 where `ratio` is 0. They follow
 * the block's input channels, not the hidden ones (MBConvBlock in the source). */
int net_squeeze_channels(double ratio, int in);

/* MBConv / inverted residual: [expand 1x1 + act] -> depthwise + act -> [SE] -> project 1x1 -> [+ input].
 * Every convolution is followed by batch norm. */
typedef struct net_block {
    int stage, repeat; /* position in the description; repeat counts from 0 within the stage */
    bool expands, residual;
    int squeeze; /* SE's inner channels; 0 for none */
    net_conv expand, depthwise, project;
    double drop_rate;    /* drop-connect of this block, used where it has a residual */
    size_t first_tensor; /* index of this block's first parameter tensor */
} net_block;

typedef struct net_graph {
    net_arch arch;
    net_variant variant;
    int height, width;
    net_conv stem;
    net_block *blocks;
    int block_count;
    bool has_head;
    net_conv head;
    int features; /* channels that are pooled: head.out, or the last block's where there is no head */
} net_graph;

/* Works out `arch` for an input of `height` x `width` (0: the arch's size); `variant` NULL: the source's.
 * EFFNET_ERR_ARGUMENT names what is out of range. In a graph that was made, no channel count exceeds
 * NET_MAX_CHANNELS, no side NET_MAX_SIZE, and no total of net_cost 2^63. */
effnet_status net_graph_create(net_graph **out, const net_arch *arch, const net_variant *variant, int height,
                               int width, effnet_error *error);
void net_graph_free(net_graph *graph);

/* Parts, as costs and times are told by: stem, blocks, head, classifier, of which a network may lack the last
 * two. */
size_t net_graph_parts(const net_graph *graph);

/* ---- Parameters, in the order of the source's state dict ---- */

typedef enum net_part {
    NET_STEM_CONV,
    NET_STEM_BN,
    NET_EXPAND_CONV,
    NET_EXPAND_BN,
    NET_DEPTHWISE_CONV,
    NET_DEPTHWISE_BN,
    NET_SE_REDUCE,
    NET_SE_EXPAND,
    NET_PROJECT_CONV,
    NET_PROJECT_BN,
    NET_HEAD_CONV,
    NET_HEAD_BN,
    NET_CLASSIFIER,
} net_part;

typedef enum net_field { NET_WEIGHT, NET_BIAS, NET_MEAN, NET_VARIANCE } net_field;

/* One tensor of a network. Shapes are PyTorch's: convolutions OIHW (depthwise [c][1][k][k], SE [o][i][1][1]),
 * linear [out][in], batch norm [c]. */
typedef struct net_tensor {
    net_part part;
    net_field field;
    int block; /* -1 outside the blocks */
    int rank;
    size_t shape[4];
    size_t count; /* elements */
} net_tensor;

/* Number of tensors, and tensor `index` of them. */
size_t net_tensor_count(const net_graph *graph);
net_tensor net_tensor_at(const net_graph *graph, size_t index);

/* ---- Endpoints ---- */

typedef enum net_endpoint_kind {
    NET_AT_STEM, /* after the stem's activation: reduction_1 where the first block already has a stride */
    NET_AT_BLOCK,
    NET_AT_FEATURES,
    NET_AT_POOLED,
    NET_AT_LOGITS
} net_endpoint_kind;

/* A place where values can be taken out. Shapes are [channels][height][width], 1x1 for pooled and logits. */
typedef struct net_endpoint {
    net_endpoint_kind kind;
    int block; /* NET_AT_BLOCK: output of this block */
    int channels, height, width;
} net_endpoint;

/* Resolves "reduction_1".. (the last place before each loss of height, then the last block, as the source's
 * extract_endpoints numbers them; one more is "features", so reduction_6 in most nets), "stem", "block:N",
 * "features" (after the head's activation), "pooled", "logits". EFFNET_ERR_ARGUMENT says what there is. */
effnet_status net_endpoint_find(net_endpoint *out, const net_graph *graph, const char *name,
                                effnet_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What each library of the family calls the tensors of a network. All names are made from the graph, so every
 * network that can be described has its names in every dialect. Tells dialects apart too; does not know
 * files.
 */
#ifndef MODEL_DIALECT_H
#define MODEL_DIALECT_H

#include "net/graph.h"

/* Whose names the tensors carry. */
typedef enum dialect {
    DIALECT_EFFNET,    /* own: "blocks.0.expand.conv.weight" */
    DIALECT_LUKEMELAS, /* efficientnet_pytorch and efficientnet_lite_pytorch: "_blocks.0._expand_conv.weight"
                        */
    DIALECT_TORCHVISION, /* "features.1.0.block.0.0.weight" */
    DIALECT_TIMM,        /* "blocks.0.0.conv_pw.weight" */
    DIALECT_COUNT,
} dialect;

enum { DIALECT_NAME_SIZE = 128 };

/* The name of `tensor` of `graph` in `d`. */
void dialect_tensor_name(char out[DIALECT_NAME_SIZE], dialect d, const net_graph *graph,
                         const net_tensor *tensor);

/* The counter that PyTorch keeps beside the statistics of the batch norm that `tensor` belongs to:
 * "...num_batches_tracked". */
void dialect_counter_name(char out[DIALECT_NAME_SIZE], dialect d, const net_graph *graph,
                          const net_tensor *tensor);

const char *dialect_name(dialect d); /* "effnet", "efficientnet_pytorch", "torchvision", "timm" */

/* Reads what dialect_name gives, and "lukemelas" and "efficientnet_lite_pytorch". */
bool dialect_parse(const char *name, dialect *out);

/* The tensor that is in every network of `d`, and in no other dialect: the weight of the stem convolution. */
const char *dialect_stem(dialect d);

/* The weight of the classifier. */
const char *dialect_classifier(dialect d);

#endif

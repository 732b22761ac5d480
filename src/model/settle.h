/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: the questions that a checkpoint leaves open, each answered from the surest witness
 * there is. In order: the caller's option, effnet's own metadata, config.json, the content's sha256, the
 * file's name (which is told), the rule of the dialect. docs/model-format.md has the table.
 */
#ifndef MODEL_SETTLE_H
#define MODEL_SETTLE_H

#include "model/config.h"
#include "model/model.h"
#include "model/names.h"

/* A checkpoint on its way to being a model. */
typedef struct opening {
    const model_options *options;
    const char *title;    /* the file's or folder's own name, which may say what it is */
    const config *config; /* NULL: none */
    model *m;             /* holds the state dict */
    name_list names;
    net_arch arch;                   /* with the file's classes and channels */
    net_graph *stored;               /* of `arch`: the tensors as they are stored */
    const known_checkpoint *known;   /* NULL: none */
    char sha256[EFFNET_SHA256_SIZE]; /* of the file, if it had to be asked; else empty */
    net_variant variant;
} opening;

/* The dialect, the network, and which tensor is which. */
effnet_status settle_network(opening *o, effnet_error *error);

/* Which published checkpoint it is, if that matters. */
effnet_status settle_known(opening *o, effnet_error *error);

effnet_status settle_variant(opening *o, effnet_error *error);
effnet_status settle_recipe(opening *o, effnet_error *error);

/* The graph to be run: with the caller's classes and channels, at the recipe's size; and the binding to it.
 */
effnet_status settle_graph(opening *o, effnet_error *error);

effnet_status settle_task(opening *o, effnet_error *error);
effnet_status settle_labels(opening *o, effnet_error *error);
void settle_origin(opening *o);

/* Keys of the metadata that model_save writes. */
#define METADATA_FORMAT  "effnet.format"
#define METADATA_NETWORK "effnet.network"
#define METADATA_VARIANT "effnet.variant"
#define METADATA_RECIPE  "effnet.recipe"
#define METADATA_TASK    "effnet.task"
#define METADATA_LABELS  "effnet.labels"
#define METADATA_ORIGIN  "effnet.origin"

/* The version of what the keys mean. */
#define METADATA_VERSION "1"

#endif

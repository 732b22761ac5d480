/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint understood: which network its tensors are, in whose dialect, with which padding and epsilon,
 * which recipe its pictures want and what its classes are called. Joins src/net, src/weights and src/image;
 * does no arithmetic beyond adapting the stem and making fresh weights.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "image/recipe.h"
#include "net/graph.h"
#include "weights/state.h"

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

const char *dialect_name(dialect d); /* "effnet", "efficientnet_pytorch", "torchvision", "timm" */
bool dialect_parse(const char *name, dialect *out);

typedef struct model_options {
    const char *arch;    /* catalogue name or FILE.json; NULL: inferred */
    const char *dialect; /* NULL: inferred */
    const char *variant; /* "same" or "symmetric" padding, with the epsilon that goes with it; NULL: known or
                            inferred */
    const char *recipe;  /* overrides in the form of recipe_parse */
    const char *labels; /* text: one label a line, or JSON (a list, or an object of index to label); NULL: the
                           model's own */
    bool ema;           /* the averaged weights of a checkpoint that holds both */
    int classes;        /* 0: as in the file; otherwise a fresh classifier of this many classes if the file's
                           differs;        -1: no classifier */
    int in_channels; /* 0: as in the file; otherwise the stem is adapted: summed for 1, repeated by 3/n for n
                      */
    uint64_t seed;   /* for a fresh classifier */
    bool strict;     /* NaN or infinity in a weight is an error */
} model_options;

/* Read-only once loaded; may be shared by threads. */
typedef struct model {
    net_graph *graph; /* at the recipe's size */
    dialect source_dialect;
    recipe recipe;
    char **labels; /* [graph->arch.classes] or NULL */
    size_t label_count;
    char origin[256];  /* what is known of where the weights came from, one line; may be empty */
    char notice[512];  /* what the user should be told: an override, a guess by file name, NaNs found; may be
                          empty */
    state_dict *state; /* the tensors as they lie in the file */
    struct model_binding *binding;      /* which state tensor each net tensor is */
    int file_in_channels, file_classes; /* as stored, before adaptation */
    uint64_t seed;
} model;

/* Opens `path`: a weights file or a folder as the Hugging Face hub lays it. Values are not read yet. */
effnet_status model_open(model **out, const char *path, const model_options *options, effnet_error *error);

/* The same over bytes in memory that the caller keeps alive until model_free. */
effnet_status model_open_memory(model **out, const void *data, size_t size, const char *name,
                                const model_options *options, effnet_error *error);

/* The same over a state dict that the model then owns. */
effnet_status model_open_state(model **out, state_dict *state, const char *name, const model_options *options,
                               effnet_error *error);

/* Fresh weights for `arch`, as the source initialises them before training. */
effnet_status model_create(model **out, const net_arch *arch, uint64_t seed, effnet_error *error);

void model_free(model *m);

/* The float32 values of one tensor of m->graph, after EMA choice and stem adaptation. Fits engine_reader with
 * the model as context. */
effnet_status model_read(void *m, const net_tensor *tensor, float *out, effnet_error *error);

/* Writes safetensors in dialect `d` with recipe, labels, network and variant as metadata. */
effnet_status model_save(const model *m, const char *path, dialect d, state_dtype dtype, effnet_error *error);

#endif

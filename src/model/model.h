/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint understood: which network its tensors are, in whose dialect, with which padding and epsilon,
 * which recipe its pictures want and what its classes are called. Joins src/net, src/weights and src/image;
 * does no arithmetic beyond adapting the stem and making fresh weights. docs/model-format.md says how each
 * question is answered, and what model_save writes.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "image/recipe.h"
#include "model/dialect.h"
#include "model/known.h"
#include "net/graph.h"
#include "weights/state.h"

/* model_options.classes: leave the classifier out. */
enum { MODEL_NO_CLASSIFIER = -1 };

/* All zero: as the file says. */
typedef struct model_options {
    const char *arch;    /* catalogue name or FILE.json; NULL: inferred */
    const char *dialect; /* NULL: inferred */
    const char *variant; /* "same" or "symmetric" padding, with the epsilon that goes with it unless
                            ",epsilon=X" follows; NULL: known or inferred */
    const char *recipe;  /* overrides in the form of recipe_parse */
    const char *labels; /* text: one label a line, or JSON (a list, or an object of index to label); NULL: the
                           model's own */
    effnet_task task;   /* what the outputs mean; EFFNET_TASK_ANY: as the metadata say, else classes */
    bool ema;           /* the averaged weights of a checkpoint that holds both */
    int classes; /* 0: as in the file; otherwise a fresh classifier of this many classes if the file's differs
                  */
    int in_channels; /* 0: as in the file; otherwise the stem is adapted: summed for 1, repeated by 3/n for n
                      */
    uint64_t seed;   /* for a fresh classifier */
    bool strict;     /* NaN or infinity in a weight is an error */
    char **report; /* NULL, or where a mismatch is told in full: malloc'd lines that the caller frees; NULL if
                      there is nothing to tell */
} model_options;

/* Read-only once its values have been read for the first time; may be shared by threads then. */
typedef struct model {
    net_graph *graph; /* at the recipe's size */
    dialect source_dialect;
    recipe recipe;
    effnet_task task; /* what the outputs mean; never EFFNET_TASK_ANY */
    char **labels;    /* [graph->arch.classes] or NULL */
    size_t label_count;
    char origin[256];  /* what is known of where the weights came from, one line; may be empty */
    char notice[512];  /* what the user should be told: an override, a guess by file name, NaNs found; may be
                          empty */
    state_dict *state; /* the tensors as they lie in the file; NULL for fresh weights */
    struct model_binding *binding;      /* which state tensor each net tensor is */
    int file_in_channels, file_classes; /* as stored, before adaptation; classes 0: no classifier */
    uint64_t seed;
} model;

/* Opens `path`: a weights file or a folder as the Hugging Face hub lays it. Values are not read yet. */
effnet_status model_open(model **out, const char *path, const model_options *options, effnet_error *error);

/* The same over bytes in memory that the caller keeps alive until model_free. */
effnet_status model_open_memory(model **out, const void *data, size_t size, const char *name,
                                const model_options *options, effnet_error *error);

/* The same over a state dict that the model then owns (freed on failure too). */
effnet_status model_open_state(model **out, state_dict *state, const char *name, const model_options *options,
                               effnet_error *error);

/* Fresh weights for the network, variant and input size of `like`, as the source initialises them before
 * training. */
effnet_status model_create(model **out, const net_graph *like, uint64_t seed, effnet_error *error);

/* A model with the network, recipe and labels of `like` and copies of other values: values[i] is tensor i of
 * like->graph. `origin` says in one line where they came from. */
effnet_status model_derive(model **out, const model *like, const char *origin, const float *const *values,
                           effnet_error *error);

void model_free(model *m);

/* The float32 values of one tensor of m->graph, after EMA choice and stem adaptation. Fits engine_reader with
 * the model as context. The first tensor found to hold NaN or infinity is told in m->notice, or is an error
 * if options.strict was set. */
effnet_status model_read(void *m, const net_tensor *tensor, float *out, effnet_error *error);

/* Writes safetensors in dialect `d` with recipe, labels, network and variant as metadata. Batch norm's
 * statistics stay float32 in every dtype: variances go below and above what half precision holds. */
effnet_status model_save(const model *m, const char *path, dialect d, state_dtype dtype, effnet_error *error);

#endif

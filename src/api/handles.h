/* SPDX-License-Identifier: Apache-2.0
 *
 * What the opaque types of effnet.h hold. Only src/api sees this; the rooms below know nothing of it.
 */
#ifndef API_HANDLES_H
#define API_HANDLES_H

#include <pthread.h>

#include "engine/engine.h"
#include "model/model.h"
#include "net/layer.h"
#include "train/data/dataset.h"

struct effnet_network {
    net_graph *graph;
    bool borrowed; /* the graph belongs to a model */
    char *json;
};

struct effnet_model {
    model *checkpoint;
    effnet_network network;
    char recipe[RECIPE_TEXT_SIZE];
    cpu_level level;
    /* Weights are read and packed when the first session needs them: `summary` and `convert` never do. */
    pthread_mutex_t packing;
    engine_weights *packed;
};

struct effnet_session {
    const effnet_model *model;
    effnet_network network; /* at the session's size */
    pool *team;
    engine_scratch *scratch;
    float *input; /* [height][width][channels] of one picture, made when one is classified */
};

struct effnet_dataset {
    dataset *data;
};

/* Fills a network around `graph`; frees nothing on failure. */
effnet_status api_network_wrap(effnet_network *network, net_graph *graph, bool borrowed, effnet_error *error);
void api_network_clear(effnet_network *network);

/* A network that owns `graph`, which is freed on failure. */
effnet_status api_network_of(effnet_network **out, net_graph *graph, effnet_error *error);

/* Overrides of options over `arch`; EFFNET_NO_CLASSIFIER and negative rates are understood. */
void api_network_override(net_arch *arch, const effnet_network_options *options);

/* A layer with its shapes, or what is wrong with it. */
effnet_status api_layer_place(net_layer_graph *out, const effnet_layer *layer, effnet_error *error);

/* `level` as the rooms below know it, or why it cannot be had. */
effnet_status api_check_level(cpu_level *out, effnet_level level, effnet_error *error);

/* A handle around `checkpoint`, which it takes over, on failure too. */
effnet_status api_model_wrap(effnet_model **out, model *checkpoint, cpu_level level, effnet_error *error);

/* The packed weights of `m`, made once, by the team of whoever asks first. */
effnet_status api_model_pack(const effnet_model *m, pool *team, const engine_weights **out,
                             effnet_error *error);

/* The number of threads that options ask for: 0 stands for all cores that this process may use. */
effnet_status api_threads(size_t *out, int threads, effnet_error *error);

/* What src/image makes of the public options; NULL for the defaults. */
image_options api_image_options(const effnet_image_options *options);

/* Brings `picture`, whose decoding began at `start` (clock_ms), through the recipe of `m` into `out` and
 * frees it, on failure too. `info` may be NULL. */
effnet_status api_prepare(const effnet_model *m, image *picture, double start, float *out,
                          effnet_image_info *info, effnet_error *error);

/* The kernel level that the public one stands for here; false if this processor has not got it. */
bool api_level(cpu_level *out, effnet_level level);

#endif

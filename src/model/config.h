/* SPDX-License-Identifier: Apache-2.0
 *
 * config.json as timm puts it beside weights on the Hugging Face hub: which network, how many classes, and
 * how pictures are prepared. Comes from strangers.
 */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include "image/recipe.h"
#include "net/arch.h"

enum { CONFIG_MAX_SIZE = 8 << 20 };

typedef struct config {
    char architecture[NET_NAME_SIZE]; /* as timm spells it */
    int classes;                      /* -1: not said */
    int in_channels;                  /* -1: not said */
    bool has_recipe;
    recipe recipe;
    char **labels; /* NULL: not said */
    size_t label_count;
} config;

/* Reads the text of a config.json. Fields that say nothing about inference are passed over; fields that would
 * change the network in a way that is not understood are EFFNET_ERR_UNSUPPORTED. */
effnet_status config_parse(config *out, const char *text, size_t size, effnet_error *error);
void config_free(config *c);

#endif

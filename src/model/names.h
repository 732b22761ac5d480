/* SPDX-License-Identifier: Apache-2.0
 *
 * The tensors of a checkpoint under the names that their library gave them: which of its dicts holds the
 * weights, plain or averaged, without the prefixes that wrappers put in front, without counters, sorted.
 * Knows no network.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include "model/dialect.h"
#include "weights/state.h"

typedef struct name_entry {
    const char *name; /* points into the state dict */
    const state_tensor *tensor;
} name_entry;

typedef struct name_list {
    name_entry *entries; /* sorted by name, all different */
    size_t count;
    bool has_stem; /* `dialect` is known by its stem */
    dialect dialect;
    bool averaged;     /* these are averaged weights */
    bool has_averaged; /* the checkpoint also holds averaged weights, which these are not */
} name_list;

/* Chooses and sorts. `ema` asks for averaged weights; `wanted` restricts the dialect unless NULL. Without any
 * stem, the list holds all of the checkpoint and has_stem is false. EFFNET_ERR_FORMAT for two tensors of one
 * name, EFFNET_ERR_NOT_FOUND for averaged weights that are not there, EFFNET_ERR_AMBIGUOUS where two dicts of
 * unknown names hold a network. */
effnet_status names_collect(name_list *out, const state_dict *state, bool ema, const dialect *wanted,
                            effnet_error *error);
void names_free(name_list *list);

/* Position of `name`, or -1. */
long names_find(const name_list *list, const char *name);

#endif

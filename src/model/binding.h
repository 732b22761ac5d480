/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: which tensor of a file each tensor of a network is, and how the user is told things.
 */
#ifndef MODEL_BINDING_H
#define MODEL_BINDING_H

#include <stdatomic.h>

#include "model/model.h"

struct model_binding {
    bool strict;      /* values that are not finite are an error */
    atomic_flag told; /* the notice already names one */
    size_t count;
    const state_tensor *tensors[]; /* by number of the graph's tensor; NULL: made fresh */
};

/* All NULL. */
struct model_binding *binding_create(size_t count);

/* Appends one statement to m->notice; statements are separated by "; ", and cut where they do not fit. */
void model_note(model *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

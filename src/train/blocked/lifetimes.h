/* SPDX-License-Identifier: Apache-2.0
 *
 * Places for tensors of which each is needed for a known span of a step, so that two of them share memory
 * wherever their spans do not meet.
 */
#ifndef TRAIN_BLOCKED_LIFETIMES_H
#define TRAIN_BLOCKED_LIFETIMES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct lifetime {
    size_t size;        /* floats */
    size_t first, last; /* moments of the step, both included */
    size_t offset;      /* the result, a multiple of 16 floats */
} lifetime;

/* Gives every tensor an offset and tells the floats that all take together; false if memory is short or they
 * are too many to count. The largest tensors are placed first, each as low as it fits. */
bool lifetimes_place(lifetime *tensors, size_t count, size_t *total);

#endif

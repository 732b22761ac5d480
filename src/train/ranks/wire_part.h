/* SPDX-License-Identifier: Apache-2.0
 *
 * Some of a wire's ranks as a wire of their own, so that one set of processes can hold several conversations.
 */
#ifndef TRAIN_RANKS_WIRE_PART_H
#define TRAIN_RANKS_WIRE_PART_H

#include <pthread.h>

#include "train/ranks/wire.h"

typedef struct wire_part {
    wire base;
    wire *whole;
    pthread_mutex_t *lock;
    size_t first;
    int tags;
} wire_part;

/* Ranks [first, first + count) of `whole`, numbered from 0, whose tags are raised by `tags`. Parts with the
 * same lock may be used by different threads, if `whole` is used through parts only. `whole` and `lock` must
 * outlive the part; closing it closes nothing. */
void wire_part_open(wire_part *out, wire *whole, pthread_mutex_t *lock, size_t first, size_t count, int tags);

#endif

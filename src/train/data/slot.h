/* SPDX-License-Identifier: Apache-2.0
 *
 * One batch that is being made: its arrays, and the making of a part of it, without any regard to threads.
 * Nobody but loader.c includes this.
 */
#ifndef TRAIN_DATA_SLOT_H
#define TRAIN_DATA_SLOT_H

#include "train/data/cache.h"
#include "train/data/loader.h"

/* What all batches are made from. */
typedef struct slot_maker {
    const dataset *data;
    const dataset_part *part;
    loader_options options;
    recipe recipe;
    augment_options augment;
    cache *pictures;
    size_t values; /* of one input */
    bool mixes;
} slot_maker;

/* A picture that could not be read. */
typedef struct slot_note {
    struct slot_note *next;
    uint32_t item;
    char message[EFFNET_MESSAGE_SIZE];
} slot_note;

/* Pictures [first, end) of a batch, made in one go: pairs that are mixed stay together. */
typedef struct slot_chunk {
    slot_note *notes, **last;
    effnet_status status;
    effnet_error error;
} slot_chunk;

typedef struct slot {
    uint64_t epoch;
    size_t step, count;
    uint32_t *items; /* [batch] */
    float *images;   /* [batch][height][width][channels] */
    int *classes;    /* [batch], and so the others; which there are depends on the task */
    int *others;
    float *shares;
    float *values; /* [batch][outputs] */
    size_t chunks, begun, done;
    slot_chunk *parts; /* [batch] at most */
} slot;

/* Bytes of the arrays of one slot; false if they are more than can be counted. */
bool slot_bytes(size_t *out, const slot_maker *m);
effnet_status slot_allocate(slot *s, const slot_maker *m, effnet_error *error);
void slot_free(slot *s);

/* Readies the slot for its items, count of which are set. */
void slot_begin(slot *s, const slot_maker *m);

/* Makes chunk number `chunk`; its status tells how it went. */
void slot_make(slot *s, const slot_maker *m, size_t chunk);

/* Forgets the notes. */
void slot_clear(slot *s);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * How the readers of this room fill a state dict. Everything that a file makes it hold comes from one arena
 * with a ceiling, and every rule about names, counts and shapes that all formats share is kept here.
 */
#ifndef WEIGHTS_DICT_H
#define WEIGHTS_DICT_H

#include "base/arena.h"
#include "weights/state.h"

/* What the index of a file may take: 65,536 tensors with names as long as a safetensors header can hold. */
enum { DICT_MEMORY_LIMIT = 24 * 1024 * 1024, DICT_BLOCK = 256, DICT_BLOCKS = STATE_MAX_TENSORS / DICT_BLOCK };

struct state_dict {
    source *source;
    state_format format;
    arena memory;
    size_t count;
    state_tensor *blocks[DICT_BLOCKS]; /* in the order of the file; blocks do not move as the dict grows */
    const state_tensor **order;        /* [count] by group, then name */
    size_t order_capacity;
    struct dict_text *texts; /* newest first */
    size_t text_count;
    struct dict_owned *owned;
};

/* An empty dict that owns `s` (which may be NULL); NULL if out of memory, and `s` is then untouched. */
state_dict *dict_create(source *s, state_format format, size_t memory_limit);

/* A copy of a tensor's or group's name that lives as long as the dict, once it is known to be one: valid
 * UTF-8 without NUL, of at most STATE_MAX_NAME bytes. `offset` is where it stands in the file. */
effnet_status dict_name(state_dict *d, const char *bytes, size_t size, uint64_t offset, const char **out,
                        effnet_error *error);

/* A new tensor of that name; the rest of it is zero and for the caller to fill. Both strings must live as
 * long as the dict. */
effnet_status dict_add(state_dict *d, const char *group, const char *name, state_tensor **out,
                       effnet_error *error);

/* Fills count and row-major strides from rank and shape; the size in bytes must fit too, and is given back.
 */
effnet_status dict_set_geometry(state_tensor *t, size_t *bytes, uint64_t offset, effnet_error *error);

/* Keeps a string; both ends must live as long as the dict (arena_string of d->memory). */
effnet_status dict_add_text(state_dict *d, const char *key, const char *value, effnet_error *error);

/* Sorts what was added and refuses double names, of tensors and of strings. Ends the filling. */
effnet_status dict_finish(state_dict *d, effnet_error *error);

/* Why an allocation of `size` bytes from an arena failed: its ceiling, or memory. */
effnet_status dict_no_room(const arena *memory, size_t size, effnet_error *error);

/* "tensor NAME: rule (byte N)", with long names cut so that the rule is always seen. 0 stands for no place.
 */
effnet_status dict_fail(effnet_error *error, effnet_status code, uint64_t offset, const char *name,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif

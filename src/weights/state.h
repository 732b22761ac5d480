/* SPDX-License-Identifier: Apache-2.0
 *
 * A state dict: named tensors of a file, checked and indexed but not yet read. Formats are told by content.
 * What the names mean is src/model's business, not this room's.
 *
 * Reading is lazy: a tensor's values are read and converted when asked for, straight into the caller's
 * buffer, so a file costs its index and nothing more. A dict may be read from several threads at once.
 */
#ifndef WEIGHTS_STATE_H
#define WEIGHTS_STATE_H

#include "base/source.h"

enum { STATE_MAX_RANK = 8, STATE_MAX_TENSORS = 65536, STATE_MAX_NAME = 1024 };

typedef enum state_dtype {
    STATE_F32,
    STATE_F16,
    STATE_BF16,
    STATE_F64,
    STATE_I64,
    STATE_I32,
    STATE_I16,
    STATE_I8,
    STATE_U8,
    STATE_BOOL,
} state_dtype;

typedef enum state_format {
    STATE_SAFETENSORS,
    STATE_TORCH_ZIP,
    STATE_TORCH_LEGACY,
    STATE_IN_MEMORY
} state_format;

typedef struct state_tensor {
    const char *name; /* valid UTF-8, unique within its group */
    const char
        *group; /* the dict of a checkpoint it was found in: "" at the top, "state_dict", "model_ema", ... */
    state_dtype dtype;
    int rank;
    size_t shape[STATE_MAX_RANK];
    size_t stride[STATE_MAX_RANK]; /* in elements */
    size_t count;                  /* elements */
    uint64_t offset;               /* byte of element 0 in the source */
    const void *data;              /* in-memory tensors: element 0 instead */
    bool big_endian;
} state_tensor;

typedef struct state_dict state_dict;

/* Indexes the weights in `source`, which the dict then owns (closed on failure too). Every rule of the format
 * is checked; robustness rows G, S, P and L say what is refused. The message does not name the source;
 * callers add it. */
effnet_status state_open(state_dict **out, source *source, effnet_error *error);

/* An empty dict to fill with tensors that live in memory. */
effnet_status state_create(state_dict **out, effnet_error *error);

/* Adds a contiguous float32 tensor. The name is copied; `data` is borrowed unless `owned`, then free()d with
 * the dict (on failure it stays the caller's). */
effnet_status state_add_f32(state_dict *dict, const char *name, int rank, const size_t *shape, float *data,
                            bool owned, effnet_error *error);

void state_free(state_dict *dict);

state_format state_get_format(const state_dict *dict);
const source *state_get_source(const state_dict *dict); /* NULL for dicts made in memory */
size_t state_count(const state_dict *dict);
const state_tensor *state_at(const state_dict *dict, size_t index);

/* The tensor `name` of `group`, NULL if there is none. O(log n). */
const state_tensor *state_find(const state_dict *dict, const char *group, const char *name);

/* A string stored beside the weights (safetensors' __metadata__; "arch" at the top of a PyTorch checkpoint),
 * NULL if there is none. */
const char *state_metadata(const state_dict *dict, const char *key);
effnet_status state_set_metadata(state_dict *dict, const char *key, const char *value, effnet_error *error);

/* Reads all of `tensor` as float32 into `out` (tensor->count elements, row-major, whatever the strides). */
effnet_status state_read_f32(const state_dict *dict, const state_tensor *tensor, float *out,
                             effnet_error *error);

const char *state_dtype_name(state_dtype dtype); /* as safetensors spells it: "F32" */
size_t state_dtype_size(state_dtype dtype);

/* ---- Writing safetensors ---- */

/* One tensor to write; `read` produces its float32 values on demand, so that only one tensor is in memory at
 * a time. */
typedef struct state_output {
    const char *name;
    state_dtype dtype; /* F32, F16, BF16 (round to nearest even) or I64 */
    int rank;
    size_t shape[STATE_MAX_RANK];
} state_output;

typedef effnet_status (*state_producer)(void *context, size_t index, float *out, effnet_error *error);

typedef struct state_text {
    const char *key, *value;
} state_text;

/* Writes `count` tensors and `text_count` metadata strings to `path`, atomically. The bytes depend on the
 * arguments only. Finite values that overflow float16 are an error naming the tensor. */
effnet_status state_write(const char *path, const state_output *tensors, size_t count,
                          const state_text *texts, size_t text_count, state_producer produce, void *context,
                          effnet_error *error);

struct output; /* base/output.h */

/* Writes only what comes before the data, for a caller that writes the values of all tensors itself, in order
 * and little-endian. */
effnet_status state_write_header(struct output *file, const state_output *tensors, size_t count,
                                 const state_text *texts, size_t text_count, effnet_error *error);

#endif

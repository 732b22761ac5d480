/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of any bytes that are opened as weights: either one printable line, or a dict whose every
 * name is sound, whose every tensor lies within the file, and whose every value can be read.
 */
#ifndef WEIGHTS_FUZZ_H
#define WEIGHTS_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "weights/state.h"

enum { MOST_ELEMENTS = 1 << 14 };

static inline void require(bool condition)
{
    if (!condition) abort();
}

static inline void check_message(const effnet_error *error, effnet_status status)
{
    const size_t length = strlen(error->message);
    require(error->code == status && length > 0 && length < sizeof error->message);
    require(text_is_utf8(error->message, length));
    for (size_t i = 0; i < length; i++)
        require((unsigned char)error->message[i] >= ' ');
}

static inline void check_name(const char *name)
{
    const size_t length = strlen(name);
    require(length <= STATE_MAX_NAME && text_is_utf8(name, length));
}

static inline void check_place(const state_tensor *t, size_t file_size)
{
    size_t count = 1, last = 0;
    require(t->rank >= 0 && t->rank <= STATE_MAX_RANK);
    for (int i = 0; i < t->rank; i++)
        require(!__builtin_mul_overflow(count, t->shape[i], &count));
    require(count == t->count && t->data == NULL);
    for (int i = 0; i < t->rank && count > 0; i++)
        last += (t->shape[i] - 1) * t->stride[i];
    require(count == 0 || t->offset + (last + 1) * state_dtype_size(t->dtype) <= file_size);
}

static inline void check_values(const state_dict *dict, const state_tensor *t)
{
    effnet_error error;
    if (t->count > MOST_ELEMENTS) return;
    float *values = malloc((t->count + 1) * sizeof *values); /* exact, so that a write too many is seen */
    require(values != NULL && state_read_f32(dict, t, values, &error) == EFFNET_OK);
    free(values);
}

static inline void check_weights(const uint8_t *data, size_t size)
{
    effnet_error error = {0};
    source *s;
    state_dict *dict;
    require(source_open_memory(&s, data, size, "fuzz", &error) == EFFNET_OK);
    const effnet_status status = state_open(&dict, s, &error);
    if (status != EFFNET_OK) {
        require(dict == NULL);
        check_message(&error, status);
        return;
    }
    for (size_t i = 0; i < state_count(dict); i++) {
        const state_tensor *t = state_at(dict, i);
        check_name(t->name);
        check_name(t->group);
        require(state_find(dict, t->group, t->name) == t);
        check_place(t, size);
        check_values(dict, t);
    }
    state_free(dict);
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * From stored elements to float32 values in the caller's buffer. Contiguous tensors stream through a small
 * window; strided ones are walked in the order in which they lie in the file, so that a transposed or
 * channels-last tensor is read once from front to back too. Allocates nothing.
 */
#include <stdio.h>
#include <string.h>

#include "weights/dtype.h"

enum { WINDOW = 32 * 1024 };

/* Elements as they are stored: in a file, or in memory. */
static effnet_status read_elements(const state_dict *dict, const state_tensor *t, size_t first, size_t count,
                                   void *buffer, effnet_error *error)
{
    const size_t size = state_dtype_size(t->dtype);
    if (t->data) {
        memcpy(buffer, (const uint8_t *)t->data + first * size, count * size);
        return EFFNET_OK;
    }
    return source_read(state_get_source(dict), t->offset + (uint64_t)first * size, buffer, count * size,
                       error);
}

/* `count` elements that lie side by side from element `first` of the storage. */
static effnet_status read_run(const state_dict *dict, const state_tensor *t, size_t first, size_t count,
                              float *out, effnet_error *error)
{
    uint8_t window[WINDOW];
    if (dtype_is_native(t->dtype, t->big_endian)) return read_elements(dict, t, first, count, out, error);
    const size_t step = WINDOW / state_dtype_size(t->dtype);
    for (size_t done = 0; done < count;) {
        const size_t n = count - done < step ? count - done : step;
        TRY(read_elements(dict, t, first + done, n, window, error));
        dtype_decode(out + done, window, t->dtype, t->big_endian, n);
        done += n;
    }
    return EFFNET_OK;
}

/* A loop over one dimension: how far its steps go in the storage and in the output. */
typedef struct loop {
    size_t size, stride, out_stride;
} loop;

/* The loops of a tensor, outermost first by stride in the storage. Dimensions of one element need none, and
 * neighbours that make one longer run are one. */
static int make_loops(const state_tensor *t, loop loops[STATE_MAX_RANK + 1])
{
    int count = 0;
    size_t out_stride = t->count;
    for (int i = 0; i < t->rank; i++) {
        out_stride /= t->shape[i];
        if (t->shape[i] == 1) continue;
        int place = count++;
        for (; place > 0 && loops[place - 1].stride < t->stride[i]; place--)
            loops[place] = loops[place - 1];
        loops[place] = (loop){t->shape[i], t->stride[i], out_stride};
    }
    int merged = 0;
    for (int i = 0; i < count; i++) {
        loop *outer = merged ? &loops[merged - 1] : NULL;
        const loop inner = loops[i];
        if (outer && outer->stride == inner.size * inner.stride &&
            outer->out_stride == inner.size * inner.out_stride)
            *outer = (loop){outer->size * inner.size, inner.stride, inner.out_stride};
        else
            loops[merged++] = inner;
    }
    return merged;
}

/* A piece of the storage that was read: elements [first, end). */
typedef struct window {
    uint8_t bytes[WINDOW];
    size_t first, end;
} window;

/* One pass of the innermost loop. Steps wider than the window are read one element at a time. */
static effnet_status scatter(const state_dict *dict, const state_tensor *t, window *w, const loop *in,
                             size_t from, float *out, effnet_error *error)
{
    const size_t size = state_dtype_size(t->dtype), room = WINDOW / size;
    for (size_t i = 0; i < in->size; i++) {
        const size_t at = from + i * in->stride;
        if (at < w->first || at >= w->end) {
            const size_t left = (in->size - 1 - i) * in->stride + 1;
            const size_t n = in->stride >= room ? 1 : left < room ? left : room;
            w->first = w->end = 0;
            TRY(read_elements(dict, t, at, n, w->bytes, error));
            w->first = at;
            w->end = at + n;
        }
        dtype_decode(out + i * in->out_stride, w->bytes + (at - w->first) * size, t->dtype, t->big_endian, 1);
    }
    return EFFNET_OK;
}

static effnet_status read_strided(const state_dict *dict, const state_tensor *t, const loop *loops, int count,
                                  float *out, effnet_error *error)
{
    window w = {.first = 0, .end = 0};
    size_t index[STATE_MAX_RANK] = {0};
    size_t from = 0, to = 0;
    const loop *innermost = &loops[count - 1];
    for (;;) {
        TRY(scatter(dict, t, &w, innermost, from, out + to, error));
        int i = count - 1; /* step the outer loops like an odometer */
        while (i-- > 0) {
            from += loops[i].stride;
            to += loops[i].out_stride;
            if (++index[i] < loops[i].size) break;
            from -= index[i] * loops[i].stride;
            to -= index[i] * loops[i].out_stride;
            index[i] = 0;
        }
        if (i < 0) return EFFNET_OK;
    }
}

effnet_status state_read_f32(const state_dict *dict, const state_tensor *tensor, float *out,
                             effnet_error *error)
{
    if (tensor->count == 0) return EFFNET_OK;
    loop loops[STATE_MAX_RANK + 1];
    const int count = make_loops(tensor, loops);
    effnet_status status;
    if (count == 0 || (count == 1 && loops[0].stride == 1))
        status = read_run(dict, tensor, 0, tensor->count, out, error);
    else
        status = read_strided(dict, tensor, loops, count, out, error);
    if (status != EFFNET_OK) {
        char prefix[sizeof "tensor " + 96];
        snprintf(prefix, sizeof prefix, "tensor %.96s", tensor->name);
        return error_prefix(error, status, prefix);
    }
    return EFFNET_OK;
}

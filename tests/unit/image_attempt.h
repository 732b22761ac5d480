/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt to decode a picture that may be hostile, and what is asked of it: the error, the heap, the
 * processor time, and nothing left behind.
 */
#ifndef TEST_IMAGE_ATTEMPT_H
#define TEST_IMAGE_ATTEMPT_H

#include "image_test.h"

#include "unit/case_time.h"
#include "unit/heap.h"

enum { MIB = 1024 * 1024, HEAP_SLACK = 32 * MIB };

/* What one decoding did. */
typedef struct outcome {
    effnet_status status;
    effnet_error error;
    image picture;
    size_t heap;
    double seconds;
} outcome;

static inline outcome attempt(const bytes *file, const image_options *options)
{
    outcome o = {0};
    heap_mark();
    const double start = cpu_seconds();
    o.status = image_decode(&o.picture, file->data, file->size, options, &o.error);
    o.seconds = cpu_seconds() - start;
    o.heap = heap_used();
    if (o.status != EFFNET_OK) {
        static const image nothing;
        assert_memory_equal(&o.picture, &nothing, sizeof nothing);
        assert_int_equal(heap_kept(), 0);
        assert_int_equal(o.error.code, o.status);
    }
    return o;
}

/* The file is refused with `status` and a message that holds `told`, within `heap` bytes. Frees it. */
static inline void refused_within(bytes file, effnet_status status, const char *told, size_t heap)
{
    const outcome o = attempt(&file, NULL);
    if (o.status != status || !strstr(o.error.message, told))
        fail_msg("wanted \"%s\", got %s: %s", told, effnet_status_name(o.status), o.error.message);
    if (o.heap > heap) fail_msg("%s: %zu bytes of heap, at most %zu wanted", told, o.heap, heap);
    if (o.seconds > case_seconds) fail_msg("%s: %.3f s", told, o.seconds);
    bytes_free(&file);
}

static inline void refused(bytes file, effnet_status status, const char *told)
{
    refused_within(file, status, told, HEAP_SLACK);
}

/* The file is decoded, to `expected` if that is given, within 4 bytes a pixel and `heap` bytes. Frees it. */
static inline void accepted_within(bytes file, const image *expected, size_t heap)
{
    outcome o = attempt(&file, NULL);
    if (o.status != EFFNET_OK) fail_msg("%s", o.error.message);
    const size_t allowed = (size_t)o.picture.height * (size_t)o.picture.width * 4 + heap;
    if (o.heap > allowed) fail_msg("%zu bytes of heap, at most %zu wanted", o.heap, allowed);
    if (o.seconds > case_seconds) fail_msg("%.3f s", o.seconds);
    if (expected) {
        assert_true(o.picture.height == expected->height && o.picture.width == expected->width);
        assert_memory_equal(o.picture.pixels, expected->pixels, pixels_size(expected));
    }
    image_free(&o.picture);
    bytes_free(&file);
}

#endif

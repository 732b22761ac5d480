/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzz targets of the picture formats share: a decoding under small limits whose every pixel is
 * looked at, so that memory nobody wrote shows under MemorySanitizer and Valgrind.
 */
#ifndef FUZZ_IMAGE_FUZZ_H
#define FUZZ_IMAGE_FUZZ_H

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "image/recipe.h"

static inline void fuzz_touch(const void *values, size_t size)
{
    crc32(0, values, (uInt)size); /* a call into another library is never left out */
}

static inline void fuzz_decode(const void *data, size_t size, bool allow_truncated)
{
    const image_options options = {
        .max_pixels = 1 << 18, .max_scans = 20, .exif = true, .allow_truncated = allow_truncated};
    image picture;
    effnet_error error;
    float values[32 * 32 * 3];
    if (image_decode(&picture, data, size, &options, &error) != EFFNET_OK) {
        if (picture.pixels || error.message[0] == '\0') abort();
        return;
    }
    fuzz_touch(picture.pixels, (size_t)picture.height * (size_t)picture.width * 3);
    const recipe r = recipe_default(32, 32);
    if (recipe_apply(&r, &picture, 3, values, &error) == EFFNET_OK) fuzz_touch(values, sizeof values);
    image_free(&picture);
}

#endif

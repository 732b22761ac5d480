/* SPDX-License-Identifier: Apache-2.0
 *
 * Which decoding libraries are at work, for `effnet info` and bug reports.
 */
#include <stdio.h>

#include <jpeglib.h>
#include <spng.h>
#include <webp/decode.h>

#include "image/image.h"

/* libjpeg-turbo cannot be asked when it is linked; its headers say what was built against. */
#define QUOTE(x)  #x
#define STRING(x) QUOTE(x)

bool image_codec_get(size_t index, const char **name, char version[IMAGE_VERSION_SIZE])
{
    const int webp = WebPGetDecoderVersion();
    switch (index) {
    case 0:
        *name = "libjpeg-turbo";
        snprintf(version, IMAGE_VERSION_SIZE, "%s", STRING(LIBJPEG_TURBO_VERSION));
        return true;
    case 1:
        *name = "libspng";
        snprintf(version, IMAGE_VERSION_SIZE, "%s", spng_version_string());
        return true;
    case 2:
        *name = "libwebp";
        snprintf(version, IMAGE_VERSION_SIZE, "%d.%d.%d", webp >> 16 & 255, webp >> 8 & 255, webp & 255);
        return true;
    default: return false;
    }
}

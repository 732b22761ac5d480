/* SPDX-License-Identifier: Apache-2.0
 *
 * What the decoders of the formats share: one entry each, and the checks that stand between a header and the
 * first large allocation. Not for other rooms; they call image_decode.
 */
#ifndef IMAGE_DECODE_H
#define IMAGE_DECODE_H

#include "image/image.h"

/* Each fills `out` (zeroed before, but for its format) from a whole file. On failure out->pixels may be set;
 * the caller frees it. `limits` has no zero fields. */
effnet_status decode_jpeg(image *out, const uint8_t *bytes, size_t size, const image_options *limits,
                          effnet_error *error);
effnet_status decode_png(image *out, const uint8_t *bytes, size_t size, const image_options *limits,
                         effnet_error *error);
effnet_status decode_webp(image *out, const uint8_t *bytes, size_t size, const image_options *limits,
                          effnet_error *error);

/* Checks the size that a header declares, and that the output together with `codec_bytes` per pixel of the
 * codec's own stays below 4 * max_pixels + 32 MiB; then allocates out->pixels. */
effnet_status decode_allocate(image *out, size_t width, size_t height, size_t codec_bytes,
                              const image_options *limits, effnet_error *error);

/* What `bytes`, which are no JPEG, PNG or WebP, seem to be: "GIF", "a PDF document", "text". Never NULL. */
const char *decode_foreign_name(const uint8_t *bytes, size_t size);

#endif

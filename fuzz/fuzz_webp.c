/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a WebP: as they are, and with the size in the RIFF header made right.
 */
#include "image_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 12 || memcmp(data, "RIFF", 4) != 0 || memcmp(data + 8, "WEBP", 4) != 0) return -1;
    fuzz_decode(data, size, false);
    uint8_t *mended = malloc(size);
    if (!mended) return 0;
    memcpy(mended, data, size);
    for (size_t i = 0; i < 4; i++)
        mended[4 + i] = (uint8_t)((size - 8) >> (8 * i));
    fuzz_decode(mended, size, false);
    free(mended);
    return 0;
}

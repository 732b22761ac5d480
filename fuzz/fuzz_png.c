/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a PNG: as they are, and with the checksums of all chunks made right, without which hardly an
 * input would get past the first chunk.
 */
#include "image_fuzz.h"

enum { SIGNATURE_SIZE = 8, CHUNK_OVERHEAD = 12 };

static void mend_checksums(uint8_t *data, size_t size)
{
    for (size_t at = SIGNATURE_SIZE; size - at >= CHUNK_OVERHEAD;) {
        const uint32_t length = (uint32_t)data[at] << 24 | (uint32_t)data[at + 1] << 16 |
                                (uint32_t)data[at + 2] << 8 | data[at + 3];
        if (length > size - at - CHUNK_OVERHEAD) return;
        const uint32_t crc = (uint32_t)crc32(0, data + at + 4, length + 4);
        for (size_t i = 0; i < 4; i++)
            data[at + 8 + length + i] = (uint8_t)(crc >> (24 - 8 * i));
        at += length + CHUNK_OVERHEAD;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < SIGNATURE_SIZE || memcmp(data, "\x89PNG\r\n\x1a\n", SIGNATURE_SIZE) != 0) return -1;
    fuzz_decode(data, size, false);
    uint8_t *mended = malloc(size);
    if (!mended) return 0;
    memcpy(mended, data, size);
    mend_checksums(mended, size);
    fuzz_decode(mended, size, false);
    free(mended);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The legacy PyTorch format: what has no magic number gets the three pickles of the head put before it, so
 * that mutations work on the object, the list of keys and the storages.
 */
#include "weights_fuzz.h"

static const uint8_t head[] = "\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\2M\xe9\3."
                              "\x80\2}\x8c\x0dlittle_endian\x88s.";

enum { HEAD_SIZE = sizeof head - 1, MAGIC_SIZE = 14 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= MAGIC_SIZE && memcmp(data, head, MAGIC_SIZE) == 0) {
        check_weights(data, size);
        return 0;
    }
    uint8_t *file = malloc(HEAD_SIZE + size);
    require(file != NULL);
    memcpy(file, head, HEAD_SIZE);
    if (size) memcpy(file + HEAD_SIZE, data, size);
    check_weights(file, HEAD_SIZE + size);
    free(file);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of any bytes, with a header length that fits where the given one does not, so that mutations reach
 * the JSON and the offsets behind it.
 */
#define _GNU_SOURCE /* memrchr */
#include "weights_fuzz.h"

enum { LENGTH_SIZE = 8, MOST_BYTES = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_weights(data, size);
    if (size < LENGTH_SIZE || size > MOST_BYTES) return 0;
    const uint8_t *end = memrchr(data + LENGTH_SIZE, '}', size - LENGTH_SIZE);
    if (!end) return 0;
    uint8_t *fitted = malloc(size);
    require(fitted != NULL);
    memcpy(fitted, data, size);
    const uint64_t length = (uint64_t)(end + 1 - (data + LENGTH_SIZE));
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        fitted[i] = (uint8_t)(length >> 8 * i);
    check_weights(fitted, size);
    free(fitted);
    return 0;
}

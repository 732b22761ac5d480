/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint of any bytes is read or refused with one printable line. The checksums of the input are made
 * right first, for a fuzzer does not guess them.
 */
#include <zlib.h>

#include "train/checkpoint/checkpoint.h"
#include "weights_fuzz.h"

enum { NUMBERS = 2, FLOATS = 3, HEADER = 24 + 8 + 8 * NUMBERS + 8, WHOLE = HEADER + 4 + 4 * FLOATS + 4 };

static void mend(uint8_t *bytes, size_t begin, size_t end)
{
    const uint32_t crc = (uint32_t)crc32_z(0, bytes + begin, end - begin);
    for (int i = 0; i < 4; i++)
        bytes[end + (size_t)i] = (uint8_t)(crc >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1); /* never nothing */
    require(bytes != NULL);
    if (size) memcpy(bytes, data, size);
    if (size >= WHOLE) {
        mend(bytes, 0, HEADER);
        mend(bytes, HEADER + 4, WHOLE - 4);
    }
    uint64_t numbers[NUMBERS];
    float *values = malloc(FLOATS * sizeof *values);
    require(values != NULL);
    const checkpoint state = {"seed=12\n", numbers, NUMBERS, {{values, FLOATS}}, 1};
    source *s;
    effnet_error error = {0};
    require(source_open_memory(&s, bytes, size, "fuzz", &error) == EFFNET_OK);
    const effnet_status status = checkpoint_read(s, &state, &error);
    if (status != EFFNET_OK)
        check_message(&error, status);
    else
        require(size == WHOLE);
    source_close(s);
    free(values);
    free(bytes);
    return 0;
}

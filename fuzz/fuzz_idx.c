/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an IDX file, compressed or not. What is read has the size that its shape says.
 */
#include <stdlib.h>

#include "image_fuzz.h"
#include "train/data/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    idx_array a;
    effnet_error error;
    if (idx_parse(&a, data, size, 1 << 24, &error) == EFFNET_OK) {
        if (a.size != a.shape[0] * a.shape[1] * a.shape[2] * a.shape[3]) abort();
        fuzz_touch(a.bytes, a.size);
    } else if (a.bytes || error.message[0] == '\0') {
        abort();
    }
    idx_free(&a);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a JPEG, first refusing and then allowing damage.
 */
#include "image_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || memcmp(data, "\xff\xd8\xff", 3) != 0) return -1;
    fuzz_decode(data, size, false);
    fuzz_decode(data, size, true);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an EXIF block. The answer is always one of the eight orientations.
 */
#include <stdlib.h>

#include "image/exif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int orientation = exif_orientation(data, size);
    if (orientation < 1 || orientation > 8) abort();
    return 0;
}

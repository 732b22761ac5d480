/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of any bytes; the seeds are zip archives and legacy files that PyTorch wrote. The zip's CRCs of 0,
 * which stand for none, let mutations through to the pickle; fuzz_pickle.c goes there directly.
 */
#include "weights_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_weights(data, size);
    return 0;
}

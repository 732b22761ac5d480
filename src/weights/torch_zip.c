/* SPDX-License-Identifier: Apache-2.0
 *
 * PyTorch's formats are recognised here, and not read.
 */
#include "weights/formats.h"

effnet_status torch_zip_index(state_dict *dict, effnet_error *error)
{
    (void)dict;
    return error_set(error, EFFNET_ERR_UNSUPPORTED, "PyTorch zip files are not read");
}

effnet_status torch_legacy_index(state_dict *dict, effnet_error *error)
{
    (void)dict;
    return error_set(error, EFFNET_ERR_UNSUPPORTED, "PyTorch legacy files are not read");
}

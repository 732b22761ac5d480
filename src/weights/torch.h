/* SPDX-License-Identifier: Apache-2.0
 *
 * The part that PyTorch's two containers share: from the value of a pickle to the tensors of a dict.
 */
#ifndef WEIGHTS_TORCH_H
#define WEIGHTS_TORCH_H

#include "weights/dict.h"
#include "weights/pickle.h"

/* Adds every tensor within `root` to the dict, named and grouped as state.h says. All storages must have been
 * placed in the file. */
effnet_status torch_collect(state_dict *dict, const pickle_value *root, bool big_endian, effnet_error *error);

/* Fills s->offset and s->bytes, and checks that the elements it is said to hold fill them exactly. */
effnet_status torch_place_storage(torch_storage *s, uint64_t offset, uint64_t bytes, effnet_error *error);

#endif

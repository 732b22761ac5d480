/* SPDX-License-Identifier: Apache-2.0
 *
 * The file formats behind state_open, and how they are told apart. Each reader fills a dict from its source;
 * the caller finishes it.
 */
#ifndef WEIGHTS_FORMATS_H
#define WEIGHTS_FORMATS_H

#include "weights/dict.h"

enum { SNIFF_SIZE = 512 };

/* What a file is, from its first bytes: `size` of them, SNIFF_SIZE or all if there are fewer. Anything that
 * holds no weights, or weights of a kind that is not read, is an error that says what it is. */
effnet_status sniff_format(state_format *out, const uint8_t *bytes, size_t size, effnet_error *error);

effnet_status safetensors_index(state_dict *dict, effnet_error *error);
effnet_status torch_zip_index(state_dict *dict, effnet_error *error);
effnet_status torch_legacy_index(state_dict *dict, effnet_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * state_open: from a source to a dict, by way of the reader that knows the format.
 */
#include "weights/formats.h"

static effnet_status index_source(state_dict *d, effnet_error *error)
{
    uint8_t head[SNIFF_SIZE];
    const uint64_t size = source_size(d->source);
    const size_t head_size = size < sizeof head ? (size_t)size : sizeof head;
    TRY(source_read(d->source, 0, head, head_size, error));
    TRY(sniff_format(&d->format, head, head_size, error));
    switch (d->format) {
    case STATE_TORCH_ZIP: TRY(torch_zip_index(d, error)); break;
    case STATE_TORCH_LEGACY: TRY(torch_legacy_index(d, error)); break;
    default: TRY(safetensors_index(d, error));
    }
    return dict_finish(d, error);
}

effnet_status state_open(state_dict **out, source *s, effnet_error *error)
{
    *out = NULL;
    state_dict *d = dict_create(s, STATE_SAFETENSORS, DICT_MEMORY_LIMIT);
    if (!d) {
        source_close(s);
        return error_memory(error);
    }
    const effnet_status status = index_source(d, error);
    if (status != EFFNET_OK) {
        state_free(d);
        return status;
    }
    *out = d;
    return EFFNET_OK;
}

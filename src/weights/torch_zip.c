/* SPDX-License-Identifier: Apache-2.0
 *
 * PyTorch's zip format (torch/serialization.py, _save, and caffe2/serialize/inline_container.h): an archive
 * whose entries share a folder,
 *
 *     NAME/data.pkl     the object that was saved, with storages by key
 *     NAME/byteorder    "little" or "big"; little where there is none
 *     NAME/data/KEY     the elements of a storage
 *
 * and others that do not matter. TorchScript programs look alike but hold code; they are told apart and
 * refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/formats.h"
#include "weights/torch.h"
#include "weights/zip.h"

static bool ends_with(const zip_entry *e, const char *end)
{
    const size_t size = strlen(end);
    return e->name_size >= size && memcmp(e->name + e->name_size - size, end, size) == 0;
}

/* The entry of which the name is PREFIX/`name`, with PREFIX of `prefix->size` bytes. */
static const zip_entry *find(const zip *z, const char *prefix, size_t prefix_size, const char *name,
                             size_t name_size)
{
    char path[ZIP_MAX_NAME];
    if (prefix_size + name_size > sizeof path) return NULL;
    memcpy(path, prefix, prefix_size);
    memcpy(path + prefix_size, name, name_size);
    return zip_find(z, path, prefix_size + name_size);
}

/* What kind of zip archive it is if not a checkpoint. */
static effnet_status not_torch(const zip *z, effnet_error *error)
{
    for (size_t i = 0; i < z->count; i++) {
        if (ends_with(&z->entries[i], ".npy"))
            return error_set(error, EFFNET_ERR_UNSUPPORTED,
                             "not weights that effnet reads, but a NumPy .npz archive");
        if (ends_with(&z->entries[i], "model.weights.h5"))
            return error_set(error, EFFNET_ERR_UNSUPPORTED,
                             "not weights that effnet reads, but a Keras model");
    }
    return error_set(error, EFFNET_ERR_FORMAT, "a zip archive without data.pkl: no PyTorch checkpoint");
}

/* NAME/data.pkl, where NAME has no slash in it. There must be one. */
static effnet_status find_pickle(const zip *z, const zip_entry **out, effnet_error *error)
{
    static const char name[] = "/data.pkl";
    *out = NULL;
    for (size_t i = 0; i < z->count; i++) {
        const zip_entry *e = &z->entries[i];
        if (!ends_with(e, name) || memchr(e->name, '/', e->name_size - (sizeof name - 1u))) continue;
        if (*out) return zip_fail(error, EFFNET_ERR_FORMAT, e, "a second data.pkl");
        *out = e;
    }
    if (!*out) return not_torch(z, error);
    const size_t prefix = (*out)->name_size - (sizeof name - 2u);
    if (find(z, (*out)->name, prefix, "constants.pkl", 13))
        return error_set(error, EFFNET_ERR_UNSUPPORTED,
                         "a TorchScript program: load it with PyTorch and export its state_dict()");
    if ((*out)->size > PICKLE_MAX_STREAM) return zip_fail(error, EFFNET_ERR_LIMIT, *out, "larger than 4 MiB");
    if ((*out)->size == 0) return zip_fail(error, EFFNET_ERR_FORMAT, *out, "truncated: it is empty");
    return EFFNET_OK;
}

static effnet_status read_byte_order(const zip *z, const zip_entry *data, size_t prefix, bool *big,
                                     effnet_error *error)
{
    void *text = NULL;
    const zip_entry *e = find(z, data->name, prefix, "byteorder", 9);
    *big = false;
    if (!e) return EFFNET_OK;
    TRY(zip_read(z, e, 16, &text, error));
    *big = e->size == 3 && memcmp(text, "big", 3) == 0;
    const bool little = e->size == 6 && memcmp(text, "little", 6) == 0;
    free(text);
    return *big || little ? EFFNET_OK
                          : zip_fail(error, EFFNET_ERR_FORMAT, e, "neither \"little\" nor \"big\"");
}

static effnet_status place_storages(const zip *z, const zip_entry *data, size_t prefix,
                                    torch_storage *storages, effnet_error *error)
{
    for (torch_storage *s = storages; s; s = s->next) {
        char path[ZIP_MAX_NAME];
        const int length =
            snprintf(path, sizeof path, "data/%.*s", (int)(s->key_size < 256 ? s->key_size : 256), s->key);
        const zip_entry *e = find(z, data->name, prefix, path, (size_t)length);
        if (!e) {
            effnet_status status = error_set(error, EFFNET_ERR_FORMAT, "missing from the archive");
            return error_prefix(error, status, path);
        }
        TRY(torch_place_storage(s, e->data, e->size, error));
    }
    return EFFNET_OK;
}

/* The object in data.pkl, and with it the dict. */
static effnet_status index_pickle(state_dict *dict, const zip *z, const zip_entry *data, const void *stream,
                                  effnet_error *error)
{
    const size_t prefix = data->name_size - 8u; /* "data.pkl" */
    bool big = false;
    pickle_value root;
    TRY(read_byte_order(z, data, prefix, &big, error));
    pickle machine = pickle_make();
    machine.storages_allowed = true;
    reader in = reader_over(stream, (size_t)data->size, data->data);
    effnet_status status = pickle_load(&machine, &in, &root, error);
    if (status == EFFNET_OK && reader_left(&in) > 0)
        status = zip_fail(error, EFFNET_ERR_FORMAT, data, "trailing data after the pickle");
    if (status == EFFNET_OK) status = place_storages(z, data, prefix, machine.storages, error);
    if (status == EFFNET_OK) status = torch_collect(dict, &root, big, error);
    pickle_free(&machine);
    return status;
}

static effnet_status index_archive(state_dict *dict, zip *z, effnet_error *error)
{
    const zip_entry *data = NULL;
    void *stream = NULL;
    TRY(zip_open(z, dict->source, error));
    TRY(find_pickle(z, &data, error));
    TRY(zip_check(z, error));
    TRY(zip_read(z, data, PICKLE_MAX_STREAM, &stream, error));
    const effnet_status status = index_pickle(dict, z, data, stream, error);
    free(stream);
    return status;
}

effnet_status torch_zip_index(state_dict *dict, effnet_error *error)
{
    zip z = {0};
    const effnet_status status = index_archive(dict, &z, error);
    zip_close(&z);
    return status;
}

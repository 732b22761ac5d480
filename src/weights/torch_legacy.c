/* SPDX-License-Identifier: Apache-2.0
 *
 * PyTorch's format before 1.6 (torch/serialization.py, _legacy_save): five pickles and then the storages,
 *
 *     magic number | protocol version 1001 | {"little_endian": True, ...} | object | [key, ...]
 *     for each key: i64 count of elements, elements
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "weights/formats.h"
#include "weights/torch.h"

enum { PROTOCOL = 1001, HEAD_SIZE = 1024 };

static effnet_status no_magic(effnet_error *error)
{
    return error_set(error, EFFNET_ERR_FORMAT, "a pickle without PyTorch's magic number: no checkpoint");
}

static effnet_status check_magic(const pickle_value *v, effnet_error *error)
{
    /* 0x1950A86A20F9469CFC6C, least significant byte first. */
    static const uint8_t magic[] = {0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19};
    if (v->kind == PICKLE_LONG && v->size == sizeof magic && memcmp(v->as.text, magic, sizeof magic) == 0)
        return EFFNET_OK;
    return no_magic(error);
}

static const pickle_value *find_key(const pickle_value *dict, const char *key)
{
    if (dict->kind != PICKLE_DICT) return NULL;
    const pickle_node *node = dict->as.node;
    for (size_t i = 0; i + 1 < node->count; i += 2)
        if (pickle_text_is(&node->items[i], key)) return &node->items[i + 1];
    return NULL;
}

static effnet_status check_system(const pickle_value *v, effnet_error *error)
{
    const pickle_value *little = find_key(v, "little_endian");
    if (!little || little->kind != PICKLE_BOOL)
        return error_set(error, EFFNET_ERR_FORMAT, "the byte order is not given");
    if (!little->as.integer)
        return error_set(error, EFFNET_ERR_UNSUPPORTED,
                         "written on a big-endian machine: save it again with PyTorch");
    return EFFNET_OK;
}

/* The three pickles that say what the file is. They are all alike, and short. */
static effnet_status check_head(pickle *p, reader *in, effnet_error *error)
{
    pickle_value v;
    effnet_status status = pickle_load(p, in, &v, error);
    if (status != EFFNET_OK) return error_prefix(error, status, "no PyTorch checkpoint");
    TRY(check_magic(&v, error));
    TRY(pickle_load(p, in, &v, error));
    if (v.kind != PICKLE_INT || v.as.integer != PROTOCOL)
        return error_set_at(error, EFFNET_ERR_FORMAT, in->position, "unknown protocol version, want %d",
                            PROTOCOL);
    TRY(pickle_load(p, in, &v, error));
    return check_system(&v, error);
}

/* A storage and its place in order of keys. */
typedef struct place {
    torch_storage *storage;
    bool found;
} place;

static int compare_keys(const char *a, size_t a_size, const char *b, size_t b_size)
{
    if (a_size != b_size) return a_size < b_size ? -1 : 1;
    return a_size ? memcmp(a, b, a_size) : 0;
}

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return compare_keys(x->storage->key, x->storage->key_size, y->storage->key, y->storage->key_size);
}

/* The first of the places with that key; `count` if there is none. */
static size_t find_place(const place *places, size_t count, const pickle_value *key)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const torch_storage *s = places[middle].storage;
        if (compare_keys(key->as.text, key->size, s->key, s->key_size) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < count && (places[low].storage->key_size != key->size ||
                        compare_keys(key->as.text, key->size, places[low].storage->key, key->size) != 0))
        return count;
    return low;
}

static effnet_status storage_fail(effnet_error *error, uint64_t offset, const char *key, size_t size,
                                  const char *rule)
{
    char shown[64];
    text_escape(shown, sizeof shown, key, size);
    return error_set_at(error, EFFNET_ERR_FORMAT, offset, "storage %s: %s", shown, rule);
}

/* Reads the count before the elements of one storage, places all mentions of it and moves *offset past it. */
static effnet_status place_key(const source *s, place *places, size_t count, const pickle_value *key,
                               uint64_t *offset, effnet_error *error)
{
    uint8_t bytes[8];
    if (key->kind != PICKLE_TEXT)
        return error_set_at(error, EFFNET_ERR_FORMAT, *offset, "a storage key that is no text");
    const size_t first = find_place(places, count, key);
    if (first == count) return storage_fail(error, *offset, key->as.text, key->size, "unknown key");
    if (places[first].found) return storage_fail(error, *offset, key->as.text, key->size, "duplicate key");
    TRY(source_read(s, *offset, bytes, sizeof bytes, error));
    reader in = reader_over(bytes, sizeof bytes, *offset);
    const torch_global *type = places[first].storage->type;
    uint64_t stored;
    if (__builtin_mul_overflow(reader_u64(&in), type->element_size, &stored))
        return storage_fail(error, *offset, key->as.text, key->size, "size mismatch: the count overflows");
    *offset += sizeof bytes;
    for (size_t i = first; i < count && compare_places(&places[i], &places[first]) == 0; i++) {
        places[i].found = true;
        TRY(torch_place_storage(places[i].storage, *offset, stored, error));
    }
    if (stored > source_size(s) - *offset)
        return storage_fail(error, *offset, key->as.text, key->size, "truncated: the file ends within it");
    *offset += stored;
    return EFFNET_OK;
}

static effnet_status place_all(const source *s, place *places, size_t count, const pickle_value *keys,
                               uint64_t offset, effnet_error *error)
{
    const pickle_node *list = keys->as.node;
    for (size_t i = 0; i < list->count; i++)
        TRY(place_key(s, places, count, &list->items[i], &offset, error));
    for (size_t i = 0; i < count; i++)
        if (!places[i].found)
            return storage_fail(error, offset, places[i].storage->key, places[i].storage->key_size,
                                "missing from the list of keys");
    if (offset != source_size(s))
        return error_set_at(error, EFFNET_ERR_FORMAT, offset, "trailing data after the last storage");
    return EFFNET_OK;
}

static effnet_status place_storages(const source *s, torch_storage *storages, const pickle_value *keys,
                                    uint64_t offset, effnet_error *error)
{
    if (keys->kind != PICKLE_LIST)
        return error_set_at(error, EFFNET_ERR_FORMAT, offset, "the list of storage keys is missing");
    size_t count = 0;
    for (torch_storage *t = storages; t; t = t->next)
        count++;
    place *places = calloc(count + 1, sizeof *places);
    if (!places) return error_memory(error);
    size_t i = 0;
    for (torch_storage *t = storages; t; t = t->next)
        places[i++].storage = t;
    qsort(places, count, sizeof *places, compare_places);
    const effnet_status status = place_all(s, places, count, keys, offset, error);
    free(places);
    return status;
}

static effnet_status index_stream(state_dict *dict, pickle *p, reader *in, effnet_error *error)
{
    pickle_value root, keys;
    TRY(check_head(p, in, error));
    p->storages_allowed = true;
    TRY(pickle_load(p, in, &root, error));
    p->storages_allowed = false;
    TRY(pickle_load(p, in, &keys, error));
    TRY(place_storages(dict->source, p->storages, &keys, in->position, error));
    return torch_collect(dict, &root, false, error);
}

/* The pickles, within the first 4 MiB. */
static effnet_status index_pickles(state_dict *dict, effnet_error *error)
{
    const uint64_t file_size = source_size(dict->source);
    const bool cut = file_size > PICKLE_MAX_STREAM;
    const size_t size = cut ? PICKLE_MAX_STREAM : (size_t)file_size;
    uint8_t *stream = malloc(size + 1);
    if (!stream) return error_memory(error);
    effnet_status status = source_read(dict->source, 0, stream, size, error);
    if (status == EFFNET_OK) {
        pickle machine = pickle_make();
        reader in = reader_over(stream, size, 0);
        status = index_stream(dict, &machine, &in, error);
        if (!reader_ok(&in) && cut)
            status = error_set(error, EFFNET_ERR_LIMIT, "the pickles take more than 4 MiB");
        pickle_free(&machine);
    }
    free(stream);
    return status;
}

effnet_status torch_legacy_index(state_dict *dict, effnet_error *error)
{
    /* First a look at the head alone, so that a file that is something else costs nothing. */
    uint8_t head[HEAD_SIZE];
    const uint64_t file_size = source_size(dict->source);
    const size_t size = file_size < sizeof head ? (size_t)file_size : sizeof head;
    TRY(source_read(dict->source, 0, head, size, error));
    pickle machine = pickle_make();
    reader in = reader_over(head, size, 0);
    effnet_status status = check_head(&machine, &in, error);
    pickle_free(&machine);
    if (!reader_ok(&in) && size < file_size) status = no_magic(error); /* PyTorch's head is shorter */
    TRY(status);
    return index_pickles(dict, error);
}

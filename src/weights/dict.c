/* SPDX-License-Identifier: Apache-2.0
 *
 * The state dict itself: a growing list of tensors, the order in which names are looked up, and strings.
 * Knows no file format.
 */
#include "weights/dict.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "base/text.h"

enum { TEXT_LIMIT = 65536, SHOWN_NAME = 96, SHOWN_RULE = 192 };

struct dict_text {
    struct dict_text *next;
    const char *key, *value;
};

struct dict_owned {
    struct dict_owned *next;
    void *data;
};

state_dict *dict_create(source *s, state_format format, size_t memory_limit)
{
    state_dict *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    d->source = s;
    d->format = format;
    d->memory = arena_make(memory_limit);
    return d;
}

effnet_status state_create(state_dict **out, effnet_error *error)
{
    *out = dict_create(NULL, STATE_IN_MEMORY, SIZE_MAX);
    return *out ? EFFNET_OK : error_memory(error);
}

void state_free(state_dict *dict)
{
    if (!dict) return;
    for (struct dict_owned *o = dict->owned; o; o = o->next)
        free(o->data);
    free(dict->order);
    arena_free(&dict->memory);
    source_close(dict->source);
    free(dict);
}

effnet_status dict_no_room(const arena *memory, size_t size, effnet_error *error)
{
    if (size <= memory->limit - memory->used) return error_memory(error);
    return error_set(error, EFFNET_ERR_LIMIT, "what the file describes takes more than %zu MiB of memory",
                     memory->limit >> 20);
}

effnet_status dict_fail(effnet_error *error, effnet_status code, uint64_t offset, const char *name,
                        const char *format, ...)
{
    char shown[SHOWN_NAME], rule[SHOWN_RULE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rule, sizeof rule, format, arguments);
    va_end(arguments);
    text_escape(shown, sizeof shown, name, strlen(name));
    if (offset == 0) return error_set(error, code, "tensor %s: %s", shown, rule);
    return error_set_at(error, code, offset, "tensor %s: %s", shown, rule);
}

effnet_status dict_name(state_dict *d, const char *bytes, size_t size, uint64_t offset, const char **out,
                        effnet_error *error)
{
    char shown[SHOWN_NAME];
    text_escape(shown, sizeof shown, bytes, size);
    if (size > STATE_MAX_NAME)
        return error_set_at(error, EFFNET_ERR_LIMIT, offset, "name %s: %zu bytes, the limit is %d", shown,
                            size, STATE_MAX_NAME);
    if (memchr(bytes, '\0', size))
        return error_set_at(error, EFFNET_ERR_FORMAT, offset, "name %s: holds a NUL byte", shown);
    if (!text_is_utf8(bytes, size))
        return error_set_at(error, EFFNET_ERR_FORMAT, offset, "name %s: not valid UTF-8", shown);
    *out = arena_string(&d->memory, bytes, size);
    return *out ? EFFNET_OK : dict_no_room(&d->memory, size, error);
}

effnet_status dict_add(state_dict *d, const char *group, const char *name, state_tensor **out,
                       effnet_error *error)
{
    if (d->count == STATE_MAX_TENSORS)
        return error_set(error, EFFNET_ERR_LIMIT, "more than %d tensors", STATE_MAX_TENSORS);
    state_tensor **block = &d->blocks[d->count / DICT_BLOCK];
    if (!*block) *block = arena_array(&d->memory, DICT_BLOCK, sizeof **block);
    if (!*block) return dict_no_room(&d->memory, DICT_BLOCK * sizeof **block, error);
    *out = *block + d->count++ % DICT_BLOCK;
    **out = (state_tensor){.group = group, .name = name};
    return EFFNET_OK;
}

effnet_status dict_set_geometry(state_tensor *t, size_t *bytes, uint64_t offset, effnet_error *error)
{
    /* Strides before the product: with a zero in the shape the product says nothing about the others. */
    size_t stride = 1;
    bool fits = true;
    for (int i = t->rank; i-- > 0;) {
        t->stride[i] = stride;
        fits = fits && size_mul(&stride, stride, t->shape[i] ? t->shape[i] : 1);
    }
    if (!fits || !size_product(&t->count, t->shape, (size_t)t->rank) ||
        !size_mul(bytes, t->count, state_dtype_size(t->dtype)))
        return dict_fail(error, EFFNET_ERR_FORMAT, offset, t->name, "the product of the shape overflows");
    return EFFNET_OK;
}

static int compare(const char *group, const char *name, const state_tensor *t)
{
    const int groups = strcmp(group, t->group);
    return groups ? groups : strcmp(name, t->name);
}

static int compare_tensors(const void *a, const void *b)
{
    const state_tensor *const *x = a, *const *y = b;
    return compare((*x)->group, (*x)->name, *y);
}

static int compare_keys(const void *a, const void *b)
{
    const struct dict_text *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

static effnet_status check_texts(const state_dict *d, effnet_error *error)
{
    if (d->text_count < 2) return EFFNET_OK;
    const struct dict_text **texts = calloc(d->text_count, sizeof *texts);
    if (!texts) return error_memory(error);
    size_t count = 0;
    for (const struct dict_text *t = d->texts; t; t = t->next)
        texts[count++] = t;
    qsort(texts, count, sizeof *texts, compare_keys);
    effnet_status status = EFFNET_OK;
    for (size_t i = 1; i < count && status == EFFNET_OK; i++)
        if (strcmp(texts[i - 1]->key, texts[i]->key) == 0)
            status =
                error_set(error, EFFNET_ERR_FORMAT, "duplicate key in __metadata__: %.64s", texts[i]->key);
    free(texts);
    return status;
}

effnet_status dict_finish(state_dict *d, effnet_error *error)
{
    TRY(check_texts(d, error));
    if (d->count == 0) return EFFNET_OK;
    d->order = calloc(d->count, sizeof *d->order);
    if (!d->order) return error_memory(error);
    d->order_capacity = d->count;
    for (size_t i = 0; i < d->count; i++)
        d->order[i] = state_at(d, i);
    qsort(d->order, d->count, sizeof *d->order, compare_tensors);
    for (size_t i = 1; i < d->count; i++)
        if (compare_tensors(&d->order[i - 1], &d->order[i]) == 0)
            return dict_fail(error, EFFNET_ERR_FORMAT, d->order[i]->offset, d->order[i]->name,
                             "duplicate name");
    return EFFNET_OK;
}

/* The place of a name in d->order: the index of the first tensor that is not before it. */
static size_t place_of(const state_dict *d, const char *group, const char *name)
{
    size_t low = 0, high = d->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(group, name, d->order[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static effnet_status grow_order(state_dict *d, effnet_error *error)
{
    if (d->count < d->order_capacity) return EFFNET_OK;
    const size_t capacity = d->order_capacity ? 2 * d->order_capacity : DICT_BLOCK;
    const state_tensor **grown = realloc(d->order, capacity * sizeof *grown);
    if (!grown) return error_memory(error);
    d->order = grown;
    d->order_capacity = capacity;
    return EFFNET_OK;
}

static effnet_status add_f32(state_dict *d, const char *name, int rank, const size_t *shape, float *data,
                             effnet_error *error)
{
    if (rank < 0 || rank > STATE_MAX_RANK)
        return dict_fail(error, EFFNET_ERR_ARGUMENT, 0, name, "rank %d, the limit is %d", rank,
                         STATE_MAX_RANK);
    if (state_find(d, "", name)) return dict_fail(error, EFFNET_ERR_ARGUMENT, 0, name, "duplicate name");
    const char *copy;
    state_tensor *tensor;
    size_t bytes;
    TRY(dict_name(d, name, strlen(name), 0, &copy, error));
    TRY(grow_order(d, error));
    state_tensor filled = {.name = copy, .group = "", .dtype = STATE_F32, .rank = rank, .data = data};
    if (rank) memcpy(filled.shape, shape, (size_t)rank * sizeof *shape);
    TRY(dict_set_geometry(&filled, &bytes, 0, error));
    const size_t place = place_of(d, "", copy), after = d->count - place;
    TRY(dict_add(d, "", copy, &tensor, error));
    *tensor = filled;
    memmove(d->order + place + 1, d->order + place, after * sizeof *d->order);
    d->order[place] = tensor;
    return EFFNET_OK;
}

effnet_status state_add_f32(state_dict *dict, const char *name, int rank, const size_t *shape, float *data,
                            bool owned, effnet_error *error)
{
    struct dict_owned *owner = NULL;
    if (owned) {
        owner = arena_alloc(&dict->memory, sizeof *owner);
        if (!owner) return error_memory(error);
    }
    TRY(add_f32(dict, name, rank, shape, data, error));
    if (owner) {
        *owner = (struct dict_owned){dict->owned, data};
        dict->owned = owner;
    }
    return EFFNET_OK;
}

state_format state_get_format(const state_dict *dict)
{
    return dict->format;
}

const source *state_get_source(const state_dict *dict)
{
    return dict->source;
}

size_t state_count(const state_dict *dict)
{
    return dict->count;
}

const state_tensor *state_at(const state_dict *dict, size_t index)
{
    return dict->blocks[index / DICT_BLOCK] + index % DICT_BLOCK;
}

const state_tensor *state_find(const state_dict *dict, const char *group, const char *name)
{
    const size_t place = place_of(dict, group, name);
    if (place == dict->count || compare(group, name, dict->order[place]) != 0) return NULL;
    return dict->order[place];
}

static struct dict_text *find_text(const state_dict *d, const char *key)
{
    struct dict_text *t = d->texts;
    while (t && strcmp(t->key, key) != 0)
        t = t->next;
    return t;
}

const char *state_metadata(const state_dict *dict, const char *key)
{
    const struct dict_text *t = find_text(dict, key);
    return t ? t->value : NULL;
}

effnet_status dict_add_text(state_dict *d, const char *key, const char *value, effnet_error *error)
{
    if (d->text_count == TEXT_LIMIT)
        return error_set(error, EFFNET_ERR_LIMIT, "more than %d strings in __metadata__", TEXT_LIMIT);
    struct dict_text *t = arena_alloc(&d->memory, sizeof *t);
    if (!t) return dict_no_room(&d->memory, sizeof *t, error);
    *t = (struct dict_text){d->texts, key, value};
    d->texts = t;
    d->text_count++;
    return EFFNET_OK;
}

effnet_status state_set_metadata(state_dict *dict, const char *key, const char *value, effnet_error *error)
{
    struct dict_text *t = find_text(dict, key);
    const char *value_copy = arena_string(&dict->memory, value, strlen(value));
    if (!value_copy) return dict_no_room(&dict->memory, strlen(value), error);
    if (t) {
        t->value = value_copy;
        return EFFNET_OK;
    }
    const char *key_copy = arena_string(&dict->memory, key, strlen(key));
    if (!key_copy) return dict_no_room(&dict->memory, strlen(key), error);
    return dict_add_text(dict, key_copy, value_copy, error);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks over what a pickle made and adds its tensors to the dict: names come from the keys on the way, lists
 * count. An explicit stack stands for recursion; a container within itself and more visits than a real
 * checkpoint needs are errors.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "base/text.h"
#include "weights/torch.h"

enum { MAX_VISITS = 1000000, MAX_LEVELS = PICKLE_MAX_DEPTH + 1, PATH_SIZE = STATE_MAX_NAME + 1 };

/* A container being walked over. */
typedef struct level {
    const pickle_value *items;
    size_t next, count;
    bool keyed;        /* keys and values by turns */
    pickle_node *node; /* NULL for tuples */
    size_t path_size;  /* of the names of the levels around it */
} level;

typedef struct walk {
    state_dict *dict;
    bool big_endian;
    level levels[MAX_LEVELS];
    size_t depth;
    char path[PATH_SIZE]; /* names from the second level on, joined by dots */
    size_t path_size;
    char first[PATH_SIZE]; /* the name on the first level */
    size_t first_size;
    const char *group; /* the dict's copy of `first`, made when it is needed */
    size_t visits;
    const torch_global *object; /* the class of an object that was met */
    bool has_arch;
    effnet_error *error;
} walk;

/* "storage KEY: ..." for a storage that does not fit its place. */
static effnet_status misplaced(const torch_storage *s, uint64_t offset, uint64_t bytes, effnet_error *error)
{
    char key[48];
    text_escape(key, sizeof key, s->key, s->key_size);
    return error_set_at(error, EFFNET_ERR_FORMAT, offset,
                        "storage %s: size mismatch: %" PRIu64 " elements of %u bytes declared, %" PRIu64
                        " bytes stored",
                        key, s->count, s->type->element_size, bytes);
}

static effnet_status bad_view(const torch_storage *s, uint64_t offset, effnet_error *error)
{
    char key[48];
    text_escape(key, sizeof key, s->key, s->key_size);
    return error_set_at(error, EFFNET_ERR_FORMAT, offset,
                        "storage %s: out of range: a view of %" PRIu64 " elements from %" PRIu64
                        " in a storage of %" PRIu64,
                        key, s->view_count, s->view_offset, s->count);
}

effnet_status torch_place_storage(torch_storage *s, uint64_t offset, uint64_t bytes, effnet_error *error)
{
    uint64_t declared;
    if (__builtin_mul_overflow(s->count, s->type->element_size, &declared) || declared != bytes)
        return misplaced(s, offset, bytes, error);
    s->offset = offset;
    s->bytes = bytes;
    if (!s->is_view) return EFFNET_OK;
    if (s->view_offset > s->count || s->view_count > s->count - s->view_offset)
        return bad_view(s, offset, error);
    s->offset += s->view_offset * s->type->element_size;
    s->bytes = s->view_count * s->type->element_size;
    return EFFNET_OK;
}

/* The index of the last element that a tensor touches; false if it is beyond any storage. */
static bool last_element(const torch_tensor *t, uint64_t *out)
{
    *out = t->offset;
    for (int i = 0; i < t->rank; i++) {
        uint64_t step;
        if (__builtin_mul_overflow(t->shape[i] - 1, t->stride[i], &step) ||
            __builtin_add_overflow(*out, step, out))
            return false;
    }
    return true;
}

static effnet_status unsupported(const walk *w, const state_tensor *out, const torch_tensor *t)
{
    char type[TORCH_NAME_SIZE];
    torch_global_name(type, t->type);
    if (!t->storage)
        return dict_fail(w->error, EFFNET_ERR_UNSUPPORTED, 0, out->name, "unsupported kind (%s)", type);
    return dict_fail(w->error, EFFNET_ERR_UNSUPPORTED, t->storage->offset, out->name, "unsupported dtype %s",
                     type);
}

static effnet_status fill_tensor(const walk *w, state_tensor *out, const torch_tensor *t)
{
    if (!t->storage || !t->type->readable) return unsupported(w, out, t);
    const torch_storage *s = t->storage;
    out->dtype = t->type->dtype;
    out->rank = t->rank;
    out->big_endian = w->big_endian;
    for (int i = 0; i < t->rank; i++)
        out->shape[i] = (size_t)t->shape[i];
    size_t bytes;
    TRY(dict_set_geometry(out, &bytes, s->offset, w->error));
    const uint64_t held = s->bytes / state_dtype_size(out->dtype);
    uint64_t last = 0;
    if (out->count > 0 && (!last_element(t, &last) || last >= held))
        return dict_fail(w->error, EFFNET_ERR_FORMAT, s->offset, out->name,
                         "out of range: element %" PRIu64 " of a storage of %" PRIu64, last, held);
    for (int i = 0; i < t->rank; i++)
        out->stride[i] = (size_t)t->stride[i];
    out->offset = out->count ? s->offset + t->offset * state_dtype_size(out->dtype) : s->offset;
    return EFFNET_OK;
}

static effnet_status add_tensor(walk *w, const torch_tensor *t)
{
    const char *name, *group = "";
    state_tensor *out;
    if (w->depth < 2) {
        TRY(dict_name(w->dict, w->first, w->first_size, 0, &name, w->error));
    } else {
        if (!w->group) TRY(dict_name(w->dict, w->first, w->first_size, 0, &w->group, w->error));
        group = w->group;
        TRY(dict_name(w->dict, w->path, w->path_size, 0, &name, w->error));
    }
    TRY(dict_add(w->dict, group, name, &out, w->error));
    return fill_tensor(w, out, t);
}

/* Puts the name of the present item at the end of the path; false if the path is then too long. */
static bool set_name(walk *w, const level *l, const char *name, size_t size)
{
    if (w->depth == 1) {
        if (size >= PATH_SIZE) return false;
        memcpy(w->first, name, size);
        w->first_size = size;
        w->group = NULL;
        w->path_size = 0;
        return true;
    }
    size_t at = l->path_size;
    if (at + 1 + size >= PATH_SIZE) return false;
    if (w->depth > 2) w->path[at++] = '.';
    memcpy(w->path + at, name, size);
    w->path_size = at + size;
    return true;
}

static effnet_status enter(walk *w, const pickle_value *v)
{
    level l = {.keyed = v->kind != PICKLE_LIST && v->kind != PICKLE_TUPLE, .path_size = w->path_size};
    if (v->kind == PICKLE_TUPLE) {
        l.items = v->as.items;
        l.count = v->size;
    } else {
        l.node = v->as.node;
        l.items = l.node->items;
        l.count = l.node->count;
    }
    if (v->kind == PICKLE_OBJECT) w->object = v->as.node->class;
    if (l.node && l.node->open)
        return error_set(w->error, EFFNET_ERR_FORMAT, "pickle: a container that holds itself");
    if (w->depth == MAX_LEVELS)
        return error_set(w->error, EFFNET_ERR_LIMIT, "pickle: containers nested deeper than %d",
                         PICKLE_MAX_DEPTH);
    if (l.node) l.node->open = true;
    w->levels[w->depth++] = l;
    return EFFNET_OK;
}

static bool is_container(const pickle_value *v)
{
    return v->kind == PICKLE_DICT || v->kind == PICKLE_LIST || v->kind == PICKLE_TUPLE ||
           v->kind == PICKLE_OBJECT;
}

/* timm's and PyTorch's examples keep the network's name beside its weights; it is the one string that says
 * something about them. A name that is none is passed over. */
static effnet_status keep_arch(walk *w, const pickle_value *value)
{
    enum { LONGEST = 255 };
    if (w->has_arch || value->size > LONGEST || memchr(value->as.text, '\0', value->size) ||
        !text_is_utf8(value->as.text, value->size))
        return EFFNET_OK;
    char *text = arena_string(&w->dict->memory, value->as.text, value->size);
    if (!text) return dict_no_room(&w->dict->memory, value->size + 1, w->error);
    w->has_arch = true;
    return dict_add_text(w->dict, "arch", text, w->error);
}

/* Takes the next item of the innermost level and names it. NULL if it is of no interest: no tensor and no
 * container, or under a key that is no name. */
static effnet_status take(walk *w, level *l, const pickle_value **out)
{
    char digits[24];
    const pickle_value *key = &l->items[l->next], *value = key + l->keyed;
    const int64_t index = l->keyed ? key->as.integer : (int64_t)l->next;
    const bool text = l->keyed && key->kind == PICKLE_TEXT;
    const bool number = !l->keyed || key->kind == PICKLE_INT;
    *out = NULL;
    l->next += l->keyed ? 2 : 1;
    if (w->depth == 1 && l->keyed && pickle_text_is(key, "arch") && value->kind == PICKLE_TEXT)
        return keep_arch(w, value);
    if (value->kind != PICKLE_TENSOR && !is_container(value)) return EFFNET_OK;
    if (!text && !number) return EFFNET_OK;
    const int length = number ? snprintf(digits, sizeof digits, "%" PRId64, index) : 0;
    if (!set_name(w, l, text ? key->as.text : digits, text ? key->size : (size_t)length))
        return error_set(w->error, EFFNET_ERR_LIMIT, "a tensor's name is longer than %d bytes",
                         STATE_MAX_NAME);
    *out = value;
    return EFFNET_OK;
}

static effnet_status walk_over(walk *w, const pickle_value *root)
{
    TRY(enter(w, root));
    while (w->depth > 0) {
        level *l = &w->levels[w->depth - 1];
        if (l->next >= l->count) {
            if (l->node) l->node->open = false;
            w->depth--;
            continue;
        }
        if (++w->visits > MAX_VISITS)
            return error_set(w->error, EFFNET_ERR_LIMIT, "pickle: more than %d objects", MAX_VISITS);
        const pickle_value *value = NULL;
        TRY(take(w, l, &value));
        if (!value) continue;
        TRY(value->kind == PICKLE_TENSOR ? add_tensor(w, value->as.tensor) : enter(w, value));
    }
    return EFFNET_OK;
}

/* Why there is not one tensor in the file. */
static effnet_status no_tensors(const walk *w, const pickle_value *root)
{
    if (root->kind == PICKLE_TENSOR)
        return error_set(w->error, EFFNET_ERR_UNSUPPORTED,
                         "a single tensor without a name: save a dict of tensors");
    if (!w->object) return error_set(w->error, EFFNET_ERR_UNSUPPORTED, "no tensors in the file");
    char class[TORCH_NAME_SIZE];
    torch_global_name(class, w->object);
    return error_set(w->error, EFFNET_ERR_UNSUPPORTED,
                     "a whole object (%s) was saved, not its tensors: save model.state_dict() instead",
                     class);
}

effnet_status torch_collect(state_dict *dict, const pickle_value *root, bool big_endian, effnet_error *error)
{
    walk w = {.dict = dict, .big_endian = big_endian, .error = error};
    if (is_container(root)) TRY(walk_over(&w, root));
    return dict->count ? EFFNET_OK : no_tensors(&w, root);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts out the few calls that PyTorch's pickles make to rebuild storages and tensors (torch/_utils.py and
 * torch/serialization.py say what the originals do). Arguments are checked one by one; whether a tensor lies
 * within its storage is checked later, when the storage's size is known and the tensor has a name.
 */
#include <string.h>

#include "weights/dict.h"
#include "weights/pickle.h"

static effnet_status bad_arguments(const pickle *p, const torch_global *function)
{
    char name[TORCH_NAME_SIZE];
    torch_global_name(name, function);
    return pickle_fail(p, EFFNET_ERR_FORMAT, "bad arguments for %s", name);
}

static bool is_count(const pickle_value *v)
{
    return v->kind == PICKLE_INT && v->as.integer >= 0;
}

static effnet_status new_inert(pickle *p, const torch_global *class, pickle_value *out)
{
    return pickle_new_node(p, PICKLE_OBJECT, class, out);
}

/* OrderedDict() and its kin. Python 2 pickled an OrderedDict as a call with a list of [key, value] lists. */
static effnet_status call_dict(pickle *p, const torch_global *function, const pickle_value *arguments,
                               size_t count, pickle_value *out)
{
    TRY(pickle_new_node(p, PICKLE_DICT, function, out));
    if (count == 0 || arguments[count - 1].kind != PICKLE_LIST) return EFFNET_OK;
    const pickle_node *list = arguments[count - 1].as.node;
    for (size_t i = 0; i < list->count; i++) {
        const pickle_value *pair = &list->items[i];
        if (pair->kind == PICKLE_LIST && pair->as.node->count == 2)
            TRY(pickle_add(p, *out, pair->as.node->items, 2));
        else if (pair->kind == PICKLE_TUPLE && pair->size == 2)
            TRY(pickle_add(p, *out, pair->as.items, 2));
        else
            return bad_arguments(p, function);
    }
    return EFFNET_OK;
}

static effnet_status call_reconstruct(pickle *p, const torch_global *function, const pickle_value *arguments,
                                      size_t count, pickle_value *out)
{
    if (count == 0 || arguments[0].kind != PICKLE_GLOBAL) return bad_arguments(p, function);
    return new_inert(p, arguments[0].as.global, out);
}

static effnet_status new_tensor(pickle *p, torch_tensor **tensor, pickle_value *out)
{
    TRY(pickle_alloc(p, 1, sizeof **tensor, tensor));
    *out = (pickle_value){.kind = PICKLE_TENSOR, .as.tensor = *tensor};
    return EFFNET_OK;
}

/* The sizes or strides of a tensor. */
static effnet_status fill_counts(pickle *p, const torch_global *function, const pickle_value *tuple,
                                 uint64_t *out)
{
    for (size_t i = 0; i < tuple->size; i++) {
        if (tuple->as.items[i].kind != PICKLE_INT) return bad_arguments(p, function);
        if (tuple->as.items[i].as.integer < 0)
            return pickle_fail(p, EFFNET_ERR_FORMAT, "out of range: a negative size or stride");
        out[i] = (uint64_t)tuple->as.items[i].as.integer;
    }
    return EFFNET_OK;
}

/* (storage, offset, size, stride), and in later versions requires_grad, hooks and metadata. Version 3 puts
 * the element type behind the hooks. */
static effnet_status call_tensor(pickle *p, const torch_global *function, const pickle_value *arguments,
                                 size_t count, pickle_value *out)
{
    torch_tensor *t;
    const bool v3 = function->role == ROLE_TENSOR_V3;
    if (count < (v3 ? 7 : 4) || count > 8 || arguments[0].kind != PICKLE_STORAGE ||
        arguments[1].kind != PICKLE_INT || arguments[2].kind != PICKLE_TUPLE ||
        arguments[3].kind != PICKLE_TUPLE)
        return bad_arguments(p, function);
    const pickle_value *size = &arguments[2], *stride = &arguments[3];
    if (size->size != stride->size) return bad_arguments(p, function);
    if (size->size > STATE_MAX_RANK)
        return pickle_fail(p, EFFNET_ERR_LIMIT, "a tensor of %u dimensions, the limit is %d", size->size,
                           STATE_MAX_RANK);
    if (arguments[1].as.integer < 0)
        return pickle_fail(p, EFFNET_ERR_FORMAT, "out of range: a negative offset");
    TRY(new_tensor(p, &t, out));
    t->storage = arguments[0].as.storage;
    t->type = t->storage->type;
    t->offset = (uint64_t)arguments[1].as.integer;
    t->rank = (int)size->size;
    TRY(fill_counts(p, function, size, t->shape));
    TRY(fill_counts(p, function, stride, t->stride));
    if (!v3) return EFFNET_OK;
    if (arguments[6].kind != PICKLE_GLOBAL || arguments[6].as.global->role != ROLE_STORAGE)
        return bad_arguments(p, function);
    t->type = arguments[6].as.global;
    return EFFNET_OK;
}

/* (tensor, requires_grad, hooks): the tensor. */
static effnet_status call_parameter(pickle *p, const torch_global *function, const pickle_value *arguments,
                                    size_t count, pickle_value *out)
{
    if (count < 1 || count > 4 || arguments[0].kind != PICKLE_TENSOR) return bad_arguments(p, function);
    *out = arguments[0];
    return EFFNET_OK;
}

/* Sparse, quantised and the like: known to be a tensor, so that the error can name it. */
static effnet_status call_no_tensor(pickle *p, const torch_global *function, pickle_value *out)
{
    torch_tensor *t;
    TRY(new_tensor(p, &t, out));
    t->type = function;
    return EFFNET_OK;
}

/* (function, class, arguments, state): function(*arguments), for tensors with attributes of their own. */
static effnet_status call_from_type(pickle *p, const torch_global *function, const pickle_value *arguments,
                                    size_t count, pickle_value *out)
{
    if (count < 3 || arguments[0].kind != PICKLE_GLOBAL || arguments[2].kind != PICKLE_TUPLE)
        return bad_arguments(p, function);
    const torch_global *inner = arguments[0].as.global;
    const pickle_value *inner_arguments = arguments[2].as.items;
    const size_t inner_count = arguments[2].size;
    switch (inner->role) {
    case ROLE_TENSOR:
    case ROLE_TENSOR_V3: return call_tensor(p, inner, inner_arguments, inner_count, out);
    case ROLE_PARAMETER: return call_parameter(p, inner, inner_arguments, inner_count, out);
    case ROLE_NO_TENSOR: return call_no_tensor(p, inner, out);
    default: return torch_unsafe(p, inner);
    }
}

effnet_status torch_call(pickle *p, const torch_global *function, const pickle_value *arguments, size_t count,
                         pickle_value *out)
{
    switch (function->role) {
    case ROLE_DICT: return call_dict(p, function, arguments, count, out);
    case ROLE_RECONSTRUCT: return call_reconstruct(p, function, arguments, count, out);
    case ROLE_TENSOR:
    case ROLE_TENSOR_V3: return call_tensor(p, function, arguments, count, out);
    case ROLE_PARAMETER: return call_parameter(p, function, arguments, count, out);
    case ROLE_FROM_TYPE: return call_from_type(p, function, arguments, count, out);
    case ROLE_NO_TENSOR: return call_no_tensor(p, function, out);
    case ROLE_INERT: return new_inert(p, function, out);
    case ROLE_SIZE:
        if (count != 1 || arguments[0].kind != PICKLE_TUPLE) return bad_arguments(p, function);
        *out = arguments[0];
        return EFFNET_OK;
    default: return torch_unsafe(p, function);
    }
}

/* Legacy files only: None, or (key, offset, size) of a storage within the one that is written. */
static bool fill_view(torch_storage *s, const pickle_value *view)
{
    if (view->kind == PICKLE_NONE) return true;
    if (view->kind != PICKLE_TUPLE || view->size != 3 || !is_count(&view->as.items[1]) ||
        !is_count(&view->as.items[2]))
        return false;
    s->is_view = true;
    s->view_offset = (uint64_t)view->as.items[1].as.integer;
    s->view_count = (uint64_t)view->as.items[2].as.integer;
    return true;
}

/* ("storage", class, key, location, elements), and in legacy files a view. */
static effnet_status persistent_storage(pickle *p, const pickle_value *id, pickle_value *out)
{
    const pickle_value *items = id->as.items;
    torch_storage *s = NULL;
    if (id->size < 5 || id->size > 6 || items[1].kind != PICKLE_GLOBAL ||
        items[1].as.global->role != ROLE_STORAGE || items[2].kind != PICKLE_TEXT || !is_count(&items[4]))
        return pickle_fail(p, EFFNET_ERR_FORMAT, "bad description of a storage");
    TRY(pickle_alloc(p, 1, sizeof *s, &s));
    *s = (torch_storage){.next = p->storages,
                         .key = items[2].as.text,
                         .key_size = items[2].size,
                         .type = items[1].as.global,
                         .count = (uint64_t)items[4].as.integer};
    if (id->size == 6 && !fill_view(s, &items[5]))
        return pickle_fail(p, EFFNET_ERR_FORMAT, "bad description of a view of a storage");
    p->storages = s;
    *out = (pickle_value){.kind = PICKLE_STORAGE, .as.storage = s};
    return EFFNET_OK;
}

effnet_status torch_persistent(pickle *p, const pickle_value *id, pickle_value *out)
{
    if (!p->storages_allowed || id->kind != PICKLE_TUPLE || id->size == 0)
        return pickle_fail(p, EFFNET_ERR_FORMAT, "a persistent id that is no storage");
    if (pickle_text_is(&id->as.items[0], "storage")) return persistent_storage(p, id, out);
    /* ("module", class, file, source) of a module that was saved whole: the class. */
    if (!pickle_text_is(&id->as.items[0], "module") || id->size < 2 || id->as.items[1].kind != PICKLE_GLOBAL)
        return pickle_fail(p, EFFNET_ERR_FORMAT, "a persistent id that is no storage");
    *out = id->as.items[1];
    return EFFNET_OK;
}

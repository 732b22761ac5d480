/* SPDX-License-Identifier: Apache-2.0
 *
 * A pickle machine that can run nothing. It knows the opcodes that PyTorch's files consist of, builds plain
 * values in an arena, and meets every call with a table: the few functions that rebuild tensors are acted out
 * (torch_objects.c), harmless ones give an object that is a name and nothing else, all others are an error.
 * No module is imported and no code is looked up, so there is nothing that a file could reach.
 *
 * The opcodes are those of Python's pickletools.py; what torch writes, see torch/serialization.py.
 */
#ifndef WEIGHTS_PICKLE_H
#define WEIGHTS_PICKLE_H

#include "base/arena.h"
#include "base/reader.h"
#include "weights/state.h"

enum {
    PICKLE_MAX_STREAM = 4 * 1024 * 1024,
    PICKLE_MAX_MEMORY = 16 * 1024 * 1024,
    PICKLE_MAX_OPCODES = 1000000,
    PICKLE_MAX_MEMO = 256 * 1024,
    PICKLE_MAX_STACK = 256 * 1024,
    PICKLE_MAX_GLOBALS = 16 * 1024,
    PICKLE_MAX_DEPTH = 256, /* of containers in containers, and of open MARKs */
};

typedef enum pickle_kind {
    PICKLE_UNSET, /* no value at all: a free place in the memo */
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_FLOAT,
    PICKLE_LONG,  /* an integer beyond 64 bits */
    PICKLE_TEXT,  /* as stored: not checked to be UTF-8 */
    PICKLE_BYTES, /* of protocol 3 and later */
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,
    PICKLE_OBJECT, /* an instance of any class: inert */
    PICKLE_GLOBAL, /* the name of a class or function */
    PICKLE_STORAGE,
    PICKLE_TENSOR,
} pickle_kind;

typedef struct pickle_value {
    uint8_t kind;   /* pickle_kind */
    uint16_t depth; /* of a tuple: how many containers lie in each other */
    uint32_t size;  /* of text and bytes, and the length of a tuple */
    union {
        int64_t integer; /* BOOL too */
        double real;
        const char *text;
        const struct pickle_value *items; /* TUPLE */
        struct pickle_node *node;         /* LIST, DICT, OBJECT */
        const struct torch_global *global;
        struct torch_storage *storage;
        struct torch_tensor *tensor;
    } as;
} pickle_value;

/* A container that grows: items of a list, or keys and values of a dict or of an object that is one, by
 * turns. */
typedef struct pickle_node {
    pickle_value *items;
    uint32_t count, capacity;
    uint16_t depth;
    bool open;                        /* being walked over: seen again, it lies within itself */
    const struct torch_global *class; /* of objects, and of dicts that were made by a call */
} pickle_node;

/* How a global is met. */
typedef enum torch_role {
    ROLE_OTHER,       /* an unknown class or function: calling it is unsafe, an instance of it is inert */
    ROLE_UNSAFE,      /* not even to be named */
    ROLE_INERT,       /* a call gives an inert object */
    ROLE_DICT,        /* a call gives a dict */
    ROLE_RECONSTRUCT, /* a call gives an inert object of the class that is its first argument */
    ROLE_SIZE,        /* a call gives its argument */
    ROLE_TENSOR,      /* _rebuild_tensor and _rebuild_tensor_v2 */
    ROLE_TENSOR_V3,
    ROLE_PARAMETER,
    ROLE_FROM_TYPE, /* calls another of these */
    ROLE_NO_TENSOR, /* a call gives a tensor of a kind that is not read */
    ROLE_STORAGE,   /* a typed storage class, or an element type */
} torch_role;

typedef struct torch_global {
    const char *module, *name;
    uint32_t module_size, name_size;
    torch_role role;
    bool
        readable; /* ROLE_STORAGE: `dtype` is meant; otherwise elements of `element_size` that are not read */
    state_dtype dtype;
    uint8_t element_size;
} torch_global;

/* Elements on disk, shared by the tensors that view them. */
typedef struct torch_storage {
    struct torch_storage *next;
    const char *key; /* of `key_size` bytes */
    uint32_t key_size;
    const torch_global *type;
    uint64_t count; /* elements, as declared by the pickle */
    bool is_view;   /* legacy: only elements [view_offset, view_offset + view_count) of it */
    uint64_t view_offset, view_count;
    uint64_t offset, bytes; /* where it lies in the file: filled by the container's reader */
} torch_storage;

typedef struct torch_tensor {
    const torch_storage *storage; /* NULL for the kinds that are not read */
    const torch_global *type;     /* the element type; of a tensor that is not read, what rebuilds it */
    uint64_t offset;              /* elements */
    int rank;
    uint64_t shape[STATE_MAX_RANK], stride[STATE_MAX_RANK];
} torch_tensor;

typedef struct pickle {
    reader *in;
    arena memory;
    pickle_value *stack;
    size_t height, stack_capacity;
    size_t marks[PICKLE_MAX_DEPTH]; /* heights of the stack */
    size_t mark_count;
    void *memo; /* values by number, in a radix tree */
    size_t memo_count;
    size_t opcodes, globals;
    bool storages_allowed;   /* persistent ids have a meaning */
    torch_storage *storages; /* newest first */
    effnet_error *error;
} pickle;

pickle pickle_make(void);
void pickle_free(pickle *p);

/* Reads one pickle, up to its STOP, from `in`. The value lives until pickle_free, and points into the bytes
 * of `in`. */
effnet_status pickle_load(pickle *p, reader *in, pickle_value *out, effnet_error *error);

/* ---- For the files of this machine ---- */

/* An error at the present opcode. */
effnet_status pickle_fail(const pickle *p, effnet_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `size` zeroed bytes; out of room is an error already set. */
effnet_status pickle_alloc(pickle *p, size_t count, size_t size, void *out);

effnet_status pickle_new_node(pickle *p, pickle_kind kind, const torch_global *class, pickle_value *out);

/* Adds `count` values to a list, or keys and values to a dict or object. */
effnet_status pickle_add(pickle *p, pickle_value container, const pickle_value *values, size_t count);

static inline bool pickle_text_is(const pickle_value *v, const char *literal)
{
    return v->kind == PICKLE_TEXT && __builtin_strlen(literal) == v->size &&
           __builtin_memcmp(v->as.text, literal, v->size) == 0;
}

/* ---- torch_globals.c ---- */

/* The global `module.name` and how it is to be met. */
effnet_status torch_find_global(pickle *p, const char *module, size_t module_size, const char *name,
                                size_t name_size, const torch_global **out);

/* Refuses `g`, by name. */
effnet_status torch_unsafe(const pickle *p, const torch_global *g);

enum { TORCH_NAME_SIZE = 132 };

/* "module.name", with long parts cut. */
void torch_global_name(char out[TORCH_NAME_SIZE], const torch_global *g);

/* ---- torch_objects.c ---- */

/* What the call function(arguments) comes to. */
effnet_status torch_call(pickle *p, const torch_global *function, const pickle_value *arguments, size_t count,
                         pickle_value *out);

/* What torch stores as a persistent id: a storage, or a class with its source text. */
effnet_status torch_persistent(pickle *p, const pickle_value *id, pickle_value *out);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The stack, the memo and the opcodes of the pickle machine. One loop over the stream, no recursion; memory
 * comes from an arena with a ceiling, so that cycles and errors leak nothing. See pickle.h.
 */
#include "weights/pickle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "weights/dict.h"

pickle pickle_make(void)
{
    return (pickle){.memory = arena_make(PICKLE_MAX_MEMORY)};
}

void pickle_free(pickle *p)
{
    arena_free(&p->memory);
}

effnet_status pickle_fail(const pickle *p, effnet_status code, const char *format, ...)
{
    char rule[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rule, sizeof rule, format, arguments);
    va_end(arguments);
    return error_set_at(p->error, code, p->in->base + p->in->position, "pickle: %s", rule);
}

static effnet_status corrupt(const pickle *p, const char *rule)
{
    return pickle_fail(p, EFFNET_ERR_FORMAT, "%s", rule);
}

effnet_status pickle_alloc(pickle *p, size_t count, size_t size, void *out)
{
    void *memory = arena_array(&p->memory, count, size);
    memcpy(out, &memory, sizeof memory);
    return memory ? EFFNET_OK : dict_no_room(&p->memory, count * size, p->error);
}

/* ---- The stack ---- */

/* Moves `*items` to twice the capacity. What is left behind is freed with the arena. */
static effnet_status grow(pickle *p, pickle_value **items, size_t *capacity, size_t least)
{
    size_t larger = *capacity ? 2 * *capacity : 4;
    if (larger < least) larger = least;
    pickle_value *grown = NULL;
    TRY(pickle_alloc(p, larger, sizeof *grown, &grown));
    if (*capacity) memcpy(grown, *items, *capacity * sizeof *grown);
    *items = grown;
    *capacity = larger;
    return EFFNET_OK;
}

static effnet_status push(pickle *p, pickle_value value)
{
    if (p->height == PICKLE_MAX_STACK) return pickle_fail(p, EFFNET_ERR_LIMIT, "the stack is too high");
    if (p->height == p->stack_capacity) TRY(grow(p, &p->stack, &p->stack_capacity, 64));
    p->stack[p->height++] = value;
    return EFFNET_OK;
}

/* Values above the newest MARK, which opcodes may take. */
static size_t available(const pickle *p)
{
    return p->height - (p->mark_count ? p->marks[p->mark_count - 1] : 0);
}

/* Takes `count` values from the stack; they stay valid until the next push. */
static effnet_status pop(pickle *p, size_t count, const pickle_value **out)
{
    if (available(p) < count) return corrupt(p, "corrupt: an opcode wants more values than the stack has");
    p->height -= count;
    *out = p->stack ? p->stack + p->height : NULL; /* nothing off a stack that never was */
    return EFFNET_OK;
}

/* Takes all values above the newest MARK, and the MARK. */
static effnet_status pop_to_mark(pickle *p, const pickle_value **out, size_t *count)
{
    if (p->mark_count == 0) return corrupt(p, "corrupt: a MARK is missing");
    const size_t bottom = p->marks[--p->mark_count];
    *count = p->height - bottom;
    *out = p->stack ? p->stack + bottom : NULL;
    p->height = bottom;
    return EFFNET_OK;
}

static effnet_status push_mark(pickle *p)
{
    if (p->mark_count == PICKLE_MAX_DEPTH)
        return pickle_fail(p, EFFNET_ERR_LIMIT, "MARKs nested deeper than %d", PICKLE_MAX_DEPTH);
    p->marks[p->mark_count++] = p->height;
    return EFFNET_OK;
}

/* ---- Containers ---- */

static size_t depth_of(const pickle_value *v)
{
    if (v->kind == PICKLE_TUPLE) return v->depth;
    if (v->kind == PICKLE_LIST || v->kind == PICKLE_DICT || v->kind == PICKLE_OBJECT)
        return v->as.node->depth;
    return 0;
}

/* The depth of a container that holds `values`. */
static effnet_status depth_around(const pickle *p, const pickle_value *values, size_t count, uint16_t *out)
{
    size_t depth = 0;
    for (size_t i = 0; i < count; i++)
        if (depth_of(&values[i]) > depth) depth = depth_of(&values[i]);
    if (depth >= PICKLE_MAX_DEPTH)
        return pickle_fail(p, EFFNET_ERR_LIMIT, "containers nested deeper than %d", PICKLE_MAX_DEPTH);
    *out = (uint16_t)(depth + 1);
    return EFFNET_OK;
}

static effnet_status make_tuple(pickle *p, const pickle_value *values, size_t count, pickle_value *out)
{
    pickle_value *items = NULL;
    *out = (pickle_value){.kind = PICKLE_TUPLE, .size = (uint32_t)count};
    TRY(depth_around(p, values, count, &out->depth));
    TRY(pickle_alloc(p, count, sizeof *items, &items));
    if (count) memcpy(items, values, count * sizeof *items);
    out->as.items = items;
    return EFFNET_OK;
}

effnet_status pickle_new_node(pickle *p, pickle_kind kind, const torch_global *class, pickle_value *out)
{
    pickle_node *node = NULL;
    TRY(pickle_alloc(p, 1, sizeof *node, &node));
    *node = (pickle_node){.depth = 1, .class = class};
    *out = (pickle_value){.kind = (uint8_t)kind, .as.node = node};
    return EFFNET_OK;
}

effnet_status pickle_add(pickle *p, pickle_value container, const pickle_value *values, size_t count)
{
    pickle_node *node = container.as.node;
    uint16_t depth = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i].kind == container.kind && values[i].as.node == node)
            return corrupt(p, "a container that holds itself");
    TRY(depth_around(p, values, count, &depth));
    if (depth > node->depth) node->depth = depth;
    const size_t total = node->count + count;
    if (total > node->capacity) {
        size_t capacity = node->capacity;
        TRY(grow(p, &node->items, &capacity, total));
        node->capacity = (uint32_t)capacity;
    }
    if (count) memcpy(node->items + node->count, values, count * sizeof *values);
    node->count = (uint32_t)total;
    return EFFNET_OK;
}

/* APPEND and APPENDS. What is put into an object of an unknown class is of no interest. */
static effnet_status append(pickle *p, const pickle_value *values, size_t count)
{
    const pickle_value *list = NULL;
    TRY(pop(p, 1, &list));
    const pickle_value target = *list;
    if (target.kind == PICKLE_LIST)
        TRY(pickle_add(p, target, values, count));
    else if (target.kind != PICKLE_OBJECT)
        return corrupt(p, "type error: values appended to what is no list");
    p->height++;
    return EFFNET_OK;
}

/* SETITEM and SETITEMS. */
static effnet_status set_items(pickle *p, const pickle_value *values, size_t count)
{
    const pickle_value *dict = NULL;
    if (count % 2) return corrupt(p, "corrupt: a key without a value");
    TRY(pop(p, 1, &dict));
    const pickle_value target = *dict;
    if (target.kind != PICKLE_DICT && target.kind != PICKLE_OBJECT)
        return corrupt(p, "type error: items set in what is no dict");
    TRY(pickle_add(p, target, values, count));
    p->height++;
    return EFFNET_OK;
}

/* ---- The memo. Its numbers are the file's choice, so an array could be made huge and a hash table slow; a
 * radix tree over six bits at a time can be made neither. Leaves hold values, the others pointers. ---- */

enum { MEMO_BITS = 6, MEMO_FANOUT = 1 << MEMO_BITS, MEMO_TOP_SHIFT = 30 };

/* The place of `number`, with all that leads to it. */
static effnet_status memo_make(pickle *p, uint32_t number, pickle_value **out)
{
    void **node = &p->memo;
    for (int shift = MEMO_TOP_SHIFT; shift > 0; shift -= MEMO_BITS) {
        if (!*node) TRY(pickle_alloc(p, MEMO_FANOUT, sizeof(void *), node));
        node = (void **)*node + (number >> shift & (MEMO_FANOUT - 1));
    }
    if (!*node) TRY(pickle_alloc(p, MEMO_FANOUT, sizeof **out, node));
    *out = (pickle_value *)*node + (number & (MEMO_FANOUT - 1));
    return EFFNET_OK;
}

static effnet_status memo_put(pickle *p, uint32_t number)
{
    pickle_value *place = NULL;
    if (available(p) == 0) return corrupt(p, "corrupt: nothing on the stack to remember");
    TRY(memo_make(p, number, &place));
    if (place->kind == PICKLE_UNSET && p->memo_count++ == PICKLE_MAX_MEMO)
        return pickle_fail(p, EFFNET_ERR_LIMIT, "more than %d memo entries", PICKLE_MAX_MEMO);
    *place = p->stack[p->height - 1];
    return EFFNET_OK;
}

static effnet_status memo_get(pickle *p, uint32_t number)
{
    void *node = p->memo;
    for (int shift = MEMO_TOP_SHIFT; shift > 0 && node; shift -= MEMO_BITS)
        node = ((void **)node)[number >> shift & (MEMO_FANOUT - 1)];
    const pickle_value *place = node ? (pickle_value *)node + (number & (MEMO_FANOUT - 1)) : NULL;
    if (!reader_ok(p->in)) return EFFNET_OK;
    if (!place || place->kind == PICKLE_UNSET)
        return pickle_fail(p, EFFNET_ERR_FORMAT, "undefined memo entry %u", number);
    return push(p, *place);
}

/* ---- Opcodes with something behind them ---- */

static effnet_status push_integer(pickle *p, pickle_kind kind, int64_t integer)
{
    return push(p, (pickle_value){.kind = (uint8_t)kind, .as.integer = integer});
}

/* A big-endian double. */
static effnet_status push_float(pickle *p)
{
    const uint64_t bits = reader_u64_be(p->in);
    pickle_value v = {.kind = PICKLE_FLOAT};
    memcpy(&v.as.real, &bits, sizeof bits);
    return push(p, v);
}

/* Text or bytes of `size`, in place. */
static effnet_status push_text(pickle *p, pickle_kind kind, uint64_t size)
{
    const uint8_t *text = reader_bytes(p->in, size > SIZE_MAX ? SIZE_MAX : (size_t)size);
    if (!text) return EFFNET_OK; /* the loop sees that the reader failed */
    return push(p,
                (pickle_value){.kind = (uint8_t)kind, .size = (uint32_t)size, .as.text = (const char *)text});
}

/* A two's complement integer of `size` bytes, least significant first. */
static effnet_status push_long(pickle *p, uint32_t size)
{
    if (size > 8) return push_text(p, PICKLE_LONG, size);
    const uint8_t *bytes = reader_bytes(p->in, size);
    if (!bytes) return EFFNET_OK;
    uint64_t value = size && bytes[size - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return push_integer(p, PICKLE_INT, (int64_t)value);
}

static effnet_status push_global(pickle *p)
{
    size_t module_size, name_size;
    const uint8_t *module = reader_until(p->in, '\n', &module_size);
    const uint8_t *name = reader_until(p->in, '\n', &name_size);
    if (!name) return EFFNET_OK;
    pickle_value v = {.kind = PICKLE_GLOBAL};
    TRY(torch_find_global(p, (const char *)module, module_size, (const char *)name, name_size, &v.as.global));
    return push(p, v);
}

static effnet_status push_container(pickle *p, pickle_kind kind)
{
    pickle_value v;
    TRY(pickle_new_node(p, kind, NULL, &v));
    return push(p, v);
}

static effnet_status push_tuple(pickle *p, size_t count)
{
    const pickle_value *values = NULL;
    pickle_value tuple;
    TRY(pop(p, count, &values));
    TRY(make_tuple(p, values, count, &tuple));
    return push(p, tuple);
}

/* A FRAME must lie within the stream; what is in it is read like everything else. */
static effnet_status check_frame(pickle *p)
{
    const uint64_t size = reader_u64(p->in);
    if (size > reader_left(p->in)) reader_fail(p->in, "truncated: a pickle frame is longer than the stream");
    return EFFNET_OK;
}

static effnet_status on_marked(pickle *p, uint8_t opcode)
{
    const pickle_value *values = NULL;
    size_t count = 0;
    TRY(pop_to_mark(p, &values, &count));
    if (opcode == 'e') return append(p, values, count);
    if (opcode == 'u') return set_items(p, values, count);
    if (opcode == '1') return EFFNET_OK; /* POP_MARK */
    pickle_value tuple;
    TRY(make_tuple(p, values, count, &tuple));
    return push(p, tuple);
}

static effnet_status set_or_append(pickle *p, uint8_t opcode)
{
    const pickle_value *values = NULL;
    const size_t count = opcode == 's' ? 2 : 1;
    TRY(pop(p, count, &values));
    return opcode == 's' ? set_items(p, values, count) : append(p, values, count);
}

/* REDUCE: the call function(*arguments). */
static effnet_status reduce(pickle *p)
{
    const pickle_value *pair = NULL;
    pickle_value result;
    TRY(pop(p, 2, &pair));
    if (pair[0].kind != PICKLE_GLOBAL || pair[1].kind != PICKLE_TUPLE)
        return corrupt(p, "type error: a call needs a function and a tuple");
    TRY(torch_call(p, pair[0].as.global, pair[1].as.items, pair[1].size, &result));
    return push(p, result);
}

/* NEWOBJ: class.__new__(class, *arguments), which makes an empty instance. */
static effnet_status new_object(pickle *p)
{
    const pickle_value *pair = NULL;
    pickle_value object;
    TRY(pop(p, 2, &pair));
    if (pair[0].kind != PICKLE_GLOBAL || pair[1].kind != PICKLE_TUPLE)
        return corrupt(p, "type error: a new object needs a class and a tuple");
    const torch_global *class = pair[0].as.global;
    TRY(pickle_new_node(p, class->role == ROLE_DICT ? PICKLE_DICT : PICKLE_OBJECT, class, &object));
    return push(p, object);
}

/* BUILD sets the attributes of an object, which are of no interest. On anything that has none it could only
 * be an attempt at something. */
static effnet_status build(pickle *p)
{
    const pickle_value *pair = NULL;
    TRY(pop(p, 2, &pair));
    const bool dict = pair[0].kind == PICKLE_DICT && pair[0].as.node->class;
    if (pair[0].kind != PICKLE_OBJECT && !dict)
        return corrupt(p, "unsupported opcode BUILD on what is no object");
    p->height++;
    return EFFNET_OK;
}

static effnet_status persistent(pickle *p)
{
    const pickle_value *id = NULL;
    pickle_value result;
    TRY(pop(p, 1, &id));
    TRY(torch_persistent(p, id, &result));
    return push(p, result);
}

static effnet_status pop_one(pickle *p)
{
    const pickle_value *value = NULL;
    if (available(p) > 0 || p->mark_count == 0) return pop(p, 1, &value);
    p->mark_count--;
    return EFFNET_OK;
}

/* STACK_GLOBAL, of protocol 4: says which global it was about. */
static effnet_status unsupported_global(const pickle *p, uint64_t at)
{
    char module[64] = "?", name[64] = "?";
    const pickle_value *pair = p->stack + p->height - 2;
    if (pair[0].kind == PICKLE_TEXT) text_escape(module, sizeof module, pair[0].as.text, pair[0].size);
    if (pair[1].kind == PICKLE_TEXT) text_escape(name, sizeof name, pair[1].as.text, pair[1].size);
    return error_set_at(p->error, EFFNET_ERR_UNSUPPORTED, at,
                        "pickle: unsupported opcode STACK_GLOBAL (%s.%s): PyTorch's default protocol is 2",
                        module, name);
}

/* Opcodes that a legal pickle may have and torch's do not, by name. */
static effnet_status unsupported(const pickle *p, uint8_t opcode)
{
    static const struct {
        uint8_t opcode;
        char name[16];
    } names[] = {
        {'F', "FLOAT"},         {'I', "INT"},         {'L', "LONG"},         {'S', "STRING"},
        {'V', "UNICODE"},       {'P', "PERSID"},      {'d', "DICT"},         {'l', "LIST"},
        {'g', "GET"},           {'p', "PUT"},         {'2', "DUP"},          {'i', "INST"},
        {'o', "OBJ"},           {0x82, "EXT1"},       {0x83, "EXT2"},        {0x84, "EXT4"},
        {0x8F, "EMPTY_SET"},    {0x90, "ADDITEMS"},   {0x91, "FROZENSET"},   {0x92, "NEWOBJ_EX"},
        {0x93, "STACK_GLOBAL"}, {0x96, "BYTEARRAY8"}, {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"},
    };
    const char *name = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].opcode == opcode) name = names[i].name;
    const uint64_t at = p->in->base + p->in->position - 1;
    if (opcode == 0x93 && available(p) >= 2) return unsupported_global(p, at);
    if (!*name)
        return error_set_at(p->error, EFFNET_ERR_FORMAT, at, "pickle: corrupt: 0x%02x is no opcode", opcode);
    return error_set_at(p->error, EFFNET_ERR_UNSUPPORTED, at, "pickle: unsupported opcode %s", name);
}

/* Everything but STOP. */
static effnet_status step(pickle *p, uint8_t opcode)
{
    reader *in = p->in;
    switch (opcode) {
    case 0x80: return reader_u8(in) > 5 ? corrupt(p, "unknown protocol") : EFFNET_OK; /* PROTO */
    case 0x95: return check_frame(p);                                                 /* FRAME */
    case '(': return push_mark(p);                                                    /* MARK */
    case '0': return pop_one(p);                                                      /* POP */
    case 'N': return push(p, (pickle_value){.kind = PICKLE_NONE});                    /* NONE */
    case 0x88: return push_integer(p, PICKLE_BOOL, 1);                                /* NEWTRUE */
    case 0x89: return push_integer(p, PICKLE_BOOL, 0);                                /* NEWFALSE */
    case 'J': return push_integer(p, PICKLE_INT, (int32_t)reader_u32(in));            /* BININT */
    case 'K': return push_integer(p, PICKLE_INT, reader_u8(in));                      /* BININT1 */
    case 'M': return push_integer(p, PICKLE_INT, reader_u16(in));                     /* BININT2 */
    case 0x8A: return push_long(p, reader_u8(in));                                    /* LONG1 */
    case 0x8B: return push_long(p, reader_u32(in));                                   /* LONG4 */
    case 'G': return push_float(p);                                                   /* BINFLOAT */
    case 'U': return push_text(p, PICKLE_TEXT, reader_u8(in));                        /* SHORT_BINSTRING */
    case 'T': return push_text(p, PICKLE_TEXT, reader_u32(in));                       /* BINSTRING */
    case 0x8C: return push_text(p, PICKLE_TEXT, reader_u8(in));                       /* SHORT_BINUNICODE */
    case 'X': return push_text(p, PICKLE_TEXT, reader_u32(in));                       /* BINUNICODE */
    case 0x8D: return push_text(p, PICKLE_TEXT, reader_u64(in));                      /* BINUNICODE8 */
    case 'C': return push_text(p, PICKLE_BYTES, reader_u8(in));                       /* SHORT_BINBYTES */
    case 'B': return push_text(p, PICKLE_BYTES, reader_u32(in));                      /* BINBYTES */
    case 0x8E: return push_text(p, PICKLE_BYTES, reader_u64(in));                     /* BINBYTES8 */
    case ']': return push_container(p, PICKLE_LIST);                                  /* EMPTY_LIST */
    case '}': return push_container(p, PICKLE_DICT);                                  /* EMPTY_DICT */
    case ')': return push_tuple(p, 0);                                                /* EMPTY_TUPLE */
    case 0x85: return push_tuple(p, 1);                                               /* TUPLE1 */
    case 0x86: return push_tuple(p, 2);                                               /* TUPLE2 */
    case 0x87: return push_tuple(p, 3);                                               /* TUPLE3 */
    case 't':                                                                         /* TUPLE */
    case 'e':                                                                         /* APPENDS */
    case 'u':                                                                         /* SETITEMS */
    case '1': return on_marked(p, opcode);                                            /* POP_MARK */
    case 'a':                                                                         /* APPEND */
    case 's': return set_or_append(p, opcode);                                        /* SETITEM */
    case 'q': return memo_put(p, reader_u8(in));                                      /* BINPUT */
    case 'r': return memo_put(p, reader_u32(in));                                     /* LONG_BINPUT */
    case 0x94: return memo_put(p, (uint32_t)p->memo_count);                           /* MEMOIZE */
    case 'h': return memo_get(p, reader_u8(in));                                      /* BINGET */
    case 'j': return memo_get(p, reader_u32(in));                                     /* LONG_BINGET */
    case 'c': return push_global(p);                                                  /* GLOBAL */
    case 'R': return reduce(p);                                                       /* REDUCE */
    case 0x81: return new_object(p);                                                  /* NEWOBJ */
    case 'b': return build(p);                                                        /* BUILD */
    case 'Q': return persistent(p);                                                   /* BINPERSID */
    default: return unsupported(p, opcode);
    }
}

static effnet_status check_reader(const pickle *p)
{
    if (reader_ok(p->in)) return EFFNET_OK;
    return error_set_at(p->error, EFFNET_ERR_FORMAT, p->in->failed_at, "pickle: %s", p->in->failure);
}

effnet_status pickle_load(pickle *p, reader *in, pickle_value *out, effnet_error *error)
{
    const pickle_value *top = NULL;
    p->in = in;
    p->error = error;
    p->height = p->mark_count = p->memo_count = 0;
    p->memo = NULL;
    for (;;) {
        const uint8_t opcode = reader_u8(in);
        TRY(check_reader(p));
        if (opcode == '.') break;
        if (++p->opcodes > PICKLE_MAX_OPCODES)
            return pickle_fail(p, EFFNET_ERR_LIMIT, "more than %d opcodes", PICKLE_MAX_OPCODES);
        TRY(step(p, opcode));
        TRY(check_reader(p));
    }
    TRY(pop(p, 1, &top));
    *out = *top;
    return EFFNET_OK;
}

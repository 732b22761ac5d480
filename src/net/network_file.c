/* SPDX-License-Identifier: Apache-2.0
 *
 * FILE.json: a network as text (docs/network-file.md). One table of fields serves reading and writing, so
 * that neither can know a field that the other does not.
 */
#include "net/arch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/source.h"
#include "base/text.h"

typedef enum kind { TEXT, BASE, INTEGER, REAL, FLAG, ACTIVATION, SCALING, BLOCKS, OBJECT } kind;

typedef struct field {
    const char *name; /* in full: "stem.filters" */
    kind kind;
    size_t offset; /* in net_arch */
    bool mutable;  /* may differ without making it another network */
} field;

#define AT(member) offsetof(net_arch, member)

static const field fields[] = {
    {"name", TEXT, AT(name), true},
    {"base", BASE, 0, true},
    {"blocks", BLOCKS, 0, false},
    {"width", REAL, AT(width), false},
    {"depth", REAL, AT(depth), false},
    {"divisor", INTEGER, AT(divisor), false},
    {"fixed_ends", FLAG, AT(fixed_ends), false},
    {"size", INTEGER, AT(size), true},
    {"activation", ACTIVATION, AT(activation), false},
    {"stem", OBJECT, 0, false},
    {"stem.filters", INTEGER, AT(stem), false},
    {"stem.kernel", INTEGER, AT(stem_kernel), false},
    {"stem.stride", INTEGER, AT(stem_stride), false},
    {"stem.scaling", SCALING, AT(stem_scaling), false},
    {"head", OBJECT, 0, false},
    {"head.filters", INTEGER, AT(head), false},
    {"head.scaling", SCALING, AT(head_scaling), false},
    {"num_classes", INTEGER, AT(classes), true},
    {"in_channels", INTEGER, AT(in_channels), true},
    {"dropout", REAL, AT(dropout), true},
    {"drop_connect", REAL, AT(drop_connect), true},
};

enum { FIELDS = sizeof fields / sizeof *fields };

/* What a description is before any field is read: EfficientNet-B0 without its blocks. */
static const net_arch blank = {
    .name = "custom",
    .width = 1,
    .depth = 1,
    .divisor = 8,
    .size = 224,
    .activation = NET_SWISH,
    .stem = 32,
    .stem_kernel = 3,
    .stem_stride = 2,
    .head = 1280,
    .classes = 1000,
    .in_channels = 3,
    .dropout = 0.2,
    .drop_connect = 0.2,
};

/* ---- Reading ---- */

static effnet_status refuse(const char *name, const char *wanted, effnet_error *error)
{
    return error_set(error, EFFNET_ERR_FORMAT, "'%s' must be %s", name, wanted);
}

static effnet_status read_text(char out[NET_NAME_SIZE], const field *f, const json_t *value,
                               effnet_error *error)
{
    if (!json_is_string(value) || json_string_length(value) >= NET_NAME_SIZE)
        return refuse(f->name, "a string of at most 63 bytes", error);
    memcpy(out, json_string_value(value), json_string_length(value) + 1);
    return EFFNET_OK;
}

static effnet_status read_integer(int *out, const field *f, const json_t *value, effnet_error *error)
{
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < -INT32_MAX || number > INT32_MAX)
        return refuse(f->name, "a whole number", error);
    *out = (int)number;
    return EFFNET_OK;
}

static effnet_status read_activation(net_activation *out, const field *f, const json_t *value,
                                     effnet_error *error)
{
    for (net_activation a = NET_SWISH; a <= NET_HARD_SWISH; a++) {
        if (!json_is_string(value) || strcmp(json_string_value(value), net_activation_name(a)) != 0) continue;
        *out = a;
        return EFFNET_OK;
    }
    return refuse(f->name, "\"swish\", \"relu6\", \"relu\" or \"hard-swish\"", error);
}

static effnet_status read_scaling(net_scaling *out, const field *f, const json_t *value, effnet_error *error)
{
    for (net_scaling s = NET_SCALED; s <= NET_NOT_LESS; s++) {
        if (!json_is_string(value) || strcmp(json_string_value(value), net_scaling_name(s)) != 0) continue;
        *out = s;
        return EFFNET_OK;
    }
    return refuse(f->name, "\"scaled\", \"fixed\" or \"not-less\"", error);
}

static effnet_status read_blocks(net_arch *arch, const json_t *value, effnet_error *error)
{
    const size_t count = json_array_size(value);
    if (count < 1 || count > NET_MAX_STAGES)
        return refuse("blocks", "a list of 1 to 32 block strings", error);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        if (!text) return refuse("blocks", "a list of block strings", error);
        TRY(net_stage_parse(&arch->stages[i], text, error));
    }
    arch->stage_count = (int)count;
    return EFFNET_OK;
}

static effnet_status read_value(net_arch *arch, const field *f, const json_t *value, effnet_error *error)
{
    void *at = (char *)arch + f->offset;
    switch (f->kind) {
    case TEXT: return read_text(at, f, value, error);
    case INTEGER: return read_integer(at, f, value, error);
    case ACTIVATION: return read_activation(at, f, value, error);
    case SCALING: return read_scaling(at, f, value, error);
    case BLOCKS: return read_blocks(arch, value, error);
    case REAL:
        if (!json_is_number(value)) return refuse(f->name, "a number", error);
        *(double *)at = json_number_value(value);
        break;
    case FLAG:
        if (!json_is_boolean(value)) return refuse(f->name, "true or false", error);
        *(bool *)at = json_is_true(value);
        break;
    case BASE: /* read before all others */
    case OBJECT: break;
    }
    return EFFNET_OK;
}

static const field *find_field(const char *name)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (!strcmp(fields[i].name, name)) return &fields[i];
    return NULL;
}

static effnet_status refuse_field(const char *name, effnet_error *error)
{
    const char *nearest = "";
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < FIELDS; i++) {
        const size_t distance = text_distance(name, fields[i].name);
        if (distance == 0 || distance >= least) continue; /* 0: a member's full name outside its object */
        least = distance;
        nearest = fields[i].name;
    }
    return error_set(error, EFFNET_ERR_FORMAT, "unknown field '%.60s'; the nearest is '%s'", name, nearest);
}

/* Reads the members of `object`; `prefix` is "" at the top and "stem." or "head." within. *changed is set by
 * a field that makes another network. */
static effnet_status read_members(net_arch *arch, json_t *object, const char *prefix, bool *changed,
                                  effnet_error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        char name[128];
        snprintf(name, sizeof name, "%s%.100s", prefix, key);
        const field *f = find_field(name);
        if (!f || (*prefix == '\0' && strchr(name, '.'))) return refuse_field(name, error);
        if (!f->mutable) *changed = true;
        if (f->kind != OBJECT) {
            TRY(read_value(arch, f, value, error));
            continue;
        }
        if (!json_is_object(value)) return refuse(name, "an object", error);
        strcat(name, ".");
        TRY(read_members(arch, value, name, changed, error)); /* no object field lies within another */
    }
    return EFFNET_OK;
}

static effnet_status read_base(net_arch *arch, const json_t *object, effnet_error *error)
{
    const json_t *base = json_object_get(object, "base");
    *arch = blank;
    if (!base) return EFFNET_OK;
    if (!json_is_string(base)) return refuse("base", "the name of a network", error);
    return net_arch_by_name(arch, json_string_value(base), error);
}

static effnet_status read_network(net_arch *arch, json_t *root, effnet_error *error)
{
    bool changed = false;
    if (!json_is_object(root))
        return error_set(error, EFFNET_ERR_FORMAT, "a network file must be one JSON object");
    TRY(read_base(arch, root, error));
    if (!json_object_get(root, "base") && !json_object_get(root, "blocks"))
        return error_set(error, EFFNET_ERR_FORMAT, "a network needs 'blocks', or 'base' to take them from");
    TRY(read_members(arch, root, "", &changed, error));
    if (changed && !json_object_get(root, "name")) memcpy(arch->name, blank.name, sizeof arch->name);
    return net_arch_check(arch, error);
}

effnet_status net_arch_parse(net_arch *out, const char *json, size_t size, effnet_error *error)
{
    if (size > NET_MAX_FILE)
        return error_set(error, EFFNET_ERR_LIMIT, "a network file of %zu bytes; at most %d are read", size,
                         NET_MAX_FILE);
    json_t *root;
    TRY(json_read(&root, json, size, error));
    net_arch arch;
    effnet_status status = read_network(&arch, root, error);
    json_decref(root);
    if (status == EFFNET_OK) {
        *out = arch;
    } else if (status != EFFNET_ERR_MEMORY) { /* whatever rule was broken, the file broke it */
        status = EFFNET_ERR_FORMAT;
        if (error) error->code = status;
    }
    return status;
}

bool net_arch_is_file(const char *name)
{
    const size_t length = strlen(name);
    return length >= 5 && strcmp(name + length - 5, ".json") == 0;
}

effnet_status net_arch_load(net_arch *out, const char *name, effnet_error *error)
{
    if (!net_arch_is_file(name)) return net_arch_by_name(out, name, error);
    void *text;
    size_t size;
    TRY(source_load(&text, &size, name, NET_MAX_FILE, error));
    const effnet_status status = net_arch_parse(out, text, size, error);
    free(text);
    return status == EFFNET_OK ? status : error_prefix(error, status, name);
}

/* ---- Writing ---- */

static json_t *blocks_value(const net_arch *arch)
{
    json_t *list = json_array();
    for (int i = 0; i < arch->stage_count; i++) {
        char text[NET_STAGE_TEXT];
        net_stage_format(text, &arch->stages[i]);
        if (json_array_append_new(list, json_string(text)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *field_value(const net_arch *arch, const field *f)
{
    const void *at = (const char *)arch + f->offset;
    switch (f->kind) {
    case TEXT: return json_string(at);
    case INTEGER: return json_integer(*(const int *)at);
    case REAL: return json_real(*(const double *)at);
    case FLAG: return json_boolean(*(const bool *)at);
    case ACTIVATION: return json_string(net_activation_name(*(const net_activation *)at));
    case SCALING: return json_string(net_scaling_name(*(const net_scaling *)at));
    case BLOCKS: return blocks_value(arch);
    case BASE: break;
    case OBJECT: return json_object();
    }
    return NULL;
}

/* Puts `value` where its full name says, and takes it over; -1 if out of memory. */
static int put_value(json_t *root, const char *name, json_t *value)
{
    const char *dot = strchr(name, '.');
    if (!dot) return json_object_set_new(root, name, value);
    char parent[32];
    snprintf(parent, sizeof parent, "%.*s", (int)(dot - name), name);
    return json_object_set_new(json_object_get(root, parent), dot + 1, value);
}

static json_t *write_network(const net_arch *arch)
{
    json_t *root = json_object();
    for (size_t i = 0; root && i < FIELDS; i++) {
        if (fields[i].kind == BASE || put_value(root, fields[i].name, field_value(arch, &fields[i])) == 0)
            continue;
        json_decref(root);
        return NULL;
    }
    return root;
}

/* Digits after which `value` reads back the same. */
static int digits_of(double value)
{
    int digits = 1;
    for (char text[32]; digits < 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    return digits;
}

/* Enough digits for every number of the description, and no more: 1.1 and not 1.1000000000000001. */
static size_t precision_of(const net_arch *arch)
{
    int digits = 1;
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].kind != REAL) continue;
        const int needed = digits_of(*(const double *)((const char *)arch + fields[i].offset));
        if (needed > digits) digits = needed;
    }
    return (size_t)digits;
}

effnet_status net_arch_format(char **out, const net_arch *arch, effnet_error *error)
{
    *out = NULL;
    TRY(net_arch_check(arch, error));
    json_t *root = write_network(arch);
    if (!root) return error_memory(error);
    *out = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(precision_of(arch)));
    json_decref(root);
    return *out ? EFFNET_OK : error_memory(error);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Measured times as JSON text, and back. A file of them may be damaged, old or somebody else's: everything in
 * it is checked, and what says whose times they are must fit.
 */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "engine/latency/latency.h"

static const char *const kind_names[PART_KINDS] = {"inside", "stem", "block", "first", "head", "classifier"};

/* The other members of a part; those that are 0 are not written. */
static const struct {
    const char *name;
    size_t offset;
    int most;
} fields[] = {
    {"image_height", offsetof(latency_part, image_height), NET_MAX_SIZE},
    {"image_width", offsetof(latency_part, image_width), NET_MAX_SIZE},
    {"image_channels", offsetof(latency_part, image_channels), NET_MAX_CHANNELS},
    {"stem_kernel", offsetof(latency_part, stem_kernel), NET_MAX_KERNEL},
    {"stem_stride", offsetof(latency_part, stem_stride), NET_MAX_STRIDE},
    {"in", offsetof(latency_part, in), NET_MAX_CHANNELS},
    {"hidden", offsetof(latency_part, hidden), NET_MAX_CHANNELS},
    {"out", offsetof(latency_part, out), NET_MAX_CLASSES},
    {"squeeze", offsetof(latency_part, squeeze), NET_MAX_CHANNELS},
    {"expands", offsetof(latency_part, expands), 1},
    {"residual", offsetof(latency_part, residual), 1},
    {"kernel", offsetof(latency_part, kernel), NET_MAX_KERNEL},
    {"stride", offsetof(latency_part, stride), NET_MAX_STRIDE},
    {"in_height", offsetof(latency_part, in_height), NET_MAX_SIZE},
    {"in_width", offsetof(latency_part, in_width), NET_MAX_SIZE},
    {"out_height", offsetof(latency_part, out_height), NET_MAX_SIZE},
    {"out_width", offsetof(latency_part, out_width), NET_MAX_SIZE},
    {"pad_top", offsetof(latency_part, pad_top), NET_MAX_KERNEL},
    {"pad_left", offsetof(latency_part, pad_left), NET_MAX_KERNEL},
};

enum { FIELDS = sizeof fields / sizeof *fields };

/* No part takes longer: 12 days. */
static const double most_ms = 1e9;

static int *field_of(latency_part *part, size_t index)
{
    return (int *)(void *)((char *)part + fields[index].offset);
}

/* ---- Reading ---- */

static effnet_status bad(effnet_error *error, size_t index, const char *name, const char *wanted)
{
    return error_set(error, EFFNET_ERR_FORMAT, "parts[%zu]: %s: wanted %s", index, name, wanted);
}

/* Sets `*out` to the number of the name that `value` is. */
static bool parse_name(int *out, const json_t *value, const char *(*name_of)(int), int count)
{
    const char *text = json_string_value(value);
    for (int i = 0; text && i < count; i++)
        if (strcmp(text, name_of(i)) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static const char *kind_name(int kind)
{
    return kind_names[kind];
}

static const char *activation_name(int activation)
{
    return net_activation_name((net_activation)activation);
}

static effnet_status parse_field(latency_part *part, size_t index, const char *name, const json_t *value,
                                 effnet_error *error)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (strcmp(name, fields[i].name) != 0) continue;
        const json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
        if (number < 0 || number > fields[i].most) return bad(error, index, name, "a possible size");
        *field_of(part, i) = (int)number;
        return EFFNET_OK;
    }
    return bad(error, index, name, "a field that is known");
}

static effnet_status parse_entry(latency_entry *out, size_t index, json_t *json, effnet_error *error)
{
    const char *name;
    json_t *value;
    *out = (latency_entry){.ms = -1};
    if (!json_is_object(json)) return bad(error, index, "part", "an object");
    json_object_foreach(json, name, value)
    {
        if (strcmp(name, "kind") == 0) {
            if (!parse_name(&out->part.kind, value, kind_name, PART_KINDS))
                return bad(error, index, name, "a kind of part");
        } else if (strcmp(name, "activation") == 0) {
            if (!parse_name(&out->part.activation, value, activation_name, NET_HARD_SWISH + 1))
                return bad(error, index, name, "an activation");
        } else if (strcmp(name, "ms") == 0) {
            out->ms = json_number_value(value);
        } else {
            TRY(parse_field(&out->part, index, name, value, error));
        }
    }
    if (!(out->ms > 0 && out->ms < most_ms)) return bad(error, index, "ms", "a time");
    if (out->part.kind == PART_INSIDE) return bad(error, index, "kind", "a part with a time");
    return EFFNET_OK;
}

static bool is_text(const json_t *root, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(root, name));
    return text && strcmp(text, wanted) == 0;
}

static effnet_status parse_root(latency *l, json_t *root, effnet_error *error)
{
    const json_t *parts = json_object_get(root, "parts"), *threads = json_object_get(root, "threads");
    if (!json_is_array(parts) || !json_is_integer(threads))
        return error_set(error, EFFNET_ERR_FORMAT, "not a file of measured times");
    if (!is_text(root, "effnet", EFFNET_VERSION) || !is_text(root, "cpu", l->cpu) ||
        !is_text(root, "level", cpu_level_name(l->level)) ||
        json_integer_value(threads) != (json_int_t)l->members)
        return error_set(error, EFFNET_ERR_MISMATCH,
                         "measured with another effnet, processor, level or number of threads");
    const size_t count = json_array_size(parts);
    if (count > LATENCY_MAX_ENTRIES)
        return error_set(error, EFFNET_ERR_LIMIT, "%zu parts; at most %d are kept", count,
                         LATENCY_MAX_ENTRIES);
    for (size_t i = 0; i < count; i++) {
        latency_entry entry;
        TRY(parse_entry(&entry, i, json_array_get(parts, i), error));
        TRY(latency_put(l, &entry.part, entry.ms, error));
    }
    return EFFNET_OK;
}

effnet_status latency_parse(latency *l, const char *text, size_t size, effnet_error *error)
{
    json_t *root;
    TRY(json_read(&root, text, size, error));
    const effnet_status status = parse_root(l, root, error);
    json_decref(root);
    return status;
}

/* ---- Writing ---- */

/* NULL if memory is out. */
static json_t *entry_to_json(const latency_entry *entry)
{
    latency_part part = entry->part;
    json_t *json = json_object();
    bool ok = json && json_object_set_new(json, "kind", json_string(kind_name(part.kind))) == 0 &&
              json_object_set_new(json, "activation", json_string(activation_name(part.activation))) == 0;
    for (size_t i = 0; ok && i < FIELDS; i++) {
        const int value = *field_of(&part, i);
        ok = value == 0 || json_object_set_new(json, fields[i].name, json_integer(value)) == 0;
    }
    if (ok && json_object_set_new(json, "ms", json_real(entry->ms)) == 0) return json;
    json_decref(json);
    return NULL;
}

effnet_status latency_format(char **out, const latency *l, effnet_error *error)
{
    *out = NULL;
    json_t *parts = json_array();
    bool ok = parts != NULL;
    for (size_t i = 0; ok && i < l->count; i++)
        ok = json_array_append_new(parts, entry_to_json(&l->entries[i])) == 0;
    json_t *root = json_pack("{s:s,s:s,s:s,s:I,s:O}", "effnet", EFFNET_VERSION, "cpu", l->cpu, "level",
                             cpu_level_name(l->level), "threads", (json_int_t)l->members, "parts", parts);
    if (ok && root) *out = json_dumps(root, JSON_INDENT(0) | JSON_REAL_PRECISION(6));
    json_decref(root);
    json_decref(parts);
    return *out ? EFFNET_OK : error_memory(error);
}

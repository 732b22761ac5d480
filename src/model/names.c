/* SPDX-License-Identifier: Apache-2.0
 *
 * From a checkpoint's raw names to a clean, sorted list. See names.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "model/names.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Dicts of a checkpoint that hold weights by custom, the likeliest first: timm and most examples,
 * torchvision's references, then what people write themselves. The top level comes last, because beside a
 * named dict it only holds odd tensors. */
static const char *const usual_groups[] = {
    "state_dict", "model",     "model_state_dict", "model_state", "net",
    "network",    "module",    "weights",          "params",      "state_dict_ema",
    "model_ema",  "ema_model", "ema_state_dict",   "ema",         ""};
enum { USUAL_GROUPS = sizeof usual_groups / sizeof *usual_groups };

/* Wrappers: DataParallel, torch.compile, Lightning and home-made holders; the last four hold averaged
 * weights. */
static const struct {
    const char *text;
    bool averaged;
} prefixes[] = {
    {"module.", false},   {"_orig_mod.", false}, {"model.", false},         {"net.", false},
    {"network.", false},  {"backbone.", false},  {"state_dict.", false},    {"ema.", true},
    {"model_ema.", true}, {"ema_model.", true},  {"averaged_model.", true},
};

/* Buffers that are no weights: batch norm's counter, AveragedModel's, and what the thop profiler leaves
 * behind. */
static const char *const ignored[] = {"num_batches_tracked", "n_averaged", "total_ops", "total_params"};

static bool is_ignored(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *last = dot ? dot + 1 : name;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        if (!strcmp(last, ignored[i])) return true;
    return false;
}

/* The name behind all prefixes; sets `*averaged` if one of them says so. */
static const char *strip(const char *name, bool *averaged)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes;) {
        const size_t length = strlen(prefixes[i].text);
        if (strncmp(name, prefixes[i].text, length)) {
            i++;
            continue;
        }
        name += length;
        *averaged |= prefixes[i].averaged;
        i = 0;
    }
    return name;
}

/* True if a word of `group` is "ema": "model_ema", "state_dict_ema", "ema.module". */
static bool group_is_averaged(const char *group)
{
    while (*group) {
        const size_t length = strcspn(group, "._");
        if (length == 3 && !strncasecmp(group, "ema", 3)) return true;
        group += length;
        group += strspn(group, "._");
    }
    return false;
}

static int group_rank(const char *group)
{
    for (int i = 0; i < USUAL_GROUPS; i++)
        if (!strcmp(group, usual_groups[i])) return i;
    return USUAL_GROUPS;
}

static bool stem_dialect(const char *name, const dialect *wanted, dialect *out)
{
    for (int i = 0; i < DIALECT_COUNT; i++) {
        if ((wanted && *wanted != (dialect)i) || strcmp(name, dialect_stem((dialect)i))) continue;
        *out = (dialect)i;
        return true;
    }
    return false;
}

/* The best place to find a network in, of those seen so far. */
typedef struct place {
    const char *group; /* NULL: none */
    const char *rival; /* another group of the same rank */
    int rank;
    dialect dialect;
} place;

static void consider(place *best, const char *group, dialect d)
{
    const int rank = group_rank(group);
    if (best->group && rank == best->rank && strcmp(group, best->group)) best->rival = group;
    if (best->group && rank >= best->rank) return;
    *best = (place){.group = group, .rank = rank, .dialect = d};
}

/* Finds the best places of plain [0] and of averaged [1] weights. */
static void find_places(place places[2], const state_dict *state, const dialect *wanted)
{
    for (size_t i = 0; i < state_count(state); i++) {
        const state_tensor *tensor = state_at(state, i);
        bool averaged = group_is_averaged(tensor->group);
        dialect d;
        if (stem_dialect(strip(tensor->name, &averaged), wanted, &d))
            consider(&places[averaged], tensor->group, d);
    }
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const name_entry *)a)->name, ((const name_entry *)b)->name);
}

/* Fills the list from one place, or from everywhere if `from` is NULL. */
static effnet_status fill(name_list *out, const state_dict *state, const place *from, effnet_error *error)
{
    out->entries = calloc(state_count(state) + 1, sizeof *out->entries);
    if (!out->entries) return error_memory(error);
    for (size_t i = 0; i < state_count(state); i++) {
        const state_tensor *tensor = state_at(state, i);
        bool averaged = group_is_averaged(tensor->group);
        const char *name = strip(tensor->name, &averaged);
        if (is_ignored(name)) continue;
        if (from && (averaged != out->averaged || strcmp(tensor->group, from->group))) continue;
        out->entries[out->count++] = (name_entry){name, tensor};
    }
    qsort(out->entries, out->count, sizeof *out->entries, compare_entries);
    for (size_t i = 1; from && i < out->count; i++)
        if (!strcmp(out->entries[i - 1].name, out->entries[i].name))
            return error_set(error, EFFNET_ERR_FORMAT, "two tensors are the network's %s: %.80s and %.80s",
                             out->entries[i].name, out->entries[i - 1].tensor->name,
                             out->entries[i].tensor->name);
    return EFFNET_OK;
}

effnet_status names_collect(name_list *out, const state_dict *state, bool ema, const dialect *wanted,
                            effnet_error *error)
{
    *out = (name_list){0};
    place places[2] = {{0}, {0}};
    find_places(places, state, wanted);
    if (ema && !places[true].group)
        return error_set(error, EFFNET_ERR_NOT_FOUND, "no averaged (EMA) weights among %zu tensors",
                         state_count(state));
    out->averaged = ema || (places[true].group && !places[false].group);
    out->has_averaged = !out->averaged && places[true].group;
    const place *from = &places[out->averaged];
    if (from->rival)
        return error_set(error, EFFNET_ERR_AMBIGUOUS, "two dicts hold a network: \"%s\" and \"%s\"",
                         from->group, from->rival);
    out->has_stem = from->group != NULL;
    out->dialect = from->dialect;
    const effnet_status status = fill(out, state, out->has_stem ? from : NULL, error);
    if (status != EFFNET_OK) names_free(out);
    return status;
}

void names_free(name_list *list)
{
    free(list->entries);
    *list = (name_list){0};
}

long names_find(const name_list *list, const char *name)
{
    const name_entry key = {name, NULL};
    const name_entry *found =
        bsearch(&key, list->entries, list->count, sizeof *list->entries, compare_entries);
    return found ? (long)(found - list->entries) : -1;
}

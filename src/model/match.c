/* SPDX-License-Identifier: Apache-2.0
 *
 * Generate and compare. See match.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "model/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool same_shape(const state_tensor *found, const net_tensor *wanted)
{
    if (found->rank != wanted->rank) return false;
    for (int i = 0; i < found->rank; i++)
        if (found->shape[i] != wanted->shape[i]) return false;
    return true;
}

/* One walk over all tensors of a network and of a file. */
typedef struct walk {
    const name_list *names;
    const net_graph *graph;
    bool *used; /* [names->count] */
} walk;

typedef enum fit { FITS, MISSING, MISSHAPED } fit;

/* How tensor number `index` of the graph fares; its name and the file's tensor are given back. */
static fit fit_of(const walk *w, size_t index, char name[DIALECT_NAME_SIZE], const state_tensor **found)
{
    const net_tensor wanted = net_tensor_at(w->graph, index);
    dialect_tensor_name(name, w->names->dialect, w->graph, &wanted);
    const long at = names_find(w->names, name);
    *found = NULL;
    if (at < 0) return MISSING;
    w->used[at] = true;
    *found = w->names->entries[at].tensor;
    return same_shape(*found, &wanted) ? FITS : MISSHAPED;
}

static effnet_status walk_start(walk *w, const name_list *names, const net_graph *graph, effnet_error *error)
{
    *w = (walk){names, graph, calloc(names->count + 1, sizeof *w->used)};
    return w->used ? EFFNET_OK : error_memory(error);
}

effnet_status match_compare(match_counts *out, const name_list *names, const net_graph *graph,
                            const state_tensor **bound, effnet_error *error)
{
    walk w;
    TRY(walk_start(&w, names, graph, error));
    *out = (match_counts){.unexpected = names->count};
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        char name[DIALECT_NAME_SIZE];
        const state_tensor *found;
        const fit f = fit_of(&w, i, name, &found);
        out->missing += f == MISSING;
        out->misshaped += f == MISSHAPED;
        out->unexpected -= f != MISSING;
        if (bound) bound[i] = f == FITS ? found : NULL;
    }
    free(w.used);
    return EFFNET_OK;
}

/* A dimension as a count that a network can have; 0 if it is none. */
static int dimension(const name_list *names, const char *name, int rank, int axis, size_t limit)
{
    const long at = names_find(names, name);
    if (at < 0) return 0;
    const state_tensor *tensor = names->entries[at].tensor;
    return tensor->rank == rank && tensor->shape[axis] <= limit ? (int)tensor->shape[axis] : 0;
}

bool match_ends(const name_list *names, int *classes, int *in_channels)
{
    const char *classifier = dialect_classifier(names->dialect);
    *classes = dimension(names, classifier, 2, 0, NET_MAX_CLASSES);
    *in_channels = dimension(names, dialect_stem(names->dialect), 4, 1, NET_MAX_CHANNELS);
    return *in_channels > 0 && (*classes > 0 || names_find(names, classifier) < 0);
}

effnet_status match_infer(net_arch *out, match_counts *counts, const name_list *names, effnet_error *error)
{
    int classes, in_channels;
    const bool ends = match_ends(names, &classes, &in_channels);
    size_t best = SIZE_MAX;
    net_arch arch;
    for (size_t i = 0; best > 0 && net_arch_catalogue(&arch, i); i++) {
        if (ends) {
            arch.classes = classes;
            arch.in_channels = in_channels;
        }
        net_graph *graph;
        match_counts here;
        TRY(net_graph_create(&graph, &arch, NULL, 0, 0, error));
        const effnet_status status = match_compare(&here, names, graph, NULL, error);
        net_graph_free(graph);
        TRY(status);
        if (match_total(here) >= best) continue;
        best = match_total(here);
        *out = arch;
        *counts = here;
    }
    return EFFNET_OK;
}

/* ---- What does not fit ---- */

static void print_shape(char out[64], size_t rank, const size_t *shape)
{
    size_t used = (size_t)snprintf(out, 64, "[");
    for (size_t i = 0; i < rank && used < 48; i++)
        used += (size_t)snprintf(out + used, 64 - used, "%s%zu", i ? "," : "", shape[i]);
    snprintf(out + used, 64 - used, "]");
}

static void print_name(FILE *to, const char *name)
{
    char escaped[256];
    text_escape(escaped, sizeof escaped, name, strlen(name));
    fputs(escaped, to);
}

static void list_network(FILE *to, const walk *w, fit kind, size_t total, const char *title)
{
    if (total == 0) return;
    fprintf(to, "%zu %s:\n", total, title);
    size_t listed = 0;
    for (size_t i = 0; i < net_tensor_count(w->graph) && listed < MATCH_LISTED; i++) {
        char name[DIALECT_NAME_SIZE], have[64], want[64];
        const state_tensor *found;
        if (fit_of(w, i, name, &found) != kind) continue;
        listed++;
        const net_tensor wanted = net_tensor_at(w->graph, i);
        print_shape(want, (size_t)wanted.rank, wanted.shape);
        if (found) print_shape(have, (size_t)found->rank, found->shape);
        fprintf(to, "  %s %s%s%s\n", name, found ? have : want, found ? ", wanted " : "", found ? want : "");
    }
    if (total > listed) fprintf(to, "  and %zu more\n", total - listed);
}

static void list_file(FILE *to, const name_list *names, const bool *used, size_t total, const char *title)
{
    if (total == 0) return;
    fprintf(to, "%zu %s:\n", total, title);
    size_t listed = 0;
    for (size_t i = 0; i < names->count && listed < MATCH_LISTED; i++) {
        if (used && used[i]) continue;
        char shape[64];
        print_shape(shape, (size_t)names->entries[i].tensor->rank, names->entries[i].tensor->shape);
        fputs("  ", to);
        print_name(to, names->entries[i].name);
        fprintf(to, " %s\n", shape);
        listed++;
    }
    if (total > listed) fprintf(to, "  and %zu more\n", total - listed);
}

/* "; N missing, first NAME" for the one-line message. */
static void summarise(FILE *to, const walk *w, match_counts counts)
{
    char name[DIALECT_NAME_SIZE], first_missing[DIALECT_NAME_SIZE] = "",
                                  first_misshaped[DIALECT_NAME_SIZE] = "";
    const state_tensor *found;
    for (size_t i = net_tensor_count(w->graph); i-- > 0;) {
        const fit f = fit_of(w, i, name, &found);
        if (f == MISSING) memcpy(first_missing, name, sizeof name);
        if (f == MISSHAPED) memcpy(first_misshaped, name, sizeof name);
    }
    const char *separator = "";
    if (counts.misshaped)
        fprintf(to, "%zu of other shape (%s)", counts.misshaped, first_misshaped), separator = ", ";
    if (counts.missing)
        fprintf(to, "%s%zu missing (%s)", separator, counts.missing, first_missing), separator = ", ";
    if (!counts.unexpected) return;
    size_t at = 0;
    while (w->used[at])
        at++;
    fprintf(to, "%s%zu unexpected (%.60s)", separator, counts.unexpected, w->names->entries[at].name);
}

/* Ends a stream over memory; the text is the caller's to free. */
static bool close_text(FILE *stream, char **text)
{
    const bool whole = !ferror(stream);
    if (fclose(stream) == 0 && whole) return true;
    free(*text);
    *text = NULL;
    return false;
}

static void write_report(char **report, const walk *w, match_counts counts)
{
    size_t size;
    FILE *to = open_memstream(report, &size);
    if (!to) return;
    fprintf(to, "compared with %s, %d classes, %d input channels, in the names of %s:\n", w->graph->arch.name,
            w->graph->arch.classes, w->graph->arch.in_channels, dialect_name(w->names->dialect));
    list_network(to, w, MISSHAPED, counts.misshaped, "of another shape");
    list_network(to, w, MISSING, counts.missing, "missing");
    list_file(to, w->names, w->used, counts.unexpected, "unexpected");
    close_text(to, report);
}

effnet_status match_fail(const name_list *names, const net_graph *graph, bool nearest, char **report,
                         effnet_error *error)
{
    match_counts counts;
    walk w;
    TRY(match_compare(&counts, names, graph, NULL, error));
    TRY(walk_start(&w, names, graph, error));
    char *summary = NULL;
    size_t size;
    FILE *to = open_memstream(&summary, &size);
    if (to) {
        summarise(to, &w, counts);
        close_text(to, &summary);
    }
    if (report) write_report(report, &w, counts);
    free(w.used);
    if (!summary) return error_memory(error);
    const bool far = nearest && 2 * (counts.misshaped + counts.missing) > net_tensor_count(graph);
    error_set(error, EFFNET_ERR_MISMATCH, "%s %s%s in the names of %s: %s",
              far ? "no network that effnet knows; it does not even fit" : "does not fit", graph->arch.name,
              nearest ? ", the nearest network," : "", dialect_name(names->dialect), summary);
    free(summary);
    return EFFNET_ERR_MISMATCH;
}

effnet_status match_fail_no_stem(const name_list *names, const dialect *wanted, char **report,
                                 effnet_error *error)
{
    if (report) {
        size_t size;
        FILE *to = open_memstream(report, &size);
        if (to) {
            list_file(to, names, NULL, names->count,
                      "tensors, none of them a stem convolution under a known name");
            close_text(to, report);
        }
    }
    if (names->count == 0) return error_set(error, EFFNET_ERR_MISMATCH, "holds no tensors");
    return error_set(error, EFFNET_ERR_MISMATCH,
                     "no EfficientNet or MobileNetV2 in the names of %s: no stem convolution among %zu "
                     "tensors, the first is %.80s",
                     wanted ? dialect_name(*wanted) : "effnet, efficientnet_pytorch, torchvision or timm",
                     names->count, names->entries[0].name);
}

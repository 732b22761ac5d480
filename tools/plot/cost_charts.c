/* SPDX-License-Identifier: Apache-2.0
 *
 * See cost_charts.h: the family, and one network's stages.
 */
#include "plot/cost_charts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/chart.h"
#include "plot/stages.h"

/* ---- the family ---- */

enum { MAX_MEMBERS = 64, LABEL_SIZE = 16 };

static const struct {
    const char *prefix; /* of the names in the catalogue */
    const char *name;
    const char *keeps; /* what is left of the prefix in a label */
} branches[] = {
    {"efficientnet-", "EfficientNet", ""},
    {"efficientnet-lite", "EfficientNet-Lite", "lite"},
    {"mobilenet-v2-", "MobileNetV2, by width", ""},
};

enum { BRANCHES = sizeof branches / sizeof *branches };

typedef struct branch {
    size_t count;
    double parameters[MAX_MEMBERS], macs[MAX_MEMBERS];
    char labels[MAX_MEMBERS][LABEL_SIZE];
    const char *label_list[MAX_MEMBERS];
} branch;

/* Members are kept by parameters, so that the line through them goes one way. */
static void add_member(branch *b, const char *name, size_t index)
{
    effnet_network *network;
    effnet_network_info info;
    if (b->count == MAX_MEMBERS || effnet_network_create(&network, name, NULL, NULL) != EFFNET_OK) return;
    effnet_network_get_info(network, &info);
    effnet_network_free(network);
    size_t i = b->count++;
    for (; i > 0 && b->parameters[i - 1] > (double)info.parameters; i--) {
        b->parameters[i] = b->parameters[i - 1];
        b->macs[i] = b->macs[i - 1];
        memcpy(b->labels[i], b->labels[i - 1], LABEL_SIZE);
    }
    b->parameters[i] = (double)info.parameters;
    b->macs[i] = (double)info.macs;
    snprintf(b->labels[i], LABEL_SIZE, "%s%.10s", branches[index].keeps,
             name + strlen(branches[index].prefix));
}

/* The branch with the longest prefix of `name`; BRANCHES if there is none. */
static size_t branch_of(const char *name)
{
    size_t best = BRANCHES, longest = 0;
    for (size_t i = 0; i < BRANCHES; i++) {
        const size_t length = strlen(branches[i].prefix);
        if (length <= longest || strncmp(name, branches[i].prefix, length) != 0) continue;
        best = i;
        longest = length;
    }
    return best;
}

static void collect_family(branch all[BRANCHES])
{
    char name[EFFNET_NAME_SIZE];
    for (size_t i = 0; effnet_catalogue_get(i, name); i++) {
        if (strcmp(name, "mobilenet-v2") == 0) strcat(name, "-1.0");
        const size_t b = branch_of(name);
        if (b < BRANCHES) add_member(&all[b], name, b);
    }
    for (size_t i = 0; i < BRANCHES; i++)
        for (size_t j = 0; j < all[i].count; j++)
            all[i].label_list[j] = all[i].labels[j];
}

canvas *family_charts(void)
{
    branch *all = calloc(BRANCHES, sizeof *all);
    if (!all) return NULL;
    collect_family(all);
    chart_series series[BRANCHES];
    for (size_t i = 0; i < BRANCHES; i++)
        series[i] = (chart_series){.name = branches[i].name,
                                   .kind = CHART_LINE_AND_POINTS,
                                   .count = all[i].count,
                                   .x = all[i].parameters,
                                   .y = all[i].macs,
                                   .labels = all[i].label_list};
    const chart what = {.x = {.title = "parameters", .log = true},
                        .y = {.title = "multiply-adds of one picture", .log = true},
                        .series = series,
                        .series_count = BRANCHES};
    canvas *c = chart_sheet("EfficientNet and MobileNetV2", &what, 1, 1, 720, 480);
    free(all);
    return c;
}

/* ---- the stages of one network ---- */

enum { MACS, PARAMETERS, BYTES, STANDARD, COLUMNS };

typedef struct stage_costs {
    char (*names)[LABEL_SIZE]; /* [capacity], and so are the others */
    const char **name_list;
    double *columns[COLUMNS];
    size_t count;
} stage_costs;

static bool allocate(stage_costs *s, size_t capacity)
{
    *s = (stage_costs){.names = calloc(capacity, sizeof *s->names),
                       .name_list = calloc(capacity, sizeof *s->name_list)};
    bool ok = s->names && s->name_list;
    for (int i = 0; i < COLUMNS; i++) {
        s->columns[i] = calloc(capacity, sizeof *s->columns[i]);
        ok = ok && s->columns[i];
    }
    return ok;
}

static void free_costs(stage_costs *s)
{
    free(s->names);
    free(s->name_list);
    for (int i = 0; i < COLUMNS; i++)
        free(s->columns[i]);
}

static void collect_costs(stage_costs *s, const effnet_network *network)
{
    effnet_part_info part, last = {0};
    size_t stages = 0;
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++) {
        effnet_cost standard;
        effnet_network_part_cost(network, i, NULL, &standard);
        if (!stage_continues(&part, &last)) {
            char *name = s->names[s->count];
            if (stage_is_block(&part))
                snprintf(name, LABEL_SIZE, "%zu", ++stages);
            else
                snprintf(name, LABEL_SIZE, "%.15s", part.name);
            s->name_list[s->count++] = name;
        }
        const size_t at = s->count - 1;
        s->columns[MACS][at] += (double)part.macs;
        s->columns[PARAMETERS][at] += (double)part.parameters;
        s->columns[BYTES][at] += (double)part.activation_bytes;
        s->columns[STANDARD][at] += (double)standard.macs;
        last = part;
    }
}

/* Absolute numbers to per cent of their sum. */
static void make_shares(double *column, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += column[i];
    for (size_t i = 0; i < count && sum > 0; i++)
        column[i] *= 100 / sum;
}

static canvas *draw_costs(stage_costs *s, const char *network)
{
    double *macs = malloc(s->count * sizeof *macs); /* before they become shares */
    if (!macs) return NULL;
    memcpy(macs, s->columns[MACS], s->count * sizeof *macs);
    for (int i = 0; i < STANDARD; i++)
        make_shares(s->columns[i], s->count);
    const chart_series shares[] = {
        {.name = "multiply-adds", .kind = CHART_BARS, .count = s->count, .y = s->columns[MACS]},
        {.name = "parameters", .kind = CHART_BARS, .count = s->count, .y = s->columns[PARAMETERS]},
        {.name = "bytes of activations", .kind = CHART_BARS, .count = s->count, .y = s->columns[BYTES]},
    };
    const chart_series pair[] = {
        {.name = "as it is, depthwise separable",
         .kind = CHART_LINE_AND_POINTS,
         .count = s->count,
         .y = macs},
        {.name = "with standard convolutions",
         .kind = CHART_LINE_AND_POINTS,
         .count = s->count,
         .y = s->columns[STANDARD]},
    };
    const chart_axis stages = {.title = "stage", .names = s->name_list, .name_count = s->count};
    const chart charts[] = {
        {.title = "Where the cost lies",
         .x = stages,
         .y = {.title = "per cent of the network"},
         .series = shares,
         .series_count = sizeof shares / sizeof *shares},
        {.title = "What depthwise separable convolutions save",
         .x = stages,
         .y = {.title = "multiply-adds", .log = true},
         .series = pair,
         .series_count = sizeof pair / sizeof *pair},
    };
    canvas *c = chart_sheet(network, charts, 2, 1, 720, 330);
    free(macs);
    return c;
}

canvas *cost_charts(const effnet_network *network)
{
    effnet_network_info info;
    stage_costs s;
    canvas *c = NULL;
    effnet_network_get_info(network, &info);
    if (allocate(&s, info.part_count)) {
        collect_costs(&s, network);
        c = draw_costs(&s, info.name);
    }
    free_costs(&s);
    return c;
}

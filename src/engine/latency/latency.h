/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a network will take, from the times of its parts on this machine. Parts that were measured once
 * are known for good and shared by all networks that have them; others are told by the work in them and by
 * the measured parts that are most like them. Measuring runs the network without its repeated blocks, through
 * the engine itself.
 */
#ifndef ENGINE_LATENCY_LATENCY_H
#define ENGINE_LATENCY_LATENCY_H

#include "engine/latency/parts.h"
#include "engine/latency/probe.h"

/* Of one processor, level and number of threads. */
typedef struct latency {
    cpu_level level;
    size_t members;
    char cpu[64];
    struct latency_entry *entries; /* [count], oldest first */
    size_t count, room;
} latency;

typedef struct latency_entry {
    latency_part part;
    double ms;
    part_place place;
    double slowness; /* log of ms over the work in it */
} latency_entry;

/* More are not kept: the oldest go. */
enum { LATENCY_MAX_ENTRIES = 4096 };

/* Nothing known yet. */
void latency_init(latency *l, cpu_level level, size_t members);
void latency_clear(latency *l);

/* Notes the time of a part; of two times the lesser. */
effnet_status latency_put(latency *l, const latency_part *part, double ms, effnet_error *error);

/* The time of a part in *ms, true if it was measured itself. Negative if there is nothing to tell it by. */
bool latency_of_part(const latency *l, const latency_part *part, double *ms);

/* Measures the parts of `graph` that are not known. */
effnet_status latency_measure(latency *l, const net_graph *graph, probe_effort effort, effnet_error *error);

typedef struct latency_sum {
    double ms;
    size_t parts, measured; /* with a time of their own; those of them that were measured */
} latency_sum;

/* The time of one image and, unless part_ms is NULL, of each part. EFFNET_ERR_NOT_FOUND where nothing was
 * measured yet. */
effnet_status latency_predict(latency_sum *out, const latency *l, const net_graph *graph, double *part_ms,
                              effnet_error *error);

/* ---- Files (latency_file.c) ---- */

/* Adds what the text of a file holds. EFFNET_ERR_FORMAT if it is damaged, EFFNET_ERR_MISMATCH if it is of
 * another processor, level, number of threads or version of effnet; `l` may then hold some of its entries. */
effnet_status latency_parse(latency *l, const char *text, size_t size, effnet_error *error);

/* The whole as text that latency_parse reads, malloc'd. */
effnet_status latency_format(char **out, const latency *l, effnet_error *error);

#endif

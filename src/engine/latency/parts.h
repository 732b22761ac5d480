/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a network as far as their time depends on them: two parts that are the same here take the same
 * time on the same machine, level and number of threads.
 */
#ifndef ENGINE_LATENCY_PARTS_H
#define ENGINE_LATENCY_PARTS_H

#include "net/graph.h"

typedef enum part_kind {
    PART_INSIDE, /* made inside the next part: no time of its own */
    PART_STEM,
    PART_BLOCK,
    PART_FIRST, /* the stem and the first block, made as one */
    PART_HEAD,  /* with pooling */
    PART_CLASSIFIER,
    PART_KINDS
} part_kind;

/* All members are int, so that two are compared as bytes. What a kind has not got is 0. */
typedef struct latency_part {
    int kind, activation;
    int image_height, image_width, image_channels; /* what a stem sees */
    int stem_kernel, stem_stride;
    int in, hidden, out, squeeze; /* channels; hidden: of the depthwise convolution */
    int expands, residual;
    int kernel, stride;
    int in_height, in_width, out_height, out_width; /* of the depthwise convolution, or of the one there is */
    int pad_top, pad_left;
} latency_part;

/* Part `index` of net_graph_parts; `fuses`: whether the engine makes the stem inside the first block. */
latency_part latency_part_at(const net_graph *graph, size_t index, bool fuses);

bool latency_part_equal(const latency_part *a, const latency_part *b);

/* About how much there is to do in a part, in multiply-adds: a measure to carry the time of one part over to
 * another that is much like it. */
double latency_part_work(const latency_part *part);

/* Where a part lies among the parts of its kind: the nearer two are, the more alike. A factor e in one size
 * is a distance of 1. */
enum { PART_AXES = 10 };

typedef struct part_place {
    double at[PART_AXES];
} part_place;

part_place latency_part_place(const latency_part *part);

/* The square of the distance. */
static inline double part_distance2(const part_place *a, const part_place *b)
{
    double sum = 0;
    for (int i = 0; i < PART_AXES; i++)
        sum += (a->at[i] - b->at[i]) * (a->at[i] - b->at[i]);
    return sum;
}

#endif

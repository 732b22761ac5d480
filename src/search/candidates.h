/* SPDX-License-Identifier: Apache-2.0
 *
 * Which alpha, beta and gamma a search tries: those of a grid that about double the multiply-adds (Tan and
 * Le, EfficientNet, 2019, section 3.3, step 1), and beside them what they are to be compared with: the
 * baseline, each dimension scaled alone, and the published 1.2, 1.1, 1.15. Counts; trains nothing.
 */
#ifndef SEARCH_CANDIDATES_H
#define SEARCH_CANDIDATES_H

#include "net/scale.h"

enum {
    SEARCH_MAX_POINTS = 10000000, /* of a grid */
    SEARCH_MAX_CANDIDATES = 20000,
    SEARCH_GROWTH = 2, /* of multiply-adds, that is wanted */
};

typedef struct search_candidate {
    effnet_candidate_kind kind;
    const char *strategy; /* "baseline", "depth", "width", "resolution", "compound" */
    net_coefficients c;
    net_cost cost;
    int height, width;
    uint64_t network; /* equal where networks are */
    size_t same_as;   /* the first candidate with this network, itself perhaps */
} search_candidate;

typedef struct search_candidates {
    search_candidate *items;
    size_t count, capacity;
    size_t points;    /* of the grid */
    size_t survivors; /* of them */
    size_t networks;  /* that differ */
} search_candidates;

/* Of the options, the grid and the constraint count; fills in their defaults first. Controls come first, then
 * the published, then the grid with gamma running fastest. EFFNET_ERR_ARGUMENT for a grid or a tolerance that
 * leaves nothing, and for a candidate that cannot be built. */
effnet_status search_enumerate(search_candidates *out, const net_graph *base,
                               const effnet_search_options *options, effnet_error *error);
void search_candidates_clear(search_candidates *all);

/* The defaults where `options` (which may be NULL) say nothing, or what is wrong with them. */
effnet_status search_options_check(effnet_search_options *out, const effnet_search_options *options,
                                   effnet_error *error);

/* The network of a candidate: `base` scaled by phi = 1. */
effnet_status search_network(net_graph **out, const net_graph *base, const net_coefficients *c, int multiple,
                             effnet_error *error);

#endif

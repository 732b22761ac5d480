/* SPDX-License-Identifier: Apache-2.0
 *
 * Which network a list of tensors is: names and shapes are generated for a candidate and compared. What does
 * not fit is counted and told by name.
 */
#ifndef MODEL_MATCH_H
#define MODEL_MATCH_H

#include <stdio.h>

#include "model/names.h"

/* How many names of each kind a report lists. */
enum { MATCH_LISTED = 10 };

typedef struct match_counts {
    size_t missing, unexpected, misshaped;
} match_counts;

static inline size_t match_total(match_counts counts)
{
    return counts.missing + counts.unexpected + counts.misshaped;
}

/* Compares. If `bound` is given, bound[i] becomes the tensor for tensor number i of the graph, NULL where
 * none fits. */
effnet_status match_compare(match_counts *out, const name_list *names, const net_graph *graph,
                            const state_tensor **bound, effnet_error *error);

/* Classes and input channels as the tensors have them: those of classifier and stem, 0 classes where there is
 * no classifier. False if the two have shapes that no network has. */
bool match_ends(const name_list *names, int *classes, int *in_channels);

/* The catalogue network that fits best, with the file's classes and input channels; counts are all zero if it
 * fits. */
effnet_status match_infer(net_arch *out, match_counts *counts, const name_list *names, effnet_error *error);

/* EFFNET_ERR_MISMATCH in one line, and, if `report` is not NULL, up to MATCH_LISTED names of each kind in
 * many. `nearest`: the network is not what somebody said, but what comes nearest. */
effnet_status match_fail(const name_list *names, const net_graph *graph, bool nearest, char **report,
                         effnet_error *error);

/* The same where not even a stem was found. */
effnet_status match_fail_no_stem(const name_list *names, const dialect *wanted, char **report,
                                 effnet_error *error);

#endif

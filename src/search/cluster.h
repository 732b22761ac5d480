/* SPDX-License-Identifier: Apache-2.0
 *
 * The work of search_run divided among processes that mpirun has started, on one machine or many: rank 0
 * hands out and sleeps in between, the others ask and train. A rank that stays silent gives its task back.
 */
#ifndef SEARCH_CLUSTER_H
#define SEARCH_CLUSTER_H

#include "search/work.h"
#include "train/ranks/wire.h"

#define SEARCH_PATIENCE 120.0 /* seconds */

typedef struct search_cluster {
    wire *w;
    uint64_t search; /* a number that all ranks must have in common: what is searched */
    uint64_t images; /* of a result's hits */
    size_t group;    /* ranks that train a network together: the first of them asks for all; 1: each alone */
    double patience; /* with a silent rank, seconds */
} search_cluster;

/* For rank 0. `work->workers` is not used. EFFNET_ERR_OS if all other ranks are lost. *lost: some are, so
 * that the wire cannot be closed in order. */
effnet_status search_coordinate(const search_work *work, const search_cluster *cluster, bool *stopped,
                                bool *lost, effnet_error *error);

/* For the others: until rank 0 says that it is over. */
effnet_status search_serve(const search_trainer *trainer, search_stop *stop, void *context,
                           const search_cluster *cluster, effnet_error *error);

#endif

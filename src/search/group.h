/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranks that train one network of a search together, each with its part of a batch. The first of them, its
 * leader, is a worker like others to rank 0 (cluster.h), and passes on what it is told to do.
 */
#ifndef SEARCH_GROUP_H
#define SEARCH_GROUP_H

#include "search/cluster.h"
#include "train/ranks/ranks.h"

/* search_serve for ranks in groups of cluster->group: rank 0 alone, then one group after the other. While it
 * runs *together is the group's ranks, for the trainer, who is called on all of them with the same tasks, and
 * must come to the same end on all. A group that loses a rank, or in which one fails alone, leaves the
 * search, and its task goes to another one. */
effnet_status search_serve_group(const search_trainer *trainer, ranks **together, search_stop *stop,
                                 void *context, const search_cluster *cluster, effnet_error *error);

#endif

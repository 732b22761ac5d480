/* SPDX-License-Identifier: Apache-2.0
 *
 * This process as one of several that train together: whether mpirun or srun has started others beside it,
 * joining them, and what each may use of a machine that they share.
 */
#ifndef TOOLS_CLUSTER_H
#define TOOLS_CLUSTER_H

#include <effnet.h>

/* How many processes the launcher says that it has started, and which of them this is; 1 and 0 where there is
 * none. */
int cluster_count(void);
int cluster_number(void);

/* Joins the others; *out is NULL where there are none. Of all but rank 0 only errors are heard from then on.
 * A rank that is silent for `patience` seconds (0: the library's default) ends this process with a message.
 * Returns an exit code. */
int cluster_join(effnet_ranks **out, double patience);

/* Threads for this rank: its share of the cores that all ranks of this machine may use. 0: as usual. */
int cluster_threads(const effnet_ranks *ranks);

/* Ranks on this machine. */
int cluster_neighbours(void);

/* Leaves them, with the code that this process is about to end with. */
void cluster_leave(effnet_ranks *ranks, int code);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A fixed team of threads that all run the same function: each call gets its number and divides the work
 * itself, and may wait for the others at a barrier. The caller is member 0, so a pool of one does nothing at
 * all. Its own threads never run on the CPU that the caller is on, where there is a CPU for each.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/error.h"

typedef struct pool pool;

/* What each member runs; `member` is in [0, members). */
typedef void (*pool_task)(void *context, size_t member, size_t members);

/* A team of `members` (at least 1), of which members - 1 are new threads, with all signals blocked. */
effnet_status pool_create(pool **out, size_t members, effnet_error *error);
void pool_free(pool *p);

/* Says that no more than `cores` members can run at a time, by a quota say: waiting ones then sleep at once
 * where there are more. The affinity mask of the thread that makes the pool is known without it. Before the
 * first run. */
void pool_limit_cores(pool *p, size_t cores);

size_t pool_members(const pool *p);

/* Runs `task` once on every member and returns when all are done. One call at a time. */
void pool_run(pool *p, pool_task task, void *context);

/* Inside a task: waits until every member is here. */
void pool_barrier(pool *p);

/* The share [*first, *end) of `count` items that falls to `member`: contiguous, sizes differ by at most one.
 */
static inline void pool_share(size_t count, size_t member, size_t members, size_t *first, size_t *end)
{
    const size_t each = count / members, extra = count % members;
    *first = member * each + (member < extra ? member : extra);
    *end = *first + each + (member < extra ? 1 : 0);
}

#endif

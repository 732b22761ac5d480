/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the time of a pass goes, part by part: stem, blocks, head, classifier, numbered as in
 * effnet_network_get_part. Member 0 of the team looks at the clock when a part is done for all; a stopwatch
 * that is off costs a comparison.
 */
#ifndef ENGINE_STOPWATCH_H
#define ENGINE_STOPWATCH_H

#include <stddef.h>

#include "base/clock.h"

typedef struct stopwatch {
    double *part_ms; /* [parts], added to; NULL: off */
    double last;     /* when the present part began */
} stopwatch;

static inline void stopwatch_start(stopwatch *w)
{
    if (w->part_ms) w->last = clock_ms();
}

/* Called by every member when `part` is done. */
static inline void stopwatch_lap(stopwatch *w, size_t member, size_t part)
{
    if (!w->part_ms || member != 0) return;
    const double now = clock_ms();
    w->part_ms[part] += now - w->last;
    w->last = now;
}

#endif

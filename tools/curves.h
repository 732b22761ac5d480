/* SPDX-License-Identifier: Apache-2.0
 *
 * curves.png of a run: drawn anew from the whole of log.csv, which a resumed run goes on with. A picture of a
 * run is no reason to end it: what goes wrong is said once.
 */
#ifndef TOOLS_CURVES_H
#define TOOLS_CURVES_H

#include <stdbool.h>

typedef struct curves {
    const char *folder; /* of the run */
    double drawn_ms;    /* when it was drawn last */
    bool stale, failed;
} curves;

/* An epoch has ended. Draws, but not every epoch where they are short. */
void curves_epoch(curves *c);

/* The run has ended, however. Returns an exit code, reported. */
int curves_finish(curves *c);

#endif

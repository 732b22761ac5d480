/* SPDX-License-Identifier: Apache-2.0
 *
 * The times of parts of networks that were measured on this machine, as commands that tell a latency share
 * them: in the user's cache folder.
 */
#ifndef TOOLS_TIMES_H
#define TOOLS_TIMES_H

#include <effnet.h>

/* Opens them, for a level and a number of threads (0: the default); `afresh`: without what was measured
 * before. Returns an exit code; *out is NULL unless it is EXIT_DONE. */
int times_open(effnet_latency **out, effnet_level level, int threads, bool afresh);

/* Says what the user should know of their file, and closes them. NULL is allowed. */
void times_close(effnet_latency *times);

#endif

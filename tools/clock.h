/* SPDX-License-Identifier: Apache-2.0
 *
 * Wall time that never jumps.
 */
#ifndef TOOLS_CLOCK_H
#define TOOLS_CLOCK_H

/* Milliseconds since some fixed moment. */
double clock_ms(void);

/* When this process began, as clock_ms tells it: that long ago as it has used the processor, which is right
 * while it has not waited for anything. Call it first. (The kernel's own note of it, in /proc, has steps of
 * 10 ms.) */
double clock_process_start_ms(void);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A progress bar on standard error: only on a terminal, not with -q, and not where results are being printed
 * on the same terminal, for they show the progress themselves.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdint.h>

/* Shows `done` of `total` (0: unknown) `unit`s, at most ten times a second. */
void progress_show(uint64_t done, uint64_t total, const char *unit);

/* The bar is wanted on the terminal of the results, too: they come minutes apart. Hide it before each. */
void progress_beside_results(void);

/* Takes the bar away, before anything else is written and at the end. */
void progress_hide(void);

#endif

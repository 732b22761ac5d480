/* SPDX-License-Identifier: Apache-2.0
 *
 * How fast this machine multiplies and adds: the measure that the speed of a network is told in.
 */
#ifndef ENGINE_PEAK_H
#define ENGINE_PEAK_H

#include "base/pool.h"
#include "cpu/cpu.h"

/* Billions of multiplications and additions in a second on all members of `team` together, the most of
 * several bursts. */
double engine_peak(cpu_level level, pool *team);

#endif

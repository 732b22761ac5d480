/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole layers by blocked kernels, in the calls that the engine makes, on one thread.
 */
#ifndef CHECKKERN_BLOCKED_BENCH_H
#define CHECKKERN_BLOCKED_BENCH_H

#include "cases.h"
#include "check.h"

/* The kernel that serves a layer; NULL if it is part of another one's epilogue. */
const char *blocked_bench_name(const blocked_table *table, const check_case *c);

/* Nanoseconds of the layer by the kernels of k->blocked; padding is not in it. */
double blocked_bench_time(const checker *k, const check_case *c);

#endif

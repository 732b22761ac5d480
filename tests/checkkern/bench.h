/* SPDX-License-Identifier: Apache-2.0
 *
 * Timing of kernels, on the very tensors that they are tested on.
 */
#ifndef CHECKKERN_BENCH_H
#define CHECKKERN_BENCH_H

#include "check.h"

/* Prints a line for each layer of the network and each kernel of the level on trial that serves it: time,
 * GFLOP/s, share of the peak of multiply-adds, and how many times faster than plain C; then each kernel's
 * total. False if there is no such network. */
bool bench_network(checker *k, const char *network);

/* ---- For the above ---- */

typedef void (*bench_run)(void *context);

/* Nanoseconds of one run: the least of several measurements, each long enough to be one. */
double bench_time(bench_run run, void *context);

#endif

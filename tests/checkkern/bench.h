/* SPDX-License-Identifier: Apache-2.0
 *
 * Timing of kernels, on the very tensors that they are tested on.
 */
#ifndef CHECKKERN_BENCH_H
#define CHECKKERN_BENCH_H

#include "layer.h"

/* Nanoseconds of one run of the whole layer: the least of several, each long enough to be measured. */
double bench_layer(const kernel_table *table, const check_case *c, uint64_t seed);

#endif

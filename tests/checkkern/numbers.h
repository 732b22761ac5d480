/* SPDX-License-Identifier: Apache-2.0
 *
 * What tensors on trial are filled with: a function of a key and an index, so that no two tests share numbers
 * and each can be repeated.
 */
#ifndef CHECKKERN_NUMBERS_H
#define CHECKKERN_NUMBERS_H

#include "guard.h"

#include <stdint.h>

/* Small integers make every sum exact, so that any order gives the same bits; reals do not. */
typedef enum numbers { NUMBERS_INTEGERS, NUMBERS_REALS } numbers;

/* Number `index` of stream `key`: an integer in [-most, most], or a real in [-1, 1). */
float numbers_value(numbers kind, int most, uint64_t key, size_t index);

void numbers_fill(float *values, size_t count, numbers kind, int most, uint64_t key);

/* A guarded buffer filled with them. */
guard numbers_guarded(size_t count, numbers kind, int most, guard_side side, uint64_t key);

#endif

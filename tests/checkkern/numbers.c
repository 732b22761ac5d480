/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers by counter (base/rng.h), scaled.
 */
#include "numbers.h"

#include "base/rng.h"

float numbers_value(numbers kind, int most, uint64_t key, size_t index)
{
    const float u = rng_uniform(key, index);
    return kind == NUMBERS_REALS ? 2 * u - 1 : floorf(u * (float)(2 * most + 1)) - (float)most;
}

void numbers_fill(float *values, size_t count, numbers kind, int most, uint64_t key)
{
    for (size_t i = 0; i < count; i++)
        values[i] = numbers_value(kind, most, key, i);
}

guard numbers_guarded(size_t count, numbers kind, int most, guard_side side, uint64_t key)
{
    guard g = guard_create(count, side);
    numbers_fill(g.data, count, kind, most, key);
    return g;
}

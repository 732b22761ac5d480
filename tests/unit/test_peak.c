/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels that measure: they do the multiply-adds that they are credited with, no fewer.
 */
#include "engine/peak.h"
#include "kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_lane_and_round(void **state)
{
    (void)state;
    for (cpu_level level = CPU_REF; level <= CPU_NEON; level++) {
        if (!cpu_has_level(level)) continue;
        const kernel_peak kernel = kernels_peak(level);
        assert_true(kernel.lanes > 0 && kernel.lanes <= KERNEL_PEAK_MAX_LANES);
        for (size_t rounds = 0; rounds < 6; rounds++) {
            float values[KERNEL_PEAK_MAX_LANES + 1];
            for (size_t i = 0; i <= KERNEL_PEAK_MAX_LANES; i++)
                values[i] = (float)i;
            kernel.run(values, rounds);
            for (size_t i = 0; i < kernel.lanes; i++) {
                float want = (float)i; /* small enough for every step to be exact, fused or not */
                for (size_t r = 0; r < rounds; r++)
                    want = want * KERNEL_PEAK_FACTOR + KERNEL_PEAK_ADDEND;
                assert_true(values[i] == want);
            }
            assert_true(values[kernel.lanes] == (float)kernel.lanes);
        }
    }
}

/* Levels are ordered by what they can do; on a busy machine only roughly so. */
static void measures(void **state)
{
    (void)state;
    pool *team;
    assert_int_equal(pool_create(&team, 2, NULL), EFFNET_OK);
    for (cpu_level level = CPU_REF; level <= CPU_NEON; level++) {
        if (!cpu_has_level(level)) continue;
        const double gflops = engine_peak(level, team);
        assert_true(isfinite(gflops) && gflops > 0 && gflops < 1e5);
    }
    pool_free(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lane_and_round),
        cmocka_unit_test(measures),
    };
    return cmocka_run_group_tests_name("peak", tests, NULL, NULL);
}

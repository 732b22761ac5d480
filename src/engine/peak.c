/* SPDX-License-Identifier: Apache-2.0
 *
 * See peak.h. Whatever disturbs a burst makes it slower, so the fastest one tells the truth; there are enough
 * of them for the clock of the processor to rise.
 */
#include "engine/peak.h"

#include "base/clock.h"
#include "kernels/kernels.h"

/* Of one member in one burst: some 0.3 ms, so short that on a busy machine some bursts have all processors to
 * themselves, and so long that beginning together takes little of it. */
static const double burst_flops = 3e7;

/* How long to try, and the least number of bursts, where they are slow. */
static const double try_ms = 100;
enum { LEAST_BURSTS = 3 };

typedef struct burst {
    kernel_peak kernel;
    size_t rounds;
} burst;

static void run_burst(void *context, size_t member, size_t members)
{
    (void)member, (void)members;
    const burst *b = context;
    float values[KERNEL_PEAK_MAX_LANES] = {0};
    b->kernel.run(values, b->rounds);
}

double engine_peak(cpu_level level, pool *team)
{
    burst b = {.kernel = kernels_peak(level)};
    const double round_flops =
        2 * (double)b.kernel.lanes; /* a multiplication and an addition for each lane */
    b.rounds = (size_t)(burst_flops / round_flops);
    const double start = clock_ms();
    double least = 0, now = start;
    for (int i = 0; i < LEAST_BURSTS || now - start < try_ms; i++) {
        const double before = clock_ms();
        pool_run(team, run_burst, &b);
        now = clock_ms();
        if (i == 0 || now - before < least) least = now - before;
    }
    return 1e-6 * round_flops * (double)b.rounds * (double)pool_members(team) / least;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What networks cost, as charts. All give NULL out of memory.
 */
#ifndef PLOT_COST_CHARTS_H
#define PLOT_COST_CHARTS_H

#include <effnet.h>

#include "plot/canvas.h"

/* Multiply-adds against parameters of every network of the catalogue. */
canvas *family_charts(void);

/* Where a network's cost lies, stage by stage, and what standard convolutions would cost in its place. */
canvas *cost_charts(const effnet_network *network);

/* Growth with phi, asked for and real, from phi 0 to the farthest of `phis`, which are marked. Where no
 * network can be built there is a gap. */
canvas *phi_charts(const effnet_network *base, const effnet_scaling *scaling, const double *phis,
                   size_t count);

/* One way to scale. Accuracies are per cent, NaN where they are not known. */
typedef struct strategy_cost {
    const char *name;
    uint64_t macs, parameters, activation_bytes;
    double paper_top1, own_top1;
} strategy_cost;

/* Steps in one dimension alone. */
enum { LADDERS = 3, LADDER_MAX_STEPS = 8 };
typedef struct strategy_ladder {
    const char *name;
    size_t count;
    double factors[LADDER_MAX_STEPS], macs[LADDER_MAX_STEPS];
    double paper_top1[LADDER_MAX_STEPS], own_top1[LADDER_MAX_STEPS]; /* as above */
} strategy_ladder;

/* Ways to scale one network, which is the first of them: how each kind of cost grows, accuracy against
 * multiply-adds of all ways, and, as the paper's figure 3 has it, of steps in each dimension. A step whose
 * accuracy is not known is shown so; where none is known at all, only costs are drawn. */
canvas *strategy_charts(const char *network, const strategy_cost *ways, size_t count,
                        const strategy_ladder ladders[LADDERS]);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws that take more than one number. See draw.h.
 */
#include "train/data/draw.h"

#include <math.h>

static double draw_normal(draws *d)
{
    return (double)rng_normal(d->key, d->next++);
}

/* The logarithm of a draw from Gamma(alpha, 1), for alpha from 1: Marsaglia and Tsang, A simple method for
 * generating gamma variables, ACM TOMS 26(3), 2000. */
static double draw_log_gamma_from_one(draws *d, double alpha)
{
    const double shift = alpha - 1.0 / 3.0, scale = 1.0 / sqrt(9.0 * shift);
    for (;;) {
        const double x = draw_normal(d), root = 1.0 + scale * x;
        const double u = 1.0 - draw_between(d, 0, 1);
        if (root <= 0) continue;
        const double cube = root * root * root;
        if (log(u) < 0.5 * x * x + shift * (1.0 - cube + log(cube))) return log(shift * cube);
    }
}

/* Below 1, the same paper's Gamma(alpha) = Gamma(alpha + 1) U^(1/alpha); in logarithms, because that power
 * may be too small for a number. */
static double draw_log_gamma(draws *d, double alpha)
{
    if (alpha >= 1.0) return draw_log_gamma_from_one(d, alpha);
    const double larger = draw_log_gamma_from_one(d, alpha + 1.0);
    return larger + log(1.0 - draw_between(d, 0, 1)) / alpha;
}

double draw_beta(draws *d, double alpha)
{
    const double a = draw_log_gamma(d, alpha), b = draw_log_gamma(d, alpha);
    return 1.0 / (1.0 + exp(b - a));
}

/* Fisher and Yates, as Durstenfeld does it in place (CACM 7(7), 1964). */
void draw_order(uint32_t *order, uint32_t count, draws *d)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t j = draw_below(d, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

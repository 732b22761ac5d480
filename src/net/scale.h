/* SPDX-License-Identifier: Apache-2.0
 *
 * Compound scaling (Tan and Le, EfficientNet, 2019, section 3.3): depth by alpha^phi, width by beta^phi and
 * resolution by gamma^phi, where alpha beta^2 gamma^2 of about 2 makes each step of phi double the
 * multiply-adds. Rounding is the source's: repeats up, channels to the divisor. The published networks are
 * not of one phi each, so they stay data, in the catalogue.
 */
#ifndef NET_SCALE_H
#define NET_SCALE_H

#include "net/cost.h"

/* The grid on which phi is searched, and its ends. */
enum { NET_PHI_STEPS = 100 /* to 1 */, NET_MAX_PHI = 50 };

typedef struct net_coefficients {
    double alpha, beta, gamma;
} net_coefficients;

/* The paper's, section 3.3 step 1: 1.2, 1.1, 1.15. */
extern const net_coefficients net_coefficients_paper;

/* What a network's depth, width and resolution are multiplied by. */
typedef struct net_factors {
    double depth, width, resolution;
} net_factors;

/* EFFNET_ERR_ARGUMENT unless each is a finite number over 0. */
effnet_status net_coefficients_check(const net_coefficients *c, effnet_error *error);

/* EFFNET_ERR_ARGUMENT also if phi is not finite, or beyond NET_MAX_PHI. */
effnet_status net_factors_at(net_factors *out, const net_coefficients *c, double phi, effnet_error *error);

/* alpha beta^2 gamma^2: what a step of phi multiplies the multiply-adds by if nothing is rounded. */
double net_coefficients_product(const net_coefficients *c);

/* How much multiply-adds grow with these factors if nothing is rounded: depth width^2 resolution^2. */
double net_factors_growth(const net_factors *f);

/* The phi at which `base`^phi is `factor`; NaN where base is 1. */
double net_phi_of(double base, double factor);

/* EFFNET_ERR_ARGUMENT if `base` scaled by `f` would be too small to be a network: a resolution below
 * NET_MIN_SIZE, or channels of which less than one is left before rounding. Height and width of the input are
 * rounded to the nearest multiple of `multiple`. */
effnet_status net_scale_check_small(const net_graph *base, const net_factors *f, int multiple,
                                    effnet_error *error);

/* `base` scaled by `f`. EFFNET_ERR_ARGUMENT names the limit that is broken: one of net_scale_check_small,
 * net_arch_check or net_graph_create. */
effnet_status net_scale(net_graph **out, const net_graph *base, const net_factors *f, int multiple,
                        effnet_error *error);

/* What is unusual about a scaling, as one line; "" if nothing: a product off 2 by more than
 * NET_PRODUCT_TOLERANCE (the paper's own is 1.92), a coefficient or a factor below 1. `c` is NULL where
 * factors were given. */
#define NET_PRODUCT_TOLERANCE 0.1
enum { NET_WARNING_SIZE = 256 };
void net_scale_warning(char out[NET_WARNING_SIZE], const net_coefficients *c, const net_factors *f);

#endif

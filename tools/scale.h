/* SPDX-License-Identifier: Apache-2.0
 *
 * What the three faces of effnet scale share: one scaled network, the published table (scale_published.c) and
 * the comparison of strategies (scale_compare.c).
 */
#ifndef TOOLS_SCALE_H
#define TOOLS_SCALE_H

#include <effnet.h>

#include "json.h"
#include "plot/save.h"

typedef struct scale_request {
    const effnet_network *base;
    effnet_scaling scaling; /* alpha, beta and gamma are never 0 */
    bool has_scaling;       /* the user gave phi or factors */
    effnet_budget budget;
    bool has_budget;
    int threads;                     /* that memory and latency are told for; 0: the cores there are */
    effnet_level level;              /* the same */
    effnet_trainer_options training; /* that its memory is told for */
    effnet_latency *latency;         /* where latency is limited */
    const char *accuracy;            /* a CSV file of the user's results; NULL for none */
    plot_choice plot;
    bool json, csv;
} scale_request;

/* One scaled network. */
typedef struct scale_plan {
    effnet_scaling scaling;
    effnet_network *network;
    effnet_network_info info;
    effnet_scaled scaled;
    effnet_fit fit; /* where a budget was asked for */
} scale_plan;

/* Makes the network of `scaling`, or that of the largest phi that the request's budget pays for. */
effnet_status scale_plan_make(scale_plan *out, const scale_request *r, const effnet_scaling *scaling,
                              effnet_error *error);
void scale_plan_free(scale_plan *plan);

/* An effnet_estimator; its context is the request. */
effnet_status scale_estimate(effnet_estimate *out, const effnet_network *network, void *context,
                             effnet_error *error);

/* As docs/scaling.md and scripts know it. Without phi, alpha, beta, gamma, phi and product are null. */
json_t *scale_plan_to_json(const scale_request *r, const scale_plan *plan);

/* The number that a paper prints: "4.2". */
double scale_printed(const char *printed);

/* "-1.9%": how far `value`, in the unit of `printed`, is off it; "=" if it rounds to the same digits, "-" if
 * `printed` is "". */
enum { SCALE_DIFFERENCE_SIZE = 16 };
const char *scale_difference(char out[SCALE_DIFFERENCE_SIZE], const char *printed, double value);

int scale_show_published(const scale_request *r);
int scale_show_comparison(const scale_request *r);

#endif

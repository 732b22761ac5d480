/* SPDX-License-Identifier: Apache-2.0
 *
 * The largest network that a budget pays for. phi is searched on a grid of hundredths from -NET_MAX_PHI to
 * NET_MAX_PHI, and the answer is that of a scan over the whole grid. What memory and time a network takes is
 * the caller's to say.
 */
#ifndef NET_BUDGET_H
#define NET_BUDGET_H

#include "net/scale.h"

/* What can be limited, as bits. */
enum {
    NET_LIMIT_MACS = 1,
    NET_LIMIT_PARAMETERS = 2,
    NET_LIMIT_MEMORY = 4,
    NET_LIMIT_LATENCY = 8,
    NET_LIMIT_TRAINING = 16
};

/* Memory in bytes and time in milliseconds for one image of a network, and memory for training it. */
typedef struct net_estimate {
    uint64_t memory_bytes, training_bytes;
    double latency_ms;
} net_estimate;

/* Bytes that training takes for each parameter at least: its value and its gradient. */
enum { NET_TRAINED_BYTES = 8 };

/* Tells at least one byte of memory for each parameter, and NET_TRAINED_BYTES of training. */
typedef effnet_status net_estimator(net_estimate *out, const net_graph *graph, void *context,
                                    effnet_error *error);

typedef struct net_budget {
    uint64_t macs, parameters, memory_bytes, training_bytes; /* 0: no limit */
    double latency_ms;                                       /* 0: no limit */
    net_estimator *estimate; /* needed for the limits of memory and latency only */
    void *context;
} net_budget;

/* Where a network stands against a budget. */
typedef struct net_standing {
    double phi;
    net_cost cost;
    net_estimate estimate; /* all zero where neither memory nor latency is limited */
    unsigned over;         /* the limits that it breaks */
} net_standing;

typedef struct net_fit {
    net_standing best; /* the largest phi that breaks no limit */
    net_standing
        next; /* the phi after it, whose `over` says what binds; over == 0: no larger one can be built */
} net_fit;

/* Searches; EFFNET_ERR_ARGUMENT where not even the smallest network fits, with the limit that it breaks. The
 * errors of the estimator end the search. */
effnet_status net_budget_fit(net_fit *out, const net_graph *base, const net_coefficients *c, int multiple,
                             const net_budget *budget, effnet_error *error);

#endif

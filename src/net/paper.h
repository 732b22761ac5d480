/* SPDX-License-Identifier: Apache-2.0
 *
 * What the EfficientNet paper prints of networks that can be built from the catalogue, to be held against
 * what is counted here. Data, no arithmetic.
 */
#ifndef NET_PAPER_H
#define NET_PAPER_H

#include "net/scale.h"

typedef struct net_paper_row {
    int table;            /* of the paper */
    const char *base;     /* catalogue name of the network that is scaled */
    const char *strategy; /* "baseline", "depth", "width", "resolution", "compound" */
    net_factors factors;  /* as printed */
    const char *macs;     /* billions, as printed: "0.39" */
    const char *top1;     /* per cent on ImageNet, as printed */
} net_paper_row;

/* Row number `index` of tables 3 and 7; false past the end. */
bool net_paper_row_at(net_paper_row *out, size_t index);

/* A row of table 2: a catalogue network as it is. */
typedef struct net_paper_network {
    const char *name;
    const char *parameters; /* millions, as printed */
    const char *macs;       /* billions, as printed */
    const char *top1;       /* per cent on ImageNet, as printed */
} net_paper_network;

bool net_paper_network_at(net_paper_network *out, size_t index);

#endif

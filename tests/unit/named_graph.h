/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph of the catalogue, for tests that want one by its name. Include after cmocka.h.
 */
#ifndef TEST_NAMED_GRAPH_H
#define TEST_NAMED_GRAPH_H

#include "net/graph.h"

/* 0 for `height` and `width`: the network's own. */
static net_graph *named_graph(const char *name, int height, int width)
{
    net_arch arch;
    net_graph *graph = NULL;
    effnet_error error;
    if (net_arch_by_name(&arch, name, &error) || net_graph_create(&graph, &arch, NULL, height, width, &error))
        fail_msg("%s: %s", name, error.message);
    return graph;
}

#endif

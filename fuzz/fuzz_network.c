/* SPDX-License-Identifier: Apache-2.0
 *
 * A network description of any bytes is read or refused. One that is read can be written, reads back to the
 * same text, and either makes a graph whose tensors can be listed or is refused for a value out of range.
 */
#include <stdlib.h>
#include <string.h>

#include "net/arch.h"
#include "net/cost.h"
#include "net/graph.h"

static void require(bool condition)
{
    if (!condition) abort();
}

static void check_graph(const net_arch *arch)
{
    net_graph *graph = NULL;
    if (net_graph_create(&graph, arch, NULL, 0, 0, NULL) != EFFNET_OK) return;
    uint64_t parameters = 0;
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor tensor = net_tensor_at(graph, i);
        size_t count = 1;
        for (int d = 0; d < tensor.rank; d++)
            count *= tensor.shape[d];
        require(count == tensor.count);
        parameters += count;
    }
    require(net_cost_total(graph).parameters <= parameters);
    net_graph_free(graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    net_arch arch, again;
    effnet_error error;
    if (net_arch_parse(&arch, (const char *)data, size, &error) != EFFNET_OK) {
        require(memchr(error.message, '\0', sizeof error.message) != NULL);
        return 0;
    }
    char *text = NULL, *text_again = NULL;
    require(net_arch_format(&text, &arch, NULL) == EFFNET_OK);
    require(net_arch_parse(&again, text, strlen(text), NULL) == EFFNET_OK);
    require(net_arch_format(&text_again, &again, NULL) == EFFNET_OK);
    require(strcmp(text, text_again) == 0);
    free(text);
    free(text_again);
    check_graph(&arch);
    return 0;
}

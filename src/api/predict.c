/* SPDX-License-Identifier: Apache-2.0
 *
 * What running a network will cost, before it is run: argument checks around the engine's plans.
 */
#include "api/handles.h"

effnet_status effnet_network_get_memory(const effnet_network *network, effnet_level level, int threads,
                                        effnet_memory *memory, effnet_error *error)
{
    if (!memory) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_network_get_memory: memory is NULL");
    *memory = (effnet_memory){0};
    if (!network) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_network_get_memory: network is NULL");
    cpu_level inner = CPU_REF;
    size_t members = 0;
    engine_memory plan;
    TRY(api_check_level(&inner, level, error));
    TRY(api_threads(&members, threads, error));
    TRY(engine_memory_plan(&plan, network->graph, inner, members, error));
    const size_t session = plan.activations + plan.scratch;
    *memory = (effnet_memory){
        .weights = plan.weights,
        .loading = plan.loading,
        .activations = plan.activations,
        .scratch = plan.scratch,
        .batch = plan.batch,
        .total = plan.weights + (plan.loading > session ? plan.loading : session),
    };
    return EFFNET_OK;
}

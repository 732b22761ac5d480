/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet_session: one caller's threads and scratch memory around src/engine.
 */
#include <stdlib.h>

#include "api/handles.h"

/* More threads than any machine of today has; a larger number is a mistake. */
enum { MAX_THREADS = 1024, MAX_OUTPUTS = 64 };

effnet_status api_threads(size_t *out, int threads, effnet_error *error)
{
    if (threads < 0 || threads > MAX_THREADS)
        return error_set(error, EFFNET_ERR_ARGUMENT, "%d threads: 1 to %d can be had, 0 for all cores",
                         threads, MAX_THREADS);
    *out = threads ? (size_t)threads : cpu_usable_cores();
    return EFFNET_OK;
}

static effnet_status fill_session(effnet_session *s, const effnet_session_options *options,
                                  effnet_error *error)
{
    const net_graph *own = s->model->network.graph;
    const engine_weights *weights;
    size_t threads = 0;
    TRY(api_threads(&threads, options->threads, error));
    net_graph *graph;
    TRY(net_graph_create(&graph, &own->arch, &own->variant, options->height ? options->height : own->height,
                         options->width ? options->width : own->width, error));
    TRY(api_network_wrap(&s->network, graph, false, error));
    TRY(pool_create(&s->team, threads, error));
    pool_limit_cores(s->team, cpu_usable_cores());
    TRY(api_model_pack(s->model, s->team, &weights, error));
    return engine_scratch_create(&s->scratch, graph, weights, s->team, error);
}

effnet_status effnet_session_create(effnet_session **out, const effnet_model *m,
                                    const effnet_session_options *options, effnet_error *error)
{
    if (!out) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_session_create: out is NULL");
    *out = NULL;
    if (!m) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_session_create: model is NULL");
    const effnet_session_options defaults = {0};
    if (!options) options = &defaults;
    effnet_session *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    s->model = m;
    const effnet_status status = fill_session(s, options, error);
    if (status != EFFNET_OK) {
        effnet_session_free(s);
        return status;
    }
    *out = s;
    return EFFNET_OK;
}

void effnet_session_free(effnet_session *session)
{
    if (!session) return;
    engine_scratch_free(session->scratch);
    pool_free(session->team);
    api_network_clear(&session->network);
    free(session->input);
    free(session);
}

effnet_status effnet_session_run(effnet_session *session, const float *input, size_t count,
                                 const effnet_output *outputs, size_t output_count, effnet_error *error)
{
    if (!session || (count && !input) || (output_count && !outputs))
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_session_run: session, input or outputs is NULL");
    if (output_count > MAX_OUTPUTS)
        return error_set(error, EFFNET_ERR_ARGUMENT, "%zu outputs, at most %d in one run", output_count,
                         MAX_OUTPUTS);
    engine_tap taps[MAX_OUTPUTS];
    for (size_t i = 0; i < output_count; i++) {
        if (!outputs[i].endpoint || (count && !outputs[i].data))
            return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_session_run: output %zu has no %s", i,
                             outputs[i].endpoint ? "room for its values" : "endpoint");
        TRY(net_endpoint_find(&taps[i].at, session->network.graph, outputs[i].endpoint, error));
        taps[i].out = outputs[i].data;
    }
    engine_run(session->scratch, input, count, taps, output_count);
    return EFFNET_OK;
}

void effnet_session_profile(effnet_session *session, double *part_ms)
{
    engine_profile(session->scratch, part_ms);
}

const effnet_network *effnet_session_get_network(const effnet_session *session)
{
    return &session->network;
}

effnet_status effnet_session_get_shape(const effnet_session *session, const char *endpoint,
                                       effnet_shape *shape, effnet_error *error)
{
    return effnet_network_get_shape(&session->network, endpoint, shape, error);
}

int effnet_session_get_threads(const effnet_session *session)
{
    return (int)pool_members(session->team);
}

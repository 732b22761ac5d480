/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet_search: argument checks and translation around src/search.
 */
#include <stdlib.h>

#include "api/handles.h"
#include "search/candidates.h"

struct effnet_search {
    search_candidates all;
};

const char *effnet_candidate_kind_name(effnet_candidate_kind kind)
{
    static const char *const names[] = {[EFFNET_CANDIDATE_GRID] = "grid",
                                        [EFFNET_CANDIDATE_CONTROL] = "control",
                                        [EFFNET_CANDIDATE_PUBLISHED] = "published"};
    return (unsigned)kind <= EFFNET_CANDIDATE_PUBLISHED ? names[kind] : "unknown";
}

effnet_status effnet_search_create(effnet_search **out, const effnet_network *base,
                                   const effnet_search_options *options, effnet_error *error)
{
    if (out) *out = NULL;
    if (!out || !base)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_search_create: an argument is NULL");
    effnet_search *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    const effnet_status status = search_enumerate(&s->all, base->graph, options, error);
    if (status == EFFNET_OK)
        *out = s;
    else
        effnet_search_free(s);
    return status;
}

void effnet_search_free(effnet_search *s)
{
    if (!s) return;
    search_candidates_clear(&s->all);
    free(s);
}

void effnet_search_get_info(const effnet_search *s, effnet_search_info *info)
{
    *info = (effnet_search_info){.points = s->all.points,
                                 .survivors = s->all.survivors,
                                 .candidates = s->all.count,
                                 .networks = s->all.networks};
}

bool effnet_search_get_candidate(const effnet_search *s, size_t index, effnet_candidate *out)
{
    *out = (effnet_candidate){.strategy = ""};
    if (index >= s->all.count) return false;
    const search_candidate *one = &s->all.items[index];
    *out = (effnet_candidate){
        .kind = one->kind,
        .strategy = one->strategy,
        .alpha = one->c.alpha,
        .beta = one->c.beta,
        .gamma = one->c.gamma,
        .product = net_coefficients_product(&one->c),
        .growth = (double)one->cost.macs / (double)s->all.items[0].cost.macs,
        .macs = one->cost.macs,
        .parameters = one->cost.parameters,
        .height = one->height,
        .width = one->width,
        .same_as = one->same_as,
    };
    return true;
}

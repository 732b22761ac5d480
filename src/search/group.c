/* SPDX-License-Identifier: Apache-2.0
 *
 * See group.h. A leader's words with rank 0 and the group's among themselves go over the same wire, from
 * different threads.
 */
#include "search/group.h"

#include "train/ranks/wire_part.h"

enum { GROUP_TAGS = 100 };

/* From the leader to the others. */
typedef struct group_order {
    uint32_t over;
    search_task task;
} group_order;

typedef struct group {
    const search_trainer *trainer;
    ranks *together;
    search_stop *stop;
    void *context;
    bool broken;
} group;

static effnet_status lead_task(void *context, const search_task *task, search_stop *stop, void *stop_context,
                               search_result *result, bool *stopped, effnet_error *error)
{
    group *g = context;
    group_order order = {.task = *task};
    effnet_status status = ranks_broadcast(g->together, &order, sizeof order, error);
    if (status == EFFNET_OK)
        status = g->trainer->train(g->trainer->context, task, stop, stop_context, result, stopped, error);
    g->broken = ranks_have_failed(g->together);
    return status;
}

static effnet_status lead(group *g, const search_cluster *cluster, effnet_error *error)
{
    const search_trainer leader = {.train = lead_task, .context = g, .broken = &g->broken};
    TRY(search_serve(&leader, g->stop, g->context, cluster, error));
    return ranks_broadcast(g->together, &(group_order){.over = 1}, sizeof(group_order), error);
}

static bool follower_must_stop(void *context)
{
    const group *g = context;
    return g->stop && g->stop(g->context);
}

static effnet_status follow(group *g, effnet_error *error)
{
    for (;;) {
        group_order order;
        search_message m;
        TRY(ranks_broadcast(g->together, &order, sizeof order, error));
        if (order.over) return EFFNET_OK;
        search_do_task(g->trainer, &order.task, follower_must_stop, g, &m);
        search_result_clear(&m.result); /* the leader has the same one */
        if (m.error.code != EFFNET_OK) return error_set(error, m.error.code, "%s", m.error.message);
    }
}

effnet_status search_serve_group(const search_trainer *trainer, ranks **together, search_stop *stop,
                                 void *context, const search_cluster *cluster, effnet_error *error)
{
    effnet_error unheard;
    if (!error) error = &unheard;
    wire *w = cluster->w;
    const size_t first = 1 + (w->rank - 1) / cluster->group * cluster->group;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    wire_part all, inner;
    wire_part_open(&all, w, &lock, 0, w->count, 0);
    wire_part_open(&inner, w, &lock, first, cluster->group, GROUP_TAGS);
    /* Its leader knows of a loss before rank 0 misses the leader. */
    const effnet_ranks_options options = {.patience = cluster->patience / 2};
    TRY(ranks_join_wire(together, &inner.base, &options, error));
    group g = {trainer, *together, stop, context, false};
    search_cluster own = *cluster;
    own.w = &all.base;
    const effnet_status status = w->rank == first ? lead(&g, &own, error) : follow(&g, error);
    ranks_leave(*together, status == EFFNET_OK ? NULL : error);
    *together = NULL;
    return status;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs that are one round of messages, and whose turn it is.
 */
#include <string.h>

#include "train/ranks/group.h"

static effnet_status gather_begin(ranks *r, sum_slot *s, effnet_error *error)
{
    const job *j = &r->todo;
    memcpy((char *)j->all + r->w->rank * j->size, j->mine, j->size);
    for (size_t i = 0; i < r->w->count; i++) {
        if (i == r->w->rank) continue;
        TRY(r->w->receive(r->w, (char *)j->all + i * j->size, j->size, i, TAG_GATHER,
                          &s->requests[s->pending++], error));
        TRY(r->w->send(r->w, j->mine, j->size, i, TAG_GATHER, &s->requests[s->pending++], error));
    }
    return EFFNET_OK;
}

static effnet_status broadcast_begin(ranks *r, sum_slot *s, effnet_error *error)
{
    const job *j = &r->todo;
    if (r->w->rank > 0)
        return r->w->receive(r->w, j->all, j->size, 0, TAG_BROADCAST, &s->requests[s->pending++], error);
    for (size_t i = 1; i < r->w->count; i++)
        TRY(r->w->send(r->w, j->all, j->size, i, TAG_BROADCAST, &s->requests[s->pending++], error));
    return EFFNET_OK;
}

static effnet_status exchange_advance(ranks *r, bool *done, effnet_error *error)
{
    sum_slot *s = &r->slots[0];
    if (!r->todo.begun) {
        r->todo.begun = true;
        s->pending = 0;
        TRY((r->todo.kind == JOB_GATHER ? gather_begin : broadcast_begin)(r, s, error));
    }
    return r->w->test(r->w, s->requests, s->pending, done, error);
}

effnet_status job_advance(ranks *r, size_t ready, bool *done, effnet_error *error)
{
    *done = false;
    return r->todo.kind == JOB_SUM ? sum_advance(r, ready, done, error) : exchange_advance(r, done, error);
}

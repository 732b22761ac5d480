/* SPDX-License-Identifier: Apache-2.0
 *
 * A sum over ranks, from the end of the array to its beginning, in buckets, as they become ready. Each rank
 * has a part of every bucket: it collects that part from all, adds it up in the order of the ranks, and
 * spreads the result. So everyone sends and receives 2 (n - 1) / n of the array, as much as along a ring,
 * which is the least (Patarasuk and Yuan 2009), but each float is added up in one place, in one order.
 */
#include <stdlib.h>
#include <string.h>

#include "train/ranks/group.h"

#include "base/pool.h"

effnet_status sum_allocate(ranks *r, effnet_error *error)
{
    const size_t count = r->w->count;
    r->slice = (SUM_BUCKET + count - 1) / count;
    for (size_t i = 0; i < SUM_SLOTS; i++) {
        sum_slot *s = &r->slots[i];
        s->requests = calloc(2 * count, sizeof *s->requests);
        s->others = malloc(count * r->slice * sizeof *s->others);
        if (!s->requests || !s->others) return error_memory(error);
    }
    return EFFNET_OK;
}

void sum_free(ranks *r)
{
    for (size_t i = 0; i < SUM_SLOTS; i++) {
        free(r->slots[i].requests);
        free(r->slots[i].others);
    }
}

/* The part of a bucket that `rank` adds up. */
static float *part(const ranks *r, const sum_slot *s, size_t rank, size_t *count)
{
    size_t first, end;
    pool_share(s->to - s->from, rank, r->w->count, &first, &end);
    *count = end - first;
    return r->todo.data + s->from + first;
}

static effnet_status collect(ranks *r, sum_slot *s, effnet_error *error)
{
    const int tag = TAG_COLLECT + (int)(s - r->slots);
    size_t own;
    part(r, s, r->w->rank, &own);
    s->pending = 0;
    s->state = SLOT_COLLECTS;
    for (size_t i = 0; i < r->w->count; i++) {
        size_t count;
        const float *theirs = part(r, s, i, &count);
        if (i == r->w->rank) continue;
        if (own > 0)
            TRY(r->w->receive(r->w, s->others + i * r->slice, own * sizeof(float), i, tag,
                              &s->requests[s->pending++], error));
        if (count > 0)
            TRY(r->w->send(r->w, theirs, count * sizeof(float), i, tag, &s->requests[s->pending++], error));
    }
    return EFFNET_OK;
}

static void add_up(const ranks *r, const sum_slot *s)
{
    enum { BLOCK = 512 };
    double sums[BLOCK];
    size_t count;
    float *own = part(r, s, r->w->rank, &count);
    for (size_t at = 0; at < count; at += BLOCK) {
        const size_t n = count - at < BLOCK ? count - at : BLOCK;
        memset(sums, 0, sizeof sums);
        for (size_t rank = 0; rank < r->w->count; rank++) {
            const float *from = rank == r->w->rank ? own + at : s->others + rank * r->slice + at;
            for (size_t i = 0; i < n; i++)
                sums[i] += (double)from[i];
        }
        for (size_t i = 0; i < n; i++)
            own[at + i] = (float)sums[i];
    }
}

static effnet_status spread(ranks *r, sum_slot *s, effnet_error *error)
{
    const int tag = TAG_SPREAD + (int)(s - r->slots);
    size_t own;
    const float *sum = part(r, s, r->w->rank, &own);
    s->pending = 0;
    s->state = SLOT_SPREADS;
    for (size_t i = 0; i < r->w->count; i++) {
        size_t count;
        float *theirs = part(r, s, i, &count);
        if (i == r->w->rank) continue;
        if (count > 0)
            TRY(r->w->receive(r->w, theirs, count * sizeof(float), i, tag, &s->requests[s->pending++],
                              error));
        if (own > 0)
            TRY(r->w->send(r->w, sum, own * sizeof(float), i, tag, &s->requests[s->pending++], error));
    }
    return EFFNET_OK;
}

static effnet_status slot_advance(ranks *r, sum_slot *s, effnet_error *error)
{
    bool done;
    if (s->state == SLOT_FREE) return EFFNET_OK;
    TRY(r->w->test(r->w, s->requests, s->pending, &done, error));
    if (!done) return EFFNET_OK;
    if (s->state == SLOT_SPREADS) {
        s->state = SLOT_FREE;
        return EFFNET_OK;
    }
    add_up(r, s);
    return spread(r, s, error);
}

/* Buckets go to the slots in turn, on all ranks alike, so that a slot's tag is enough to tell them apart. */
static effnet_status begin_buckets(ranks *r, size_t ready, effnet_error *error)
{
    job *j = &r->todo;
    while (j->from > j->first && r->slots[j->next].state == SLOT_FREE) {
        const size_t from = j->from - j->first > SUM_BUCKET ? j->from - SUM_BUCKET : j->first;
        if (from < ready) return EFFNET_OK;
        sum_slot *s = &r->slots[j->next];
        s->from = from;
        s->to = j->from;
        j->from = from;
        j->next = (j->next + 1) % SUM_SLOTS;
        TRY(collect(r, s, error));
    }
    return EFFNET_OK;
}

effnet_status sum_advance(ranks *r, size_t ready, bool *done, effnet_error *error)
{
    job *j = &r->todo;
    if (!j->begun) {
        j->begun = true;
        j->from = j->count;
        j->next = 0;
    }
    TRY(begin_buckets(r, ready, error));
    bool idle = j->from <= j->first;
    for (size_t i = 0; i < SUM_SLOTS; i++) {
        TRY(slot_advance(r, &r->slots[i], error));
        idle = idle && r->slots[i].state == SLOT_FREE;
    }
    *done = idle;
    return EFFNET_OK;
}

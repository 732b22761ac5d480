/* SPDX-License-Identifier: Apache-2.0
 *
 * See sampler.h. The permutation of one epoch is kept, 4 bytes a picture.
 */
#include "train/data/sampler.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "train/data/draw.h"

static void set_epoch(sampler *s, uint64_t epoch)
{
    draws d = draws_for(s->seed, "order", epoch, 0);
    draw_order(s->order, (uint32_t)s->items, &d);
    s->epoch = epoch;
}

effnet_status sampler_create(sampler *out, size_t items, size_t batch, size_t rank, size_t ranks,
                             uint64_t seed, bool training, effnet_error *error)
{
    if (ranks == 0) ranks = 1;
    *out = (sampler){
        .items = items, .batch = batch, .rank = rank, .ranks = ranks, .seed = seed, .training = training};
    if (batch == 0 || rank >= ranks || items > UINT32_MAX || batch > SIZE_MAX / ranks)
        return error_set(error, EFFNET_ERR_ARGUMENT, "a batch of %zu on rank %zu of %zu", batch, rank, ranks);
    if (items == 0) return error_set(error, EFFNET_ERR_ARGUMENT, "no pictures in this part of the data");
    if (training && items < ranks)
        return error_set(error, EFFNET_ERR_ARGUMENT, "%zu pictures for %zu ranks", items, ranks);
    out->order = malloc(items * sizeof *out->order);
    if (!out->order) return error_memory(error);
    for (size_t i = 0; i < items; i++)
        out->order[i] = (uint32_t)i;
    if (training) set_epoch(out, 0);
    return EFFNET_OK;
}

void sampler_free(sampler *s)
{
    free(s->order);
    s->order = NULL;
}

size_t sampler_steps(const sampler *s)
{
    const size_t all = s->batch * s->ranks, whole = s->items / all;
    if (s->training) return whole > 0 ? whole : 1;
    return whole + (s->items % all > 0 ? 1 : 0);
}

void sampler_share(size_t items, size_t batch, size_t rank, size_t ranks, size_t step, size_t *from,
                   size_t *to, size_t *all)
{
    const size_t most = batch * ranks, left = items - step * most;
    *all = left < most ? left : most;
    *from = rank * batch;
    *to = *from + batch;
    if (left < most) pool_share(left, rank, ranks, from, to);
}

size_t sampler_take(uint32_t *items, sampler *s, uint64_t epoch, size_t step)
{
    size_t from, to, all;
    sampler_share(s->items, s->batch, s->rank, s->ranks, step, &from, &to, &all);
    if (s->training && s->epoch != epoch) set_epoch(s, epoch);
    memcpy(items, s->order + step * s->batch * s->ranks + from, (to - from) * sizeof *items);
    return to - from;
}

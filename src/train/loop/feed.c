/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches, made by the trainer's own team between two steps: threads of the loader's own would have to share
 * their cores with the team. See feed.h.
 */
#include "train/loop/feed.h"

#include <stdlib.h>

#include "train/data/loader.h"
#include "train/data/sampler.h"

struct feed {
    loader *source;
    pool *team;
    size_t items, batch, rank, ranks;
    uint64_t epoch; /* of the batch that comes next */
    size_t step;
};

effnet_status feed_create(feed **out, const feed_options *options, effnet_error *error)
{
    static const augment_options unchanged = {0};
    feed *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f) return error_memory(error);
    const augment_options *augment = options->augment ? options->augment : &unchanged;
    const loader_options o = {.recipe = options->recipe,
                              .channels = options->channels,
                              .augment = options->training ? augment : NULL,
                              .batch = options->batch,
                              .seed = options->seed,
                              .rank = options->rank,
                              .ranks = options->ranks,
                              .image = options->images ? *options->images : (image_options){0},
                              .cache = options->cache,
                              .report = options->report,
                              .context = options->context};
    const effnet_status status = loader_create(&f->source, options->data, options->part, &o, error);
    f->team = options->team;
    f->items = options->data->parts[options->part].count;
    f->batch = options->batch;
    f->rank = options->rank;
    f->ranks = options->ranks ? options->ranks : 1;
    if (status == EFFNET_OK)
        *out = f;
    else
        free(f);
    return status;
}

void feed_free(feed *f)
{
    if (!f) return;
    loader_free(f->source);
    free(f);
}

size_t feed_steps(const feed *f)
{
    return loader_steps(f->source);
}

static void help(void *context, size_t member, size_t members)
{
    (void)member, (void)members;
    loader_help(context);
}

effnet_status feed_take(feed *f, uint64_t epoch, size_t step, feed_batch *out, effnet_error *error)
{
    loader_batch b;
    if (f->epoch != epoch || f->step != step) loader_seek(f->source, epoch, step);
    pool_run(f->team, help, f->source);
    TRY(loader_next(f->source, &b, error));
    *out = (feed_batch){.images = b.images, .targets = b.targets, .count = b.count};
    size_t end;
    sampler_share(f->items, f->batch, f->rank, f->ranks, step, &out->first, &end, &out->all);
    f->epoch = step + 1 < b.steps ? epoch : epoch + 1;
    f->step = step + 1 < b.steps ? step + 1 : 0;
    return EFFNET_OK;
}

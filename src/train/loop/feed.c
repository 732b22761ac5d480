/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches, decoded by the trainer's own team between two steps. See feed.h.
 */
#include "train/loop/feed.h"

#include <stdlib.h>

#include "base/rng.h"

struct feed {
    feed_options options;
    const dataset_part *part;
    size_t pixels; /* floats of one image */
    size_t count, first;
    uint32_t *order;
    uint64_t epoch; /* that `order` is of */
    float *images;
    int *classes;
    float *values;
    effnet_status *statuses; /* [batch] */
    effnet_error *errors;    /* [batch] */
};

static bool allocate(feed *f)
{
    const size_t n = f->options.batch;
    f->order = malloc(f->part->count * sizeof *f->order);
    f->images = malloc(n * f->pixels * sizeof *f->images);
    f->classes = malloc(n * sizeof *f->classes);
    f->values = malloc(n * f->options.data->outputs * sizeof *f->values);
    f->statuses = malloc(n * sizeof *f->statuses);
    f->errors = malloc(n * sizeof *f->errors);
    return f->order && f->images && f->classes && f->values && f->statuses && f->errors;
}

effnet_status feed_create(feed **out, const feed_options *options, effnet_error *error)
{
    feed *f = calloc(1, sizeof *f);
    *out = f;
    if (!f) return error_memory(error);
    f->options = *options;
    f->part = &options->data->parts[options->part];
    f->pixels = (size_t)options->recipe->height * (size_t)options->recipe->width * (size_t)options->channels;
    f->epoch = UINT64_MAX;
    if (allocate(f)) return EFFNET_OK;
    feed_free(f);
    *out = NULL;
    return error_memory(error);
}

void feed_free(feed *f)
{
    if (!f) return;
    free(f->order);
    free(f->images);
    free(f->classes);
    free(f->values);
    free(f->statuses);
    free(f->errors);
    free(f);
}

size_t feed_steps(const feed *f)
{
    const size_t items = f->part->count, batch = f->options.batch;
    return f->options.training ? items / batch : (items + batch - 1) / batch;
}

/* Fisher and Yates. */
static void make_order(feed *f, uint64_t epoch)
{
    const uint64_t key = rng_bits(rng_key(f->options.seed, "order"), epoch);
    for (size_t i = 0; i < f->part->count; i++)
        f->order[i] = (uint32_t)i;
    for (size_t i = f->part->count; f->options.training && i > 1; i--) {
        const size_t other = (size_t)(rng_bits(key, i) % i);
        const uint32_t item = f->order[i - 1];
        f->order[i - 1] = f->order[other];
        f->order[other] = item;
    }
    f->epoch = epoch;
}

static void prepare(feed *f, size_t index)
{
    const dataset_item *item = &f->part->items[f->order[f->first + index]];
    image picture;
    f->statuses[index] = dataset_read(&picture, item, f->options.images, &f->errors[index]);
    if (f->statuses[index] != EFFNET_OK) {
        error_prefix(&f->errors[index], f->statuses[index], item->path);
        return;
    }
    f->statuses[index] = recipe_apply(f->options.recipe, &picture, f->options.channels,
                                      f->images + index * f->pixels, &f->errors[index]);
    image_free(&picture);
    f->classes[index] = (int)item->class_index;
    dataset_targets(f->values + index * f->options.data->outputs, f->options.data, item);
}

static void prepare_member(void *context, size_t member, size_t members)
{
    feed *f = context;
    size_t first, end;
    pool_share(f->count, member, members, &first, &end);
    for (size_t i = first; i < end; i++)
        prepare(f, i);
}

effnet_status feed_take(feed *f, uint64_t epoch, size_t step, feed_batch *out, effnet_error *error)
{
    if (f->epoch != epoch) make_order(f, epoch);
    f->first = step * f->options.batch;
    f->count = f->part->count - f->first < f->options.batch ? f->part->count - f->first : f->options.batch;
    pool_run(f->options.team, prepare_member, f);
    for (size_t i = 0; i < f->count; i++)
        if (f->statuses[i] != EFFNET_OK) return error_set(error, f->statuses[i], "%s", f->errors[i].message);
    *out = (feed_batch){.images = f->images, .count = f->count};
    if (f->options.data->task == EFFNET_TASK_CLASSES)
        out->targets.classes = f->classes;
    else
        out->targets.values = f->values;
    return EFFNET_OK;
}

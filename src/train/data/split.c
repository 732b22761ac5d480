/* SPDX-License-Identifier: Apache-2.0
 *
 * Splits a validation part off, class by class. Which pictures go is decided by a hash of the seed and their
 * name below the data set's folder, so a picture stays in its part when others are added and wherever the
 * folder lies.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "train/data/build.h"

typedef struct lot {
    uint64_t draw;
    uint32_t class_index, item;
} lot;

static int by_class_and_draw(const void *a, const void *b)
{
    const lot *x = a, *y = b;
    if (x->class_index != y->class_index) return x->class_index < y->class_index ? -1 : 1;
    if (x->draw != y->draw) return x->draw < y->draw ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static uint64_t draw_for(const dataset *d, const dataset_item *item, uint64_t key)
{
    const uint64_t own =
        item->pictures ? rng_bits(key, item->picture) : rng_key(key, item->path + d->root_length);
    return rng_mix(own);
}

/* How many of `count` go: the nearest number, but neither none nor all where there are two. */
static size_t share_of(size_t count, double fraction)
{
    if (count < 2) return 0;
    const double exact = fraction * (double)count;
    const size_t nearest = (size_t)floor(exact + 0.5);
    return nearest < 1 ? 1 : nearest > count - 1 ? count - 1 : nearest;
}

static void mark(bool *goes, const lot *lots, size_t count, double fraction)
{
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first; end < count && lots[end].class_index == lots[first].class_index;)
            end++;
        const size_t share = share_of(end - first, fraction);
        for (size_t i = 0; i < share; i++)
            goes[lots[first + i].item] = true;
    }
}

static effnet_status move(dataset *d, const bool *goes, effnet_error *error)
{
    dataset_part *from = &d->parts[EFFNET_TRAINING];
    size_t kept = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (!goes[i]) {
            from->items[kept++] = from->items[i];
            continue;
        }
        dataset_item *item;
        TRY(build_item(&item, &d->parts[EFFNET_VALIDATION], error));
        *item = from->items[i];
    }
    from->count = kept;
    return EFFNET_OK;
}

effnet_status split_off(dataset *d, double fraction, uint64_t seed, effnet_error *error)
{
    const dataset_part *all = &d->parts[EFFNET_TRAINING];
    const uint64_t key = rng_key(seed, "split");
    lot *lots = calloc(all->count + 1, sizeof *lots);
    bool *goes = calloc(all->count + 1, sizeof *goes);
    effnet_status status = lots && goes ? EFFNET_OK : error_memory(error);
    if (status == EFFNET_OK) {
        for (size_t i = 0; i < all->count; i++)
            lots[i] = (lot){draw_for(d, &all->items[i], key), all->items[i].class_index, (uint32_t)i};
        qsort(lots, all->count, sizeof *lots, by_class_and_draw);
        mark(goes, lots, all->count, fraction);
        status = move(d, goes, error);
    }
    free(lots);
    free(goes);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See cache.h. A slot for each item is filled once, by whichever thread comes first.
 */
#include "train/data/cache.h"

#include <stdatomic.h>
#include <stdlib.h>

struct cache {
    const dataset_part *part;
    size_t limit;
    atomic_size_t used;
    _Atomic(image *) slots[]; /* [part->count] */
};

cache *cache_create(const dataset_part *part, size_t limit)
{
    cache *c = calloc(1, sizeof *c + part->count * sizeof c->slots[0]);
    if (!c) return NULL;
    c->part = part;
    c->limit = limit;
    return c;
}

void cache_free(cache *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->part->count; i++) {
        image *kept = atomic_load(&c->slots[i]);
        image_free(kept);
        free(kept);
    }
    free(c);
}

/* Takes room for a picture, if there is any. */
static bool reserve(cache *c, size_t bytes)
{
    size_t used = atomic_load(&c->used);
    do {
        if (bytes > c->limit || used > c->limit - bytes) return false;
    } while (!atomic_compare_exchange_weak(&c->used, &used, used + bytes));
    return true;
}

/* True if the cache took the picture, or already had it, and *picture is the one it has. */
static bool keep(cache *c, size_t index, image *picture)
{
    const size_t bytes = (size_t)picture->height * (size_t)picture->width * 3 + sizeof *picture;
    if (!reserve(c, bytes)) return false;
    image *kept = malloc(sizeof *kept), *before = NULL;
    if (kept) {
        *kept = *picture;
        if (atomic_compare_exchange_strong(&c->slots[index], &before, kept)) return true;
        free(kept);
    }
    atomic_fetch_sub(&c->used, bytes);
    if (!before) return false;
    image_free(picture);
    *picture = *before;
    return true;
}

effnet_status cache_read(image *out, bool *kept, cache *c, size_t index, const image_options *options,
                         effnet_error *error)
{
    const dataset_item *item = &c->part->items[index];
    const image *known = atomic_load(&c->slots[index]);
    *kept = known != NULL;
    if (known) {
        *out = *known;
        return EFFNET_OK;
    }
    TRY(dataset_read(out, item, options, error));
    *kept = !item->pictures && keep(c, index, out);
    return EFFNET_OK;
}

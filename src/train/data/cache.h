/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoded pictures that stay in memory, up to a number of bytes: the first ones that were asked for, for
 * good. Epochs take every picture once in random order, so throwing one out for another would gain nothing.
 * What comes out is the same with and without.
 */
#ifndef TRAIN_DATA_CACHE_H
#define TRAIN_DATA_CACHE_H

#include "train/data/dataset.h"

typedef struct cache cache;

/* For pictures of `part`; `limit` bytes of pixels. NULL if out of memory. */
cache *cache_create(const dataset_part *part, size_t limit);
void cache_free(cache *c);

/* The pixels of item number `index`, from the cache or decoded. *kept: they belong to the cache; otherwise
 * the caller frees them with image_free. Any thread. */
effnet_status cache_read(image *out, bool *kept, cache *c, size_t index, const image_options *options,
                         effnet_error *error);

#endif

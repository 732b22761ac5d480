/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is given back all at once, with a ceiling. Parsers of untrusted files take what they build from
 * an arena, so that no file can make them use more than the limit and nothing leaks on the way out of an
 * error.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

typedef struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes handed out */
    size_t limit;
} arena;

/* An empty arena that hands out at most `limit` bytes. */
arena arena_make(size_t limit);

/* `size` zeroed bytes, aligned for any type; NULL past the limit or out of memory. */
void *arena_alloc(arena *a, size_t size);

/* `count` elements of `size` zeroed bytes; NULL too if the product wraps. */
void *arena_array(arena *a, size_t count, size_t size);

/* A NUL-terminated copy of `size` bytes. */
char *arena_string(arena *a, const char *bytes, size_t size);

void arena_free(arena *a);

#endif

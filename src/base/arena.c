/* SPDX-License-Identifier: Apache-2.0
 *
 * A bump allocator over blocks that double in size. See arena.h.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1024 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t capacity, used;
    alignas(max_align_t) uint8_t bytes[];
};

arena arena_make(size_t limit)
{
    return (arena){.limit = limit};
}

static struct arena_block *add_block(arena *a, size_t size)
{
    size_t capacity = a->blocks ? 2 * a->blocks->capacity : FIRST_BLOCK;
    if (capacity > LARGEST_BLOCK) capacity = LARGEST_BLOCK;
    if (capacity < size) capacity = size;
    size_t total;
    if (!size_add(&total, capacity, sizeof(struct arena_block))) return NULL;
    struct arena_block *block = malloc(total);
    if (!block) return NULL;
    *block = (struct arena_block){.next = a->blocks, .capacity = capacity};
    a->blocks = block;
    return block;
}

void *arena_alloc(arena *a, size_t size)
{
    size_t rounded;
    if (!size_add(&rounded, size, alignof(max_align_t) - 1)) return NULL;
    rounded &= ~(alignof(max_align_t) - 1);
    if (rounded > a->limit - a->used) return NULL;
    struct arena_block *block = a->blocks;
    if (!block || rounded > block->capacity - block->used) block = add_block(a, rounded);
    if (!block) return NULL;
    void *memory = block->bytes + block->used;
    block->used += rounded;
    a->used += rounded;
    return memset(memory, 0, size);
}

void *arena_array(arena *a, size_t count, size_t size)
{
    size_t total;
    return size_mul(&total, count, size) ? arena_alloc(a, total) : NULL;
}

char *arena_string(arena *a, const char *bytes, size_t size)
{
    size_t total;
    char *copy = size_add(&total, size, 1) ? arena_alloc(a, total) : NULL;
    if (copy && size) memcpy(copy, bytes, size);
    return copy;
}

void arena_free(arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->used = 0;
}

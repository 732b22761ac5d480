/* SPDX-License-Identifier: Apache-2.0
 *
 * Guarded buffers by mmap and mprotect.
 */
#define _GNU_SOURCE
#include "guard.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CANARY = 0xC5 };

/* A quiet NaN that no computation yields: its payload is ours. */
static const uint32_t blank = 0x7FC0BEEF;

guard guard_create(size_t count, guard_side side)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = count * sizeof(float);
    const size_t skew = side == GUARD_NEAR_START ? GUARD_SKEW * sizeof(float) : 0;
    const size_t body = (bytes + skew + page - 1) / page * page;
    guard g = {.count = count, .map_size = body + 2 * page, .page = page};
    g.map = mmap(NULL, g.map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.map == MAP_FAILED) {
        perror("checkkern: mmap");
        exit(1);
    }
    memset(g.map + page, CANARY, body);
    mprotect(g.map, page, PROT_NONE);
    mprotect(g.map + page + body, page, PROT_NONE);
    unsigned char *start = g.map + page + (side == GUARD_AT_END ? body - bytes : skew);
    g.data = (float *)(void *)start;
    guard_blank(&g);
    return g;
}

void guard_free(guard *g)
{
    munmap(g->map, g->map_size);
}

bool guard_intact(const guard *g)
{
    const unsigned char *data = (const unsigned char *)g->data, *after = data + g->count * sizeof(float);
    for (const unsigned char *at = g->map + g->page; at < data; at++)
        if (*at != CANARY) return false;
    for (const unsigned char *at = after; at < g->map + g->map_size - g->page; at++)
        if (*at != CANARY) return false;
    return true;
}

void guard_blank(guard *g)
{
    guard_blank_part(g->data, g->count);
}

void guard_blank_part(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memcpy(&values[i], &blank, sizeof blank);
}

bool guard_is_blank(float value)
{
    return memcmp(&value, &blank, sizeof blank) == 0;
}

bool guard_all_blank(const guard *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (!guard_is_blank(g->data[i])) return false;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Huge pages by advice: the system gives them where it can, and nothing depends on it.
 */
#define _DEFAULT_SOURCE
#include "base/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/sizes.h"

enum { CACHE_LINE = 64, HUGE_PAGE = 2 << 20 };

static size_t alignment_of(size_t bytes)
{
    return bytes < HUGE_PAGE ? CACHE_LINE : HUGE_PAGE;
}

size_t pages_rounded(size_t bytes)
{
    const size_t alignment = alignment_of(bytes);
    size_t rounded;
    if (!size_add(&rounded, bytes, alignment - 1)) return SIZE_MAX;
    return rounded - rounded % alignment;
}

void *pages_alloc(size_t bytes)
{
    const size_t alignment = alignment_of(bytes), rounded = pages_rounded(bytes);
    if (rounded == SIZE_MAX) return NULL;
    void *memory = aligned_alloc(alignment, rounded);
#ifdef MADV_HUGEPAGE
    if (memory && alignment == HUGE_PAGE) (void)madvise(memory, rounded, MADV_HUGEPAGE);
#endif
    return memory;
}

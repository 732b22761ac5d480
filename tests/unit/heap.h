/* SPDX-License-Identifier: Apache-2.0
 *
 * How much heap a piece of code takes, counted by every malloc of the program and of the libraries it uses,
 * in plain builds and under the address and thread sanitizers; and, in plain builds, allocations that fail on
 * demand. Include in one file of a test program only.
 */
#ifndef TEST_HEAP_H
#define TEST_HEAP_H

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_UNDER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define HEAP_UNDER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HEAP_UNDER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define HEAP_UNDER_TSAN 1
#endif
#if defined(HEAP_UNDER_ASAN) || defined(HEAP_UNDER_TSAN)
#define HEAP_UNDER_SANITIZER 1
#endif

/* Bytes in use, and the most there were since heap_mark. */
static atomic_size_t heap_now, heap_peak;

static inline void heap_count(const volatile void *block)
{
    if (!block) return;
    const size_t size = malloc_usable_size((void *)(uintptr_t)block);
    const size_t now = atomic_fetch_add(&heap_now, size) + size;
    size_t peak = atomic_load(&heap_peak);
    while (peak < now && !atomic_compare_exchange_weak(&heap_peak, &peak, now))
        continue;
}

static inline void heap_uncount(const volatile void *block)
{
    if (block) atomic_fetch_sub(&heap_now, malloc_usable_size((void *)(uintptr_t)block));
}

#ifdef HEAP_UNDER_SANITIZER
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
                                              void (*)(const volatile void *));

static inline void heap_count_sized(const volatile void *block, size_t size)
{
    (void)size;
    heap_count(block);
}

enum { HEAP_CAN_FAIL = 0 };

static inline void heap_fail_after(size_t allocations)
{
    (void)allocations;
}

static inline void heap_watch(void)
{
    static bool watched;
    if (!watched) __sanitizer_install_malloc_and_free_hooks(heap_count_sized, heap_uncount);
    watched = true;
}
#else
/* glibc lets a program bring its own malloc, which libraries then use too, and offers its own under these
 * names. */
#define HEAP_SEEN_BY_LIBRARIES __attribute__((visibility("default"), used))
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

enum { HEAP_CAN_FAIL = 1 };

static atomic_size_t heap_left = SIZE_MAX;

/* Lets that many allocations go well, and none after them; SIZE_MAX for no end. */
static inline void heap_fail_after(size_t allocations)
{
    atomic_store(&heap_left, allocations);
}

static inline bool heap_fails(void)
{
    const size_t left = atomic_load(&heap_left);
    if (left > 0 && left < SIZE_MAX) atomic_store(&heap_left, left - 1);
    return left == 0;
}

HEAP_SEEN_BY_LIBRARIES void *malloc(size_t size)
{
    void *block = heap_fails() ? NULL : __libc_malloc(size);
    heap_count(block);
    return block;
}

HEAP_SEEN_BY_LIBRARIES void *calloc(size_t count, size_t size)
{
    void *block = heap_fails() ? NULL : __libc_calloc(count, size);
    heap_count(block);
    return block;
}

HEAP_SEEN_BY_LIBRARIES void *realloc(void *old, size_t size)
{
    if (heap_fails()) return NULL;
    heap_uncount(old);
    void *block = __libc_realloc(old, size);
    heap_count(block ? block : size ? old : NULL);
    return block;
}

HEAP_SEEN_BY_LIBRARIES void *aligned_alloc(size_t alignment, size_t size)
{
    void *block = heap_fails() ? NULL : __libc_memalign(alignment, size);
    heap_count(block);
    return block;
}

HEAP_SEEN_BY_LIBRARIES void free(void *block)
{
    heap_uncount(block);
    __libc_free(block);
}

static inline void heap_watch(void) {}
#endif

static size_t heap_base;

/* Starts a measurement. */
static inline void heap_mark(void)
{
    heap_watch();
    heap_base = atomic_load(&heap_now);
    atomic_store(&heap_peak, heap_base);
}

/* Bytes at most in use since heap_mark, above what was in use then. */
static inline size_t heap_used(void)
{
    const size_t peak = atomic_load(&heap_peak);
    return peak > heap_base ? peak - heap_base : 0;
}

/* Bytes in use now, above what was in use at heap_mark: what was kept, or leaked. */
static inline size_t heap_kept(void)
{
    const size_t now = atomic_load(&heap_now);
    return now > heap_base ? now - heap_base : 0;
}

#endif

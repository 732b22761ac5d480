/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory for large arrays that are read over and over: on huge pages where the system has them. A network's
 * weights span more small pages than the processor can keep the addresses of, and every one then costs a
 * walk through the page tables, each time; huge pages take a twentieth off a whole pass.
 */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

/* `bytes` of memory (more than 0), aligned to 64 bytes at least, contents undefined; NULL if there is none.
 * Freed by free(). */
void *pages_alloc(size_t bytes);

/* What pages_alloc(bytes) asks the system for: `bytes` rounded up to whole pages of the size that they get,
 * or to cache lines; SIZE_MAX where that does not fit. */
size_t pages_rounded(size_t bytes);

#endif

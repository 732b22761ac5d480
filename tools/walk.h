/* SPDX-License-Identifier: Apache-2.0
 *
 * From the paths of a command line to pictures. A file is taken as it is named; a folder gives the pictures
 * in it and below it, sorted by name, told by content or by suffix, but no hidden ones (thumbnails, and what
 * file managers leave). Memory follows the largest folder, not the number of files.
 */
#ifndef TOOLS_WALK_H
#define TOOLS_WALK_H

#include <effnet.h>

typedef struct walk walk;

/* A walk over `count` paths, which must outlive it. NULL out of memory. */
walk *walk_open(char *const *paths, size_t count);
void walk_close(walk *w);

/* The next picture, valid until the next call; NULL at the end. If something could not be looked into, it
 * gives that path with error->code set. */
const char *walk_next(walk *w, effnet_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders of the user's own, and making them.
 */
#ifndef TOOLS_FOLDERS_H
#define TOOLS_FOLDERS_H

/* Makes `folder` and those above it that are missing; 0, or the errno of the first that cannot be made. The
 * text is written to meanwhile, and is the same afterwards. */
int folders_make(char *folder);

/* Where effnet keeps what can be made again, ${XDG_CACHE_HOME:-~/.cache}/effnet, malloc'd; NULL if neither
 * XDG_CACHE_HOME nor HOME is set. */
char *folders_cache(void);

#endif

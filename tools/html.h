/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages that need nothing else: styles and pictures are in them, and they ask for nothing from outside.
 */
#ifndef TOOLS_HTML_H
#define TOOLS_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Everything up to the body, and its end. `title` is HTML. */
void html_begin(FILE *out, const char *title);
void html_end(FILE *out);

/* Text as HTML: one printable line, with what has a meaning in HTML, also within attributes, escaped. */
void html_text(FILE *out, const char *text);

/* Bytes as they may stand in a data: address. */
void html_base64(FILE *out, const void *bytes, size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The folder of --report: a page, tables, and pictures where cairo is there to draw them. Each file is
 * replaced whole or not at all; other files in the folder are left alone.
 */
#ifndef EVALUATION_FOLDER_H
#define EVALUATION_FOLDER_H

#include "evaluation/page.h"

/* Makes the folder if it is not there. Call before the work. Returns an exit code, reported. */
int folder_prepare(const char *folder);

/* Writes everything. Returns an exit code, reported. */
int folder_write(const char *folder, const evaluation *e, const page_facts *facts);

#endif

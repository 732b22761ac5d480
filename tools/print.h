/* SPDX-License-Identifier: Apache-2.0
 *
 * Results on standard output. A full disk or a closed pipe is noticed at the next flush, said once, and ends
 * the command.
 */
#ifndef TOOLS_PRINT_H
#define TOOLS_PRINT_H

#include <stdbool.h>
#include <stdint.h>

void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `text` with hostile bytes escaped. */
void print_text(const char *text);

/* A space, and `number` with its digits in groups of three, right in `width`. */
void print_number(uint64_t number, int width);

/* One CSV field (RFC 4180): quoted where it must be, bytes as they are. */
void print_csv(const char *text);

/* Hands everything printed to the system. False if that failed. */
bool print_flush(void);

/* Flushes and closes standard output at the end of the program. Returns `code`, or EXIT_IO, reported, if
 * output was lost. */
int print_finish(int code);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * See print.h.
 */
#include "print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "text.h"

/* errno of the first failure: a later flush forgets it. */
static int first_error;

static void check(bool ok)
{
    if (!ok && !first_error) first_error = errno ? errno : EIO;
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    check(vprintf(format, arguments) >= 0);
    va_end(arguments);
}

void print_text(const char *text)
{
    char *line = text_printable(text, false);
    check(fputs(line ? line : "", stdout) >= 0);
    free(line);
}

void print_number(uint64_t number, int width)
{
    char grouped[28]; /* 2^64 has 20 digits and 6 commas */
    print(" %*s", width, text_grouped(grouped, sizeof grouped, number));
}

void print_csv(const char *text)
{
    check(text_put_csv(stdout, text));
}

bool print_flush(void)
{
    check(fflush(stdout) == 0);
    return first_error == 0;
}

int print_finish(int code)
{
    print_flush();
    /* Some file systems report a failed write only when the file is closed. */
    if (!first_error) check(fclose(stdout) == 0);
    if (!first_error) return code;
    return report_failure(EXIT_IO, "standard output: %s", strerror(first_error));
}

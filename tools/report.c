/* SPDX-License-Identifier: Apache-2.0
 *
 * See report.h.
 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"
#include "text.h"

enum { LINE_SIZE = 2048 };

static int rank;
static enum { QUIET, NORMAL, VERBOSE } level = NORMAL;

void report_set_quiet(void)
{
    level = QUIET;
}

void report_set_verbose(void)
{
    level = VERBOSE;
}

void report_set_rank(int number)
{
    rank = number;
    if (rank > 0) level = QUIET;
}

bool report_is_quiet(void)
{
    return level == QUIET;
}

bool report_is_verbose(void)
{
    return level == VERBOSE;
}

int report_exit_code(effnet_status status)
{
    switch (status) {
    case EFFNET_OK: return EXIT_DONE;
    case EFFNET_ERR_ARGUMENT: return EXIT_USAGE;
    case EFFNET_ERR_FORMAT:
    case EFFNET_ERR_LIMIT:
    case EFFNET_ERR_UNSUPPORTED:
    case EFFNET_ERR_MISMATCH:
    case EFFNET_ERR_AMBIGUOUS: return EXIT_DATA;
    case EFFNET_ERR_NOT_FOUND: return EXIT_NO_INPUT;
    case EFFNET_ERR_MISSING: return EXIT_UNAVAILABLE;
    case EFFNET_ERR_MEMORY:
    case EFFNET_ERR_OS: return EXIT_SYSTEM;
    case EFFNET_ERR_CREATE: return EXIT_CREATE;
    case EFFNET_ERR_IO: return EXIT_IO;
    case EFFNET_ERR_INTERNAL: return EXIT_BUG;
    }
    return EXIT_BUG;
}

effnet_status report_status(int code)
{
    for (effnet_status status = EFFNET_OK; status < EFFNET_ERR_INTERNAL; status++)
        if (report_exit_code(status) == code) return status;
    return EFFNET_ERR_INTERNAL;
}

/* https://no-color.org: any non-empty value turns colours off. */
static bool has_colour(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDERR_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static void say(bool is_error, const char *text)
{
    char *line = text_printable(text, false), name[32] = "effnet";
    progress_hide();
    if (rank > 0) snprintf(name, sizeof name, "effnet[%d]", rank);
    fprintf(stderr, is_error && has_colour() ? "\033[31m%s:\033[0m %s\n" : "%s: %s\n", name,
            line ? line : text);
    free(line);
}

static void say_formatted(bool is_error, const char *format, va_list arguments)
{
    char text[LINE_SIZE];
    vsnprintf(text, sizeof text, format, arguments);
    say(is_error, text);
}

int report_error(const effnet_error *error)
{
    say(true, error->message);
    return report_exit_code(error->code);
}

int report_failure(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_formatted(true, format, arguments);
    va_end(arguments);
    return code;
}

_Noreturn void report_usage(const char *command, const char *format, ...)
{
    char text[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    report_failure(EXIT_USAGE, "%s%s%s (effnet help%s%s)", command ? command : "", command ? ": " : "", text,
                   command ? " " : "", command ? command : "");
    exit(EXIT_USAGE);
}

void report_note(const char *format, ...)
{
    if (level == QUIET) return;
    va_list arguments;
    va_start(arguments, format);
    say_formatted(false, format, arguments);
    va_end(arguments);
}

void report_detail(const char *format, ...)
{
    if (level != VERBOSE) return;
    va_list arguments;
    va_start(arguments, format);
    say_formatted(false, format, arguments);
    va_end(arguments);
}

static void set_message(effnet_error *error, const char *text)
{
    char *line = text_printable(text, false);
    snprintf(error->message, sizeof error->message, "%s", line ? line : "out of memory");
    free(line);
}

void report_set(effnet_error *error, effnet_status code, const char *format, ...)
{
    char text[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    *error = (effnet_error){.code = code};
    set_message(error, text);
}

void report_prefix(effnet_error *error, const char *prefix)
{
    char text[LINE_SIZE];
    snprintf(text, sizeof text, "%.1024s: %s", prefix, error->message);
    set_message(error, text);
}

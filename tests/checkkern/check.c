/* SPDX-License-Identifier: Apache-2.0
 *
 * Names, failures and faults. The name is kept in memory of its own because the signal handler needs it.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include "base/rng.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SIZE = 192, MOST_REPORTED = 20 };

static char on_trial[NAME_SIZE];

bool check_begin(const checker *k, const char *kernel, const char *text)
{
    snprintf(on_trial, sizeof on_trial, "%s %s", kernel, text);
    return !k->filter || strstr(on_trial, k->filter);
}

const char *check_on_trial(void)
{
    return on_trial;
}

uint64_t check_random(const checker *k, uint64_t stream)
{
    return rng_bits(k->seed + stream, k->tested);
}

void check_fail(checker *k, const char *format, ...)
{
    if (++k->failed > MOST_REPORTED) return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", on_trial);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static void report_fault(int signal_number)
{
    static const char message[] = " touched memory that is not its own\n";
    (void)signal_number;
    ssize_t written = write(STDERR_FILENO, on_trial, strlen(on_trial));
    written = write(STDERR_FILENO, message, sizeof message - 1);
    _exit(written < 0 ? 2 : 1);
}

void check_catch_faults(void)
{
    struct sigaction action = {.sa_handler = report_fault};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

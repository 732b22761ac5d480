/* SPDX-License-Identifier: Apache-2.0
 *
 * What the command says on standard error, and the exit code that goes with it. One line per message, hostile
 * bytes escaped, red only on a terminal. Results are print.h's business.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <effnet.h>

/* The numbers of sysexits.h where it has one. Scripts rely on them. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_CHECK = 1,        /* finished, but a check or a comparison failed */
    EXIT_USAGE = 64,       /* the command line */
    EXIT_DATA = 65,        /* a file, image or model is bad */
    EXIT_NO_INPUT = 66,    /* there is no such input */
    EXIT_UNAVAILABLE = 69, /* an optional library or a server is missing */
    EXIT_BUG = 70,         /* ours */
    EXIT_SYSTEM = 71,      /* out of memory, threads, ... */
    EXIT_CREATE = 73,      /* the output cannot be created */
    EXIT_IO = 74,          /* reading or writing failed */
};

/* The exit code for what the library says. */
int report_exit_code(effnet_status status);

/* A status with that exit code. */
effnet_status report_status(int code);

/* -q: errors only. -v: details too. */
void report_set_quiet(void);
void report_set_verbose(void);
/* This process is one of several: errors name it, and only number 0 says anything else. */
void report_set_rank(int number);

bool report_is_quiet(void);
bool report_is_verbose(void);

/* "effnet: ..." and the exit code of `error`, so that it can end a function. */
int report_error(const effnet_error *error);

/* The same for an error found here. */
int report_failure(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A wrong command line: says so, names the help, exits with EXIT_USAGE. `command` may be NULL. */
_Noreturn void report_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* not with -q */
void report_detail(const char *format, ...) __attribute__((format(printf, 1, 2))); /* with -v */

/* Fills an effnet_error, for what is found by the command but handled like an error of the library. */
void report_set(effnet_error *error, effnet_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message. */
void report_prefix(effnet_error *error, const char *prefix);

#endif

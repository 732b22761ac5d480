/* SPDX-License-Identifier: Apache-2.0
 *
 * Libraries that few commands need, loaded by the first that does. With libcurl and cairo come forty more:
 * linked, they would cost every start of effnet 5 ms.
 */
#ifndef TOOLS_LATE_H
#define TOOLS_LATE_H

#include <stdbool.h>
#include <stddef.h>

/* Loads `library` (a file name that the system looks for, "libcurl.so.4") and sets functions[i] to its
 * function names[i]; `functions` points to as many function pointers as there are names. False if one is
 * missing: then some may be set and none must be called. The library stays loaded. */
bool late_load(const char *library, const char *const *names, size_t count, void *functions);

/* For a list of functions FUNCTIONS(_) = _(first) _(second) ...: a struct of their pointers and an array of
 * their names. */
#define LATE_POINTER(function) __typeof__(function) *function;
#define LATE_NAME(function)    #function,

#endif

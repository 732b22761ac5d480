/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors as values: how every room fills the caller's effnet_error.
 * `assert` is for our bugs, a status is for the user's data; the two are never swapped.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "effnet.h"

/* Returns from the enclosing function when `call` fails. */
#define TRY(call)                                                                                            \
    do {                                                                                                     \
        effnet_status try_status_ = (call);                                                                  \
        if (try_status_ != EFFNET_OK) return try_status_;                                                    \
    } while (0)

/* Fills `error` (which may be NULL) with `code` and the formatted message, and returns `code`. Bytes that are
 * not printable are escaped, so that names from files may be passed as they are. */
effnet_status error_set(effnet_error *error, effnet_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a rule broken at byte `offset` of the input; " (byte N)" is appended to the message. */
effnet_status error_set_at(effnet_error *error, effnet_status code, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "out of memory", the one message that every allocation failure gives. */
effnet_status error_memory(effnet_error *error);

/* Puts "prefix: " before the message of a filled error, to say in which file or member the rule was broken.
 * Returns the error's code, so that it can end a function; with error == NULL returns `code`. */
effnet_status error_prefix(effnet_error *error, effnet_status code, const char *prefix);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Formatting of error messages: always one line, always printable, never longer than EFFNET_MESSAGE_SIZE.
 */
#include "base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Formatted text before escaping; longer messages are cut, with "..." at the end. */
enum { RAW_SIZE = 1024 };

static void set_message(effnet_error *error, const char *raw)
{
    text_escape(error->message, sizeof error->message, raw, strlen(raw));
}

static effnet_status set_formatted(effnet_error *error, effnet_status code, uint64_t offset,
                                   const char *suffix, const char *format, va_list arguments)
{
    if (error) {
        char raw[RAW_SIZE];
        const size_t room = EFFNET_MESSAGE_SIZE - 1 - strlen(suffix);
        vsnprintf(raw, sizeof raw, format, arguments);
        char escaped[EFFNET_MESSAGE_SIZE];
        text_escape(escaped, room + 1, raw, strlen(raw));
        snprintf(error->message, sizeof error->message, "%s%s", escaped, suffix);
        error->code = code;
        error->offset = offset;
    }
    return code;
}

effnet_status error_set(effnet_error *error, effnet_status code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_formatted(error, code, 0, "", format, arguments);
    va_end(arguments);
    return code;
}

effnet_status error_set_at(effnet_error *error, effnet_status code, uint64_t offset, const char *format, ...)
{
    char suffix[40];
    snprintf(suffix, sizeof suffix, " (byte %" PRIu64 ")", offset);
    va_list arguments;
    va_start(arguments, format);
    set_formatted(error, code, offset, suffix, format, arguments);
    va_end(arguments);
    return code;
}

effnet_status error_memory(effnet_error *error)
{
    return error_set(error, EFFNET_ERR_MEMORY, "out of memory");
}

effnet_status error_prefix(effnet_error *error, effnet_status code, const char *prefix)
{
    if (error) {
        char raw[RAW_SIZE];
        snprintf(raw, sizeof raw, "%.480s: %s", prefix, error->message);
        set_message(error, raw);
    }
    return code;
}

const char *effnet_status_name(effnet_status status)
{
    switch (status) {
    case EFFNET_OK: return "done";
    case EFFNET_ERR_ARGUMENT: return "bad argument";
    case EFFNET_ERR_FORMAT: return "bad format";
    case EFFNET_ERR_LIMIT: return "beyond a limit";
    case EFFNET_ERR_UNSUPPORTED: return "unsupported";
    case EFFNET_ERR_MISMATCH: return "weights do not fit";
    case EFFNET_ERR_AMBIGUOUS: return "ambiguous";
    case EFFNET_ERR_NOT_FOUND: return "not found";
    case EFFNET_ERR_MISSING: return "built without";
    case EFFNET_ERR_MEMORY: return "out of memory";
    case EFFNET_ERR_OS: return "system failure";
    case EFFNET_ERR_CREATE: return "cannot create";
    case EFFNET_ERR_IO: return "read or write failed";
    case EFFNET_ERR_INTERNAL: return "internal error";
    }
    return "unknown status";
}

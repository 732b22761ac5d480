/* SPDX-License-Identifier: Apache-2.0
 *
 * See json.h.
 */
#include "json.h"

#include <math.h>
#include <stdlib.h>

#include "print.h"
#include "report.h"
#include "text.h"

json_t *json_text(const char *text)
{
    char *valid = text_printable(text, true);
    json_t *string = valid ? json_string(valid) : NULL;
    free(valid);
    return string;
}

json_t *json_number(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

bool json_print(json_t *value)
{
    char *line = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    if (line)
        print("%s\n", line);
    else
        report_failure(EXIT_SYSTEM, "out of memory");
    const bool ok = line != NULL;
    free(line);
    json_decref(value);
    return ok;
}

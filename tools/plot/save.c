/* SPDX-License-Identifier: Apache-2.0
 *
 * See save.h.
 */
#include "plot/save.h"

#include <effnet.h>
#include <stdlib.h>

#include "report.h"
#include "signals.h"

bool plot_choice_take(plot_choice *choice, const option_parser *o)
{
    switch (o->option->id) {
    case OPTION_SVG: choice->svg = options_file(o, ".svg"); return true;
    case OPTION_PNG: choice->png = options_file(o, ".png"); return true;
    default: return false;
    }
}

bool plot_is_wanted(const plot_choice *choice)
{
    return choice->svg || choice->png;
}

int plot_check(const plot_choice *choice, const char *caller)
{
    if (!plot_is_wanted(choice) || render_version()) return EXIT_DONE;
    return report_failure(
        EXIT_UNAVAILABLE,
        "%s: drawing needs cairo; install libcairo2-dev, and build effnet again if it was built "
        "without",
        caller);
}

int plot_save_as(const char *path, const canvas *c, render_format format)
{
    if (!c || !canvas_ok(c)) return report_failure(EXIT_SYSTEM, "%s: out of memory", path);
    size_t size;
    const char *why;
    void *bytes = render_canvas(c, format, &size, &why);
    if (!bytes) return report_failure(EXIT_SYSTEM, "%s: %s", path, why);
    effnet_error error;
    signals_hold();
    const effnet_status status = effnet_file_write(path, bytes, size, &error);
    signals_release();
    free(bytes);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

int plot_save(const plot_choice *choice, canvas *c)
{
    int code = EXIT_DONE;
    if (!c) return report_failure(EXIT_SYSTEM, "out of memory");
    if (choice->svg) code = plot_save_as(choice->svg, c, RENDER_SVG);
    if (code == EXIT_DONE && choice->png) code = plot_save_as(choice->png, c, RENDER_PNG);
    canvas_free(c);
    return code;
}

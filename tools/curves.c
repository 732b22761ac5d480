/* SPDX-License-Identifier: Apache-2.0
 *
 * See curves.h.
 */
#define _GNU_SOURCE
#include "curves.h"

#include <effnet.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "plot/figure_charts.h"
#include "plot/render.h"
#include "plot/save.h"
#include "report.h"

static const double EVERY_MS = 10000;
enum { MAX_LOG = 256 << 20 };

static int draw(const char *log, const char *picture)
{
    effnet_error error;
    void *text;
    size_t size;
    if (effnet_file_read(&text, &size, log, MAX_LOG, &error) != EFFNET_OK)
        return error.code == EFFNET_ERR_NOT_FOUND ? EXIT_DONE : report_error(&error);
    canvas *c = curve_charts(text, size);
    const int code = plot_save_as(picture, c, RENDER_PNG);
    canvas_free(c);
    free(text);
    return code;
}

static int update(curves *c)
{
    char *log = NULL, *picture = NULL;
    c->stale = false;
    if (asprintf(&log, "%s/log.csv", c->folder) < 0) log = NULL;
    if (asprintf(&picture, "%s/curves.png", c->folder) < 0) picture = NULL;
    const int code = log && picture ? draw(log, picture) : report_failure(EXIT_SYSTEM, "out of memory");
    free(log);
    free(picture);
    c->drawn_ms = clock_ms();
    c->failed = code != EXIT_DONE;
    return code;
}

void curves_epoch(curves *c)
{
    c->stale = true;
    if (c->failed || (c->drawn_ms > 0 && clock_ms() - c->drawn_ms < EVERY_MS)) return;
    if (render_version()) update(c);
}

int curves_finish(curves *c)
{
    if (!c->stale) return EXIT_DONE;
    if (render_version()) return update(c);
    report_note("%s/curves.png is left out: drawing needs cairo (libcairo2)", c->folder);
    return EXIT_DONE;
}

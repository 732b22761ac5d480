/* SPDX-License-Identifier: Apache-2.0
 *
 * Loss and accuracy over epochs, from the text of a log.csv. See figure_charts.h.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plot/chart.h"
#include "plot/figure_charts.h"

static const double WIDTH = 460, HEIGHT = 320;
enum { LOSSES, ACCURACIES, KINDS, CURVES = 3, FEW_EPOCHS = 40, FEWEST = 5, MAX_FIELD = 40, FIELDS = 32 };

/* By kind: training, validation, average of weights. */
static const char *const columns[KINDS][CURVES] = {{"train_loss", "val_loss", "ema_loss"},
                                                   {"train_top1", "val_top1", "ema_top1"}};
static const char *const names[CURVES] = {"training", "validation", "averaged weights"};

typedef struct curves {
    size_t rows, capacity;
    double *x;                /* [rows]: epochs from 1 */
    double *y[KINDS][CURVES]; /* [rows] each; NaN: none */
    size_t epoch_column;      /* FIELDS: not there */
    size_t column[KINDS][CURVES];
} curves;

/* The fields of one line: numbers, NaN where there is none. Returns what comes after the line. */
static const char *read_line(const char *at, const char *end, double fields[FIELDS])
{
    for (size_t i = 0; i < FIELDS; i++)
        fields[i] = NAN;
    for (size_t i = 0; at < end; i++) {
        char field[MAX_FIELD] = "", *stop;
        size_t length = 0;
        while (at < end && *at != ',' && *at != '\n') {
            if (length + 1 < sizeof field) field[length++] = *at;
            at++;
        }
        const double number = strtod(field, &stop);
        if (i < FIELDS && stop != field && *stop == '\0') fields[i] = number;
        if (at < end && *at++ == '\n') break;
    }
    return at;
}

/* Which column has each curve. Returns what comes after the header. */
static const char *read_header(curves *c, const char *at, const char *end)
{
    c->epoch_column = FIELDS;
    for (int i = 0; i < KINDS * CURVES; i++)
        c->column[i / CURVES][i % CURVES] = FIELDS;
    for (size_t field = 0; at < end; field++) {
        const char *start = at;
        while (at < end && *at != ',' && *at != '\n')
            at++;
        const size_t length = (size_t)(at - start);
        if (field < FIELDS && length == 5 && strncmp(start, "epoch", 5) == 0) c->epoch_column = field;
        for (int i = 0; i < KINDS * CURVES; i++) {
            const char *name = columns[i / CURVES][i % CURVES];
            if (field < FIELDS && strlen(name) == length && strncmp(start, name, length) == 0)
                c->column[i / CURVES][i % CURVES] = field;
        }
        if (at < end && *at++ == '\n') break;
    }
    return at;
}

static bool allocate(curves *c, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        c->capacity += text[i] == '\n';
    c->x = malloc((c->capacity + 1) * sizeof *c->x);
    bool ok = c->x;
    for (int i = 0; i < KINDS * CURVES; i++)
        ok &= (c->y[i / CURVES][i % CURVES] = malloc((c->capacity + 1) * sizeof(double))) != NULL;
    return ok;
}

static void read_rows(curves *c, const char *at, const char *end)
{
    double fields[FIELDS + 1];
    fields[FIELDS] = NAN;
    while (at < end && c->rows < c->capacity) {
        at = read_line(at, end, fields);
        if (!isfinite(fields[c->epoch_column])) continue;
        c->x[c->rows] = fields[c->epoch_column] + 1;
        for (int i = 0; i < KINDS * CURVES; i++) {
            const double scale = i / CURVES == ACCURACIES ? 100 : 1;
            c->y[i / CURVES][i % CURVES][c->rows] = scale * fields[c->column[i / CURVES][i % CURVES]];
        }
        c->rows++;
    }
}

static bool has_numbers(const double *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(y[i])) return true;
    return false;
}

/* The curves of a kind that are there; how many. */
static size_t make_series(chart_series *out, const curves *c, int kind)
{
    size_t count = 0;
    for (int i = 0; i < CURVES; i++)
        if (has_numbers(c->y[kind][i], c->rows))
            out[count++] = (chart_series){.name = names[i],
                                          .kind = c->rows > FEW_EPOCHS ? CHART_LINE : CHART_LINE_AND_POINTS,
                                          .count = c->rows,
                                          .x = c->x,
                                          .y = c->y[kind][i]};
    return count;
}

static canvas *draw(const curves *c)
{
    static const char *const titles[KINDS] = {"Loss", "Accuracy, per cent"};
    chart_series series[KINDS][CURVES];
    chart charts[KINDS];
    size_t count = 0;
    const double last = c->rows ? c->x[c->rows - 1] : 0;
    for (int kind = 0; kind < KINDS; kind++) {
        const size_t found = make_series(series[kind], c, kind);
        if (found == 0 && kind != LOSSES) continue;
        charts[count++] = (chart){.title = titles[kind],
                                  .x = {.title = "epoch", .from = 0, .to = fmax(last, FEWEST)},
                                  .series = series[kind],
                                  .series_count = found};
    }
    return chart_sheet(NULL, charts, count, count, WIDTH, HEIGHT);
}

canvas *curve_charts(const char *text, size_t size)
{
    curves c = {.rows = 0};
    canvas *drawn = NULL;
    if (allocate(&c, text, size)) {
        read_rows(&c, read_header(&c, text, text + size), text + size);
        drawn = draw(&c);
    }
    free(c.x);
    for (int i = 0; i < KINDS * CURVES; i++)
        free(c.y[i / CURVES][i % CURVES]);
    return drawn;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See page.h. Charts are in the page as images of their own, for what cairo calls things in one SVG would
 * clash with what it calls them in another.
 */
#define _GNU_SOURCE
#include "search/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "plot/render.h"
#include "report.h"
#include "search/charts.h"

enum { CHARTS = 3 };

static const struct {
    const char *file, *title, *text;
} chart_texts[CHARTS] = {
    {"cost.svg", "Accuracy and cost",
     "Numbers are the candidates'. What was left behind in an earlier rung was trained less."},
    {"map.svg", "Over the surface of the constraint",
     "alpha beta^2 gamma^2 is about 2 everywhere here, so alpha is large where beta and gamma are small. "
     "Written in: "
     "accuracy, per cent."},
    {"curves.svg", "While they learned", "The best networks and the baseline."},
};

typedef struct picture {
    void *svg;
    size_t size;
} picture;

/* ---- Parts of the page ---- */

static void put_percent(FILE *out, double share)
{
    if (isnan(share))
        fputs("<td>-</td>", out);
    else
        fprintf(out, "<td>%.2f</td>", 100 * share);
}

static void put_row(FILE *out, const search_results *r, const search_row *row)
{
    const effnet_candidate *c = &row->c;
    fprintf(
        out,
        "<tr><td>%zu</td><td>%zu</td><td class=text>%s</td><td class=text>%s</td><td>%.4g</td><td>%.4g</td>"
        "<td>%.4g</td><td>%.3f</td><td>%.2f</td><td>%llu</td><td>%d &times; %d</td>",
        c->rank, row->index, effnet_candidate_kind_name(c->kind), c->strategy, c->alpha, c->beta, c->gamma,
        c->product, c->growth, (unsigned long long)c->macs, c->height, c->width);
    if (!c->rank) {
        fprintf(out, "<td class=\"text wrong\" colspan=%d>", 3 + (r->info.seeds > 1) + (r->info.rungs > 1));
        html_text(out, c->note);
        fputs("</td></tr>\n", out);
        return;
    }
    put_percent(out, c->accuracy);
    if (r->info.seeds > 1) put_percent(out, c->spread);
    fprintf(out, "<td>%.2f</td>", 100 * c->accuracy / ((double)c->macs / 1e9));
    if (isnan(c->p))
        fputs("<td>-</td>", out);
    else
        fprintf(out, "<td>%.2f to %.2f%s</td>", 100 * c->low, 100 * c->high, c->apart ? " *" : "");
    if (r->info.rungs > 1) fprintf(out, "<td>%zu</td>", c->rung + 1);
    fputs("</tr>\n", out);
}

static void put_table(FILE *out, const search_results *r)
{
    fprintf(out,
            "<h2>Ranking</h2>\n<p class=note>Accuracies in per cent of %zu pictures. Growth: multiply-adds "
            "over the "
            "baseline's, after rounding. Behind: how far the first one is before this one, 95 %% of a paired "
            "bootstrap; with * the data tell them apart.</p>\n"
            "<table><tr><th>rank</th><th>candidate</th><th class=text>kind</th><th "
            "class=text>scaled</th><th>alpha</th>"
            "<th>beta</th><th>gamma</th><th>product</th><th>growth</th><th>multiply-adds</th><th>input</th>"
            "<th>accuracy</th>%s<th>per 10<sup>9</sup> multiply-adds</th><th>behind</th>%s</tr>\n",
            r->pictures, r->info.seeds > 1 ? "<th>spread</th>" : "",
            r->info.rungs > 1 ? "<th>rung</th>" : "");
    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i].c.same_as == r->rows[i].index) put_row(out, r, &r->rows[i]);
    fputs("</table>\n", out);
}

static void put_same(FILE *out, const search_results *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        const search_row *row = &r->rows[i];
        if (row->c.same_as == row->index) continue;
        if (count++ == 0)
            fputs("<p class=note>After rounding these are networks that others are, too: ", out);
        fprintf(out, "%s%zu (%.4g, %.4g, %.4g) is %zu", count > 1 ? "; " : "", row->index, row->c.alpha,
                row->c.beta, row->c.gamma, row->c.same_as);
    }
    if (count) fputs(".</p>\n", out);
}

static void put_head(FILE *out, const search_results *r, const search_page_facts *f)
{
    effnet_network_info base;
    effnet_network_get_info(f->base, &base);
    fputs("<h1>Search for alpha, beta and gamma on <bdi>", out);
    html_text(out, f->data);
    fputs("</bdi></h1>\n<p>", out);
    html_text(out, r->statement);
    fputs("</p>\n<p class=note>Baseline <bdi>", out);
    html_text(out, base.name);
    fprintf(out,
            "</bdi>: %d &times; %d pixels, %llu parameters, %llu multiply-adds. %zu points of the grid, %zu "
            "survivors, by "
            "%s; %zu candidates with the controls, %zu networks that differ. Each %d epochs%s, %d seed%s "
            "from %llu, "
            "batch %d.</p>\n",
            base.height, base.width, (unsigned long long)base.parameters, (unsigned long long)base.macs,
            r->info.points, r->info.survivors, f->by_macs ? "real multiply-adds" : "alpha beta^2 gamma^2",
            r->info.candidates, r->info.networks, r->info.epochs,
            f->halving ? " in the last rung of a halving" : "", r->info.seeds, r->info.seeds > 1 ? "s" : "",
            (unsigned long long)f->training->seed, f->training->batch ? f->training->batch : 32);
    if (*r->info.notice) {
        fputs("<p class=wrong>", out);
        html_text(out, r->info.notice);
        fputs("</p>\n", out);
    }
}

static void put_charts(FILE *out, const picture pictures[CHARTS])
{
    for (size_t i = 0; i < CHARTS; i++) {
        if (!pictures[i].svg) continue;
        fprintf(
            out,
            "<h2>%s</h2>\n<p class=note>%s</p>\n<img class=chart alt=\"\" src=\"data:image/svg+xml;base64,",
            chart_texts[i].title, chart_texts[i].text);
        html_base64(out, pictures[i].svg, pictures[i].size);
        fputs("\">\n", out);
    }
}

/* ---- Files ---- */

static int write_bytes(const char *folder, const char *name, const void *bytes, size_t size)
{
    effnet_error error;
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0) return report_failure(EXIT_SYSTEM, "out of memory");
    const effnet_status status = effnet_file_write(path, bytes, size, &error);
    free(path);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

static int draw_all(picture pictures[CHARTS], const search_results *r, const char *folder)
{
    int code = EXIT_DONE;
    if (!render_version()) return EXIT_DONE;
    canvas *drawn[CHARTS] = {search_cost_chart(r), search_map_chart(r), search_curves_chart(r, folder)};
    for (size_t i = 0; i < CHARTS; i++) {
        const char *why = "out of memory";
        if (drawn[i]) pictures[i].svg = render_canvas(drawn[i], RENDER_SVG, &pictures[i].size, &why);
        canvas_free(drawn[i]);
        if (!pictures[i].svg && code == EXIT_DONE)
            code = report_failure(EXIT_SYSTEM, "%s: %s", chart_texts[i].file, why);
        if (code == EXIT_DONE)
            code = write_bytes(folder, chart_texts[i].file, pictures[i].svg, pictures[i].size);
    }
    return code;
}

static int write_page(const search_results *r, const search_page_facts *facts, const picture pictures[CHARTS],
                      const char *folder)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return report_failure(EXIT_SYSTEM, "out of memory");
    html_begin(out, "Search for alpha, beta and gamma");
    put_head(out, r, facts);
    put_charts(out, pictures);
    put_table(out, r);
    put_same(out, r);
    html_end(out);
    const bool ok = !ferror(out);
    const int code = fclose(out) == 0 && ok ? write_bytes(folder, "report.html", text, size)
                                            : report_failure(EXIT_SYSTEM, "out of memory");
    free(text);
    return code;
}

int search_page_write(const search_results *r, const search_page_facts *facts, const char *folder)
{
    picture pictures[CHARTS] = {{.svg = NULL}};
    int code = draw_all(pictures, r, folder);
    if (code == EXIT_DONE) code = write_page(r, facts, pictures, folder);
    for (size_t i = 0; i < CHARTS; i++)
        free(pictures[i].svg);
    return code;
}

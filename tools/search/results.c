/* SPDX-License-Identifier: Apache-2.0
 *
 * See results.h.
 */
#define _GNU_SOURCE
#include "search/results.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "print.h"
#include "report.h"
#include "text.h"

/* ---- Ranking ---- */

static int by_rank(const void *a, const void *b)
{
    const search_row *x = a, *y = b;
    const size_t rank = x->c.rank ? x->c.rank : SIZE_MAX, other = y->c.rank ? y->c.rank : SIZE_MAX;
    if (rank != other) return rank < other ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static bool is_one_dimension(const effnet_candidate *c)
{
    return (c->alpha > 1) + (c->beta > 1) + (c->gamma > 1) == 1;
}

static void find_rows(search_results *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const search_row *row = &r->rows[i];
        if (row->index == 0) r->baseline = row;
        if (!row->c.rank || row->c.same_as == 0) continue;
        if (!r->best) r->best = row;
        const search_row **of_kind = is_one_dimension(&row->c) ? &r->single : &r->compound;
        if (!*of_kind) *of_kind = row;
    }
}

/* ---- The statement ---- */

static void say(char out[SEARCH_STATEMENT], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(char out[SEARCH_STATEMENT], const char *format, ...)
{
    const size_t used = strlen(out);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out + used, SEARCH_STATEMENT - used, format, arguments);
    va_end(arguments);
}

/* Networks of the last rung, each once, against the first in rank. */
static void say_ties(search_results *r)
{
    enum { NAMED = 12 };
    size_t compared = 0, ties = 0;
    char names[256] = "";
    for (size_t i = 1; i < r->count; i++) {
        const effnet_candidate *c = &r->rows[i].c;
        if (c->same_as != r->rows[i].index || isnan(c->p)) continue;
        compared++;
        const size_t used = strlen(names);
        if (!c->apart && ties++ < NAMED)
            snprintf(names + used, sizeof names - used, "%s%zu", used ? ", " : "", r->rows[i].index);
    }
    if (compared == 0) return;
    say(r->statement,
        "Of %zu networks that the first in rank was compared with, %zu can be told from it by these data",
        compared, compared - ties);
    if (ties > 0) say(r->statement, "; %zu cannot: %s%s", ties, names, ties > NAMED ? ", ..." : "");
    say(r->statement, " (paired bootstrap over %zu pictures%s, at 5 %% by Holm's correction). ", r->pictures,
        r->info.seeds > 1 ? " and the seeds" : "");
    if (ties == compared)
        say(r->statement, "So the data are too few, or the trainings too short, to rank them at all. ");
    if (r->info.seeds == 1)
        say(r->statement, "There was one seed: what another would have given is not known. ");
}

static void say_dimensions(search_results *r)
{
    if (!r->compound || !r->single) return;
    const effnet_candidate *c = &r->compound->c, *s = &r->single->c;
    if (c->rung != s->rung) return;
    say(r->statement,
        "The best of several dimensions (%zu, %.2f times the cost) got %.2f %%, the best of one (%zu: %s, "
        "%.2f times) "
        "%.2f %%. ",
        r->compound->index, c->growth, 100 * c->accuracy, r->single->index, s->strategy, s->growth,
        100 * s->accuracy);
}

static void make_statement(search_results *r)
{
    if (!r->best) {
        say(r->statement, "No candidate could be trained.");
        return;
    }
    const effnet_candidate *c = &r->best->c;
    say(r->statement, "Found: alpha %.4g, beta %.4g, gamma %.4g (candidate %zu), %.2f %% right. ", c->alpha,
        c->beta, c->gamma, r->best->index, 100 * c->accuracy);
    if (r->rows[0].c.same_as == 0) say(r->statement, "The baseline itself is before it. ");
    say_ties(r);
    say_dimensions(r);
    if (fabs(c->growth - 2) > 0.2)
        say(r->statement,
            "The one found costs %.2f times the baseline and not twice: --by-macs holds candidates to their "
            "real cost. ",
            c->growth);
}

bool search_results_make(search_results *out, const effnet_search *search, const effnet_dataset *data)
{
    effnet_dataset_info pictures;
    *out = (search_results){.count = 0};
    effnet_search_get_info(search, &out->info);
    effnet_dataset_get_info(data, &pictures);
    out->pictures = pictures.count[EFFNET_VALIDATION];
    out->rows = calloc(out->info.candidates, sizeof *out->rows);
    if (!out->rows) {
        report_failure(EXIT_SYSTEM, "out of memory");
        return false;
    }
    for (; effnet_search_get_candidate(search, out->count, &out->rows[out->count].c); out->count++) {
        out->rows[out->count].index = out->count;
        if (out->count + 1 == out->info.candidates) {
            out->count++;
            break;
        }
    }
    qsort(out->rows, out->count, sizeof *out->rows, by_rank);
    find_rows(out);
    make_statement(out);
    return true;
}

void search_results_clear(search_results *r)
{
    free(r->rows);
    *r = (search_results){.count = 0};
}

/* ---- Files ---- */

/* Percent for each thousand million multiply-adds. */
static double per_gmac(const effnet_candidate *c)
{
    return 100 * c->accuracy / ((double)c->macs / 1e9);
}

static json_t *row_json(const search_row *row)
{
    const effnet_candidate *c = &row->c;
    json_t *json = json_pack(
        "{s:o,s:I,s:s,s:s,s:f,s:f,s:f,s:f,s:f,s:I,s:I,s:i,s:i,s:i,s:I}", "rank",
        c->rank ? json_integer((json_int_t)c->rank) : json_null(), "candidate", (json_int_t)row->index,
        "kind", effnet_candidate_kind_name(c->kind), "strategy", c->strategy, "alpha", c->alpha, "beta",
        c->beta, "gamma", c->gamma, "product", c->product, "growth", c->growth, "macs", (json_int_t)c->macs,
        "parameters", (json_int_t)c->parameters, "resolution", c->height > c->width ? c->height : c->width,
        "height", c->height, "width", c->width, "same_as", (json_int_t)c->same_as);
    json_t *results = json_pack(
        "{s:o,s:o,s:o,s:o,s:I,s:o,s:o,s:o,s:o,s:o,s:b,s:o}", "accuracy", json_number(c->accuracy), "spread",
        json_number(c->spread), "accuracy_per_gmac", json_number(per_gmac(c) / 100), "loss",
        json_number(c->loss), "rung", (json_int_t)c->rung, "seconds", json_number(c->seconds), "behind",
        json_number(c->behind), "low", json_number(c->low), "high", json_number(c->high), "p",
        json_number(c->p), "apart", c->apart, "note", json_text(c->note));
    if (json && results) json_object_update(json, results);
    json_decref(results);
    return json;
}

json_t *search_results_json(const search_results *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->count; i++)
        json_array_append_new(list, row_json(&r->rows[i]));
    json_t *found = json_null();
    if (r->best) {
        json_decref(found);
        found = json_pack("{s:I,s:f,s:f,s:f}", "candidate", (json_int_t)r->best->index, "alpha",
                          r->best->c.alpha, "beta", r->best->c.beta, "gamma", r->best->c.gamma);
    }
    return json_pack("{s:o,s:s,s:I,s:i,s:i,s:I,s:o}", "found", found, "statement", r->statement, "pictures",
                     (json_int_t)r->pictures, "seeds", r->info.seeds, "epochs", r->info.epochs, "rungs",
                     (json_int_t)r->info.rungs, "ranking", list);
}

static const char csv_head[] =
    "rank,candidate,kind,strategy,alpha,beta,gamma,product,growth,macs,parameters,height,width,"
    "same_as,rung,accuracy,spread,accuracy_per_gmac,loss,seconds,behind,low,high,p,apart\n";

/* Appends a field: empty where there is no such figure. */
static void csv_number(FILE *f, double value)
{
    if (isnan(value))
        fputc(',', f);
    else
        fprintf(f, ",%.6g", value);
}

static void csv_row(FILE *f, const search_row *row)
{
    const effnet_candidate *c = &row->c;
    if (c->rank) fprintf(f, "%zu", c->rank);
    fprintf(f, ",%zu,%s,%s,%.6g,%.6g,%.6g,%.6g,%.6g,%llu,%llu,%d,%d,%zu,%zu", row->index,
            effnet_candidate_kind_name(c->kind), c->strategy, c->alpha, c->beta, c->gamma, c->product,
            c->growth, (unsigned long long)c->macs, (unsigned long long)c->parameters, c->height, c->width,
            c->same_as, c->rung);
    const double figures[] = {c->accuracy, c->spread, per_gmac(c) / 100, c->loss, c->seconds,
                              c->behind,   c->low,    c->high,           c->p};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        csv_number(f, figures[i]);
    fprintf(f, ",%d\n", c->apart);
}

static int write_text(const char *folder, const char *name, const char *text)
{
    effnet_error error;
    char *path = NULL;
    if (!text || asprintf(&path, "%s/%s", folder, name) < 0)
        return report_failure(EXIT_SYSTEM, "out of memory");
    const effnet_status status = effnet_file_write(path, text, strlen(text), &error);
    free(path);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

static int write_csv(const search_results *r, const char *folder)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f) return report_failure(EXIT_SYSTEM, "out of memory");
    fputs(csv_head, f);
    for (size_t i = 0; i < r->count; i++)
        csv_row(f, &r->rows[i]);
    const bool ok = fclose(f) == 0;
    const int code = write_text(folder, "ranking.csv", ok ? text : NULL);
    free(text);
    return code;
}

static int write_family(const search_results *r, const effnet_network *base, int multiple, const char *folder)
{
    int code = EXIT_DONE;
    for (int phi = 0; r->best && phi < SEARCH_PHIS && code == EXIT_DONE; phi++) {
        const effnet_scaling scaling = {.alpha = r->best->c.alpha,
                                        .beta = r->best->c.beta,
                                        .gamma = r->best->c.gamma,
                                        .phi = phi,
                                        .multiple = multiple};
        effnet_network *network;
        effnet_error error;
        char name[16];
        if (effnet_network_scale(&network, NULL, base, &scaling, &error) != EFFNET_OK) {
            report_note("the family ends before phi = %d: %s", phi, error.message);
            return EXIT_DONE;
        }
        snprintf(name, sizeof name, "phi%d.json", phi);
        code = write_text(folder, name, effnet_network_get_json(network));
        effnet_network_free(network);
    }
    return code;
}

int search_results_write(const search_results *r, const effnet_network *base, int multiple,
                         const char *folder)
{
    int code = write_csv(r, folder);
    json_t *document = search_results_json(r);
    char *text = document ? json_dumps(document, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    if (code == EXIT_DONE) code = write_text(folder, "ranking.json", text);
    free(text);
    json_decref(document);
    return code == EXIT_DONE ? write_family(r, base, multiple, folder) : code;
}

/* ---- Text ---- */

static void print_row(const search_row *row)
{
    const effnet_candidate *c = &row->c;
    char macs[28];
    print("%4zu %5zu %-9s %-10s %6.4g %6.4g %6.4g %7.3f %16s", c->rank, row->index,
          effnet_candidate_kind_name(c->kind), c->strategy, c->alpha, c->beta, c->gamma, c->growth,
          text_grouped(macs, sizeof macs, c->macs));
    if (!c->rank) {
        print("  failed: ");
        print_text(c->note);
        print("\n");
        return;
    }
    print(" %7.2f %%", 100 * c->accuracy);
    if (!isnan(c->spread)) print(" %6.2f", 100 * c->spread);
    if (!isnan(c->p)) print(" %6.2f to %.2f%s", 100 * c->low, 100 * c->high, c->apart ? "  *" : "");
    print("\n");
}

/* In lines of at most 110 characters. */
static void print_wrapped(const char *text)
{
    enum { LINE = 110 };
    while (*text) {
        size_t length = strlen(text);
        if (length > LINE)
            for (length = LINE; length > 0 && text[length] != ' '; length--)
                ;
        print("%.*s\n", (int)length, text);
        text += length;
        while (*text == ' ')
            text++;
    }
}

void search_results_print(const search_results *r)
{
    print("%4s %5s %-9s %-10s %6s %6s %6s %7s %16s %9s%s  behind the best by\n", "rank", "", "kind",
          "strategy", "alpha", "beta", "gamma", "growth", "multiply-adds", "accuracy",
          r->info.seeds > 1 ? " spread" : "");
    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i].c.same_as == r->rows[i].index) print_row(&r->rows[i]);
    print("\n");
    print_wrapped(r->statement);
}

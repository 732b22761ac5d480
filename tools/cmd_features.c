/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet features: vectors or maps of pictures into a file of arrays. The rows are kept in memory until all
 * are there.
 */
#include <stdlib.h>

#include "commands.h"
#include "json.h"
#include "models.h"
#include "pictures.h"
#include "print.h"
#include "progress.h"
#include "report.h"
#include "taps.h"

enum { MAX_BATCH = 1024 };

typedef struct settings {
    model_choice choice;
    effnet_image_options image;
    tap_choice taps;
    size_t batch;
    bool json;
} settings;

/* The pictures whose rows are in the file. */
typedef struct row_names {
    char **paths;
    size_t count, capacity;
} row_names;

static const option_spec specs[] = {
    TAP_OPTIONS,
    MODEL_OPTIONS,
    {OPTION_BATCH, "batch", "N", "pictures at a time (default: 1)"},
    PICTURE_OPTIONS,
    {OPTION_JSON, "json", NULL, "print the rows as JSON, one object a line"},
    RUN_OPTIONS,
    {OPTION_NONE, NULL, NULL, NULL},
};

static settings read_options(option_parser *o)
{
    settings s = {.batch = 1};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (model_choice_take(&s.choice, o) || picture_option_take(&s.image, o) ||
            tap_choice_take(&s.taps, o))
            continue;
        if (id == OPTION_BATCH) s.batch = (size_t)options_number(o, 1, MAX_BATCH);
        if (id == OPTION_JSON) s.json = true;
    }
    model_choice_finish(&s.choice, o->command->name);
    tap_choice_finish(&s.taps, o->command->name, "pooled");
    return s;
}

/* Takes the path of a picture that has a row now. */
static bool row_names_take(row_names *r, picture *p)
{
    if (r->count == r->capacity) {
        const size_t capacity = r->capacity ? 2 * r->capacity : 64;
        char **grown = realloc(r->paths, capacity * sizeof *grown);
        if (!grown) return false;
        r->paths = grown;
        r->capacity = capacity;
    }
    r->paths[r->count++] = p->path;
    p->path = NULL;
    return true;
}

static void row_names_free(row_names *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->paths[i]);
    free(r->paths);
}

static int print_rows(const row_names *r, bool json)
{
    for (size_t i = 0; i < r->count; i++) {
        if (json) {
            if (!json_print(json_pack("{s:I,s:o}", "row", (json_int_t)i, "path", json_text(r->paths[i]))))
                return EXIT_SYSTEM;
        } else {
            print_text(r->paths[i]);
            print("\n");
        }
    }
    return EXIT_DONE;
}

/* All pictures into rows. */
static int collect(pictures *p, taps *t, effnet_session *session, row_names *rows)
{
    while (pictures_next(p)) {
        const int code = p->ready ? taps_run(t, session, p->inputs, p->ready) : EXIT_DONE;
        if (code != EXIT_DONE) return code;
        for (size_t i = 0; i < p->count; i++)
            if (p->items[i].error.code == EFFNET_OK && !row_names_take(rows, &p->items[i]))
                return report_failure(EXIT_SYSTEM, "out of memory");
        progress_show(t->images, 0, "pictures");
    }
    progress_hide();
    return EXIT_DONE;
}

static int extract(const settings *s, const effnet_model *model, effnet_session *session, char *const *paths,
                   size_t path_count)
{
    pictures p = {0};
    taps t = {0};
    row_names rows = {0};
    int code = taps_open(&t, &s->taps, session, s->batch);
    if (code == EXIT_DONE) code = pictures_open(&p, model, &s->image, paths, path_count, s->batch);
    if (code == EXIT_DONE) code = collect(&p, &t, session, &rows);
    if (code == EXIT_DONE && t.images > 0) code = taps_save(&t);
    if (code == EXIT_DONE) code = print_rows(&rows, s->json);
    if (code == EXIT_DONE) code = p.failure;
    row_names_free(&rows);
    taps_free(&t);
    pictures_close(&p);
    return code;
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_features, argc, argv);
    settings s = read_options(&o);
    size_t path_count;
    char **paths = options_operands(&o, &path_count);
    if (path_count == 0) report_usage(argv[0], "no picture was named");
    effnet_model *model = NULL;
    effnet_session *session = NULL;
    effnet_error error;
    int code = model_choice_load(&s.choice, &model);
    const effnet_session_options options = {.threads = s.choice.threads};
    if (code == EXIT_DONE && effnet_session_create(&session, model, &options, &error) != EFFNET_OK)
        code = report_error(&error);
    if (code == EXIT_DONE) code = extract(&s, model, session, paths, path_count);
    effnet_session_free(session);
    effnet_model_free(model);
    tap_choice_free(&s.taps);
    return code;
}

const command cmd_features = {
    .name = "features",
    .arguments = "[OPTIONS] PATH... -o FILE",
    .summary = "Feature vectors or maps of pictures to .npy, .npz or .safetensors",
    .text =
        "One row for each picture, in the order of the command line; the paths of the rows are printed, one "
        "a\n"
        "line, when the file is complete. A picture that cannot be read is reported and has no row. Without\n"
        "--at the rows are the pooled vectors, [pictures][channels]; maps are [pictures][channels][height]\n"
        "[width], or with --layout nhwc [pictures][height][width][channels]. In .npz and .safetensors the\n"
        "arrays are called as their endpoints. An existing file is replaced.\n\n"
        "Examples:\n"
        "  effnet features photos/ -o vectors.npy > rows.txt\n"
        "  effnet features a.jpg b.jpg -o maps.npz --at reduction_3,reduction_4,reduction_5,logits\n",
    .options = specs,
    .run = run,
};

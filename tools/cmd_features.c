/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet features: vectors or maps of pictures into a file of arrays. Memory does not grow with the pictures:
 * rows wait on the disk, and their paths are printed at once.
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

static int print_row(const picture *p, size_t row, bool json)
{
    if (json)
        return json_print(json_pack("{s:I,s:o}", "row", (json_int_t)row, "path", json_text(p->path)))
                   ? EXIT_DONE
                   : EXIT_SYSTEM;
    print_text(p->path);
    print("\n");
    return EXIT_DONE;
}

/* What is read, and where to. */
typedef struct source {
    pictures pictures;
    picture_batch batch;
    float *inputs; /* [batch][height][width][channels] */
} source;

static int source_open(source *from, const settings *s, const effnet_model *model, char *const *paths,
                       size_t path_count)
{
    const int code = pictures_open(&from->pictures, model, &s->image, paths, path_count);
    if (code != EXIT_DONE) return code;
    from->inputs = calloc(s->batch, from->pictures.input_size * sizeof *from->inputs);
    return picture_batch_make(&from->batch, s->batch) && from->inputs
               ? EXIT_DONE
               : report_failure(EXIT_SYSTEM, "out of memory");
}

static void source_close(source *from)
{
    picture_batch_free(&from->batch);
    pictures_close(&from->pictures);
    free(from->inputs);
}

/* The next batch into rows. */
static int add_rows(source *from, taps *t, effnet_session *session, bool json)
{
    picture_batch *b = &from->batch;
    pictures_prepare(&from->pictures, b, from->inputs);
    pictures_report(&from->pictures, b);
    size_t row = t->images;
    int code = b->ready ? taps_run(t, session, from->inputs, b->ready) : EXIT_DONE;
    for (size_t i = 0; code == EXIT_DONE && i < b->count; i++)
        if (b->items[i].error.code == EFFNET_OK) code = print_row(&b->items[i], row++, json);
    return code;
}

static int extract(const settings *s, const effnet_model *model, effnet_session *session, char *const *paths,
                   size_t path_count)
{
    source from = {0};
    taps t = {0};
    int code = taps_open(&t, &s->taps, session, s->batch);
    if (code == EXIT_DONE) code = source_open(&from, s, model, paths, path_count);
    while (code == EXIT_DONE && pictures_take(&from.pictures, &from.batch)) {
        code = add_rows(&from, &t, session, s->json);
        progress_show(t.images, 0, "pictures");
    }
    progress_hide();
    const int failure = code == EXIT_DONE ? pictures_finish(&from.pictures) : code;
    if (code == EXIT_DONE && t.images > 0) code = taps_save(&t);
    if (code == EXIT_DONE) code = failure;
    taps_free(&t);
    source_close(&from);
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
    int code = model_choice_load(&s.choice, &model);
    const effnet_session_options options = {.threads = s.choice.threads};
    if (code == EXIT_DONE) code = model_choice_start(&s.choice, model, &options, &session);
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
        "One row for each picture, in the order of the command line; the path of each is printed when its "
        "row "
        "is\n"
        "there. A picture that cannot be read is reported and has no row. Without --at the rows are the "
        "pooled\n"
        "vectors, [pictures][channels]; maps are [pictures][channels][height][width], or with --layout nhwc\n"
        "[pictures][height][width][channels]. In .npz and .safetensors the arrays are called as their "
        "endpoints.\n"
        "An existing file is replaced, when all rows are there; until then they need room on the same "
        "disk.\n\n"
        "Examples:\n"
        "  effnet features photos/ -o vectors.npy > rows.txt\n"
        "  effnet features a.jpg b.jpg -o maps.npz --at reduction_3,reduction_4,reduction_5,logits\n",
    .options = specs,
    .run = run,
};

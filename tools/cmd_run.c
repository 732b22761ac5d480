/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet run: a raw tensor through the network, no preprocessing; for comparing with other implementations.
 */
#include <stdlib.h>

#include "commands.h"
#include "models.h"
#include "progress.h"
#include "report.h"
#include "taps.h"

enum { BATCH = 8 }; /* images between two steps of the progress bar */

typedef struct settings {
    model_choice choice;
    tap_choice taps;
    const char *input;
} settings;

static const option_spec specs[] = {
    {OPTION_INPUT, "input", "X.npy", "the tensor, float32; - is standard input"},
    TAP_OPTIONS,
    MODEL_OPTIONS,
    RUN_OPTIONS,
    {OPTION_NONE, NULL, NULL, NULL},
};

static settings read_options(option_parser *o)
{
    settings s = {0};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (model_choice_take(&s.choice, o) || tap_choice_take(&s.taps, o)) continue;
        if (id == OPTION_INPUT) s.input = o->value;
    }
    model_choice_finish(&s.choice, o->command->name);
    tap_choice_finish(&s.taps, o->command->name, "logits");
    if (!s.input) report_usage(o->command->name, "--input X.npy is missing");
    return s;
}

/* The input tensor, seen as images. */
typedef struct images {
    size_t count;
    size_t height, width, channels;
    const float *data;
    layout layout;
} images;

/* What the dimensions mean. False, reported, if they cannot be images for `channels` channels. */
static bool describe(images *out, const effnet_array *x, const settings *s, int channels)
{
    if (x->rank != 3 && x->rank != 4) {
        report_failure(EXIT_DATA, "%s: %d dimensions, wanted 3 or 4", s->input, x->rank);
        return false;
    }
    const size_t *d = x->shape + x->rank - 3;
    const bool nchw = s->taps.layout == LAYOUT_NCHW;
    *out = (images){.count = x->rank == 4 ? x->shape[0] : 1, .data = x->data, .layout = s->taps.layout};
    out->channels = nchw ? d[0] : d[2];
    out->height = nchw ? d[1] : d[0];
    out->width = nchw ? d[2] : d[1];
    const char *order = nchw ? "[n][channels][height][width]" : "[n][height][width][channels]";
    if (out->channels != (size_t)channels)
        report_failure(EXIT_DATA, "%s: %zu channels in %s, the network takes %d (--layout?)", s->input,
                       out->channels, order, channels);
    else if (out->count == 0)
        report_failure(EXIT_DATA, "%s: no image in it", s->input);
    else if (out->height < MIN_SIDE || out->width < MIN_SIDE || out->height > MAX_SIDE ||
             out->width > MAX_SIDE)
        report_failure(EXIT_DATA, "%s: images of %zu x %zu, wanted sides from %d to %d", s->input,
                       out->height, out->width, MIN_SIDE, MAX_SIDE);
    else
        return true;
    return false;
}

/* All images through the network, `step` at a time. */
static int run_images(const images *x, taps *t, effnet_session *session, size_t step)
{
    const size_t pixels = x->height * x->width, size = pixels * x->channels;
    float *turned = calloc(step, size * sizeof *turned); /* [step][height][width][channels] */
    int code = turned ? EXIT_DONE : report_failure(EXIT_SYSTEM, "out of memory");
    for (size_t i = 0; code == EXIT_DONE && i < x->count; i += step) {
        const size_t count = x->count - i < step ? x->count - i : step;
        const float *batch = x->data + i * size;
        for (size_t n = 0; x->layout == LAYOUT_NCHW && n < count; n++)
            layout_to_nhwc(turned + n * size, batch + n * size, pixels, x->channels);
        code = taps_run(t, session, x->layout == LAYOUT_NCHW ? turned : batch, count);
        progress_show(i + count, x->count, "images");
    }
    progress_hide();
    free(turned);
    return code;
}

static int run_model(const settings *s, const effnet_model *model, const effnet_array *array)
{
    effnet_network_info network;
    effnet_network_get_info(effnet_model_get_network(model), &network);
    images x;
    if (!describe(&x, array, s, network.channels)) return EXIT_DATA;
    const effnet_session_options options = {
        .threads = s->choice.threads, .height = (int)x.height, .width = (int)x.width};
    effnet_session *session = NULL;
    taps t = {0};
    const size_t step = x.count < BATCH ? x.count : BATCH;
    int code = model_choice_start(&s->choice, model, &options, &session);
    if (code == EXIT_DONE) code = taps_open(&t, &s->taps, session, step);
    if (code == EXIT_DONE) code = run_images(&x, &t, session, step);
    if (code == EXIT_DONE) code = taps_save(&t);
    taps_free(&t);
    effnet_session_free(session);
    return code;
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_run, argc, argv);
    settings s = read_options(&o);
    size_t operands;
    char **operand = options_operands(&o, &operands);
    if (operands) report_usage(argv[0], "'%s' is not an option", operand[0]);
    effnet_model *model = NULL;
    effnet_array input = {0};
    effnet_error error;
    int code = model_choice_load(&s.choice, &model);
    if (code == EXIT_DONE && effnet_array_load(&input, s.input, &error) != EFFNET_OK)
        code = report_error(&error);
    if (code == EXIT_DONE) code = run_model(&s, model, &input);
    effnet_array_free(&input);
    effnet_model_free(model);
    tap_choice_free(&s.taps);
    return code;
}

const command cmd_run = {
    .name = "run",
    .arguments = "[OPTIONS] --input X.npy -o Y.npy",
    .summary = "A raw tensor through the network, without preprocessing",
    .text = "The input is float32, [n][channels][height][width] or [channels][height][width], at any size "
            "from 32;\n"
            "with --layout nhwc the channels come last, in the output too. Without --at the output is the "
            "logits,\n"
            "[n][classes]. An existing file is replaced.\n\n"
            "Examples:\n"
            "  effnet run --input x.npy -o logits.npy\n"
            "  effnet run -m checkpoint.pth --input x.npy -o out.npz --at reduction_5,pooled,logits\n",
    .options = specs,
    .run = run,
};

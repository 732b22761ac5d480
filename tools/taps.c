/* SPDX-License-Identifier: Apache-2.0
 *
 * See taps.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "taps.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "signals.h"
#include "text.h"

/* ---- what the user asked for ---- */

static void split_names(tap_choice *choice, const option_parser *o)
{
    free(choice->names);
    choice->names = strdup(o->value);
    choice->count = 0;
    char *rest = NULL;
    for (char *name = strtok_r(choice->names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (choice->count == MAX_TAPS)
            report_usage(o->command->name, "--at takes at most %d endpoints", MAX_TAPS);
        for (size_t i = 0; i < choice->count; i++)
            if (strcmp(choice->endpoints[i], name) == 0)
                report_usage(o->command->name, "--at names '%s' twice", name);
        choice->endpoints[choice->count++] = name;
    }
    if (choice->count == 0) report_usage(o->command->name, "--at names no endpoint");
}

bool tap_choice_take(tap_choice *choice, const option_parser *o)
{
    static const char *const layouts[] = {"nchw", "nhwc"};
    switch (o->option->id) {
    case 'o': choice->path = o->value; return true;
    case OPTION_AT: split_names(choice, o); return true;
    case OPTION_LAYOUT: choice->layout = (layout)options_choice(o, layouts, 2); return true;
    default: return false;
    }
}

void tap_choice_finish(tap_choice *choice, const char *caller, const char *endpoint)
{
    if (choice->count == 0) choice->endpoints[choice->count++] = endpoint;
    if (!choice->path) report_usage(caller, "-o FILE is missing");
    const bool one = text_ends_with(choice->path, ".npy");
    if (!one && !text_ends_with(choice->path, ".npz") && !text_ends_with(choice->path, ".safetensors"))
        report_usage(caller, "-o takes a name ending in .npy, .npz or .safetensors, not '%s'", choice->path);
    if (one && choice->count > 1)
        report_usage(caller, "a .npy holds one endpoint, not %zu; use .npz or .safetensors", choice->count);
}

void tap_choice_free(tap_choice *choice)
{
    free(choice->names);
}

/* ---- the arrays in the file ---- */

static effnet_array describe(const taps *t, size_t i)
{
    const effnet_shape *s = &t->shapes[i];
    const size_t h = (size_t)s->height, w = (size_t)s->width, c = (size_t)s->channels;
    const char *name = t->choice->endpoints[i];
    effnet_array array = {.name = name, .rank = 4, .shape = {0, c, h, w}};
    if (t->choice->layout == LAYOUT_NHWC) {
        array.shape[1] = h;
        array.shape[2] = w;
        array.shape[3] = c;
    }
    /* A vector has no height and width. */
    if (strcmp(name, "pooled") == 0 || strcmp(name, "logits") == 0) {
        array.rank = 2;
        array.shape[1] = c;
    }
    return array;
}

static int open_tap(taps *t, size_t i, const effnet_session *session, size_t batch)
{
    effnet_error error;
    effnet_shape *shape = &t->shapes[i];
    if (effnet_session_get_shape(session, t->choice->endpoints[i], shape, &error) != EFFNET_OK)
        return report_error(&error);
    t->sizes[i] = (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
    t->values[i] = calloc(batch, t->sizes[i] * sizeof(float));
    t->rows[i] = calloc(batch, t->sizes[i] * sizeof(float));
    return t->values[i] && t->rows[i] ? EXIT_DONE : report_failure(EXIT_SYSTEM, "out of memory");
}

int taps_open(taps *t, const tap_choice *choice, const effnet_session *session, size_t batch)
{
    *t = (taps){.choice = choice};
    effnet_array arrays[MAX_TAPS];
    for (size_t i = 0; i < choice->count; i++) {
        const int code = open_tap(t, i, session, batch);
        if (code != EXIT_DONE) return code;
        arrays[i] = describe(t, i);
    }
    effnet_error error;
    const effnet_status status =
        effnet_array_writer_create(&t->writer, choice->path, arrays, choice->count, &error);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

void taps_free(taps *t)
{
    effnet_array_writer_free(t->writer);
    for (size_t i = 0; i < MAX_TAPS; i++) {
        free(t->values[i]);
        free(t->rows[i]);
    }
}

/* ---- running ---- */

void layout_to_nchw(float *out, const float *in, size_t pixels, size_t channels)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++)
            out[c * pixels + p] = in[p * channels + c];
}

void layout_to_nhwc(float *out, const float *in, size_t pixels, size_t channels)
{
    layout_to_nchw(out, in, channels, pixels); /* the same transposition, seen from the other side */
}

/* The first `count` images of values become rows of the file. */
static int append(taps *t, size_t count)
{
    const float *rows[MAX_TAPS];
    for (size_t i = 0; i < t->choice->count; i++) {
        const size_t size = t->sizes[i], channels = (size_t)t->shapes[i].channels;
        rows[i] = t->choice->layout == LAYOUT_NCHW ? t->rows[i] : t->values[i];
        for (size_t n = 0; n < count && rows[i] == t->rows[i]; n++)
            layout_to_nchw(t->rows[i] + n * size, t->values[i] + n * size, size / channels, channels);
    }
    effnet_error error;
    if (effnet_array_writer_append(t->writer, rows, count, &error) != EFFNET_OK) return report_error(&error);
    t->images += count;
    return EXIT_DONE;
}

int taps_run(taps *t, effnet_session *session, const float *inputs, size_t count)
{
    effnet_output outputs[MAX_TAPS];
    for (size_t i = 0; i < t->choice->count; i++)
        outputs[i] = (effnet_output){t->choice->endpoints[i], t->values[i]};
    effnet_error error;
    if (effnet_session_run(session, inputs, count, outputs, t->choice->count, &error) != EFFNET_OK)
        return report_error(&error);
    return append(t, count);
}

int taps_save(const taps *t)
{
    effnet_error error;
    signals_hold();
    const effnet_status status = effnet_array_writer_save(t->writer, &error);
    signals_release();
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

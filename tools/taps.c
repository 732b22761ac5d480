/* SPDX-License-Identifier: Apache-2.0
 *
 * See taps.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "taps.h"

#include <stdint.h>
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

/* ---- running ---- */

int taps_open(taps *t, const tap_choice *choice, const effnet_session *session, size_t batch)
{
    *t = (taps){.choice = choice};
    for (size_t i = 0; i < choice->count; i++) {
        effnet_error error;
        effnet_shape *shape = &t->shapes[i];
        if (effnet_session_get_shape(session, choice->endpoints[i], shape, &error) != EFFNET_OK)
            return report_error(&error);
        t->sizes[i] = (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
        t->scratch[i] = calloc(batch, t->sizes[i] * sizeof(float));
        if (!t->scratch[i]) return report_failure(EXIT_SYSTEM, "out of memory");
    }
    return EXIT_DONE;
}

void taps_free(taps *t)
{
    for (size_t i = 0; i < MAX_TAPS; i++) {
        free(t->values[i]);
        free(t->scratch[i]);
    }
}

/* Room for `images` rows of every endpoint. */
static bool reserve(taps *t, size_t images)
{
    size_t capacity = t->capacity ? t->capacity : 1;
    while (capacity < images)
        capacity *= 2;
    if (capacity == t->capacity) return true;
    for (size_t i = 0; i < t->choice->count; i++) {
        if (capacity > SIZE_MAX / sizeof(float) / t->sizes[i]) return false;
        float *grown = realloc(t->values[i], capacity * t->sizes[i] * sizeof(float));
        if (!grown) return false;
        t->values[i] = grown;
    }
    t->capacity = capacity;
    return true;
}

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

/* The `count` images in scratch become rows. */
static void keep(taps *t, size_t count)
{
    for (size_t i = 0; i < t->choice->count; i++) {
        const size_t size = t->sizes[i], channels = (size_t)t->shapes[i].channels;
        for (size_t n = 0; n < count; n++) {
            float *row = t->values[i] + (t->images + n) * size;
            if (t->choice->layout == LAYOUT_NCHW)
                layout_to_nchw(row, t->scratch[i] + n * size, size / channels, channels);
            else
                memcpy(row, t->scratch[i] + n * size, size * sizeof(float));
        }
    }
    t->images += count;
}

int taps_run(taps *t, effnet_session *session, const float *inputs, size_t count)
{
    effnet_output outputs[MAX_TAPS];
    for (size_t i = 0; i < t->choice->count; i++)
        outputs[i] = (effnet_output){t->choice->endpoints[i], t->scratch[i]};
    effnet_error error;
    if (!reserve(t, t->images + count)) return report_failure(EXIT_SYSTEM, "out of memory");
    if (effnet_session_run(session, inputs, count, outputs, t->choice->count, &error) != EFFNET_OK)
        return report_error(&error);
    keep(t, count);
    return EXIT_DONE;
}

/* ---- writing ---- */

static effnet_array describe(const taps *t, size_t i)
{
    const effnet_shape *s = &t->shapes[i];
    const size_t h = (size_t)s->height, w = (size_t)s->width, c = (size_t)s->channels;
    const char *name = t->choice->endpoints[i];
    effnet_array array = {.name = name, .rank = 4, .shape = {t->images, c, h, w}, .data = t->values[i]};
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

int taps_save(const taps *t)
{
    effnet_array arrays[MAX_TAPS];
    for (size_t i = 0; i < t->choice->count; i++)
        arrays[i] = describe(t, i);
    effnet_error error;
    signals_hold();
    const effnet_status status = effnet_array_save(t->choice->path, arrays, t->choice->count, &error);
    signals_release();
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

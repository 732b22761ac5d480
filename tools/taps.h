/* SPDX-License-Identifier: Apache-2.0
 *
 * Endpoints of a network that go to a file: which ones, their values for a row of images, and how they lie in
 * the arrays written. `features` and `run` share it.
 */
#ifndef TOOLS_TAPS_H
#define TOOLS_TAPS_H

#include <effnet.h>

#include "options.h"

enum { MAX_TAPS = 64 };

typedef enum layout { LAYOUT_NCHW, LAYOUT_NHWC } layout;

#define TAP_OPTIONS                                                                                          \
    {'o', "output", "FILE", "where to write: .npy, .npz or .safetensors"},                                   \
        {OPTION_AT, "at", "A,B,...", "endpoints: reduction_1..5, block:N, features, pooled, logits"},        \
    {                                                                                                        \
        OPTION_LAYOUT, "layout", "nchw|nhwc", "order of dimensions in files (default: nchw)"                 \
    }

/* What the user asked for. */
typedef struct tap_choice {
    const char *path;
    char *names; /* the argument of --at, cut into names */
    const char *endpoints[MAX_TAPS];
    size_t count;
    layout layout;
} tap_choice;

/* Takes one of TAP_OPTIONS; false if `o` is at another one. */
bool tap_choice_take(tap_choice *choice, const option_parser *o);

/* Checks that -o was given and can hold all endpoints; without --at it is `endpoint`. */
void tap_choice_finish(tap_choice *choice, const char *caller, const char *endpoint);
void tap_choice_free(tap_choice *choice);

typedef struct taps {
    const tap_choice *choice;
    effnet_array_writer *writer;
    effnet_shape shapes[MAX_TAPS]; /* for one image */
    size_t sizes[MAX_TAPS];        /* floats for one image */
    float *values[MAX_TAPS];       /* [batch][height][width][channels], what the network gives */
    float *rows[MAX_TAPS];         /* [batch] of them in the file's layout */
    size_t images;                 /* written so far */
} taps;

/* Begins the file, with buffers for `batch` images at a time. Returns an exit code. */
int taps_open(taps *t, const tap_choice *choice, const effnet_session *session, size_t batch);
void taps_free(taps *t);

/* Runs `count` images, at most `batch`, and appends their rows. inputs: [count][height][width][channels]. */
int taps_run(taps *t, effnet_session *session, const float *inputs, size_t count);

/* Completes the file. Feature maps have four dimensions, "pooled" and "logits" two. */
int taps_save(const taps *t);

/* One image from [height][width][channels] to [channels][height][width], and back. */
void layout_to_nchw(float *out, const float *in, size_t pixels, size_t channels);
void layout_to_nhwc(float *out, const float *in, size_t pixels, size_t channels);

#endif

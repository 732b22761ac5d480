/* SPDX-License-Identifier: Apache-2.0
 *
 * See pictures.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "pictures.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "walk.h"

enum { MAX_FILE = 64 * 1024 * 1024 }; /* bytes of an encoded picture, the library's default */

struct pictures_state {
    const effnet_model *model;
    effnet_image_options options;
    walk *walk;
    size_t batch;
    size_t not_turned; /* pictures whose orientation was read and left */
};

bool picture_option_take(effnet_image_options *image, const option_parser *o)
{
    switch (o->option->id) {
    case OPTION_EXIF: image->exif = true; return true;
    case OPTION_ALLOW_TRUNCATED: image->allow_truncated = true; return true;
    case OPTION_MAX_SIDE: image->max_side = (size_t)options_number(o, 1, INT_MAX); return true;
    case OPTION_MAX_PIXELS: image->max_pixels = (size_t)options_number(o, 1, INT_MAX); return true;
    default: return false;
    }
}

int pictures_open(pictures *p, const effnet_model *model, const effnet_image_options *options,
                  char *const *paths, size_t path_count, size_t batch)
{
    effnet_network_info network;
    effnet_network_get_info(effnet_model_get_network(model), &network);
    *p = (pictures){.items = calloc(batch, sizeof *p->items)};
    struct pictures_state *s = p->state = calloc(1, sizeof *s);
    if (s) {
        s->model = model;
        s->options = *options;
        s->batch = batch;
        p->input_size = (size_t)network.height * (size_t)network.width * (size_t)network.channels;
        s->walk = walk_open(paths, path_count);
        p->inputs = calloc(batch, p->input_size * sizeof *p->inputs);
    }
    if (p->items && s && s->walk && p->inputs) return EXIT_DONE;
    pictures_close(p);
    return report_failure(EXIT_SYSTEM, "out of memory");
}

static void forget_items(pictures *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->items[i].path);
    p->count = p->ready = 0;
}

void pictures_close(pictures *p)
{
    forget_items(p);
    if (p->state) walk_close(p->state->walk);
    free(p->state);
    free(p->items);
    free(p->inputs);
    *p = (pictures){0};
}

/* Reads one picture into the next free slot. */
static void prepare(pictures *p, picture *item)
{
    struct pictures_state *s = p->state;
    void *bytes = NULL;
    size_t size = 0;
    if (effnet_file_read(&bytes, &size, item->path, MAX_FILE, &item->error) != EFFNET_OK) return;
    float *input = p->inputs + p->ready * p->input_size;
    if (effnet_model_prepare_image(s->model, bytes, size, &s->options, input, &item->info, &item->error) !=
        EFFNET_OK)
        report_prefix(&item->error, strcmp(item->path, "-") == 0 ? "standard input" : item->path);
    else
        item->slot = p->ready++;
    if (item->error.code == EFFNET_OK && item->info.orientation > 1 && !s->options.exif) s->not_turned++;
    free(bytes);
}

/* Keeps a failed picture in the row and says so. */
static void note_failure(pictures *p, picture *item)
{
    const int code = report_error(&item->error);
    if (p->failure == 0) p->failure = code;
}

static void tell_not_turned(size_t count)
{
    if (count == 1) report_note("1 picture has an EXIF orientation, which was left alone; --exif turns it");
    if (count > 1)
        report_note("%zu pictures have an EXIF orientation, which was left alone; --exif turns them", count);
}

bool pictures_next(pictures *p)
{
    forget_items(p);
    while (p->count < p->state->batch) {
        picture *item = &p->items[p->count];
        memset(item, 0, sizeof *item);
        const char *path = walk_next(p->state->walk, &item->error);
        if (!path) break;
        p->count++;
        item->path = strdup(path);
        if (!item->path)
            report_set(&item->error, EFFNET_ERR_MEMORY, "out of memory");
        else if (item->error.code == EFFNET_OK)
            prepare(p, item);
        if (item->error.code != EFFNET_OK) note_failure(p, item);
    }
    if (p->count == 0) tell_not_turned(p->state->not_turned);
    return p->count > 0;
}

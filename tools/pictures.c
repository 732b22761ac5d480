/* SPDX-License-Identifier: Apache-2.0
 *
 * See pictures.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "pictures.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report.h"

enum { MAX_FILE = 64 * 1024 * 1024 }; /* bytes of an encoded picture, the library's default */

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

/* What the paths will give, as far as can be told without reading folders. */
static size_t expect(char *const *paths, size_t count)
{
    struct stat info;
    for (size_t i = 0; i < count; i++)
        if (strcmp(paths[i], "-") != 0 && stat(paths[i], &info) == 0 && S_ISDIR(info.st_mode))
            return SIZE_MAX;
    return count;
}

int pictures_open(pictures *p, const effnet_model *model, const effnet_image_options *options,
                  char *const *paths, size_t path_count)
{
    effnet_network_info network;
    effnet_network_get_info(effnet_model_get_network(model), &network);
    *p = (pictures){.model = model,
                    .options = options,
                    .walk = walk_open(paths, path_count),
                    .expected = expect(paths, path_count),
                    .input_size = (size_t)network.height * (size_t)network.width * (size_t)network.channels};
    return p->walk ? EXIT_DONE : report_failure(EXIT_SYSTEM, "out of memory");
}

void pictures_close(pictures *p)
{
    walk_close(p->walk);
    *p = (pictures){0};
}

bool picture_batch_make(picture_batch *b, size_t size)
{
    *b = (picture_batch){.items = calloc(size, sizeof *b->items), .size = size};
    return b->items;
}

static void forget_items(picture_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->items[i].path);
    b->count = b->ready = 0;
}

void picture_batch_free(picture_batch *b)
{
    forget_items(b);
    free(b->items);
    *b = (picture_batch){0};
}

bool pictures_take(pictures *p, picture_batch *b)
{
    forget_items(b);
    while (b->count < b->size) {
        picture *item = &b->items[b->count];
        *item = (picture){0};
        const char *path = walk_next(p->walk, &item->error);
        if (!path) break;
        b->count++;
        item->path = strdup(path);
        if (!item->path) report_set(&item->error, EFFNET_ERR_MEMORY, "out of memory");
    }
    return b->count > 0;
}

static void prepare(const pictures *p, picture *item, float *input)
{
    void *bytes = NULL;
    size_t size = 0;
    if (effnet_file_read(&bytes, &size, item->path, MAX_FILE, &item->error) != EFFNET_OK) return;
    if (effnet_model_prepare_image(p->model, bytes, size, p->options, input, &item->info, &item->error) !=
        EFFNET_OK)
        report_prefix(&item->error, strcmp(item->path, "-") == 0 ? "standard input" : item->path);
    free(bytes);
}

void pictures_prepare(const pictures *p, picture_batch *b, float *inputs)
{
    for (size_t i = 0; i < b->count; i++) {
        picture *item = &b->items[i];
        if (item->error.code == EFFNET_OK) prepare(p, item, inputs + b->ready * p->input_size);
        if (item->error.code == EFFNET_OK) item->slot = b->ready++;
    }
}

void pictures_report(pictures *p, const picture_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const picture *item = &b->items[i];
        if (item->error.code == EFFNET_OK) {
            p->not_turned += item->info.orientation > 1 && !p->options->exif;
            continue;
        }
        const int code = report_error(&item->error);
        if (p->failure == EXIT_DONE) p->failure = code;
    }
}

int pictures_finish(const pictures *p)
{
    if (p->not_turned == 1)
        report_note("1 picture has an EXIF orientation, which was left alone; --exif turns it");
    if (p->not_turned > 1)
        report_note("%zu pictures have an EXIF orientation, which was left alone; --exif turns them",
                    p->not_turned);
    return p->failure;
}

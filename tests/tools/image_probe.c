/* SPDX-License-Identifier: Apache-2.0
 *
 * Shows what src/image makes of files, for scripts that compare it with other programs. Reads requests from
 * standard input, one a line, words separated by tabs:
 *     decode FILE EXIF
 *     resize FILE HEIGHT WIDTH FILTER ANTIALIAS [LEFT TOP RIGHT BOTTOM]
 *     recipe FILE CHANNELS RECIPE
 * and answers each with a line "ok HEIGHT WIDTH CHANNELS ORIENTATION" followed by the pixels (bytes; float32
 * for recipe), or with a line "error MESSAGE".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "image/recipe.h"

enum { MAX_WORDS = 10, MAX_FILE = 256 * 1024 * 1024 };

static effnet_status decode_file(image *out, const char *path, bool exif, effnet_error *error)
{
    source *file;
    void *bytes;
    size_t size;
    TRY(source_open_file(&file, path, error));
    effnet_status status = source_read_all(file, MAX_FILE, &bytes, &size, error);
    source_close(file);
    if (status != EFFNET_OK) return status;
    status = image_decode(out, bytes, size, &(image_options){.exif = exif}, error);
    free(bytes);
    return status;
}

static void answer(int height, int width, int channels, int orientation, const void *values, size_t size)
{
    printf("ok %d %d %d %d\n", height, width, channels, orientation);
    fwrite(values, (size_t)height * (size_t)width * (size_t)channels, size, stdout);
}

static effnet_status do_decode(char **words, int count, effnet_error *error)
{
    image picture;
    if (count != 3) return error_set(error, EFFNET_ERR_ARGUMENT, "decode FILE EXIF");
    TRY(decode_file(&picture, words[1], atoi(words[2]), error));
    answer(picture.height, picture.width, 3, picture.orientation, picture.pixels, 1);
    image_free(&picture);
    return EFFNET_OK;
}

static effnet_status do_resize(char **words, int count, effnet_error *error)
{
    image picture, resized;
    double box[4];
    if (count != 6 && count != 10)
        return error_set(error, EFFNET_ERR_ARGUMENT, "resize FILE HEIGHT WIDTH ...");
    for (int i = 6; i < count; i++)
        box[i - 6] = strtod(words[i], NULL);
    const image_filter filter = !strcmp(words[4], "bicubic")    ? IMAGE_BICUBIC
                                : !strcmp(words[4], "bilinear") ? IMAGE_BILINEAR
                                                                : IMAGE_NEAREST;
    TRY(decode_file(&picture, words[1], false, error));
    const effnet_status status = image_resize(&resized, &picture, atoi(words[2]), atoi(words[3]), filter,
                                              atoi(words[5]), count == 10 ? box : NULL, error);
    image_free(&picture);
    if (status != EFFNET_OK) return status;
    answer(resized.height, resized.width, 3, 1, resized.pixels, 1);
    image_free(&resized);
    return EFFNET_OK;
}

static effnet_status do_recipe(char **words, int count, effnet_error *error)
{
    image picture;
    if (count != 4) return error_set(error, EFFNET_ERR_ARGUMENT, "recipe FILE CHANNELS RECIPE");
    recipe r = recipe_default(224, 224);
    TRY(recipe_parse(&r, words[3], error));
    TRY(decode_file(&picture, words[1], false, error));
    const int channels = atoi(words[2]);
    float *values = calloc((size_t)r.height * (size_t)r.width * 4, sizeof *values);
    const effnet_status status =
        values ? recipe_apply(&r, &picture, channels, values, error) : error_memory(error);
    if (status == EFFNET_OK) answer(r.height, r.width, channels, picture.orientation, values, sizeof *values);
    free(values);
    image_free(&picture);
    return status;
}

static effnet_status do_request(char *line, effnet_error *error)
{
    char *words[MAX_WORDS];
    int count = 0;
    for (char *word = strtok(line, "\t\n"); word && count < MAX_WORDS; word = strtok(NULL, "\t\n"))
        words[count++] = word;
    if (count > 0 && !strcmp(words[0], "decode")) return do_decode(words, count, error);
    if (count > 0 && !strcmp(words[0], "resize")) return do_resize(words, count, error);
    if (count > 0 && !strcmp(words[0], "recipe")) return do_recipe(words, count, error);
    return error_set(error, EFFNET_ERR_ARGUMENT, "no such request");
}

int main(void)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        effnet_error error;
        if (do_request(line, &error) != EFFNET_OK) printf("error %s\n", error.message);
        fflush(stdout);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of src/train/data share: trees of files in a scratch folder of their own, and IDX files.
 */
#ifndef TEST_DATA_TEST_H
#define TEST_DATA_TEST_H

#include "image_test.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree[64]; /* the scratch folder of the running test */

/* The path of `name` in the tree; good until eight further calls. */
static inline const char *in_tree(const char *name)
{
    static char paths[8][512];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", tree, name);
    return path;
}

static inline int make_tree(void **state)
{
    (void)state;
    strcpy(tree, "/tmp/effnet-data-XXXXXX");
    return mkdtemp(tree) ? 0 : -1;
}

static inline int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static inline int remove_tree(void **state)
{
    (void)state;
    return nftw(tree, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file with all folders above it. */
static inline void put_file(const char *name, const void *data, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", tree, name);
    for (char *slash = path + strlen(tree) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0777);
    }
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static inline void put_text(const char *name, const char *text)
{
    put_file(name, text, strlen(text));
}

/* A PNG of one colour, so that tests can tell pictures apart. */
static inline void put_picture(const char *name, int height, int width, int red, int green, int blue)
{
    image p = formula_picture(height, width);
    for (size_t i = 0; i < pixels_size(&p); i += 3) {
        p.pixels[i] = (uint8_t)red;
        p.pixels[i + 1] = (uint8_t)green;
        p.pixels[i + 2] = (uint8_t)blue;
    }
    bytes file = make_png(&p, NULL);
    put_file(name, file.data, file.size);
    bytes_free(&file);
    image_free(&p);
}

/* Pictures "folder/0.png" ... */
static inline void put_pictures(const char *to, int count)
{
    char name[256];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s/%d.png", to, i);
        put_picture(name, 2, 3, i, 10, 20);
    }
}

static inline bytes make_idx(int type, int rank, const uint32_t *shape, const void *data, size_t size)
{
    bytes b = {0};
    put_u16_be(&b, 0);
    put_byte(&b, type);
    put_byte(&b, rank);
    for (int i = 0; i < rank; i++)
        put_u32_be(&b, shape[i]);
    put(&b, data, size);
    return b;
}

static inline bytes make_gzip(const bytes *plain)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    bytes packed = {0};
    const size_t room = plain->size + plain->size / 1000 + 64;
    z.next_out = put_room(&packed, room);
    z.avail_out = (uInt)room;
    z.next_in = plain->data;
    z.avail_in = (uInt)plain->size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed.size = room - z.avail_out;
    deflateEnd(&z);
    return packed;
}

/* "train" or "t10k" pictures of height x width grey pixels and their classes, i % classes. */
static inline void put_idx_part(const char *stem, uint32_t count, uint32_t height, uint32_t width,
                                int classes, bool packed)
{
    bytes pixels = {0}, labels = {0};
    for (uint32_t i = 0; i < count; i++) {
        put_repeated(&pixels, (int)(i * 7 % 256), (size_t)height * width);
        put_byte(&labels, (int)i % classes);
    }
    bytes parts[2] = {make_idx(8, 3, (uint32_t[]){count, height, width}, pixels.data, pixels.size),
                      make_idx(8, 1, &count, labels.data, labels.size)};
    static const char *const names[2] = {"images-idx3-ubyte", "labels-idx1-ubyte"};
    for (int i = 0; i < 2; i++) {
        char name[128];
        bytes gzip = make_gzip(&parts[i]);
        snprintf(name, sizeof name, "%s-%s%s", stem, names[i], packed ? ".gz" : "");
        const bytes *chosen = packed ? &gzip : &parts[i];
        put_file(name, chosen->data, chosen->size);
        bytes_free(&gzip);
        bytes_free(&parts[i]);
    }
    bytes_free(&pixels);
    bytes_free(&labels);
}

#endif

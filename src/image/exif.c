/* SPDX-License-Identifier: Apache-2.0
 *
 * EXIF orientation. Source: Exif 2.32, section 4.6 (TIFF structure) and the tag 0x0112 "Orientation", whose
 * eight values name where the stored picture's first row and first column belong.
 */
#include "image/exif.h"

#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/sizes.h"

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, TYPE_LONG = 4, TIFF_MAGIC = 42, ENTRY_SIZE = 12 };

typedef struct tiff {
    reader r;
    bool big_endian;
} tiff;

static uint16_t tiff_u16(tiff *t)
{
    return t->big_endian ? reader_u16_be(&t->r) : reader_u16(&t->r);
}

static uint32_t tiff_u32(tiff *t)
{
    return t->big_endian ? reader_u32_be(&t->r) : reader_u32(&t->r);
}

/* The value of one directory entry if it is the orientation, 0 if it is not. The next entry starts where this
 * one leaves the reader. */
static uint32_t entry_orientation(tiff *t)
{
    const uint16_t tag = tiff_u16(t), type = tiff_u16(t);
    const uint32_t count = tiff_u32(t);
    const size_t value_at = t->r.position;
    uint32_t value = 0;
    if (tag == TAG_ORIENTATION && count == 1 && type == TYPE_SHORT) value = tiff_u16(t);
    if (tag == TAG_ORIENTATION && count == 1 && type == TYPE_LONG) value = tiff_u32(t);
    reader_seek(&t->r, value_at + 4);
    return value;
}

static bool open_tiff(tiff *t, const uint8_t *bytes, size_t size)
{
    static const uint8_t prefix[6] = "Exif\0";
    if (size >= sizeof prefix && memcmp(bytes, prefix, sizeof prefix) == 0) {
        bytes += sizeof prefix;
        size -= sizeof prefix;
    }
    *t = (tiff){.r = reader_over(bytes, size, 0)};
    const uint8_t *order = reader_bytes(&t->r, 2);
    if (!order || order[0] != order[1] || (order[0] != 'I' && order[0] != 'M')) return false;
    t->big_endian = order[0] == 'M';
    return tiff_u16(t) == TIFF_MAGIC;
}

int exif_orientation(const uint8_t *bytes, size_t size)
{
    tiff t;
    if (!open_tiff(&t, bytes, size)) return 1;
    reader_seek(&t.r, tiff_u32(&t));
    const uint16_t entries = tiff_u16(&t);
    for (uint16_t i = 0; i < entries && reader_left(&t.r) >= ENTRY_SIZE; i++) {
        const uint32_t value = entry_orientation(&t);
        if (reader_ok(&t.r) && value >= 1 && value <= 8) return (int)value;
    }
    return 1;
}

enum { CHANNELS = 3 };

static void swap_pixels(uint8_t *a, uint8_t *b)
{
    for (int c = 0; c < CHANNELS; c++) {
        const uint8_t kept = a[c];
        a[c] = b[c];
        b[c] = kept;
    }
}

static void mirror_columns(image *p)
{
    const size_t row_size = CHANNELS * (size_t)p->width;
    for (int y = 0; y < p->height; y++) {
        uint8_t *left = p->pixels + (size_t)y * row_size, *right = left + row_size - CHANNELS;
        for (; left < right; left += CHANNELS, right -= CHANNELS)
            swap_pixels(left, right);
    }
}

static void mirror_rows(image *p)
{
    const size_t row_size = CHANNELS * (size_t)p->width;
    for (int y = 0; y < p->height / 2; y++) {
        uint8_t *top = p->pixels + (size_t)y * row_size;
        uint8_t *bottom = p->pixels + (size_t)(p->height - 1 - y) * row_size;
        for (size_t i = 0; i < row_size; i++) {
            const uint8_t kept = top[i];
            top[i] = bottom[i];
            bottom[i] = kept;
        }
    }
}

/* Rows become columns. In tiles, so that reads and writes both stay within few cache lines. */
static effnet_status transpose(image *p, effnet_error *error)
{
    enum { TILE = 32 };
    const int height = p->height, width = p->width;
    uint8_t *turned = malloc((size_t)height * (size_t)width * CHANNELS);
    if (!turned) return error_memory(error);
    for (int y0 = 0; y0 < height; y0 += TILE)
        for (int x0 = 0; x0 < width; x0 += TILE)
            for (int y = y0; y < height && y < y0 + TILE; y++)
                for (int x = x0; x < width && x < x0 + TILE; x++)
                    memcpy(turned + ((size_t)x * (size_t)height + (size_t)y) * CHANNELS,
                           p->pixels + ((size_t)y * (size_t)width + (size_t)x) * CHANNELS, CHANNELS);
    free(p->pixels);
    p->pixels = turned;
    p->height = width;
    p->width = height;
    return EFFNET_OK;
}

effnet_status exif_turn(image *picture, int orientation, effnet_error *error)
{
    /* Each case as a transposition, if any, followed by mirrors. */
    static const struct {
        bool transpose, columns, rows;
    } steps[9] = {
        [2] = {.columns = true},
        [3] = {.columns = true, .rows = true},
        [4] = {.rows = true},
        [5] = {.transpose = true},
        [6] = {.transpose = true, .columns = true},
        [7] = {.transpose = true, .columns = true, .rows = true},
        [8] = {.transpose = true, .rows = true},
    };
    if (orientation < 2 || orientation > 8) return EFFNET_OK;
    if (steps[orientation].transpose) TRY(transpose(picture, error));
    if (steps[orientation].columns) mirror_columns(picture);
    if (steps[orientation].rows) mirror_rows(picture);
    return EFFNET_OK;
}

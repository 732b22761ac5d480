/* SPDX-License-Identifier: Apache-2.0
 *
 * Names for files that are not pictures effnet reads, so that an error can say what was found. A guess from
 * the first bytes; nothing is parsed.
 */
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "image/decode.h"

typedef struct signature {
    uint8_t offset, length;
    const char *magic, *name;
} signature;

#define AT(offset, magic, name)                                                                              \
    {                                                                                                        \
        offset, sizeof(magic) - 1, magic, name                                                               \
    }

/* The first that fits counts. */
static const signature signatures[] = {
    AT(0, "GIF87a", "GIF"),
    AT(0, "GIF89a", "GIF"),
    AT(0, "II*\0", "TIFF"),
    AT(0, "MM\0*", "TIFF"),
    AT(0, "II+\0", "BigTIFF"),
    AT(0, "MM\0+", "BigTIFF"),
    AT(0, "BM", "BMP"),
    AT(4, "ftypavif", "AVIF"),
    AT(4, "ftypavis", "AVIF"),
    AT(4, "ftyphei", "HEIC"),
    AT(4, "ftyphev", "HEIC"),
    AT(4, "ftypmif1", "HEIC or AVIF"),
    AT(4, "ftypmsf1", "HEIC or AVIF"),
    AT(4, "ftyp", "a video (MP4)"),
    AT(0, "\0\0\0\x0cjP  ", "JPEG 2000"),
    AT(0, "\xff\x4f\xff\x51", "JPEG 2000"),
    AT(0, "\0\0\0\x0cJXL ", "JPEG XL"),
    AT(0, "\xff\x0a", "JPEG XL"),
    AT(0, "\0\0\1\0", "ICO"),
    AT(0, "8BPS", "PSD"),
    AT(0, "qoif", "QOI"),
    AT(0, "%PDF", "a PDF document"),
    AT(0, "%!PS", "PostScript"),
    AT(0, "\xc5\xd0\xd3\xc6", "EPS"),
    AT(0, "PK\3\4", "a zip archive"),
    AT(0, "\x1f\x8b", "gzip data"),
    AT(0, "\x1a\x45\xdf\xa3", "a video (Matroska)"),
    AT(0, "\x89HDF\r\n\x1a\n", "HDF5"),
    AT(0, "version https://git-lfs", "a Git LFS pointer, not the picture itself"),
    AT(8, "AVI ", "a video (AVI)"),
    AT(8, "WAVE", "a sound (WAV)"),
};

enum { SVG_SEARCH = 1024 };

static bool contains(const char *bytes, size_t size, const char *word)
{
    const size_t length = strlen(word);
    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(bytes + i, word, length) == 0) return true;
    return false;
}

/* No control characters but white space, and valid UTF-8 as far as looked at. */
static bool looks_like_text(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        const unsigned char c = (unsigned char)bytes[i];
        const size_t length = text_utf8_length(bytes + i, size - i);
        if (length == 0) return size - i < 4 && i > 0; /* a character may be cut by the end of the search */
        if (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f') return false;
        i += length;
    }
    return true;
}

const char *decode_foreign_name(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const signature *s = &signatures[i];
        if (size >= (size_t)s->offset + s->length && memcmp(bytes + s->offset, s->magic, s->length) == 0)
            return s->name;
    }
    const size_t looked_at = size < SVG_SEARCH ? size : SVG_SEARCH;
    const char *text = (const char *)bytes;
    if (!looks_like_text(text, looked_at)) return "not a known picture format";
    if (contains(text, looked_at, "<svg")) return "SVG";
    if (contains(text, looked_at, "<html") || contains(text, looked_at, "<HTML") ||
        contains(text, looked_at, "<!DOCTYPE"))
        return "HTML";
    return "text";
}

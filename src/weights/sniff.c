/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells what a file is from its first bytes. File names are never asked: half of all failed downloads are an
 * HTML page or a Git LFS pointer under the right name, and the message should say so.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/reader.h"
#include "weights/formats.h"

/* What is recognised only to be named. Where no other source is given, signatures are those of file(1). */
static const struct {
    uint16_t offset;
    uint8_t size;
    char bytes[24];
    const char *what;
} others[] = {
    {0, 18, "version https://git", "a Git LFS pointer: fetch the file itself with git lfs pull"},
    {0, 8, "\x89PNG\r\n\x1a\n", "a PNG picture"},
    {0, 3, "\xFF\xD8\xFF", "a JPEG picture"},
    {0, 4, "GIF8", "a GIF picture"},
    {8, 4, "WEBP", "a WebP picture"},
    {0, 3, "\x1F\x8B\x08", "a gzip file: unpack it first"},
    {0, 3, "BZh", "a bzip2 file: unpack it first"},
    {0, 6,
     "\xFD"
     "7zXZ",
     "an xz file: unpack it first"},
    {0, 4, "\x28\xB5\x2F\xFD", "a zstd file: unpack it first"},
    {0, 6, "7z\xBC\xAF\x27\x1C", "a 7-Zip archive: unpack it first"},
    {257, 5, "ustar",
     "a tar archive: unpack it, or if PyTorch before 0.1.10 wrote it, save it again with PyTorch"},
    {0, 8, "\x89HDF\r\n\x1a\n", "an HDF5 file (Keras .h5)"},
    {4, 4, "TFL3", "a TensorFlow Lite model"},
    {0, 4, "GGUF", "a GGUF file"},
    {0, 6, "\x93NUMPY", "a NumPy array"},
    {0, 4, "%PDF", "a PDF document"},
    {0, 4,
     "\x7F"
     "ELF",
     "a program"},
};

static bool starts_with(const uint8_t *bytes, size_t size, const char *text)
{
    const size_t length = strlen(text);
    return size >= length && strncasecmp((const char *)bytes, text, length) == 0;
}

static bool is_html(const uint8_t *bytes, size_t size)
{
    while (size && (*bytes == ' ' || *bytes == '\n' || *bytes == '\r' || *bytes == '\t')) {
        bytes++;
        size--;
    }
    return starts_with(bytes, size, "<!doctype html") || starts_with(bytes, size, "<html") ||
           starts_with(bytes, size, "<head") || starts_with(bytes, size, "<?xml");
}

/* An ONNX ModelProto starts with field 1, ir_version, a small number, then field 2, the producer's name, or
 * field 7, the graph (onnx/onnx, onnx/onnx.proto). */
static bool is_onnx(const uint8_t *bytes, size_t size)
{
    return size >= 4 && bytes[0] == 0x08 && bytes[1] >= 1 && bytes[1] < 32 &&
           (bytes[2] == 0x12 || bytes[2] == 0x3A);
}

static const char *name_other(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (size >= (size_t)others[i].offset + others[i].size &&
            memcmp(bytes + others[i].offset, others[i].bytes, others[i].size) == 0)
            return others[i].what;
    if (is_html(bytes, size)) return "a web page, not the file that it should lead to";
    if (is_onnx(bytes, size)) return "an ONNX model";
    return NULL;
}

/* Safetensors have no magic: a length comes first, then white space or a brace. `small` asks for a length
 * that is not absurd; no other format looks like that, so it is asked before all the magics, which some
 * lengths look like. */
static bool is_safetensors(const uint8_t *bytes, size_t size, bool small)
{
    reader in = reader_over(bytes, size, 0);
    const uint64_t length = reader_u64(&in);
    const uint8_t next = reader_peek(&in);
    const bool space = next == ' ' || next == '\n' || next == '\r' || next == '\t';
    if (!small) return next == '{';
    return (next == '{' || space) && length < UINT32_MAX;
}

static bool is_zip(const uint8_t *bytes, size_t size)
{
    return size >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0);
}

/* PROTO, of any version that PyTorch can be told to write. */
static bool is_pickle(const uint8_t *bytes, size_t size)
{
    return size >= 2 && bytes[0] == 0x80 && bytes[1] >= 1 && bytes[1] <= 5;
}

effnet_status sniff_format(state_format *out, const uint8_t *bytes, size_t size, effnet_error *error)
{
    *out = STATE_SAFETENSORS;
    if (size == 0) return error_set(error, EFFNET_ERR_FORMAT, "truncated: the file is empty");
    if (is_safetensors(bytes, size, true)) return EFFNET_OK;
    *out = is_zip(bytes, size) ? STATE_TORCH_ZIP : STATE_TORCH_LEGACY;
    if (is_zip(bytes, size) || is_pickle(bytes, size)) return EFFNET_OK;
    const char *other = name_other(bytes, size);
    if (other)
        return error_set(error, EFFNET_ERR_UNSUPPORTED, "not weights that effnet reads, but %s", other);
    *out = STATE_SAFETENSORS;
    if (size == 8 || is_safetensors(bytes, size, false)) return EFFNET_OK;
    if (size < 8)
        return error_set(error, EFFNET_ERR_FORMAT,
                         "truncated: %zu bytes; the header of a safetensors file alone takes 8", size);
    return error_set(error, EFFNET_ERR_FORMAT,
                     "not weights that effnet reads: neither safetensors nor PyTorch's format");
}

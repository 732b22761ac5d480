/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads numpy's .npy. Its header is a Python dictionary as text, of which only the form that numpy itself
 * writes is read: nothing is evaluated.
 *
 *     93 'N' 'U' 'M' 'P' 'Y'  major minor  header size (u16, or u32 from version 2 on)  header  values
 *     header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }  spaces  newline
 *
 * Format: numpy/lib/format.py, versions 1.0 to 3.0.
 */
#include "weights/arrays.h"

#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/sizes.h"
#include "base/source.h"

enum {
    MAGIC_SIZE = 8,          /* with the version */
    MAX_HEADER = 64 * 1024,  /* numpy needs about 100 bytes */
    MAX_KEY = 32,            /* of a key or a type name */
    STREAM_LIMIT = 1u << 30, /* bytes taken from a pipe */
};

typedef struct npy_header {
    char type[MAX_KEY];
    bool fortran, has_type, has_order, has_shape;
    int rank;
    size_t shape[EFFNET_MAX_RANK];
} npy_header;

static void skip_spaces(reader *r)
{
    while (reader_peek(r) == ' ' || reader_peek(r) == '\n')
        reader_u8(r);
}

/* Passes over `symbol` if it is next, after spaces. */
static bool accept(reader *r, char symbol)
{
    skip_spaces(r);
    if (reader_peek(r) != (uint8_t)symbol) return false;
    reader_u8(r);
    return true;
}

static void expect(reader *r, char symbol, const char *rule)
{
    if (!accept(r, symbol)) reader_fail(r, rule);
}

/* A quoted string without escapes. */
static void read_string(reader *r, char out[MAX_KEY])
{
    out[0] = '\0';
    const char quote = accept(r, '\'') ? '\'' : '"';
    if (quote == '"' && !accept(r, '"')) {
        reader_fail(r, "a quoted name was expected in the header");
        return;
    }
    size_t size = 0;
    const uint8_t *text = reader_until(r, (uint8_t)quote, &size);
    if (!text || size >= MAX_KEY) {
        reader_fail(r, "a name in the header is too long");
        return;
    }
    memcpy(out, text, size);
    out[size] = '\0';
}

static bool read_bool(reader *r)
{
    skip_spaces(r);
    const bool value = reader_peek(r) == 'T';
    const char *word = value ? "True" : "False";
    const uint8_t *text = reader_bytes(r, strlen(word));
    if (text && memcmp(text, word, strlen(word)) != 0) reader_fail(r, "neither True nor False");
    return value;
}

static size_t read_number(reader *r)
{
    skip_spaces(r);
    size_t value = 0, digits = 0;
    for (; reader_peek(r) >= '0' && reader_peek(r) <= '9'; digits++) {
        const size_t digit = (size_t)(reader_u8(r) - '0');
        if (!size_mul(&value, value, 10) || !size_add(&value, value, digit)) {
            reader_fail(r, "a dimension is too large");
            return 0;
        }
    }
    if (digits == 0) reader_fail(r, "a dimension was expected in the header");
    return value;
}

/* A Python tuple: (), (3,), (3, 4). */
static void read_shape(reader *r, npy_header *h)
{
    expect(r, '(', "'shape' is not a tuple");
    h->rank = 0;
    while (reader_ok(r) && !accept(r, ')')) {
        if (h->rank == EFFNET_MAX_RANK) {
            reader_fail(r, "more than 8 dimensions");
            return;
        }
        h->shape[h->rank++] = read_number(r);
        if (accept(r, ',')) continue;
        expect(r, ')', "'shape' is not a tuple");
        return;
    }
}

static void read_field(reader *r, npy_header *h)
{
    char key[MAX_KEY];
    read_string(r, key);
    expect(r, ':', "a colon was expected in the header");
    bool *seen = NULL;
    if (strcmp(key, "descr") == 0) {
        seen = &h->has_type;
        read_string(r, h->type);
    } else if (strcmp(key, "fortran_order") == 0) {
        seen = &h->has_order;
        h->fortran = read_bool(r);
    } else if (strcmp(key, "shape") == 0) {
        seen = &h->has_shape;
        read_shape(r, h);
    }
    if (!seen || *seen)
        reader_fail(r, "a field of the header is unknown or stands twice");
    else
        *seen = true;
}

static void read_fields(reader *r, npy_header *h)
{
    expect(r, '{', "the header is not a dictionary");
    while (reader_ok(r) && !accept(r, '}')) {
        read_field(r, h);
        if (accept(r, ',')) continue;
        expect(r, '}', "the header's dictionary does not end");
        break;
    }
    skip_spaces(r);
    if (reader_left(r) > 0) reader_fail(r, "the header goes on after its dictionary");
    if (!h->has_type || !h->has_order || !h->has_shape)
        reader_fail(r, "the header lacks 'descr', 'fortran_order' or 'shape'");
}

/* Where the values begin: checks magic and version and gives the header's place. */
static effnet_status find_header(const source *s, size_t *at, size_t *size, effnet_error *error)
{
    uint8_t start[MAGIC_SIZE + 4];
    if (source_size(s) < sizeof start)
        return error_set_at(error, EFFNET_ERR_FORMAT, source_size(s), "not a .npy file: too short");
    TRY(source_read(s, 0, start, sizeof start, error));
    if (memcmp(start, "\x93NUMPY", 6) != 0)
        return error_set_at(error, EFFNET_ERR_FORMAT, 0,
                            "not a .npy file: it does not begin with \\x93NUMPY");
    if (start[6] < 1 || start[6] > 3)
        return error_set_at(error, EFFNET_ERR_UNSUPPORTED, 6, ".npy version %d, wanted 1, 2 or 3", start[6]);
    reader r = reader_over(start + MAGIC_SIZE, 4, MAGIC_SIZE);
    *at = start[6] == 1 ? MAGIC_SIZE + 2 : MAGIC_SIZE + 4;
    *size = start[6] == 1 ? reader_u16(&r) : reader_u32(&r);
    if (*size > MAX_HEADER)
        return error_set_at(error, EFFNET_ERR_LIMIT, MAGIC_SIZE, "a header of %zu bytes, at most %d are read",
                            *size, MAX_HEADER);
    return EFFNET_OK;
}

static effnet_status read_header(const source *s, npy_header *h, uint64_t *values_at, effnet_error *error)
{
    size_t at = 0, size = 0;
    TRY(find_header(s, &at, &size, error));
    char *text = malloc(size ? size : 1);
    if (!text) return error_memory(error);
    effnet_status status = source_read(s, at, text, size, error);
    if (status == EFFNET_OK) {
        reader r = reader_over(text, size, at);
        read_fields(&r, h);
        status = reader_status(&r, error);
    }
    free(text);
    *values_at = at + size;
    if (status == EFFNET_OK && strcmp(h->type, "<f4") != 0)
        return error_set(error, EFFNET_ERR_UNSUPPORTED, "values are of type '%s', wanted float32 ('<f4')",
                         h->type);
    return status;
}

/* Values of a Fortran-order array (first index fastest) into row-major order. */
static void from_fortran(float *out, const float *in, int rank, const size_t *shape, size_t count)
{
    size_t index[EFFNET_MAX_RANK] = {0};
    size_t stride[EFFNET_MAX_RANK] = {0}; /* in `in`, elements */
    for (int d = 0; d < rank; d++)
        stride[d] = d == 0 ? 1 : stride[d - 1] * shape[d - 1];
    for (size_t i = 0; i < count; i++) {
        size_t from = 0;
        for (int d = 0; d < rank; d++)
            from += index[d] * stride[d];
        out[i] = in[from];
        for (int d = rank - 1; d >= 0 && ++index[d] == shape[d]; d--)
            index[d] = 0;
    }
}

static float host_float(const uint8_t *bytes)
{
    const uint32_t bits =
        (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The values, which must fill the rest of the file exactly, so nothing is allocated that is not there. */
static effnet_status read_values(const source *s, uint64_t at, const npy_header *h, float **out,
                                 effnet_error *error)
{
    size_t count, size;
    if (!size_product(&count, h->shape, (size_t)h->rank) || !size_mul(&size, count, sizeof(float)))
        return error_set(error, EFFNET_ERR_FORMAT, "the shape is too large");
    if (source_size(s) - at != size)
        return error_set_at(error, EFFNET_ERR_FORMAT, at, "%llu bytes of values, wanted %zu for the shape",
                            (unsigned long long)(source_size(s) - at), size);
    float *values = malloc(size ? size : 1);
    if (!values) return error_memory(error);
    effnet_status status = source_read(s, at, values, size, error);
    for (size_t i = 0; status == EFFNET_OK && i < count; i++)
        values[i] = host_float((const uint8_t *)(values + i));
    if (status == EFFNET_OK && h->fortran && h->rank > 1) {
        float *turned = malloc(size ? size : 1);
        if (turned)
            from_fortran(turned, values, h->rank, h->shape, count);
        else
            status = error_memory(error);
        free(values);
        values = turned;
    }
    if (status == EFFNET_OK)
        *out = values;
    else
        free(values);
    return status;
}

effnet_status arrays_load(effnet_array *out, const char *path, effnet_error *error)
{
    memset(out, 0, sizeof *out);
    source *s = NULL;
    TRY(source_open_path(&s, path, STREAM_LIMIT, error));
    npy_header h = {0};
    uint64_t at = 0;
    float *values = NULL;
    effnet_status status = read_header(s, &h, &at, error);
    if (status == EFFNET_OK) status = read_values(s, at, &h, &values, error);
    if (status != EFFNET_OK) error_prefix(error, status, source_name(s));
    source_close(s);
    TRY(status);
    out->name = "";
    out->rank = h.rank;
    memcpy(out->shape, h.shape, sizeof out->shape);
    out->data = values;
    return EFFNET_OK;
}

void arrays_free(effnet_array *array)
{
    if (!array) return;
    free(array->data);
    memset(array, 0, sizeof *array);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes safetensors: the header is made in memory, then each tensor is produced, converted and written in
 * turn. The same arguments give the same bytes, whoever runs it: no date, no name of this program, no hash
 * order. See safetensors.c for the format.
 */
#define _GNU_SOURCE /* open_memstream */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "base/sizes.h"
#include "base/text.h"
#include "weights/dtype.h"

/* Data starts at a multiple of 8 bytes, which the format allows for by padding the header with spaces. The
 * limit is the reader's. */
enum { ALIGNMENT = 8, CHUNK = 8192, HEADER_LIMIT = 8 * 1024 * 1024 };

static void print_string(FILE *f, const char *text)
{
    putc('"', f);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < 0x20)
            fprintf(f, "\\u%04x", c);
        else
            putc(c, f);
    }
    putc('"', f);
}

static void print_texts(FILE *f, const state_text *texts, size_t count)
{
    fprintf(f, "\"__metadata__\":{");
    for (size_t i = 0; i < count; i++) {
        if (i) putc(',', f);
        print_string(f, texts[i].key);
        putc(':', f);
        print_string(f, texts[i].value);
    }
    putc('}', f);
}

/* Prints one entry, whose data begins at *offset, and moves *offset past it. */
static effnet_status print_tensor(FILE *f, const state_output *t, size_t *offset, size_t *largest,
                                  effnet_error *error)
{
    size_t count, bytes, end;
    if (!size_product(&count, t->shape, (size_t)t->rank) || count > SIZE_MAX / sizeof(float) ||
        !size_mul(&bytes, count, state_dtype_size(t->dtype)) || !size_add(&end, *offset, bytes))
        return error_set(error, EFFNET_ERR_ARGUMENT, "tensor %.96s: the product of the shape overflows",
                         t->name);
    print_string(f, t->name);
    fprintf(f, ":{\"dtype\":\"%s\",\"shape\":[", state_dtype_name(t->dtype));
    for (int i = 0; i < t->rank; i++)
        fprintf(f, "%s%zu", i ? "," : "", t->shape[i]);
    fprintf(f, "],\"data_offsets\":[%zu,%zu]}", *offset, end);
    *offset = end;
    if (count > *largest) *largest = count;
    return EFFNET_OK;
}

static effnet_status print_header(FILE *f, const state_output *tensors, size_t count, const state_text *texts,
                                  size_t text_count, size_t *largest, effnet_error *error)
{
    size_t offset = 0;
    putc('{', f);
    if (text_count) print_texts(f, texts, text_count);
    for (size_t i = 0; i < count; i++) {
        if (i || text_count) putc(',', f);
        TRY(print_tensor(f, &tensors[i], &offset, largest, error));
    }
    putc('}', f);
    while (ftell(f) % ALIGNMENT != 0) /* the length before it takes 8 bytes */
        putc(' ', f);
    return EFFNET_OK;
}

static effnet_status make_header(char **header, size_t *size, const state_output *tensors, size_t count,
                                 const state_text *texts, size_t text_count, size_t *largest,
                                 effnet_error *error)
{
    *header = NULL;
    FILE *f = open_memstream(header, size);
    if (!f) return error_memory(error);
    effnet_status status = print_header(f, tensors, count, texts, text_count, largest, error);
    const bool failed = ferror(f) != 0;
    if ((fclose(f) != 0 || failed) && status == EFFNET_OK) status = error_memory(error);
    if (status == EFFNET_OK && *size > HEADER_LIMIT)
        status = error_set(error, EFFNET_ERR_LIMIT,
                           "safetensors header too large: %zu bytes, the limit is %d", *size, HEADER_LIMIT);
    return status;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the reader would refuse must not be written. Sorts `names`. */
static effnet_status check_names(const char **names, size_t count, const char *what, effnet_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!text_is_utf8(names[i], strlen(names[i])))
            return error_set(error, EFFNET_ERR_ARGUMENT, "%s %.96s: not valid UTF-8", what, names[i]);
    qsort(names, count, sizeof *names, compare_strings);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return error_set(error, EFFNET_ERR_ARGUMENT, "%s %.96s: given twice", what, names[i]);
    return EFFNET_OK;
}

static effnet_status check_arguments(const state_output *tensors, size_t count, const state_text *texts,
                                     size_t text_count, effnet_error *error)
{
    if (count > STATE_MAX_TENSORS)
        return error_set(error, EFFNET_ERR_LIMIT, "%zu tensors, the limit is %d", count, STATE_MAX_TENSORS);
    const char **names = calloc(count + text_count + 1, sizeof *names);
    if (!names) return error_memory(error);
    for (size_t i = 0; i < count; i++)
        names[i] = tensors[i].name;
    names[count] = "__metadata__";
    effnet_status status = check_names(names, count + 1, "tensor", error);
    for (size_t i = 0; i < count && status == EFFNET_OK; i++)
        if (strlen(tensors[i].name) > STATE_MAX_NAME)
            status = error_set(error, EFFNET_ERR_LIMIT, "tensor %.96s: name longer than %d bytes",
                               tensors[i].name, STATE_MAX_NAME);
    for (size_t i = 0; i < text_count; i++)
        names[i] = texts[i].key;
    if (status == EFFNET_OK) status = check_names(names, text_count, "metadata", error);
    for (size_t i = 0; i < text_count && status == EFFNET_OK; i++)
        if (!text_is_utf8(texts[i].value, strlen(texts[i].value)))
            status = error_set(error, EFFNET_ERR_ARGUMENT, "metadata %.96s: not valid UTF-8", texts[i].key);
    free(names);
    return status;
}

static effnet_status write_values(output *file, const state_output *t, const float *values, size_t count,
                                  effnet_error *error)
{
    uint8_t encoded[CHUNK * sizeof(uint64_t)];
    for (size_t done = 0; done < count;) {
        const size_t n = count - done < CHUNK ? count - done : CHUNK;
        const size_t good = dtype_encode(encoded, values + done, t->dtype, n);
        if (good < n)
            return error_set(error, EFFNET_ERR_FORMAT, "tensor %.96s: value %zu, %g, does not fit into %s",
                             t->name, done + good, (double)values[done + good], state_dtype_name(t->dtype));
        TRY(output_write(file, encoded, n * state_dtype_size(t->dtype), error));
        done += n;
    }
    return EFFNET_OK;
}

static effnet_status write_tensors(output *file, const state_output *tensors, size_t count, float *values,
                                   state_producer produce, void *context, effnet_error *error)
{
    for (size_t i = 0; i < count; i++) {
        size_t elements = 0;
        const bool fits = size_product(&elements, tensors[i].shape, (size_t)tensors[i].rank);
        assert(fits); /* print_tensor saw to it */
        (void)fits;
        TRY(produce(context, i, values, error));
        TRY(write_values(file, &tensors[i], values, elements, error));
    }
    return EFFNET_OK;
}

/* Writes what comes before the data; `largest` is raised to the elements of the largest tensor. */
static effnet_status write_header(output *file, const state_output *tensors, size_t count,
                                  const state_text *texts, size_t text_count, size_t *largest,
                                  effnet_error *error)
{
    char *header = NULL;
    size_t size = 0;
    effnet_status status = make_header(&header, &size, tensors, count, texts, text_count, largest, error);
    if (status == EFFNET_OK) {
        uint8_t length[ALIGNMENT];
        for (size_t i = 0; i < sizeof length; i++)
            length[i] = (uint8_t)((uint64_t)size >> 8 * i);
        status = output_write(file, length, sizeof length, error);
    }
    if (status == EFFNET_OK) status = output_write(file, header, size, error);
    free(header);
    return status;
}

effnet_status state_write_header(output *file, const state_output *tensors, size_t count,
                                 const state_text *texts, size_t text_count, effnet_error *error)
{
    size_t unused = 0;
    TRY(check_arguments(tensors, count, texts, text_count, error));
    return write_header(file, tensors, count, texts, text_count, &unused, error);
}

effnet_status state_write(const char *path, const state_output *tensors, size_t count,
                          const state_text *texts, size_t text_count, state_producer produce, void *context,
                          effnet_error *error)
{
    output *file = NULL;
    float *values = NULL;
    size_t largest = 1;
    TRY(check_arguments(tensors, count, texts, text_count, error));
    TRY(output_create(&file, path, error));
    effnet_status status = write_header(file, tensors, count, texts, text_count, &largest, error);
    if (status == EFFNET_OK) {
        values = malloc(largest * sizeof *values);
        status = values ? write_tensors(file, tensors, count, values, produce, context, error)
                        : error_memory(error);
    }
    free(values);
    if (status == EFFNET_OK) return output_commit(file, error);
    output_abort(file);
    return status;
}

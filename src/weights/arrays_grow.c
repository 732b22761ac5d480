/* SPDX-License-Identifier: Apache-2.0
 *
 * Arrays that grow by rows. Headers hold the number of rows, and each array is in one piece in its file, so
 * neither can be written before the last row is known: rows wait in a scratch file per array, and are copied
 * from there. That costs room on the disk, but no memory.
 */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sizes.h"
#include "weights/arrays_file.h"

struct effnet_array_writer {
    char *path;
    array_format format;
    bool failed; /* arrays may have different numbers of rows now */
    size_t count;
    array_part *parts; /* [count] */
    char **names;      /* [count], what the parts are called */
};

/* Bytes of one row; the shape was checked. */
static bool row_size(size_t *out, const effnet_array *a)
{
    return size_product(out, a->shape + 1, (size_t)a->rank - 1) && size_mul(out, *out, sizeof(float));
}

static effnet_status open_part(effnet_array_writer *w, size_t i, const effnet_array *array,
                               effnet_error *error)
{
    size_t unused;
    if (array->rank < 1 || array->rank > EFFNET_MAX_RANK)
        return error_set(error, EFFNET_ERR_ARGUMENT, "an array of rank %d has no rows to write", array->rank);
    if (!row_size(&unused, array))
        return error_set(error, EFFNET_ERR_ARGUMENT, "the shape of an array is too large");
    w->names[i] = strdup(array->name ? array->name : ""); /* in a .npy nobody sees it */
    if (!w->names[i]) return error_memory(error);
    array_part *part = &w->parts[i];
    part->array = *array;
    part->array.name = w->names[i];
    part->array.data = NULL;
    part->array.shape[0] = 0;
    return output_open_scratch(&part->scratch, w->path, error);
}

static effnet_status open_parts(effnet_array_writer *w, const effnet_array *arrays, size_t count,
                                effnet_error *error)
{
    w->parts = calloc(count ? count : 1, sizeof *w->parts);
    w->names = calloc(count ? count : 1, sizeof *w->names);
    if (!w->path || !w->parts || !w->names) return error_memory(error);
    w->count = count;
    for (size_t i = 0; i < count; i++)
        w->parts[i].scratch = -1;
    for (size_t i = 0; i < count; i++)
        TRY(open_part(w, i, &arrays[i], error));
    return EFFNET_OK;
}

effnet_status arrays_writer_create(effnet_array_writer **out, const char *path, const effnet_array *arrays,
                                   size_t count, effnet_error *error)
{
    *out = NULL;
    array_format format = ARRAYS_NPY;
    TRY(arrays_check(&format, path, arrays, count, error));
    effnet_array_writer *w = calloc(1, sizeof *w);
    if (!w) return error_memory(error);
    w->format = format;
    w->path = strdup(path);
    const effnet_status status = open_parts(w, arrays, count, error);
    if (status == EFFNET_OK)
        *out = w;
    else
        arrays_writer_free(w);
    return status;
}

static effnet_status append(effnet_array_writer *w, const float *const *rows, size_t row_count,
                            effnet_error *error)
{
    for (size_t i = 0; i < w->count; i++) {
        array_part *part = &w->parts[i];
        size_t size;
        if (!row_size(&size, &part->array) || !size_mul(&size, size, row_count) ||
            !size_add(&part->size, part->size, size))
            return error_set(error, EFFNET_ERR_LIMIT, "%s: too many rows", w->path);
        part->array.shape[0] += row_count;
        TRY(arrays_check_size(w->format, w->parts, w->count, w->path, error));
        TRY(output_write_scratch(part->scratch, rows[i], size, w->path, error));
        if (w->format == ARRAYS_NPZ) part->crc = arrays_crc(part->crc, rows[i], size);
    }
    return EFFNET_OK;
}

static effnet_status check_usable(const effnet_array_writer *w, effnet_error *error)
{
    if (!w->failed) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s: rows could not be kept before this call", w->path);
}

effnet_status arrays_writer_append(effnet_array_writer *w, const float *const *rows, size_t row_count,
                                   effnet_error *error)
{
    TRY(check_usable(w, error));
    const effnet_status status = append(w, rows, row_count, error);
    w->failed = status != EFFNET_OK;
    return status;
}

effnet_status arrays_writer_save(const effnet_array_writer *w, effnet_error *error)
{
    TRY(check_usable(w, error));
    return arrays_write(w->path, w->format, w->parts, w->count, error);
}

void arrays_writer_free(effnet_array_writer *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->count; i++) {
        if (w->parts[i].scratch >= 0) close(w->parts[i].scratch);
        free(w->names[i]);
    }
    free(w->names);
    free(w->parts);
    free(w->path);
    free(w);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Files for programs that use the library: whole reads with a limit, atomic writes, arrays, checksums.
 */
#include "base/digest.h"
#include "base/output.h"
#include "base/source.h"
#include "weights/arrays.h"

effnet_status effnet_file_read(void **out, size_t *size, const char *path, size_t limit, effnet_error *error)
{
    if (!out || !size || !path)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_file_read: an argument is NULL");
    return source_load(out, size, path, limit, error);
}

effnet_status effnet_file_write(const char *path, const void *data, size_t size, effnet_error *error)
{
    if (!path || (size && !data))
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_file_write: an argument is NULL");
    return output_replace(path, data, size, error);
}

effnet_status effnet_array_load(effnet_array *out, const char *path, effnet_error *error)
{
    if (!out || !path) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_array_load: an argument is NULL");
    return arrays_load(out, path, error);
}

void effnet_array_free(effnet_array *array)
{
    arrays_free(array);
}

effnet_status effnet_array_save(const char *path, const effnet_array *arrays, size_t count,
                                effnet_error *error)
{
    if (!path || (count && !arrays))
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_array_save: an argument is NULL");
    return arrays_save(path, arrays, count, error);
}

effnet_status effnet_array_writer_create(effnet_array_writer **out, const char *path,
                                         const effnet_array *arrays, size_t count, effnet_error *error)
{
    if (out) *out = NULL;
    if (!out || !path || (count && !arrays))
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_array_writer_create: an argument is NULL");
    return arrays_writer_create(out, path, arrays, count, error);
}

effnet_status effnet_array_writer_append(effnet_array_writer *writer, const float *const *rows,
                                         size_t row_count, effnet_error *error)
{
    if (!writer || !rows)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_array_writer_append: an argument is NULL");
    return arrays_writer_append(writer, rows, row_count, error);
}

effnet_status effnet_array_writer_save(const effnet_array_writer *writer, effnet_error *error)
{
    if (!writer)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_array_writer_save: an argument is NULL");
    return arrays_writer_save(writer, error);
}

void effnet_array_writer_free(effnet_array_writer *writer)
{
    arrays_writer_free(writer);
}

effnet_status effnet_file_sha256(char out[EFFNET_SHA256_SIZE], const char *path, effnet_error *error)
{
    if (!out || !path)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_file_sha256: an argument is NULL");
    source *file;
    TRY(source_open_file(&file, path, error));
    const effnet_status status = digest_sha256(out, file, error);
    if (status != EFFNET_OK) error_prefix(error, status, path);
    source_close(file);
    return status;
}

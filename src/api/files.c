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
    output *file;
    TRY(output_create(&file, path, error));
    const effnet_status status = output_write(file, data, size, error);
    if (status != EFFNET_OK) {
        output_abort(file);
        return status;
    }
    return output_commit(file, error);
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

/* SPDX-License-Identifier: Apache-2.0
 *
 * In place of wire_mpi.c where effnet is built without Open MPI.
 */
#include "train/ranks/wire.h"

effnet_status wire_open_mpi(wire **out, effnet_error *error)
{
    *out = NULL;
    return error_set(
        error, EFFNET_ERR_MISSING,
        "effnet was built without Open MPI (package libopenmpi-dev), which several processes need "
        "to train together");
}

bool wire_mpi_version(char *out, size_t size)
{
    (void)out, (void)size;
    return false;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet_ranks: argument checks around src/train/ranks.
 */
#include "train/ranks/ranks.h"

effnet_status effnet_ranks_join(effnet_ranks **out, const effnet_ranks_options *options, effnet_error *error)
{
    static const effnet_ranks_options defaults = {0};
    if (!out) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_ranks_join: out is NULL");
    return ranks_join(out, wire_open_mpi, options ? options : &defaults, error);
}

void effnet_ranks_leave(effnet_ranks *r, const effnet_error *why)
{
    ranks_leave(r, why);
}

int effnet_ranks_number(const effnet_ranks *r)
{
    return (int)ranks_number(r);
}

int effnet_ranks_count(const effnet_ranks *r)
{
    return (int)ranks_count(r);
}

bool effnet_ranks_version(char *out, size_t size)
{
    if (out && size) *out = '\0';
    return out && size && wire_mpi_version(out, size);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 by libmd, over a source read in pieces.
 */
#include "base/digest.h"

#include <sha2.h>
#include <stdlib.h>

enum { PIECE = 256 * 1024 };

effnet_status digest_sha256(char out[EFFNET_SHA256_SIZE], const source *s, effnet_error *error)
{
    _Static_assert(EFFNET_SHA256_SIZE == SHA256_DIGEST_STRING_LENGTH, "64 digits and a NUL");
    uint8_t *piece = malloc(PIECE);
    if (!piece) return error_memory(error);
    SHA2_CTX state;
    SHA256Init(&state);
    effnet_status status = EFFNET_OK;
    for (uint64_t at = 0, left = source_size(s); left > 0 && status == EFFNET_OK;) {
        const size_t size = left < PIECE ? (size_t)left : PIECE;
        status = source_read(s, at, piece, size, error);
        if (status == EFFNET_OK) SHA256Update(&state, piece, size);
        at += size;
        left -= size;
    }
    free(piece);
    if (status == EFFNET_OK) SHA256End(&state, out);
    return status;
}

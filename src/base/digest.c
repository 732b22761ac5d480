/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 by nettle, which uses the instructions that processors have for it: a checkpoint is hashed before
 * it is known, so this is part of its loading time. Reads the source in pieces.
 */
#include "base/digest.h"

#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdlib.h>

enum { PIECE = 256 * 1024 };

effnet_status digest_sha256(char out[EFFNET_SHA256_SIZE], const source *s, effnet_error *error)
{
    _Static_assert(EFFNET_SHA256_SIZE == 2 * SHA256_DIGEST_SIZE + 1, "64 digits and a NUL");
    uint8_t *piece = malloc(PIECE);
    if (!piece) return error_memory(error);
    struct sha256_ctx state;
    sha256_init(&state);
    effnet_status status = EFFNET_OK;
    for (uint64_t at = 0, left = source_size(s); left > 0 && status == EFFNET_OK;) {
        const size_t size = left < PIECE ? (size_t)left : PIECE;
        status = source_read(s, at, piece, size, error);
        if (status == EFFNET_OK) sha256_update(&state, size, piece);
        at += size;
        left -= size;
    }
    free(piece);
    if (status != EFFNET_OK) return status;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&state, sizeof digest, digest);
    base16_encode_update(out, sizeof digest, digest);
    out[EFFNET_SHA256_SIZE - 1] = '\0';
    return EFFNET_OK;
}

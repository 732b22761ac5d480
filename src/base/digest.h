/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 of a file: how a published checkpoint is known for what it is.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/source.h"

/* The SHA-256 of all of `s`, in lower-case hexadecimal. */
effnet_status digest_sha256(char out[EFFNET_SHA256_SIZE], const source *s, effnet_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Look-ups in the table of published checkpoints.
 */
#include "model/known.h"

#include <string.h>

const known_checkpoint *known_by_name(const char *name)
{
    for (size_t i = 0; i < known_table_size; i++)
        if (!strcmp(known_table[i].name, name)) return &known_table[i];
    return NULL;
}

bool known_fits(const known_checkpoint *known, dialect d, const char *arch, int classes, int in_channels)
{
    return known->dialect == d && known->classes == classes && known->in_channels == in_channels &&
           !strcmp(known->arch, arch);
}

bool known_has_hash(const known_checkpoint *known, const char *sha256)
{
    for (int i = 0; i < KNOWN_MAX_FILES && known->files[i].name; i++) {
        const char *hash = known->files[i].sha256;
        if (*hash && !strncmp(sha256, hash, strlen(hash))) return true;
    }
    return false;
}

/* "-0123abcd" and then no further digit of a hash, anywhere in `file_name`: torch.hub's naming rule. */
static bool carries_prefix(const char *file_name, const char *hash)
{
    enum { DIGITS = 8 };
    if (strlen(hash) < DIGITS) return false;
    for (const char *dash = strchr(file_name, '-'); dash; dash = strchr(dash + 1, '-'))
        if (!strncmp(dash + 1, hash, DIGITS) && !strchr("0123456789abcdef", dash[1 + DIGITS])) return true;
    return false;
}

bool known_claims(const known_checkpoint *known, const char *file_name)
{
    for (int i = 0; i < KNOWN_MAX_FILES && known->files[i].name; i++)
        if (carries_prefix(file_name, known->files[i].sha256)) return true;
    const size_t length = strlen(known->name);
    return !strncmp(file_name, known->name, length) &&
           (file_name[length] == '\0' || file_name[length] == '.');
}

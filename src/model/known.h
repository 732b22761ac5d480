/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known about published checkpoints: which network they are, whose names they carry, the padding and
 * epsilon they were trained with, the recipe they were evaluated with, where their publishers keep them. Data
 * and look-ups; opens nothing.
 */
#ifndef MODEL_KNOWN_H
#define MODEL_KNOWN_H

#include "model/dialect.h"

enum { KNOWN_MAX_FILES = 2, IMAGENET_CLASSES = 1000 };

/* One file of a checkpoint. */
typedef struct known_file {
    const char *name; /* what it is called on disk; NULL past the last file */
    const char *url;  /* as the source prints or makes it; "" where it comes in a package */
    const char *
        sha256; /* lower-case hexadecimal, all of it or the leading digits; "" where the source prints none */
} known_file;

typedef struct known_checkpoint {
    const char *name; /* unique; timm's own names, and in the same form for the others */
    const char *arch; /* catalogue name */
    dialect dialect;
    net_padding padding;
    double bn_epsilon;
    int classes, in_channels;
    const char *recipe; /* for recipe_parse over recipe_default */
    const char *origin; /* the source that publishes it */
    known_file files[KNOWN_MAX_FILES];
} known_checkpoint;

extern const known_checkpoint known_table[];
extern const size_t known_table_size;

/* Names of the classes of every checkpoint with IMAGENET_CLASSES of them. */
extern const char *const imagenet_labels[IMAGENET_CLASSES];

/* The checkpoint called `name`; NULL if there is none. */
const known_checkpoint *known_by_name(const char *name);

/* True if a checkpoint with these tensors could be `known`. */
bool known_fits(const known_checkpoint *known, dialect d, const char *arch, int classes, int in_channels);

/* True if one of the files of `known` has a hash that `sha256` (64 digits) begins with. */
bool known_has_hash(const known_checkpoint *known, const char *sha256);

/* True if `file_name` (without folders) says that it is `known`: it carries the hash prefix of one of its
 * files, or its name alone or before a suffix. */
bool known_claims(const known_checkpoint *known, const char *file_name);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A look at every picture of a part before hours are spent on it.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "train/data/dataset.h"

typedef struct scan {
    const dataset_part *part;
    const image_options *options;
    atomic_size_t next;
    char **messages; /* [part->count], NULL for pictures that are well */
    atomic_bool out_of_memory;
} scan;

static void check_picture(scan *s, size_t index)
{
    image picture;
    effnet_error error;
    const effnet_status status = dataset_read(&picture, &s->part->items[index], s->options, &error);
    image_free(&picture);
    if (status == EFFNET_OK) return;
    if (status != EFFNET_ERR_MEMORY) s->messages[index] = strdup(error.message);
    if (!s->messages[index]) atomic_store(&s->out_of_memory, true);
}

static void check_pictures(void *context, size_t member, size_t members)
{
    scan *s = context;
    (void)member, (void)members;
    for (size_t i; (i = atomic_fetch_add(&s->next, 1)) < s->part->count && !atomic_load(&s->out_of_memory);)
        check_picture(s, i);
}

static effnet_status run_scan(scan *s, size_t threads, effnet_error *error)
{
    pool *team;
    TRY(pool_create(&team, threads, error));
    pool_run(team, check_pictures, s);
    pool_free(team);
    return atomic_load(&s->out_of_memory) ? error_memory(error) : EFFNET_OK;
}

/* From a message of a file source, which begins with the path, what comes after it. */
static const char *without_path(const char *message, const char *path)
{
    const size_t length = strlen(path);
    return strncmp(message, path, length) == 0 && message[length] == ':' ? message + length + 2 : message;
}

effnet_status dataset_verify(const dataset *d, effnet_part part, size_t threads, const image_options *options,
                             dataset_report *report, void *context, size_t *bad, effnet_error *error)
{
    scan s = {.part = &d->parts[part], .options = options};
    size_t found = 0;
    s.messages = calloc(s.part->count + 1, sizeof *s.messages);
    if (!s.messages) return error_memory(error);
    const effnet_status status = run_scan(&s, threads, error);
    for (size_t i = 0; i < s.part->count; i++) {
        const char *path = s.part->items[i].path;
        if (s.messages[i]) found++;
        if (s.messages[i] && report && status == EFFNET_OK)
            report(context, path, without_path(s.messages[i], path));
        free(s.messages[i]);
    }
    free(s.messages);
    if (bad) *bad = found;
    return status;
}

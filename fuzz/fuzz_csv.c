/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a table of a data set, read for each task: fields end, rows have lines, indices are in range.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/data/csv.h"
#include "train/data/dataset.h"

static void require(bool condition)
{
    if (!condition) abort();
}

static void read_rows(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text) return;
    if (size) memcpy(text, data, size);
    csv rows = csv_over(text, size);
    size_t line = 0;
    while (csv_next(&rows, NULL) == EFFNET_OK && rows.count > 0) {
        require(rows.line > line && rows.count <= CSV_MAX_FIELDS);
        line = rows.line;
        for (size_t i = 0; i < rows.count; i++)
            require(rows.fields[i] >= text && rows.fields[i] + strlen(rows.fields[i]) <= text + size);
    }
    csv_free(&rows);
    free(text);
}

static void check(const dataset *d)
{
    require(d->parts[EFFNET_TRAINING].count > 0);
    for (int part = 0; part < DATASET_PARTS; part++)
        for (size_t i = 0; i < d->parts[part].count; i++) {
            const dataset_item *item = &d->parts[part].items[i];
            require(item->path[0] != '\0');
            if (d->task == EFFNET_TASK_CLASSES) require(item->class_index < d->outputs);
            for (uint32_t k = 0; k < item->label_count; k++)
                require(item->label_index[k] < d->outputs);
            for (size_t k = 0; d->task == EFFNET_TASK_VALUES && k < d->outputs; k++)
                require(isfinite(item->values[k]));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    read_rows(data, size);
    snprintf(path, sizeof path, "/tmp/effnet-fuzz-csv-%ld.csv", (long)getpid());
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    fwrite(data, 1, size, file);
    fclose(file);
    for (int task = EFFNET_TASK_ANY; task <= EFFNET_TASK_VALUES; task++) {
        const effnet_dataset_options options = {.task = (effnet_task)task, .validation = 0.3, .seed = 1};
        effnet_error error;
        dataset *d;
        if (dataset_open(&d, path, &options, &error) == EFFNET_OK)
            check(d);
        else
            require(error.message[0] != '\0');
        dataset_free(d);
    }
    unlink(path);
    return 0;
}

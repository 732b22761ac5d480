/* SPDX-License-Identifier: Apache-2.0
 *
 * log.csv: a line for each epoch. It is short, so the whole file is replaced each time, and is whole whenever
 * somebody looks. After a resume the lines of epochs that are done again are left out.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "train/loop/trainer.h"

static const char header[] = "epoch,step,lr,train_loss,train_top1,val_loss,val_top1,ema_loss,ema_top1,"
                             "images_per_second,seconds\n";
enum { FIELD = 32, MAX_LOG = 256 << 20 };

/* Empty where there is no such figure. */
static const char *number(char out[FIELD], double value, int digits)
{
    if (isnan(value))
        *out = '\0';
    else
        snprintf(out, FIELD, "%.*g", digits, value);
    return out;
}

static effnet_status write_log(const trainer *t, effnet_error *error)
{
    char *path;
    if (asprintf(&path, "%s/log.csv", t->folder) < 0) return error_memory(error);
    const effnet_status status = output_replace(path, t->log, strlen(t->log), error);
    free(path);
    return status;
}

effnet_status trainer_log_add(trainer *t, const effnet_progress *p, effnet_error *error)
{
    char f[9][FIELD], *longer;
    if (!t->folder) return EFFNET_OK;
    const int length =
        asprintf(&longer, "%s%d,%llu,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", t->log ? t->log : header, p->epoch,
                 (unsigned long long)t->at.total, number(f[0], p->learning_rate, 6),
                 number(f[1], p->train_loss, 6), number(f[2], p->train_top1, 6), number(f[3], p->val_loss, 6),
                 number(f[4], p->val_top1, 6), number(f[5], p->ema_loss, 6), number(f[6], p->ema_top1, 6),
                 number(f[7], p->images_per_second, 4), number(f[8], p->seconds, 6));
    if (length < 0) return error_memory(error);
    free(t->log);
    t->log = longer;
    return write_log(t, error);
}

effnet_status trainer_log_load(trainer *t, effnet_error *error)
{
    char *path;
    void *text = NULL;
    size_t size = 0;
    if (asprintf(&path, "%s/log.csv", t->folder) < 0) return error_memory(error);
    const effnet_status status = source_load(&text, &size, path, MAX_LOG, error);
    free(path);
    free(t->log);
    t->log = NULL;
    if (status == EFFNET_ERR_NOT_FOUND) return EFFNET_OK;
    TRY(status);
    /* The header and as many whole lines as there are epochs. */
    size_t end = 0, lines = 0;
    for (size_t i = 0; i < size && lines <= t->at.epoch; i++)
        if (((const char *)text)[i] == '\n') {
            end = i + 1;
            lines++;
        }
    t->log = lines ? strndup(text, end) : NULL;
    free(text);
    return lines == 0 || t->log ? EFFNET_OK : error_memory(error);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See journal.h.
 */
#define _GNU_SOURCE
#include "search/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/output.h"
#include "base/source.h"

enum { SYNC_MS = 1000, MAX_JOURNAL = 1 << 30, LOCK_TRIES = 20, LOCK_WAIT_MS = 50, MAX_FIELDS = 12 };

static const char head[] = "effnet-search,1,";

struct search_journal {
    char *path;
    int file, lock;
    double synced_ms;
    bool dirty;
};

/* ---- Lines ---- */

static uint32_t sum_of(const char *line, size_t length)
{
    return (uint32_t)crc32(0, (const unsigned char *)line, (unsigned)length);
}

/* `line`, which ends in a comma, with its sum and the end of the line behind it. NULL: out of memory. */
static char *with_sum(const char *line)
{
    char *whole;
    return asprintf(&whole, "%s%08" PRIx32 "\n", line, sum_of(line, strlen(line))) < 0 ? NULL : whole;
}

static effnet_status append(search_journal *j, const char *line, effnet_error *error)
{
    char *whole = with_sum(line);
    if (!whole) return error_memory(error);
    const size_t size = strlen(whole);
    size_t done = 0;
    effnet_status status = EFFNET_OK;
    while (status == EFFNET_OK && done < size) {
        const ssize_t part = write(j->file, whole + done, size - done);
        if (part < 0 && errno != EINTR)
            status = error_set(error, EFFNET_ERR_IO, "%s: %s", j->path, strerror(errno));
        if (part > 0) done += (size_t)part;
    }
    free(whole);
    j->dirty = true;
    return status;
}

/* Where the line at `text` ends, behind its newline; NULL if it is not whole or its sum is wrong. */
static const char *end_of_line(const char *text, const char *end)
{
    enum { SUM = 8 };
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    if (!newline || newline - text <= SUM || newline[-SUM - 1] != ',') return NULL;
    char sum[SUM + 1];
    snprintf(sum, sizeof sum, "%08" PRIx32, sum_of(text, (size_t)(newline - text) - SUM));
    return memcmp(sum, newline - SUM, SUM) == 0 ? newline + 1 : NULL;
}

/* ---- Results as text ---- */

/* "-", or two hexadecimal digits for each byte. */
static char *hits_text(const search_result *r)
{
    const size_t bytes = r->hits ? (size_t)(r->images + 7) / 8 : 0;
    char *text = malloc(2 * bytes + 2);
    if (!text) return NULL;
    strcpy(text, "-");
    for (size_t i = 0; i < bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", r->hits[i]);
    return text;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hits(search_result *r, const char *text)
{
    if (strcmp(text, "-") == 0) return true;
    const size_t length = strlen(text);
    if (r->images > 4 * length || length != 2 * (size_t)((r->images + 7) / 8)) return false;
    r->hits = malloc(length / 2 + 1);
    if (!r->hits) return false;
    for (size_t i = 0; i < length / 2; i++) {
        const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        r->hits[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

effnet_status search_journal_add(search_journal *j, const search_task *t, const search_result *r,
                                 effnet_error *error)
{
    char *line, *hits = hits_text(r);
    if (!hits) return error_memory(error);
    const int length =
        r->failed ? asprintf(&line, "failed,%u,%u,%u,%s,", t->job, t->seed, t->rung, r->note)
                  : asprintf(&line, "trained,%u,%u,%u,%u,%.17g,%.17g,%.17g,%" PRIu64 ",%s,", t->job, t->seed,
                             t->rung, r->epochs, r->top1, r->loss, r->seconds, r->images, hits);
    free(hits);
    if (length < 0) return error_memory(error);
    effnet_status status = append(j, line, error);
    free(line);
    if (status == EFFNET_OK && clock_ms() - j->synced_ms > SYNC_MS) status = search_journal_sync(j, error);
    return status;
}

effnet_status search_journal_sync(search_journal *j, effnet_error *error)
{
    if (j->dirty && fdatasync(j->file) != 0 && errno != EINVAL)
        return error_set(error, EFFNET_ERR_IO, "%s: %s", j->path, strerror(errno));
    j->dirty = false;
    j->synced_ms = clock_ms();
    return EFFNET_OK;
}

/* Cuts a copy of a line at its commas, without the sum; the number of fields. */
static size_t split(char *line, char *fields[MAX_FIELDS])
{
    size_t count = 0;
    *strrchr(line, ',') = '\0';
    for (char *rest = line; rest && count < MAX_FIELDS;)
        fields[count++] = strsep(&rest, ",");
    return count;
}

static uint32_t whole(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

/* Puts the result that a sound line has into the queue; false if the line makes no sense. */
static bool take_line(char *line, search_queue *queue)
{
    char *f[MAX_FIELDS];
    const bool failed = strncmp(line, "failed,", 7) == 0;
    char *note = failed ? line : NULL;
    for (int i = 0; note && i < 4; i++) {
        note = strchr(note, ',');
        if (note) note++;
    }
    search_result r = {.failed = failed};
    if (note) snprintf(r.note, sizeof r.note, "%.*s", (int)(strrchr(line, ',') - note), note);
    const size_t count = split(line, f);
    if (count < (failed ? 5 : 10)) return false;
    const search_task task = {whole(f[1]), whole(f[2]), whole(f[3])};
    bool sound = failed || strcmp(f[0], "trained") == 0;
    if (sound && !failed) {
        r.epochs = whole(f[4]);
        r.top1 = strtod(f[5], NULL);
        r.loss = strtod(f[6], NULL);
        r.seconds = strtod(f[7], NULL);
        r.images = strtoull(f[8], NULL, 10);
        sound = parse_hits(&r, f[9]);
    }
    if (sound && search_queue_finish(queue, &task, &r)) return true;
    free(r.hits);
    return false;
}

/* ---- The file ---- */

static effnet_status lock_folder(search_journal *j, const char *folder, effnet_error *error)
{
    char *path;
    if (asprintf(&path, "%s/search.lock", folder) < 0) return error_memory(error);
    j->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    effnet_status status = EFFNET_OK;
    if (j->lock < 0) status = error_set(error, EFFNET_ERR_CREATE, "%s: %s", path, strerror(errno));
    /* Workers of a coordinator that was killed need a moment to notice. */
    for (int i = 0; status == EFFNET_OK && flock(j->lock, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK || i == LOCK_TRIES)
            status =
                error_set(error, EFFNET_ERR_CREATE, "%s: another search is at work in this folder", folder);
        nanosleep(&(struct timespec){.tv_nsec = LOCK_WAIT_MS * 1000000L}, NULL);
    }
    free(path);
    return status;
}

/* Writes the head, whole or not at all. */
static effnet_status begin(const search_journal *j, const char *description, effnet_error *error)
{
    char *text = with_sum(head);
    for (const char *line = description; text && *line;) {
        const size_t length = strcspn(line, "\n");
        char *bare = NULL, *full = NULL, *longer = NULL;
        if (asprintf(&bare, "is,%.*s,", (int)length, line) < 0) bare = NULL;
        if (bare) full = with_sum(bare);
        if (full && asprintf(&longer, "%s%s", text, full) < 0) longer = NULL;
        free(bare);
        free(full);
        free(text);
        text = longer;
        line += length + (line[length] == '\n');
    }
    if (!text) return error_memory(error);
    const effnet_status status = output_replace(j->path, text, strlen(text), error);
    free(text);
    return status;
}

/* Compares the head of the journal with the description; *rest is what follows. */
static effnet_status check_head(const search_journal *j, const char *text, const char *end,
                                const char *description, const char **rest, effnet_error *error)
{
    const char *next = end_of_line(text, end);
    if (!next || strncmp(text, head, strlen(head)) != 0)
        return error_set(error, EFFNET_ERR_FORMAT, "%s: not the journal of a search", j->path);
    for (const char *line = description; *line; text = next) {
        const size_t length = strcspn(line, "\n");
        text = next;
        next = end_of_line(text, end);
        const size_t there = next ? (size_t)(next - text) : 0;
        if (there != 3 + length + 10 || strncmp(text, "is,", 3) != 0 || strncmp(text + 3, line, length) != 0)
            return error_set(error, EFFNET_ERR_MISMATCH,
                             "%s: of another search: it has %.*s where this one has %.*s", j->path,
                             there > 13 ? (int)there - 13 : 7, there > 13 ? text + 3 : "nothing", (int)length,
                             line);
        line += length + (line[length] == '\n');
    }
    if (end - next > 3 && strncmp(next, "is,", 3) == 0)
        return error_set(error, EFFNET_ERR_MISMATCH, "%s: of another search: more is said about it", j->path);
    *rest = next;
    return EFFNET_OK;
}

/* Takes results up to the end or to the first line that is not sound, and cuts the file there. */
static effnet_status replay(search_journal *j, const char *text, const char *from, const char *end,
                            search_queue *queue, char *notice, effnet_error *error)
{
    const char *at = from;
    for (const char *next; at < end && (next = end_of_line(at, end)); at = next) {
        char *line = strndup(at, (size_t)(next - at - 1));
        if (!line) return error_memory(error);
        const bool taken = take_line(line, queue);
        free(line);
        if (!taken) break;
    }
    if (at == end) return EFFNET_OK;
    snprintf(notice, SEARCH_NOTE, "the journal is damaged at its end: %td bytes of it are done again",
             end - at);
    if (ftruncate(j->file, at - text) != 0)
        return error_set(error, EFFNET_ERR_IO, "%s: %s", j->path, strerror(errno));
    return EFFNET_OK;
}

static effnet_status read_journal(search_journal *j, const char *description, search_queue *queue,
                                  char *notice, effnet_error *error)
{
    void *text;
    size_t size;
    const char *rest = NULL;
    TRY(source_load(&text, &size, j->path, MAX_JOURNAL, error));
    const char *end = (const char *)text + size;
    effnet_status status = check_head(j, text, end, description, &rest, error);
    if (status == EFFNET_OK) status = replay(j, text, rest, end, queue, notice, error);
    free(text);
    return status;
}

static effnet_status open_file(search_journal *j, const char *folder, const char *description, bool resume,
                               search_queue *queue, char *notice, effnet_error *error)
{
    if (asprintf(&j->path, "%s/search.log", folder) < 0) {
        j->path = NULL;
        return error_memory(error);
    }
    TRY(lock_folder(j, folder, error));
    const bool there = access(j->path, F_OK) == 0;
    if (there && !resume)
        return error_set(error, EFFNET_ERR_CREATE,
                         "%s: holds a search; it can be resumed, or another folder taken", folder);
    if (!there) TRY(begin(j, description, error));
    j->file = open(j->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (j->file < 0) return error_set(error, EFFNET_ERR_CREATE, "%s: %s", j->path, strerror(errno));
    return read_journal(j, description, queue, notice, error);
}

effnet_status search_journal_open(search_journal **out, const char *folder, const char *description,
                                  bool resume, search_queue *queue, char *notice, effnet_error *error)
{
    *out = NULL;
    *notice = '\0';
    search_journal *j = calloc(1, sizeof *j);
    if (!j) return error_memory(error);
    j->file = j->lock = -1;
    const effnet_status status = open_file(j, folder, description, resume, queue, notice, error);
    if (status == EFFNET_OK)
        *out = j;
    else
        search_journal_close(j);
    return status;
}

void search_journal_close(search_journal *j)
{
    if (!j) return;
    if (j->file >= 0) close(j->file);
    if (j->lock >= 0) close(j->lock);
    free(j->path);
    free(j);
}

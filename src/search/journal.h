/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of a search on the disk: RUN/search.log, lines of text, each with its CRC-32 at the end. First
 * what the search is, then a line for each result, which is only ever appended; so whatever ends a search, at
 * most the line that was being written is lost, and reading the file again is all there is to going on.
 *
 *     effnet-search,1,CRC
 *     is,KEY=VALUE,CRC                                                   what must be equal for a search to
 * go on trained,JOB,SEED,RUNG,EPOCHS,TOP1,LOSS,SECONDS,IMAGES,HITS,CRC     hits: hexadecimal, "-" for none
 *     failed,JOB,SEED,RUNG,NOTE,CRC
 */
#ifndef SEARCH_JOURNAL_H
#define SEARCH_JOURNAL_H

#include "search/queue.h"

typedef struct search_journal search_journal;

/* Opens RUN/search.log, locks the folder against other searches until the last process that inherits the
 * journal has ended, and puts the results that it has into `queue`. `description` is lines of KEY=VALUE.
 * Without `resume` there must be no journal, with it there may be: EFFNET_ERR_CREATE if there is one or the
 * folder is locked, EFFNET_ERR_MISMATCH with the first line that differs if it is of another search. What is
 * damaged is cut off at the end, said in *notice (of at least SEARCH_NOTE bytes). */
effnet_status search_journal_open(search_journal **out, const char *folder, const char *description,
                                  bool resume, search_queue *queue, char *notice, effnet_error *error);
void search_journal_close(search_journal *j);

/* Appends a result. It is on the disk at once unless the machine itself fails, and otherwise a second or one
 * result later. */
effnet_status search_journal_add(search_journal *j, const search_task *task, const search_result *result,
                                 effnet_error *error);

/* Waits until all is on the disk. */
effnet_status search_journal_sync(search_journal *j, effnet_error *error);

#endif

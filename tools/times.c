/* SPDX-License-Identifier: Apache-2.0
 *
 * See times.h.
 */
#include "times.h"

#include <stdlib.h>

#include "folders.h"
#include "report.h"

int times_open(effnet_latency **out, effnet_level level, int threads, bool afresh)
{
    effnet_error error;
    char *folder = folders_cache();
    if (folder) (void)folders_make(folder); /* if it cannot be made, the notice says that nothing is kept */
    const effnet_latency_options options = {
        .level = level, .threads = threads, .folder = folder, .afresh = afresh};
    const effnet_status status = effnet_latency_create(out, &options, &error);
    free(folder);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

void times_close(effnet_latency *times)
{
    if (!times) return;
    const char *notice = effnet_latency_get_notice(times);
    if (*notice) report_note("%s", notice);
    if (*effnet_latency_get_file(times))
        report_detail("measured times are in %s", effnet_latency_get_file(times));
    effnet_latency_free(times);
}

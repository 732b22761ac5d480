/* SPDX-License-Identifier: Apache-2.0
 *
 * See progress.h.
 */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "report.h"

enum { BAR_WIDTH = 30 };

static bool shown, beside_results;
static double shown_at;

static bool is_wanted(void)
{
    return !report_is_quiet() && isatty(STDERR_FILENO) && (beside_results || !isatty(STDOUT_FILENO));
}

void progress_beside_results(void)
{
    beside_results = true;
}

void progress_show(uint64_t done, uint64_t total, const char *unit)
{
    const double now = clock_ms();
    if (!is_wanted() || (shown && now - shown_at < 100)) return;
    shown = true;
    shown_at = now;
    if (total == 0) {
        fprintf(stderr, "\r%llu %s\033[K", (unsigned long long)done, unit);
        return;
    }
    char bar[BAR_WIDTH + 1];
    const double share = done < total ? (double)done / (double)total : 1;
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(share * BAR_WIDTH) ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%  %llu of %llu %s\033[K", bar, 100 * share, (unsigned long long)done,
            (unsigned long long)total, unit);
}

void progress_hide(void)
{
    if (shown) fputs("\r\033[K", stderr);
    shown = false;
}

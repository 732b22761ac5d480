/* SPDX-License-Identifier: Apache-2.0
 *
 * What the page shows of classes: which are taken for which, and whether confidences can be trusted. See
 * sections.h.
 */
#include "evaluation/sections.h"

#include <stdlib.h>

#include "html.h"

enum { MOST_CLASSES = 40, MOST_PAIRS = 20 };

/* ---- Confusion ---- */

static void put_matrix(FILE *out, const evaluation *e)
{
    fputs("<table class=matrix><tr><th>true \\ found</th>", out);
    for (size_t c = 0; c < e->outputs; c++) {
        fputs("<th class=turned><bdi>", out);
        html_text(out, e->classes[c].label);
        fputs("</bdi></th>", out);
    }
    fputs("</tr>\n", out);
    for (size_t t = 0; t < e->outputs; t++) {
        fputs("<tr><th><bdi>", out);
        html_text(out, e->classes[t].label);
        fputs("</bdi></th>", out);
        for (size_t f = 0; f < e->outputs; f++) {
            const uint64_t count = e->confusion[t * e->outputs + f];
            const double share = count ? (double)count / (double)e->classes[t].support : 0;
            if (count == 0)
                fputs("<td></td>", out);
            else
                fprintf(out, "<td style=\"background:rgba(11,37,69,%.2f)%s\">%llu</td>", 0.1 + 0.9 * share,
                        share > 0.4 ? ";color:#fff" : "", (unsigned long long)count);
        }
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

typedef struct pair {
    size_t truth, found;
    uint64_t count;
} pair;

static int by_count(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    if (x->truth != y->truth) return x->truth < y->truth ? -1 : 1;
    return x->found < y->found ? -1 : x->found > y->found;
}

static void put_pairs(FILE *out, const evaluation *e, const pair *pairs, size_t count)
{
    fputs("<table><tr><th>pictures</th><th class=text>are</th><th class=text>and were taken for</th></tr>\n",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "<tr><td>%llu</td><td class=text><bdi>", (unsigned long long)pairs[i].count);
        html_text(out, e->classes[pairs[i].truth].label);
        fputs("</bdi></td><td class=text><bdi>", out);
        html_text(out, e->classes[pairs[i].found].label);
        fputs("</bdi></td></tr>\n", out);
    }
    fputs("</table>\n", out);
}

bool section_confusion(FILE *out, const evaluation *e)
{
    size_t count = 0;
    pair *pairs = malloc((e->images + 1) * sizeof *pairs); /* each pair has a picture at least */
    if (!pairs) return false;
    for (size_t t = 0; t < e->outputs; t++)
        for (size_t f = 0; f < e->outputs; f++)
            if (t != f && e->confusion[t * e->outputs + f])
                pairs[count++] = (pair){t, f, e->confusion[t * e->outputs + f]};
    qsort(pairs, count, sizeof *pairs, by_count);
    fputs("<h2>Which classes are taken for which</h2>\n", out);
    if (e->outputs <= MOST_CLASSES) put_matrix(out, e);
    if (count > 0 && e->outputs > 2) put_pairs(out, e, pairs, count < MOST_PAIRS ? count : MOST_PAIRS);
    if (count == 0) fputs("<p>None: every picture is right.</p>\n", out);
    free(pairs);
    return true;
}

/* ---- Calibration ---- */

void section_calibration(FILE *out, const evaluation *e)
{
    enum { SIDE = 260, LEFT = 40, TOP = 10 };
    const calibration *c = &e->calibration;
    const double width = (double)SIDE / CALIBRATION_BINS;
    fprintf(
        out,
        "<h2>Can its confidence be trusted?</h2>\n<p>Expected calibration error %.2f %% (Guo et al. 2017, "
        "equation 3, 15 bins). Each bar is the share of right answers among the pictures of one range of "
        "confidence; on the dashed line it would be equal to the confidence.</p>\n",
        100 * calibration_error(c));
    fprintf(out, "<svg width=%d height=%d role=img aria-label=\"reliability diagram\">\n", SIDE + LEFT + 10,
            SIDE + TOP + 34);
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        if (c->count[i] == 0) continue;
        const double share = c->right[i] / (double)c->count[i];
        fprintf(out,
                "<rect x=%.1f y=%.1f width=%.1f height=%.1f fill=#1f4e79><title>%llu pictures, confidence "
                "%.1f %%, right %.1f %%</title></rect>\n",
                LEFT + i * width + 1, TOP + SIDE * (1 - share), width - 2, SIDE * share + 0.5,
                (unsigned long long)c->count[i], 100 * c->confidence[i] / (double)c->count[i], 100 * share);
    }
    fprintf(out,
            "<path d=\"M%d %dV%dH%d\" fill=none stroke=#444 /><path d=\"M%d %dL%d %d\" fill=none "
            "stroke=#d55e00 stroke-width=2 stroke-dasharray=\"6 4\" />\n",
            LEFT, TOP, TOP + SIDE, LEFT + SIDE, LEFT, TOP + SIDE, LEFT + SIDE, TOP);
    for (int i = 0; i <= 2; i++) {
        fprintf(out, "<text x=%d y=%d text-anchor=end>%d %%</text>\n", LEFT - 5,
                TOP + SIDE - i * SIDE / 2 + 4, 50 * i);
        fprintf(out, "<text x=%d y=%d text-anchor=middle>%d %%</text>\n", LEFT + i * SIDE / 2,
                TOP + SIDE + 15, 50 * i);
    }
    fprintf(out, "<text x=%d y=%d text-anchor=middle>confidence</text>\n</svg>\n", LEFT + SIDE / 2,
            TOP + SIDE + 30);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See html.h. The policy forbids what escaping should have made impossible: nothing is loaded, no script
 * runs.
 */
#include "html.h"

#include <effnet.h>
#include <stdint.h>
#include <stdlib.h>

#include "text.h"

void html_begin(FILE *out, const char *title)
{
    static const char before[] =
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:; style-src "
        "'unsafe-inline'\">\n<meta name=viewport content=\"width=device-width\">\n<title>";
    static const char after[] =
        "</title>\n<style>\nbody{font:15px/1.45 sans-serif;color:#222;max-width:70em;margin:2em "
        "auto;padding:0 "
        "1em}\n"
        "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}\n"
        "table{border-collapse:collapse;margin:1em 0}th,td{padding:.2em "
        ".7em;text-align:right;border-bottom:1px "
        "solid #ddd;font-variant-numeric:tabular-nums}th{font-weight:600}.text{text-align:left}\n"
        ".matrix td,.matrix th{border:1px solid #e4e4e4;padding:.2em .45em}.matrix "
        ".turned{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left}\n"
        ".worst{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0;width:11em;font-size:.85em;overflow-wrap:"
        "anywhere}img{width:96px;height:96px;image-rendering:auto}img.chart{width:100%;height:auto}"
        "svg{font-size:12px}\n"
        ".wrong{color:#a33200}.note{color:#666}\n</style></head><body>\n";
    fputs(before, out);
    fputs(title, out);
    fputs(after, out);
}

void html_end(FILE *out)
{
    fprintf(out, "<p class=note>effnet %s</p>\n</body></html>\n", effnet_version());
}

void html_text(FILE *out, const char *text)
{
    char *line = text_printable(text, false);
    for (const char *c = line ? line : ""; *c; c++) {
        switch (*c) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\'': fputs("&#39;", out); break;
        default: putc(*c, out);
        }
    }
    free(line);
}

void html_base64(FILE *out, const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = bytes;
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t three =
            (uint32_t)b[i] << 16 | (left > 1 ? (uint32_t)b[i + 1] << 8 : 0) | (left > 2 ? b[i + 2] : 0);
        for (size_t digit = 0; digit < 4; digit++)
            putc(digit <= left ? digits[three >> (18 - 6 * digit) & 63] : '=', out);
    }
}

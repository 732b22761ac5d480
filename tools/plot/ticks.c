/* SPDX-License-Identifier: Apache-2.0
 *
 * See ticks.h.
 */
#include "plot/ticks.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* A number that rounding left just beside a tick belongs to it. */
static const double SLACK = 1e-9;

static ticks multiples(double from, double to, double step, size_t most)
{
    ticks t = {.step = step};
    const double first = ceil(from / step - SLACK), last = floor(to / step + SLACK);
    for (double i = first; i <= last && t.count < most; i++)
        t.at[t.count++] = i == 0 ? 0 : i * step;
    return t;
}

ticks ticks_linear(double from, double to, size_t most)
{
    static const double mantissas[] = {1, 2, 5};
    assert(from < to && most >= 2 && most <= TICKS_MAX);
    /* Ten times finer than what could be needed, then coarser until they are few enough. */
    int exponent = (int)floor(log10((to - from) / (double)most)) - 1;
    for (size_t i = 0;; i++) {
        const double step = mantissas[i % 3] * pow(10, exponent + (double)(i / 3));
        if (floor(to / step + SLACK) - ceil(from / step - SLACK) + 1 <= (double)most)
            return multiples(from, to, step, most);
    }
}

/* Mantissas of each power of ten. */
static size_t mantissas_between(double from, double to, const double *mantissas, size_t each, ticks *t)
{
    size_t count = 0;
    for (double e = floor(log10(from)); e <= ceil(log10(to)); e++)
        for (size_t i = 0; i < each; i++) {
            const double at = mantissas[i] * pow(10, e);
            if (at < from * (1 - SLACK) || at > to * (1 + SLACK)) continue;
            if (count < TICKS_MAX) t->at[count] = at;
            count++;
        }
    t->count = count < TICKS_MAX ? count : TICKS_MAX;
    return count;
}

ticks ticks_log(double from, double to, size_t most)
{
    static const double fine[] = {1, 2, 5}, coarse[] = {1, 3};
    assert(0 < from && from < to && most >= 2 && most <= TICKS_MAX);
    ticks t = {0};
    size_t count = mantissas_between(from, to, fine, 3, &t);
    /* Within a factor of a few, round differences are better than round factors. */
    if (count < 3) return ticks_linear(from, to, most);
    if (count > most) count = mantissas_between(from, to, coarse, 2, &t);
    if (count <= most) return t;
    const ticks exponents = ticks_linear(log10(from), log10(to), most);
    t.count = 0;
    for (size_t i = 0; i < exponents.count; i++)
        if (exponents.at[i] == floor(exponents.at[i])) t.at[t.count++] = pow(10, exponents.at[i]);
    return t;
}

void ticks_text(char out[TICK_TEXT_SIZE], double value, double largest)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P"};
    size_t unit = 0;
    /* Four digits are read as easily as a unit. */
    if (fabs(largest) >= 10000)
        for (; fabs(largest) >= 1000 && unit < 5; unit++) {
            largest /= 1000;
            value /= 1000;
        }
    snprintf(out, TICK_TEXT_SIZE, "%.6g%s", value, value == 0 ? "" : units[unit]);
}

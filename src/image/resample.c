/* SPDX-License-Identifier: Apache-2.0
 *
 * See resample.h. SSE2 multiplies 16-bit numbers in pairs and adds each pair (pmaddwd), so a weight w is
 * split into its low 16 bits, signed, and the rest: w = high * 65536 + low. Both sums are taken apart and put
 * together at the end. All of it is arithmetic modulo 2^32, so nothing is rounded, and the result is the
 * plain sum's.
 */
#include "image/resample.h"

#include <stdbool.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static const int32_t half = 1 << (RESAMPLE_FRACTION - 1);

static uint8_t to_byte(int32_t sum)
{
    const int32_t value = sum >> RESAMPLE_FRACTION;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* ---- Plain ---- */

static void plain_pixel(uint8_t *restrict out, const uint8_t *restrict pixel, const int32_t *weights,
                        int count)
{
    int32_t red = half, green = half, blue = half;
    for (int k = 0; k < count; k++, pixel += RESAMPLE_CHANNELS) {
        red += pixel[0] * weights[k];
        green += pixel[1] * weights[k];
        blue += pixel[2] * weights[k];
    }
    out[0] = to_byte(red);
    out[1] = to_byte(green);
    out[2] = to_byte(blue);
}

static void plain_bytes(uint8_t *restrict out, const uint8_t *restrict in, size_t stride, size_t size,
                        const int32_t *weights, int count)
{
    enum { BLOCK = 192 };
    int32_t totals[BLOCK];
    for (size_t x = 0; x < size; x += BLOCK) {
        const size_t width = size - x < BLOCK ? size - x : BLOCK;
        for (size_t i = 0; i < width; i++)
            totals[i] = half;
        for (int k = 0; k < count; k++) {
            const uint8_t *row = in + (size_t)k * stride + x;
            for (size_t i = 0; i < width; i++)
                totals[i] += row[i] * weights[k];
        }
        for (size_t i = 0; i < width; i++)
            out[x + i] = to_byte(totals[i]);
    }
}

#if defined(__SSE2__)

/* ---- SSE2 ---- */

static uint32_t low_and_high(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xffff) | (uint32_t)high << 16;
}

/* For two taps, as pmaddwd wants them beside two values: both low parts in a word, both high ones in the
 * next.
 */
void resample_prepare(axis *a)
{
    for (size_t i = 0; i < (size_t)a->size * (size_t)a->taps; i += 2) {
        const int32_t *w = a->weights + i;
        const int32_t low[2] = {(int16_t)w[0], (int16_t)w[1]};
        a->pairs[i] = low_and_high(low[0], low[1]);
        a->pairs[i + 1] = low_and_high((w[0] - low[0]) >> 16, (w[1] - low[1]) >> 16);
    }
}

typedef struct weight_pair {
    __m128i low, high;
} weight_pair;

static inline weight_pair load_weights(const uint32_t pair[2])
{
    return (weight_pair){_mm_set1_epi32((int32_t)pair[0]), _mm_set1_epi32((int32_t)pair[1])};
}

typedef struct sums { /* of four elements */
    __m128i low, high;
} sums;

static inline void add_pair(sums *s, __m128i values, const weight_pair *w)
{
    s->low = _mm_add_epi32(s->low, _mm_madd_epi16(values, w->low));
    s->high = _mm_add_epi32(s->high, _mm_madd_epi16(values, w->high));
}

static inline __m128i total(const sums *s)
{
    const __m128i sum = _mm_add_epi32(s->low, _mm_slli_epi32(s->high, 16));
    return _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(half)), RESAMPLE_FRACTION);
}

/* Two pixels from 8 bytes, channel by channel: [r0 r1 g0 g1 b0 b1 . .]. */
static inline __m128i load_two(const uint8_t *pixel)
{
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)pixel);
    const __m128i words = _mm_unpacklo_epi8(bytes, _mm_setzero_si128());
    return _mm_unpacklo_epi16(words, _mm_srli_si128(words, 6));
}

static inline void fast_pixel(uint8_t *restrict out, const uint8_t *restrict pixel, const uint32_t *pairs,
                              int count)
{
    sums s = {_mm_setzero_si128(), _mm_setzero_si128()};
    for (int k = 0; k < count; k += 2, pixel += 2 * RESAMPLE_CHANNELS) {
        const weight_pair w = load_weights(pairs + k);
        add_pair(&s, load_two(pixel), &w);
    }
    const __m128i words = _mm_packs_epi32(total(&s), _mm_setzero_si128());
    const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    memcpy(out, &bytes, RESAMPLE_CHANNELS);
}

/* True if all that fast_pixel reads, 8 bytes for each pair, is within `room`. */
static inline bool may_read(size_t room, size_t pixel, int count)
{
    const size_t pairs = ((size_t)count + 1) / 2;
    return (pixel + 2 * (pairs - 1)) * RESAMPLE_CHANNELS + 8 <= room;
}

void resample_horizontal(uint8_t *restrict out, const uint8_t *restrict in, size_t room, int left,
                         const axis *a)
{
    for (int x = 0; x < a->size; x++, out += RESAMPLE_CHANNELS) {
        const size_t at = (size_t)(a->first[x] - left);
        const size_t weights = (size_t)x * (size_t)a->taps;
        if (may_read(room, at, a->count[x]))
            fast_pixel(out, in + at * RESAMPLE_CHANNELS, a->pairs + weights, a->count[x]);
        else
            plain_pixel(out, in + at * RESAMPLE_CHANNELS, a->weights + weights, a->count[x]);
    }
}

/* 16 bytes of two rows, each beside the other's: four vectors of pairs. */
static inline void add_rows(sums s[4], const uint8_t *upper, const uint8_t *lower, const weight_pair *w)
{
    const __m128i zero = _mm_setzero_si128();
    const __m128i a = _mm_loadu_si128((const __m128i *)(const void *)upper);
    const __m128i b = _mm_loadu_si128((const __m128i *)(const void *)lower);
    const __m128i first = _mm_unpacklo_epi8(a, b), second = _mm_unpackhi_epi8(a, b);
    add_pair(&s[0], _mm_unpacklo_epi8(first, zero), w);
    add_pair(&s[1], _mm_unpackhi_epi8(first, zero), w);
    add_pair(&s[2], _mm_unpacklo_epi8(second, zero), w);
    add_pair(&s[3], _mm_unpackhi_epi8(second, zero), w);
}

static void sixteen_bytes(uint8_t *restrict out, const uint8_t *restrict in, size_t stride,
                          const uint32_t *pairs, int count)
{
    sums s[4];
    memset(s, 0, sizeof s);
    for (int k = 0; k < count; k += 2) {
        const weight_pair w = load_weights(pairs + k);
        const uint8_t *upper = in + (size_t)k * stride;
        add_rows(s, upper, k + 1 < count ? upper + stride : upper, &w); /* the weight past the last is zero */
    }
    const __m128i low = _mm_packs_epi32(total(&s[0]), total(&s[1]));
    const __m128i high = _mm_packs_epi32(total(&s[2]), total(&s[3]));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_packus_epi16(low, high));
}

void resample_vertical(uint8_t *restrict out, const uint8_t *restrict in, size_t stride, size_t size,
                       const axis *a, int index)
{
    const size_t weights = (size_t)index * (size_t)a->taps;
    size_t x = 0;
    for (; x + 16 <= size; x += 16)
        sixteen_bytes(out + x, in + x, stride, a->pairs + weights, a->count[index]);
    plain_bytes(out + x, in + x, stride, size - x, a->weights + weights, a->count[index]);
}

#else

void resample_prepare(axis *a)
{
    (void)a;
}

void resample_horizontal(uint8_t *restrict out, const uint8_t *restrict in, size_t room, int left,
                         const axis *a)
{
    (void)room;
    for (int x = 0; x < a->size; x++, out += RESAMPLE_CHANNELS)
        plain_pixel(out, in + (size_t)(a->first[x] - left) * RESAMPLE_CHANNELS,
                    a->weights + (size_t)x * (size_t)a->taps, a->count[x]);
}

void resample_vertical(uint8_t *restrict out, const uint8_t *restrict in, size_t stride, size_t size,
                       const axis *a, int index)
{
    plain_bytes(out, in, stride, size, a->weights + (size_t)index * (size_t)a->taps, a->count[index]);
}

#endif

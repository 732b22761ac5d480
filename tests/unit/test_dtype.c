/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions between half precision and float32: every half there and back, every rounding boundary, and
 * every stored type in both byte orders.
 */
#include "unit/weights_test.h"

#include <math.h>

#include "weights/dtype.h"

/* What IEEE 754 says a binary16 means, in arithmetic of doubles. */
static double meaning(uint16_t half)
{
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double sign = half & 0x8000 ? -1.0 : 1.0;
    if (exponent == 31) return fraction ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0) return sign * ldexp(fraction, -24);
    return sign * ldexp(1024 + fraction, exponent - 25);
}

static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void every_half_there_and_back(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 65536; i++) {
        const uint16_t half = (uint16_t)i;
        const float value = dtype_from_f16(half);
        if (isnan(value)) {
            assert_true(isnan(meaning(half)));
            assert_int_equal(dtype_to_f16(value), half | 0x0200);
        } else {
            assert_true(same_float(value, (float)meaning(half)));
            assert_int_equal(dtype_to_f16(value), half);
        }
        const float wide = dtype_from_bf16(half);
        assert_int_equal(dtype_to_bf16(wide), isnan(wide) ? half | 0x0040 : half);
    }
}

/* Between two neighbours: just below the middle goes down, just above goes up, the middle goes to the even
 * one. */
static void every_boundary_rounds_to_nearest_even(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 0x7C00; i++) {
        const uint16_t low = (uint16_t)i, high = (uint16_t)(i + 1), even = low & 1 ? high : low;
        const double above = high == 0x7C00 ? 65536.0 : meaning(high);
        const float middle = (float)((meaning(low) + above) / 2);
        assert_int_equal(dtype_to_f16(nextafterf(middle, 0)), low);
        assert_int_equal(dtype_to_f16(middle), even);
        assert_int_equal(dtype_to_f16(nextafterf(middle, INFINITY)), high);
        assert_int_equal(dtype_to_f16(-middle), even | 0x8000);
    }
    for (uint32_t i = 0; i < 0x7F80; i++) {
        const uint16_t low = (uint16_t)i, high = (uint16_t)(i + 1), even = low & 1 ? high : low;
        const uint32_t bits = i << 16 | 0x8000;
        float middle;
        memcpy(&middle, &bits, sizeof middle);
        assert_int_equal(dtype_to_bf16(nextafterf(middle, 0)), low);
        assert_int_equal(dtype_to_bf16(middle), even);
        assert_int_equal(dtype_to_bf16(nextafterf(middle, INFINITY)), high);
    }
}

static void special_values(void **state)
{
    (void)state;
    assert_int_equal(dtype_to_f16(INFINITY), 0x7C00);
    assert_int_equal(dtype_to_f16(-1e30f), 0xFC00);
    assert_int_equal(dtype_to_f16(0x1p-126f), 0);
    assert_int_equal(dtype_to_f16(-0x1p-149f), 0x8000);
    assert_int_equal(dtype_to_bf16(-INFINITY), 0xFF80);
    /* A NaN whose payload lies in the bits that are dropped must not become an infinity. */
    const uint32_t bits = 0x7F800001;
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    assert_true((dtype_to_f16(nan) & 0x7FFF) > 0x7C00);
    assert_true((dtype_to_bf16(nan) & 0x7FFF) > 0x7F80);
}

static void decodes_every_type_in_both_orders(void **state)
{
    (void)state;
    static const struct {
        state_dtype dtype;
        uint8_t little[8];
        float value;
    } cases[] = {
        {STATE_F32, {0x00, 0x00, 0xC0, 0xBF}, -1.5f},
        {STATE_F16, {0x00, 0xBE}, -1.5f},
        {STATE_BF16, {0xC0, 0xBF}, -1.5f},
        {STATE_F64, {0, 0, 0, 0, 0, 0, 0xF8, 0xBF}, -1.5f},
        {STATE_I64, {0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, -2.0f},
        {STATE_I32, {0xFD, 0xFF, 0xFF, 0xFF}, -3.0f},
        {STATE_I16, {0xFC, 0xFF}, -4.0f},
        {STATE_I8, {0xFB}, -5.0f},
        {STATE_U8, {0xFB}, 251.0f},
        {STATE_BOOL, {0x02}, 1.0f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t size = state_dtype_size(cases[i].dtype);
        uint8_t odd[9] = {0}, reversed[8];
        float value = 0;
        memcpy(odd + 1, cases[i].little, size);
        dtype_decode(&value, odd + 1, cases[i].dtype, false, 1);
        assert_true(same_float(value, cases[i].value));
        for (size_t k = 0; k < size; k++)
            reversed[k] = cases[i].little[size - 1 - k];
        dtype_decode(&value, reversed, cases[i].dtype, true, 1);
        assert_true(same_float(value, cases[i].value));
        state_dtype parsed;
        const char *name = state_dtype_name(cases[i].dtype);
        assert_true(dtype_parse(name, strlen(name), &parsed));
        assert_int_equal(parsed, cases[i].dtype);
    }
    state_dtype parsed;
    assert_false(dtype_parse("F8_E4M3", 7, &parsed));
    assert_false(dtype_parse("F3", 2, &parsed));
}

static void encoding_says_what_does_not_fit(void **state)
{
    (void)state;
    uint8_t out[64];
    const float halves[] = {1.0f, INFINITY, -65504.0f, 65520.0f};
    assert_int_equal(dtype_encode(out, halves, STATE_F16, 4), 3);
    assert_int_equal(dtype_encode(out, halves, STATE_F16, 3), 3);
    const float wide[] = {NAN, 3.4e38f};
    assert_int_equal(dtype_encode(out, wide, STATE_BF16, 2), 1);
    const float integers[] = {-9223372036854775808.0f, 16777216.0f, 0.5f};
    assert_int_equal(dtype_encode(out, integers, STATE_I64, 3), 2);
    float back[2];
    dtype_decode(back, out, STATE_I64, false, 2);
    assert_true(same_float(back[0], integers[0]) && same_float(back[1], integers[1]));
    const float nothing[] = {NAN, 9223372036854775808.0f};
    assert_int_equal(dtype_encode(out, nothing, STATE_I64, 1), 0);
    assert_int_equal(dtype_encode(out, nothing + 1, STATE_I64, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_there_and_back),
        cmocka_unit_test(every_boundary_rounds_to_nearest_even),
        cmocka_unit_test(special_values),
        cmocka_unit_test(decodes_every_type_in_both_orders),
        cmocka_unit_test(encoding_says_what_does_not_fit),
    };
    return cmocka_run_group_tests_name("dtype", tests, NULL, NULL);
}

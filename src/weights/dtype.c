/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions between stored element types and float32. The loops are plain and branch-free where it pays, so
 * that the compiler turns them into vector code; bytes are moved with memcpy, since files align nothing.
 */
#include "weights/dtype.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static const bool host_big_endian = true;
#else
static const bool host_big_endian = false;
#endif

/* The spelling of huggingface/safetensors, README.md, "Format". */
static const struct {
    char name[6];
    uint8_t size;
} dtypes[] = {
    [STATE_F32] = {"F32", 4},   [STATE_F16] = {"F16", 2}, [STATE_BF16] = {"BF16", 2},
    [STATE_F64] = {"F64", 8},   [STATE_I64] = {"I64", 8}, [STATE_I32] = {"I32", 4},
    [STATE_I16] = {"I16", 2},   [STATE_I8] = {"I8", 1},   [STATE_U8] = {"U8", 1},
    [STATE_BOOL] = {"BOOL", 1},
};

enum { DTYPES = sizeof dtypes / sizeof *dtypes };

const char *state_dtype_name(state_dtype dtype)
{
    return dtypes[dtype].name;
}

size_t state_dtype_size(state_dtype dtype)
{
    return dtypes[dtype].size;
}

bool dtype_parse(const char *name, size_t size, state_dtype *out)
{
    for (int i = 0; i < DTYPES; i++) {
        if (strlen(dtypes[i].name) != size || memcmp(dtypes[i].name, name, size) != 0) continue;
        *out = (state_dtype)i;
        return true;
    }
    return false;
}

bool dtype_is_native(state_dtype dtype, bool big_endian)
{
    return dtype == STATE_F32 && big_endian == host_big_endian;
}

static inline float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Binary16 has 5 exponent bits with bias 15 and 10 fraction bits; binary32 has 8, 127 and 23. */
enum { F16_BIAS_SHIFT = (127 - 15) << 23, F16_INFINITY = 0x7C00, F16_SMALLEST_NORMAL = 0x0400 };

/* Subnormal halves go through an integer conversion, so that flush-to-zero modes do not touch them. */
static inline float from_f16(uint16_t half)
{
    const uint32_t magnitude = half & 0x7FFFu, sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t bits = (magnitude << 13) + F16_BIAS_SHIFT;
    bits += magnitude >= F16_INFINITY ? F16_BIAS_SHIFT : 0;
    const uint32_t subnormal = bits_of((float)(int32_t)magnitude * 0x1p-24f);
    return float_of((magnitude < F16_SMALLEST_NORMAL ? subnormal : bits) | sign);
}

static inline float from_bf16(uint16_t half)
{
    return float_of((uint32_t)half << 16);
}

float dtype_from_f16(uint16_t half)
{
    return from_f16(half);
}

float dtype_from_bf16(uint16_t half)
{
    return from_bf16(half);
}

/* `value` without its `shift` low bits, rounded to nearest, ties to even. */
static uint32_t round_shift(uint32_t value, uint32_t shift)
{
    const uint32_t half = 1u << (shift - 1), kept = value >> shift;
    return (value + (half - 1) + (kept & 1)) >> shift;
}

uint16_t dtype_to_f16(float value)
{
    const uint32_t bits = bits_of(value), magnitude = bits & 0x7FFFFFFFu;
    const uint32_t sign = bits >> 16 & 0x8000u, exponent = magnitude >> 23;
    uint32_t half;
    if (magnitude > 0x7F800000u) /* NaN: keep the top of the payload, and make sure some of it is left */
        half = F16_INFINITY | 0x0200u | (magnitude >> 13 & 0x03FFu);
    else if (magnitude >= 0x477FF000u) /* 65520, halfway between the largest half and the next power of two */
        half = F16_INFINITY;
    else if (magnitude >= 0x38800000u) /* 2^-14, the smallest normal half; a carry moves up the exponent */
        half = round_shift(magnitude - F16_BIAS_SHIFT, 13);
    else if (exponent >= 102) /* from 2^-25, half of the smallest subnormal */
        half = round_shift((magnitude & 0x007FFFFFu) | 0x00800000u, 126 - exponent);
    else
        half = 0;
    return (uint16_t)(half | sign);
}

uint16_t dtype_to_bf16(float value)
{
    const uint32_t bits = bits_of(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return (uint16_t)(bits >> 16 | 0x0040u);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16);
}

/* Element `i` of `in`, as an unsigned integer of the host. */
static inline uint16_t load16(const uint8_t *in, size_t i, bool swap)
{
    uint16_t bits;
    memcpy(&bits, in + i * sizeof bits, sizeof bits);
    return swap ? __builtin_bswap16(bits) : bits;
}

static inline uint32_t load32(const uint8_t *in, size_t i, bool swap)
{
    uint32_t bits;
    memcpy(&bits, in + i * sizeof bits, sizeof bits);
    return swap ? __builtin_bswap32(bits) : bits;
}

static inline uint64_t load64(const uint8_t *in, size_t i, bool swap)
{
    uint64_t bits;
    memcpy(&bits, in + i * sizeof bits, sizeof bits);
    return swap ? __builtin_bswap64(bits) : bits;
}

static inline float from_f64(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return (float)value;
}

/* Once per byte order, so that the usual loop has no swap in it. */
static inline void decode(float *restrict out, const uint8_t *restrict b, state_dtype dtype, bool swap,
                          size_t count)
{
    switch (dtype) {
    case STATE_F32:
        for (size_t i = 0; i < count; i++)
            out[i] = float_of(load32(b, i, swap));
        break;
    case STATE_F16:
        for (size_t i = 0; i < count; i++)
            out[i] = from_f16(load16(b, i, swap));
        break;
    case STATE_BF16:
        for (size_t i = 0; i < count; i++)
            out[i] = from_bf16(load16(b, i, swap));
        break;
    case STATE_F64:
        for (size_t i = 0; i < count; i++)
            out[i] = from_f64(load64(b, i, swap));
        break;
    case STATE_I64:
        for (size_t i = 0; i < count; i++)
            out[i] = (float)(int64_t)load64(b, i, swap);
        break;
    case STATE_I32:
        for (size_t i = 0; i < count; i++)
            out[i] = (float)(int32_t)load32(b, i, swap);
        break;
    case STATE_I16:
        for (size_t i = 0; i < count; i++)
            out[i] = (float)(int16_t)load16(b, i, swap);
        break;
    case STATE_I8:
        for (size_t i = 0; i < count; i++)
            out[i] = (float)(int8_t)b[i];
        break;
    case STATE_U8:
        for (size_t i = 0; i < count; i++)
            out[i] = (float)b[i];
        break;
    case STATE_BOOL:
        for (size_t i = 0; i < count; i++)
            out[i] = b[i] != 0 ? 1.0f : 0.0f;
        break;
    }
}

void dtype_decode(float *out, const void *in, state_dtype dtype, bool big_endian, size_t count)
{
    if (big_endian == host_big_endian)
        decode(out, in, dtype, false, count);
    else
        decode(out, in, dtype, true, count);
}

/* The least significant `size` bytes of `bits`, least significant first. */
static inline void store(uint8_t *out, uint64_t bits, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(bits >> 8 * i);
}

size_t dtype_encode(void *out, const float *in, state_dtype dtype, size_t count)
{
    uint8_t *b = out;
    switch (dtype) {
    case STATE_F32:
        for (size_t i = 0; i < count; i++)
            store(b + 4 * i, bits_of(in[i]), 4);
        return count;
    case STATE_F16:
        for (size_t i = 0; i < count; i++) {
            const uint16_t half = dtype_to_f16(in[i]);
            if ((half & 0x7FFFu) == F16_INFINITY && isfinite(in[i])) return i;
            store(b + 2 * i, half, 2);
        }
        return count;
    case STATE_BF16:
        for (size_t i = 0; i < count; i++) {
            const uint16_t half = dtype_to_bf16(in[i]);
            if ((half & 0x7FFFu) == 0x7F80u && isfinite(in[i])) return i;
            store(b + 2 * i, half, 2);
        }
        return count;
    case STATE_I64:
        for (size_t i = 0; i < count; i++) {
            if (!(in[i] >= -0x1p63f && in[i] < 0x1p63f) || truncf(in[i]) != in[i]) return i;
            store(b + 8 * i, (uint64_t)(int64_t)in[i], 8);
        }
        return count;
    default: assert(!"a type that is written");
    }
    return 0;
}

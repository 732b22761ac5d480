/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers by counter: value number `index` of stream `key` is a pure function of both, so that results
 * do not depend on threads, on order, or on what was drawn before. Also written out in scripts/golden.py for
 * parity tests.
 *
 * The mixing function is the finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, OOPSLA 2014), applied twice.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* SplitMix64's finaliser. */
static inline uint64_t rng_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* 64 random bits: number `index` of stream `key`. */
static inline uint64_t rng_bits(uint64_t key, uint64_t index)
{
    return rng_mix(rng_mix(key + 0x9E3779B97F4A7C15u * (index + 1)) + key);
}

/* A stream for `name` under `seed` (FNV-1a, 64 bits). */
static inline uint64_t rng_key(uint64_t seed, const char *name)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001B3u;
    return rng_mix(hash + 0x9E3779B97F4A7C15u * seed);
}

/* Uniform in [0, 1), a multiple of 2^-24: exact in float. */
static inline float rng_uniform(uint64_t key, uint64_t index)
{
    return (float)(rng_bits(key, index) >> 40) * 0x1p-24f;
}

/* Standard normal (Box and Muller 1958), from the two halves of one draw; computed in double. */
static inline float rng_normal(uint64_t key, uint64_t index)
{
    const uint64_t bits = rng_bits(key, index);
    const double u = ((double)(bits >> 32) + 1.0) * 0x1p-32, v = (double)(bits & 0xFFFFFFFFu) * 0x1p-32;
    return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v));
}

#endif

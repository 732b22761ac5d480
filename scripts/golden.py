# SPDX-License-Identifier: Apache-2.0
"""Weights and pictures from a counter, the numpy side of tests/golden_weights.c and src/base/rng.h.

Every value is a pure function of a seed, a tensor's name in its own state dict, and an element's index, and is
the same float32 on both sides, bit for bit. So tests of equality with PyTorch store seeds and outputs, never
weights. docs/parity.md says how the ranges were chosen. Needs numpy only.
"""
import math

import numpy as np

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15

# Half the range of a weight is GAIN * sqrt(3 / fan_in), which makes its standard deviation GAIN / sqrt(fan_in).
GAIN = 1.5
# Times this for the last convolution of a residual branch, so that 80 blocks in a row do not add up to infinity.
DAMP = 0.1
BIAS = 0.2  # biases, and batch norm's running means, lie in [-BIAS, BIAS)
SCALE = (0.5, 1.5)  # batch norm's weight lies in this range
VARIANCE = (0.5, 1.5)  # and its running variance in this one
PICTURE = 2.0  # pixels of pictures, after normalisation, lie in [-PICTURE, PICTURE)


def mix(z):
    """SplitMix64's finaliser, in place on an array of uint64."""
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def key(seed, name):
    """The stream of `name` under `seed`: rng_key."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return int(mix(np.array([(value + STEP * seed) & MASK], np.uint64))[0])


def uniform(stream, count, first=0):
    """`count` numbers in [0, 1), multiples of 2**-24, from number `first` on: rng_uniform."""
    z = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    z *= np.uint64(STEP)
    z += np.uint64(stream)
    mix(z)
    z += np.uint64(stream)
    mix(z)
    z >>= np.uint64(40)
    return z.astype(np.float32) * np.float32(2.0**-24)


def between(stream, count, low, high):
    """low + (high - low) * u, with both constants and both steps rounded to float32."""
    out = np.empty(count, np.float32)
    for first in range(0, count, 1 << 22):  # in pieces: the largest tensors have tens of millions of elements
        part = uniform(stream, min(1 << 22, count - first), first)
        out[first : first + len(part)] = part * np.float32(high - low) + np.float32(low)
    return out


def bounds(name, shape):
    """The range of a tensor's values, from the end of its name and its rank."""
    if name.endswith("running_mean") or name.endswith("bias"):
        return -BIAS, BIAS
    if name.endswith("running_var"):
        return VARIANCE
    if len(shape) == 1:
        return SCALE
    limit = GAIN * math.sqrt(3.0 / math.prod(shape[1:]))
    if len(shape) == 4 and shape[2] == 1 and shape[1] in (shape[0], 6 * shape[0]):
        limit *= DAMP  # 1x1 from as many channels, or from six times as many: the end of a residual branch
    return -limit, limit


def tensor(seed, name, shape):
    """The tensor `name` of a state dict."""
    low, high = bounds(name, shape)
    return between(key(seed, name), math.prod(shape), low, high).reshape(shape)


def picture(seed, height, width, channels):
    """A normalised picture, [height][width][channels]."""
    values = between(key(seed, "input"), height * width * channels, -PICTURE, PICTURE)
    return values.reshape(height, width, channels)


def fill(module, seed):
    """Fills every parameter and statistic of a PyTorch module in place."""
    import torch

    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.from_numpy(tensor(seed, name, tuple(value.shape))))
    return module

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/dialect_names.txt: what PyTorch's own modules call their tensors, for tests/unit/test_dialect.c.

    python scripts/make_dialect_names.py > tests/data/dialect_names.txt

One line per network and dialect: dialect, network, number of tensors, and the 64-bit FNV-1a hash of the lines "NAME d0xd1...\\n"
of its state_dict in order, num_batches_tracked left out. After a few of them the lines themselves, indented.
"""
import efficientnet_lite_pytorch
import efficientnet_pytorch
import timm
import torch
import torchvision


def networks():
    for i in [f"b{n}" for n in range(9)] + ["l2"]:
        yield "efficientnet_pytorch", f"efficientnet-{i}", lambda: efficientnet_pytorch.EfficientNet.from_name(f"efficientnet-{i}")
        yield "timm", f"efficientnet-{i}", lambda: timm.create_model(f"efficientnet_{i}")
    for i in range(5):
        yield ("efficientnet_pytorch", f"efficientnet-lite{i}",
               lambda: efficientnet_lite_pytorch.EfficientNet.from_name(f"efficientnet-lite{i}"))
        yield "timm", f"efficientnet-lite{i}", lambda: timm.create_model(f"tf_efficientnet_lite{i}")
    for i in range(8):
        yield "torchvision", f"efficientnet-b{i}", lambda: torchvision.models.get_model(f"efficientnet_b{i}")
    for width in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4):
        suffix = "" if width == 1.0 else f"-{width}"
        yield "torchvision", f"mobilenet-v2{suffix}", lambda: torchvision.models.mobilenet_v2(width_mult=width)
    for timm_width, suffix in (("035", "-0.35"), ("050", "-0.5"), ("075", "-0.75"), ("100", ""), ("110d", "-1.1d"), ("120d", "-1.2d"),
                               ("140", "-1.4")):
        yield "timm", f"mobilenet-v2{suffix}", lambda: timm.create_model(f"mobilenetv2_{timm_width}")


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def main():
    full = {("efficientnet_pytorch", "efficientnet-b0"), ("torchvision", "efficientnet-b0"), ("torchvision", "mobilenet-v2"),
            ("timm", "efficientnet-b1")}
    for dialect, network, build in networks():
        with torch.device("meta"):
            state = build().state_dict()
        lines = [f"{name} {'x'.join(map(str, tensor.shape))}" for name, tensor in state.items()
                 if not name.endswith("num_batches_tracked")]
        print(dialect, network, len(lines), f"{fnv1a(''.join(line + chr(10) for line in lines)):016x}")
        if (dialect, network) in full:
            print("".join(f"  {line}\n" for line in lines), end="")


if __name__ == "__main__":
    main()

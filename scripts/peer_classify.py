#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same photo through the same network by PyTorch and timm, for scripts/bench.sh to measure beside effnet.

Needs torch, timm, Pillow, numpy and safetensors. The weights are the default model with timm's names:
    effnet convert efficientnet-lite0 --to timm -o WEIGHTS.safetensors

    peer_classify.py WEIGHTS.safetensors PHOTO [THREADS [PASSES]]

With PASSES, the median time of so many passes through the network alone is printed too.
"""
import statistics
import sys
import time

import numpy
import PIL.Image
import safetensors.torch
import timm
import torch

weights, photo = sys.argv[1:3]
if len(sys.argv) > 3:
    torch.set_num_threads(int(sys.argv[3]))

model = timm.create_model("tf_efficientnet_lite0")
model.load_state_dict(safetensors.torch.load_file(weights))
model.eval()

image = PIL.Image.open(photo).convert("RGB")
scale = 256 / min(image.size)
image = image.resize((round(image.width * scale), round(image.height * scale)), PIL.Image.Resampling.BICUBIC)
left, top = (image.width - 224) // 2, (image.height - 224) // 2
pixels = numpy.asarray(image.crop((left, top, left + 224, top + 224)), numpy.float32)
tensor = torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)[None]

with torch.inference_mode():
    probabilities = model(tensor)[0].softmax(0)
for probability, index in zip(*probabilities.topk(5)):
    print(f"{100 * probability:5.1f} %  class {index}")

if len(sys.argv) > 4:
    times = []
    with torch.inference_mode():
        for _ in range(int(sys.argv[4])):
            start = time.perf_counter()
            model(tensor)
            times.append(1e3 * (time.perf_counter() - start))
    print(f"network alone {statistics.median(times):.1f} ms (median of {len(times)})")

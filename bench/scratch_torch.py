#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the network of a FILE.json from scratch with PyTorch as `effnet train` does: the same blocks, fresh weights by the same rule, the same
shifts, mirroring and erasing, SGD along a cosine, averaged weights. So accuracies and times can be set side by side. Needs torch,
numpy and Pillow. Knows what small networks need: explicit blocks without width and depth, no drop-connect.

    scratch_torch.py FILE.json DATA --epochs N [--batch 128] [--lr 0.2] [--weight-decay 5e-4] [--erase 0.25] [--seed 1] [--seconds S]

DATA has IDX files, or train/ and test/ with a folder per class each.
"""
import argparse
import glob
import gzip
import json
import math
import os
import random
import re
import time

import numpy
import PIL.Image
import torch
from torch import nn
from torch.nn import functional

ACTIVATIONS = {"swish": nn.SiLU, "relu6": nn.ReLU6, "relu": nn.ReLU, "hard-swish": nn.Hardswish}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


# ---- The network ----

class Same(nn.Conv2d):
    """Padded as TensorFlow does: what is odd comes behind."""

    def forward(self, x):
        pads = []
        for side in (x.shape[3], x.shape[2]):
            k, s = self.kernel_size[0], self.stride[0]
            more = max((math.ceil(side / s) - 1) * s + k - side, 0)
            pads += [more // 2, more - more // 2]
        return super().forward(functional.pad(x, pads))


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.1)


class Squeeze(nn.Module):
    def __init__(self, channels, squeezed, activation):
        super().__init__()
        self.reduce, self.expand, self.activation = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1), activation()

    def forward(self, x):
        return x * torch.sigmoid(self.expand(self.activation(self.reduce(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    def __init__(self, k, s, e, i, o, se, activation):
        super().__init__()
        hidden, layers = e * i, []
        if e > 1:
            layers += [nn.Conv2d(i, hidden, 1, bias=False), norm(hidden), activation()]
        layers += [Same(hidden, hidden, k, s, groups=hidden, bias=False), norm(hidden), activation()]
        if se > 0:
            layers += [Squeeze(hidden, max(1, int(i * se)), activation)]
        self.body = nn.Sequential(*layers, nn.Conv2d(hidden, o, 1, bias=False), norm(o))
        self.residual = s == 1 and i == o

    def forward(self, x):
        return self.body(x) + x if self.residual else self.body(x)


def make_network(arch):
    assert arch.get("drop_connect", 0) == 0 and arch.get("width", 1) == arch.get("depth", 1) == 1
    activation, stem = ACTIVATIONS[arch["activation"]], arch["stem"]
    layers = [Same(arch.get("in_channels", 3), stem["filters"], stem.get("kernel", 3), stem.get("stride", 2), bias=False),
              norm(stem["filters"]), activation()]
    for text in arch["blocks"]:
        v = {k: float(n) for k, n in re.findall(r"(se|[rkseio])([0-9.]+)", text)}
        r, k, s, e, i, o = (int(v[key]) for key in ("r", "k", "s", "e", "i", "o"))
        for number in range(r):
            layers.append(Block(k, s % 10 if number == 0 else 1, e, i if number == 0 else o, o, v.get("se", 0), activation))
    head = arch["head"]["filters"]
    layers += [nn.Conv2d(o, head, 1, bias=False), norm(head), activation(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
               nn.Dropout(arch.get("dropout", 0.2)), nn.Linear(head, arch["num_classes"])]
    network = nn.Sequential(*layers)
    for m in network.modules():
        if isinstance(m, nn.Conv2d):
            fan_out = m.kernel_size[0] ** 2 * (m.out_channels if m.groups == 1 else 1)
            nn.init.normal_(m.weight, 0, math.sqrt(2 / fan_out))
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        elif isinstance(m, nn.Linear):
            nn.init.uniform_(m.weight, -1 / math.sqrt(m.in_features), 1 / math.sqrt(m.in_features))
            nn.init.zeros_(m.bias)
    return network


# ---- The data ----

def resized(pixels, side):
    return numpy.asarray(PIL.Image.fromarray(pixels).resize((side, side), PIL.Image.BICUBIC))


def read_idx(name):
    path = glob.glob(os.path.join(a.data, name + "*"))[0]
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        data = file.read()
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(data[3])]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(shape)


def read_part(part, side, channels):
    if not os.path.isdir(os.path.join(a.data, "train")):
        name = "train" if part == "train" else "t10k"
        pictures, classes = read_idx(name + "-images"), read_idx(name + "-labels")
        pictures = [resized(p, side) for p in pictures]
    else:
        folders = sorted(os.listdir(os.path.join(a.data, part)))
        found = [(os.path.join(a.data, part, f, p), c) for c, f in enumerate(folders) for p in sorted(os.listdir(os.path.join(a.data, part, f)))]
        pictures = [resized(numpy.asarray(PIL.Image.open(p).convert("L" if channels == 1 else "RGB")), side) for p, _ in found]
        classes = numpy.array([c for _, c in found])
    x = torch.from_numpy(numpy.stack(pictures)).reshape(len(pictures), side, side, channels).permute(0, 3, 1, 2).contiguous()
    return x, torch.from_numpy(classes.astype(numpy.int64))


def normalised(x):
    mean, deviation = torch.tensor(MEAN), torch.tensor(DEVIATION)
    if x.shape[1] == 1:
        mean, deviation = mean.mean(0, keepdim=True), deviation.mean(0, keepdim=True)
    return (x.float() / 255 - mean[:, None, None]) / deviation[:, None, None]


def erase(x):
    side = x.shape[-1]
    for _ in range(10):
        wanted, ratio = side * side * random.uniform(0.02, 1 / 3), math.exp(random.uniform(math.log(0.3), -math.log(0.3)))
        rows, columns = round(math.sqrt(wanted * ratio)), round(math.sqrt(wanted / ratio))
        if rows < side and columns < side:
            top, left = random.randint(0, side - rows), random.randint(0, side - columns)
            x[:, top:top + rows, left:left + columns] = 0
            return


def augmented(x):
    n, side, pad = len(x), x.shape[-1], x.shape[-1] // 8
    wide = functional.pad(x, (pad,) * 4)
    out = torch.empty_like(x)
    for i in range(n):
        top, left = random.randint(0, 2 * pad), random.randint(0, 2 * pad)
        out[i] = wide[i, :, top:top + side, left:left + side]
    mirrored = torch.rand(n) < 0.5
    out[mirrored] = out[mirrored].flip(-1)
    out = normalised(out)
    for i in range(n):
        if random.random() < a.erase:
            erase(out[i])
    return out


# ---- Training ----

@torch.no_grad()
def accuracy(network, x, y):
    network.eval()
    right = sum((network(normalised(x[i:i + 500])).argmax(1) == y[i:i + 500]).sum().item() for i in range(0, len(x), 500))
    network.train()
    return 100 * right / len(x)


def rate_at(epoch):
    return a.lr * (epoch / 2 if epoch < 2 else 0.5 * (1 + math.cos(math.pi * (epoch - 2) / (a.epochs - 2))))


@torch.no_grad()
def average(mean, network, updates):
    decay = min(0.999, (1 + updates) / (10 + updates))
    for held, new in zip(mean.state_dict().values(), network.state_dict().values()):
        if held.is_floating_point():
            held.mul_(decay).add_(new, alpha=1 - decay)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("arch")
parser.add_argument("data")
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--lr", type=float, default=0.2)
parser.add_argument("--weight-decay", type=float, default=5e-4)
parser.add_argument("--erase", type=float, default=0.25)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=math.inf, help="stop after the epoch in which these are over")
a = parser.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(a.seed)
random.seed(a.seed)
with open(a.arch) as description:
    arch = json.load(description)
train_x, train_y = read_part("train", arch["size"], arch.get("in_channels", 3))
test_x, test_y = read_part("test", arch["size"], arch.get("in_channels", 3))
network, mean = make_network(arch), make_network(arch)
mean.load_state_dict(network.state_dict())
print(f"{sum(p.numel() for p in network.parameters()):,} parameters, {len(train_x)} and {len(test_x)} pictures", flush=True)
parameters = list(network.parameters())
optimiser = torch.optim.SGD([{"params": [p for p in parameters if p.ndim > 1], "weight_decay": a.weight_decay},
                             {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0}], lr=a.lr, momentum=0.9, nesterov=True)
loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
began, steps, updates = time.time(), len(train_x) // a.batch, 0
for epoch in range(a.epochs):
    order, total, started = torch.randperm(len(train_x)), 0.0, time.time()
    for step in range(steps):
        batch = order[step * a.batch:(step + 1) * a.batch]
        for group in optimiser.param_groups:
            group["lr"] = rate_at(epoch + step / steps)
        optimiser.zero_grad()
        loss = loss_of(network(augmented(train_x[batch])), train_y[batch])
        loss.backward()
        optimiser.step()
        average(mean, network, updates)
        updates += 1
        total += loss.item()
    speed = steps * a.batch / (time.time() - started)
    print(f"{epoch + 1:3d}  train {total / steps:.4f}  val {accuracy(network, test_x, test_y):.2f} %  average {accuracy(mean, test_x, test_y):.2f} %"
          f"  {speed:.1f} images/s  {time.time() - began:.0f} s", flush=True)
    if time.time() - began > a.seconds:
        break

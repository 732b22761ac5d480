#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/image: small pictures drawn by a formula in every variant that effnet reads, and goldens.txt with what
Pillow and torchvision make of them.

    python3 scripts/make_image_goldens.py        needs Pillow >= 13, torch, torchvision, numpy

Each line of goldens.txt, with CRC-32 of the pixels (or of the little-endian float32 values of a recipe):
    decode FILE HEIGHT WIDTH CRC                        exact
    close FILE EXPECTED.png                             within two levels: IDCT and upsampling may differ between builds
    resize HEIGHT WIDTH -> HEIGHT WIDTH FILTER BOX CRC  of formula pictures; BOX is left,top,right,bottom or -
    recipe HEIGHT WIDTH CHANNELS RECIPE CRC             of formula pictures
"""
import io
import random
import struct
import sys
import zlib
from pathlib import Path

import numpy
import PIL
import torchvision
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "image"
FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
MODES = {name: InterpolationMode(name) for name in FILTERS}
lines = []


def formula(height, width, channels=3):
    """Curves, edges and wrap-around; the same in tests/unit/image_test.h."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels].astype(numpy.uint32)
    return ((3 * x * x + 7 * y * (c + 1) + x * y // 5 + 90 * ((x // 8 + y // 8) % 2)) % 256).astype(numpy.uint8)


def smooth(height, width, channels=3):
    """What JPEG and lossy WebP keep well."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels].astype(float)
    waves = numpy.sin(x / (5 + 2 * c)) * numpy.cos(y / (7 - c))
    return (128 + 100 * waves).astype(numpy.uint8)


def crc(data):
    return f"{zlib.crc32(data):08x}"


def rgb(encoded):
    return numpy.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def put(name, encoded):
    (OUT / name).write_bytes(encoded)


def exact(name, encoded, expected=None):
    put(name, encoded)
    expected = rgb(encoded) if expected is None else expected
    lines.append(f"decode {name} {expected.shape[0]} {expected.shape[1]} {crc(expected.tobytes())}")


def close(name, encoded):
    put(name, encoded)
    expected = name.rsplit(".", 1)[0] + ".expected.png"
    put(expected, save(Image.fromarray(rgb(encoded)), "png", optimize=True))
    lines.append(f"close {name} {expected}")


def save(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


# ---- PNG: written here, because Pillow writes neither Adam7 nor most 16-bit kinds

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PAETH_AND_ALL = [0, 1, 2, 3, 4]


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def filtered(row, before, step, kind):
    row, before = row.astype(int), before.astype(int)
    left = numpy.concatenate([numpy.zeros(step, int), row[:-step]]) if len(row) > step else numpy.zeros(len(row), int)
    corner = numpy.concatenate([numpy.zeros(step, int), before[:-step]]) if len(row) > step else numpy.zeros(len(row), int)
    estimate = left + before - corner
    distances = [abs(estimate - left), abs(estimate - before), abs(estimate - corner)]
    paeth = numpy.where((distances[0] <= distances[1]) & (distances[0] <= distances[2]), left,
                        numpy.where(distances[1] <= distances[2], before, corner))
    guess = [0 * left, left, before, (left + before) // 2, paeth][kind]
    return bytes([kind]) + ((row - guess) % 256).astype(numpy.uint8).tobytes()


def pack(samples, depth):
    """Rows of samples to rows of bytes."""
    flat = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        return flat.astype(">u2").view(numpy.uint8).reshape(flat.shape[0], -1)
    if depth == 8:
        return flat.astype(numpy.uint8)
    bits = (flat[:, :, None] >> numpy.arange(depth - 1, -1, -1)) & 1
    return numpy.packbits(bits.reshape(flat.shape[0], -1).astype(numpy.uint8), axis=1)


def scanlines(samples, depth, channels):
    rows = pack(samples, depth)
    step = max(1, depth * channels // 8)
    before, out = numpy.zeros(rows.shape[1], numpy.uint8), b""
    for i, row in enumerate(rows):
        out += filtered(row, before, step, PAETH_AND_ALL[i % 5])
        before = row
    return out


def png(samples, colour, depth, interlaced, extra=b""):
    height, width = samples.shape[:2]
    passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    data = b"".join(scanlines(p, depth, CHANNELS[colour]) for p in passes if p.size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    compressed = zlib.compress(data, 9)
    half = len(compressed) // 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", compressed[:half])
            + chunk(b"IDAT", compressed[half:]) + chunk(b"IEND", b""))


def make_png():
    height, width = 13, 21
    for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            samples = formula(height, width, CHANNELS[colour]).astype(numpy.uint32)
            if depth == 16:
                samples = samples * 256 + 255 - samples
            elif depth < 8:
                samples >>= 8 - depth
            colours = formula(1, 1 << min(depth, 8))[0]
            palette = chunk(b"PLTE", colours.tobytes()) if colour == 3 else b""
            transparency = chunk(b"tRNS", bytes(range(1 << min(depth, 8)))) if colour == 3 else b""
            for interlaced in (False, True):
                encoded = png(samples, colour, depth, interlaced, palette + transparency)
                # Pillow clips 16-bit grey at 255; effnet keeps the high byte.
                grey16 = numpy.repeat((samples >> 8).astype(numpy.uint8), 3, axis=2) if (colour, depth) == (0, 16) else None
                exact(f"png_{colour}_{depth}{'i' if interlaced else ''}.png", encoded, grey16)
    samples = formula(5, 3, 3)
    exact("png_trns_rgb.png", png(samples, 2, 8, False, chunk(b"tRNS", samples[0, 0].astype(">u2").tobytes())))
    exact("png_1x1.png", png(formula(1, 1), 2, 8, True))


def make_jpeg():
    picture = Image.fromarray(smooth(27, 37))
    for name, options in {"444": {"subsampling": 0}, "422": {"subsampling": 1}, "420": {"subsampling": 2},
                          "progressive": {"progressive": True}, "restarts": {"restart_marker_rows": 1},
                          "rgb": {"keep_rgb": True}}.items():
        close(f"jpeg_{name}.jpg", save(picture, "jpeg", quality=90, **options))
    close("jpeg_grey.jpg", save(Image.fromarray(smooth(27, 37)[:, :, 1]), "jpeg", quality=90))
    cmyk = Image.frombytes("CMYK", (37, 27), smooth(27, 37, 4).tobytes())
    encoded = save(cmyk, "jpeg", quality=90)
    close("jpeg_cmyk.jpg", encoded)
    adobe = encoded.index(b"\xff\xee")
    length = struct.unpack(">H", encoded[adobe + 2:adobe + 4])[0]
    close("jpeg_cmyk_no_adobe.jpg", encoded[:adobe] + encoded[adobe + 2 + length:])
    assert encoded[adobe + 15] == 0  # the colour transform; 2 means YCCK
    close("jpeg_ycck.jpg", encoded[:adobe + 15] + b"\2" + encoded[adobe + 16:])


def make_webp():
    height, width = 22, 31
    picture = Image.fromarray(smooth(height, width))
    alpha = Image.fromarray(numpy.dstack([smooth(height, width), formula(height, width)[:, :, 0]]), "RGBA")
    close("webp_lossy.webp", save(picture, "webp", quality=80))
    close("webp_lossy_alpha.webp", save(alpha, "webp", quality=80))
    exact("webp_lossless.webp", save(picture, "webp", lossless=True))
    exact("webp_lossless_alpha.webp", save(alpha, "webp", lossless=True, exact=True))
    second = Image.fromarray(255 - smooth(height, width))
    exact("webp_animated.webp", save(picture, "webp", lossless=True, save_all=True, append_images=[second], duration=9))


# ---- Resizing and recipes

def make_resize():
    pairs = [((60, 80), (30, 40)), ((60, 80), (256, 341)), ((97, 131), (224, 224)), ((131, 97), (13, 11)),
             ((375, 500), (256, 341)), ((500, 375), (341, 256)), ((227, 227), (256, 256)), ((224, 224), (224, 112)),
             ((224, 224), (112, 224)), ((64, 64), (64, 64)), ((1, 1), (7, 5)), ((1, 50), (20, 3)), ((50, 1), (3, 20)),
             ((300, 40), (20, 39)), ((300, 40), (260, 20)), ((40, 300), (39, 20)), ((7, 3), (3, 7)), ((2, 2), (1, 1)),
             ((255, 257), (254, 258)), ((33, 33), (32, 32)), ((100, 100), (99, 101)), ((480, 640), (48, 64)),
             ((480, 640), (1, 1)), ((5, 5), (500, 500)), ((300, 300), (380, 380)), ((240, 320), (300, 400)),
             ((128, 192), (97, 131)), ((11, 400), (224, 224)), ((400, 11), (224, 224)), ((3, 3), (2, 299))]
    for (height, width), (to_height, to_width) in pairs:
        picture = Image.fromarray(formula(height, width))
        for name in ("bilinear", "bicubic", "nearest"):
            result = picture.resize((to_width, to_height), FILTERS[name])
            lines.append(f"resize {height} {width} -> {to_height} {to_width} {name} - {crc(result.tobytes())}")
    generator = random.Random(1)
    for _ in range(20):
        height, width = generator.randint(5, 200), generator.randint(5, 200)
        left, right = sorted(generator.sample(range(4 * width + 1), 2))
        top, bottom = sorted(generator.sample(range(4 * height + 1), 2))
        box = (left / 4, top / 4, right / 4, bottom / 4)
        to_height, to_width = generator.randint(1, 150), generator.randint(1, 150)
        name = generator.choice(list(FILTERS))
        result = Image.fromarray(formula(height, width)).resize((to_width, to_height), FILTERS[name], box)
        lines.append(f"resize {height} {width} -> {to_height} {to_width} {name} {','.join(map(str, box))} "
                     f"{crc(result.tobytes())}")


def recipe(height, width, channels, text, steps, statistics):
    picture = Image.fromarray(formula(height, width))
    chain = transforms.Compose(steps + [transforms.ToTensor(), transforms.Normalize(*statistics)])
    values = chain(picture if channels == 3 else picture.convert("L")).permute(1, 2, 0).numpy()
    lines.append(f"recipe {height} {width} {channels} {text} {crc(values.astype('<f4').tobytes())}")


def make_recipes():
    imagenet = ([.485, .456, .406], [.229, .224, .225])
    half = ([.5] * 3, [.5] * 3)
    sizes = [(60, 80), (81, 60), (100, 100), (31, 200), (200, 31), (9, 9), (255, 256)]
    for height, width in sizes:
        for to_height, to_width, resize, name in ((64, 64, 73, "bicubic"), (65, 65, 74, "bilinear"), (97, 131, 150, "bicubic"),
                                                  (64, 48, 50, "bilinear"), (64, 64, 40, "nearest")):
            text = f"size={to_height}x{to_width},resize={resize},interpolation={name}"
            centre = [transforms.Resize(resize, MODES[name]), transforms.CenterCrop((to_height, to_width))]
            recipe(height, width, 3, text + ",imagenet", centre, imagenet)
            recipe(height, width, 1, text + ",mean=0.25,std=0.5", centre, ([.25], [.5]))
            squash = [transforms.Resize((to_height, to_width), MODES[name])]
            recipe(height, width, 3, text + ",fit=squash,inception", squash, half)


def main():
    if int(PIL.__version__.split(".")[0]) < 13:
        sys.exit("Pillow 13 or newer is needed: older ones order the passes of a resize otherwise")
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    make_png()
    make_jpeg()
    make_webp()
    make_resize()
    make_recipes()
    head = f"# Made by scripts/make_image_goldens.py with Pillow {PIL.__version__}, torchvision {torchvision.__version__}."
    (OUT / "goldens.txt").write_text("\n".join([head] + lines) + "\n")
    print(len(lines), "goldens,", sum(f.stat().st_size for f in OUT.iterdir()), "bytes")


main()

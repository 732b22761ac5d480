#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/goldens/networks.jsonl: what PyTorch's own networks answer to generated weights and pictures.

    python3 -m venv venv
    venv/bin/pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 efficientnet_pytorch==0.7.1 \\
        efficientnet_lite_pytorch==0.1.0 numpy==2.4.6
    venv/bin/python scripts/make_goldens.py                writes the file
    venv/bin/python scripts/make_goldens.py --only b0      prints the lines of networks whose name contains "b0"
    venv/bin/python scripts/make_goldens.py --signal b0    shows that the weights let errors be seen (docs/parity.md)

Every network that efficientnet_pytorch, torchvision, timm or efficientnet_lite_pytorch can build of this family is
built, filled by scripts/golden.py, and run in float32 in evaluation mode. Only seeds, shapes and samples of the
outputs are written; docs/parity.md describes the fields. Needs about 12 GB of memory for L2.
"""
import argparse
import dataclasses
import json
import pathlib
import sys
import zlib

import numpy as np
import torch

import golden

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/goldens/networks.jsonl"
RECTANGLE = (97, 131)  # odd and rectangular
SMALL = (75, 64)
LOGIT_SAMPLES, OTHER_SAMPLES = 64, 12
SIZES = {  # the sources' own resolutions; L2's smaller one, see cases()
    "b0": 224, "b1": 240, "b2": 260, "b3": 300, "b4": 380, "b5": 456, "b6": 528, "b7": 600, "b8": 672, "l2": 475,
    "lite0": 224, "lite1": 240, "lite2": 260, "lite3": 280, "lite4": 300,
}  # fmt: skip
# Multiply-adds up to which a run belongs to a tier: tests under sanitizers, every `make check`, `make parity`.
QUICK_MACS, CHECK_MACS, CHECK_PARAMETERS = 45e6, 11e9, 100e6
FLOAT64_MACS = 3e9  # up to which float32's own distance from the truth is measured too


class Network:
    """How one package builds one network, and where its values can be taken out."""

    def __init__(self, package, name, arch, dialect, variant, epsilon, size, build):
        self.package, self.name, self.arch, self.dialect = package, name, arch, dialect
        self.variant, self.epsilon, self.size, self.build = variant, epsilon, size, build

    def create(self, size, case, **options):
        with torch.device("meta"):  # no time spent on random weights that are overwritten anyway
            model = self.build(size, case.classes, case.adapt or case.in_channels, **options)
        golden.fill(model.to_empty(device="cpu"), case.seed)
        if case.adapt:
            adapt_stem(model, case)
        return model.eval()


def adapt_stem(model, case):
    """Gives the stem what timm makes of pretrained weights for another number of channels."""
    from timm.models._manipulate import adapt_input_conv

    shape = (model.conv_stem.out_channels, case.in_channels, 3, 3)
    weight = torch.from_numpy(golden.tensor(case.seed, "conv_stem.weight", shape))
    with torch.no_grad():
        model.conv_stem.weight.copy_(adapt_input_conv(case.adapt, weight))


@dataclasses.dataclass
class Case:
    """One line of the file: a network with one set of weights."""

    classes: int
    in_channels: int
    sizes: list
    endpoints: bool = False  # at RECTANGLE
    adapt: int = 0  # channels of the picture, where the weights are for in_channels and the stem is adapted
    seed: int = 1


def lukemelas(module):
    def build_of(name):
        def build(size, classes, in_channels):
            return module.EfficientNet.from_name(name, in_channels=in_channels, image_size=size, num_classes=classes)

        return build

    return build_of


def torchvision_networks():
    from torch import nn
    from torchvision import models

    def build_of(make, **options):
        def build(size, classes, in_channels):
            model = make(num_classes=classes, **options)
            if in_channels != 3:
                stem = model.features[0][0]
                model.features[0][0] = nn.Conv2d(in_channels, stem.out_channels, 3, 2, 1, bias=False)
            return model

        return build

    for i in range(8):
        name = f"efficientnet_b{i}"
        epsilon = 1e-5 if i < 5 else 1e-3
        yield Network("torchvision", name, f"efficientnet-b{i}", "torchvision", "symmetric", epsilon,
                      SIZES[f"b{i}"], build_of(getattr(models, name)))  # fmt: skip
    for width in (0.27, 0.35, 0.5, 0.6, 0.75, 1.0, 1.3, 1.4, 2.0):
        yield Network("torchvision", f"mobilenet_v2 width_mult={width}", f"mobilenet-v2-{width}", "torchvision",
                      "symmetric", 1e-5, 224, build_of(models.mobilenet_v2, width_mult=width))  # fmt: skip


def timm_networks():
    import timm

    def network(name, size, tf):
        def build(unused_size, classes, in_channels, **options):
            return timm.create_model(name, num_classes=classes, in_chans=in_channels, **options)

        variant, epsilon = ("same", 1e-3) if tf else ("symmetric", 1e-5)
        return Network("timm", name, name, "timm", variant, epsilon, size, build)

    for prefix in ("", "tf_"):
        for key, size in (SIZES | {"lite3": 300, "lite4": 380}).items():
            yield network(f"{prefix}efficientnet_{key}", size, prefix == "tf_")
    for width in ("035", "050", "075", "100", "110d", "120d", "140"):
        yield network(f"mobilenetv2_{width}", 224, False)


def all_networks():
    import efficientnet_lite_pytorch
    import efficientnet_pytorch

    for key, size in SIZES.items():
        module = efficientnet_lite_pytorch if "lite" in key else efficientnet_pytorch
        name = f"efficientnet-{key}"
        yield Network(module.__name__, name, name, "efficientnet_pytorch", "same", 1e-3, size, lukemelas(module)(name))
    yield from torchvision_networks()
    yield from timm_networks()


def parts(model):
    """(blocks, module whose output is the features) of a network of any of the packages."""
    if hasattr(model, "_blocks"):
        return list(model._blocks), None
    if hasattr(model, "features"):
        stages = list(model.features)[1:-1]
        nested = isinstance(stages[0], torch.nn.Sequential)
        return [block for stage in stages for block in stage] if nested else stages, model.features[-1]
    return [block for stage in model.blocks for block in stage], model.bn2


def run(model, picture, with_endpoints):
    """Outputs of one pass, each [height][width][channels] or [channels], and the multiply-adds it took."""
    blocks, last = parts(model)
    values, state, hooks = {}, {"previous": None, "macs": 0}, []

    def keep_block(index):
        def hook(module, inputs, output):
            before = state["previous"] if index else inputs[0]
            if before.shape[2] > output.shape[2]:  # as efficientnet_pytorch's extract_endpoints
                values[f"reduction_{len(values) + 1}"] = before
            if index == len(blocks) - 1:
                values[f"reduction_{len(values) + 1}"] = output
            state["previous"] = output

        return hook

    def count(module, inputs, output):
        state["macs"] += output.numel() * (module.weight.numel() // module.weight.shape[0])

    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            hooks.append(module.register_forward_hook(count))
    if with_endpoints:
        hooks += [block.register_forward_hook(keep_block(i)) for i, block in enumerate(blocks)]
        if last is not None:
            hooks.append(last.register_forward_hook(lambda m, i, output: values.__setitem__("features", output)))
    weight = next(model.parameters())
    image = torch.from_numpy(picture.transpose(2, 0, 1)[None].copy()).to(weight.dtype)
    with torch.no_grad():
        final = model(image)
        for hook in hooks:
            hook.remove()
        if with_endpoints and last is None:
            values["features"] = model.extract_features(image)
        if with_endpoints and hasattr(model, "extract_endpoints"):
            own = model.extract_endpoints(image)
            assert all(torch.equal(own[name], value) for name, value in values.items() if name in own)
    if with_endpoints:
        values["pooled"] = values["features"].mean((2, 3))
    headless = getattr(model, "num_classes", None) == 0
    values["pooled" if headless else "logits"] = final
    arrays = {name: value[0].numpy() for name, value in values.items()}
    return {n: a.transpose(1, 2, 0).copy() if a.ndim == 3 else a for n, a in arrays.items()}, state["macs"]


def positions(seed, name, count, samples):
    """Which of `count` elements are stored: all if they are few, else the ends and places from the generator."""
    if count <= samples:
        return np.arange(count)
    stream = golden.key(seed, "sample " + name)
    inner = (golden.uniform(stream, samples).astype(np.float64) * count).astype(np.int64)
    inner[0], inner[-1] = 0, count - 1
    return inner


def summarise(seed, name, array):
    flat = array.reshape(-1)
    samples = LOGIT_SAMPLES if name == "logits" else OTHER_SAMPLES
    weights = golden.between(golden.key(seed, "projection " + name), flat.size, -1.0, 1.0)
    return {
        "shape": list(array.shape),
        "max": float(f"{np.abs(flat).max():.7g}"),
        "projection": float(f"{np.dot(flat.astype(np.float64), weights.astype(np.float64)):.7g}"),
        "values": [float(f"{flat[i]:.7g}") for i in positions(seed, name, flat.size, samples)],
    }


def difference(a, b):
    return float(np.abs(a - b).max() / np.abs(b).max())


def golden_run(network, size, case):
    """One pass of a line: where it was run, what it cost, and what came out; and the number of parameters."""
    model = network.create(size, case)
    parameters = sum(p.numel() for p in model.parameters())
    picture = golden.picture(case.seed, *size, case.adapt or case.in_channels)
    with_endpoints = case.endpoints and size == RECTANGLE
    values, macs = run(model, picture, with_endpoints)
    small = macs <= CHECK_MACS and parameters <= CHECK_PARAMETERS
    tier = "quick" if macs <= QUICK_MACS else "check" if small else "full"
    entry = {"height": size[0], "width": size[1], "tier": tier, "macs": macs}
    if macs <= FLOAT64_MACS:
        exact = run(model.double(), picture, with_endpoints)[0]
        entry["float64"] = max(float(f"{difference(values[n], exact[n]):.2g}") for n in values)
    entry["outputs"] = {name: summarise(case.seed, name, array) for name, array in values.items()}
    return entry, parameters


def golden_line(network, case):
    line = {
        "network": network.name, "package": network.package, "arch": network.arch, "dialect": network.dialect,
        "variant": network.variant, "epsilon": network.epsilon, "classes": case.classes,
        "in_channels": case.in_channels, "adapt": case.adapt, "seed": case.seed,
    }  # fmt: skip
    runs = []
    for size in case.sizes:
        entry, line["parameters"] = golden_run(network, size, case)
        runs.append(entry)
        print(f"{network.package} {network.name} {case.classes}x{case.in_channels} {size[0]}x{size[1]} {entry['tier']} "
              f"{entry['macs'] / 1e9:.3f} GMAC, float32 - float64 {entry.get('float64', 0):.1e}",
              file=sys.stderr, flush=True)  # fmt: skip
    line["runs"] = runs
    return line


def cases(network):
    """The lines for `network`."""
    native = (network.size, network.size)
    # efficientnet_lite_pytorch cannot build Lite3 and Lite4 for other channels: its new stem is scaled, theirs is not.
    stem_fixed = network.package == "efficientnet_lite_pytorch" and network.name[-1] in "34"
    sizes = [RECTANGLE, native]
    if "l2" in network.name:  # one of the three at its own sizes is enough: 2 GB of weights, up to 476 GMAC
        sizes += [(800, 800)]
        sizes = sizes if "tf_" in network.name else [RECTANGLE]
    yield Case(1000, 3, sizes, endpoints=True)
    yield Case(10, 3 if stem_fixed else 1, [RECTANGLE])
    yield Case(10, 3 if stem_fixed else 4, [SMALL])
    if network.name in ("tf_efficientnet_b0", "mobilenetv2_050"):
        yield Case(0, 3, [RECTANGLE], endpoints=True)
        yield Case(10, 3, [RECTANGLE], adapt=1)
        yield Case(10, 3, [RECTANGLE], adapt=4)


def write_goldens(only):
    lines = []
    for network in all_networks():
        if only not in network.name:
            continue
        for case in cases(network):
            what = f"{network.package} {network.name} {case.classes} {case.in_channels} {case.adapt}"
            case.seed = zlib.crc32(what.encode())
            lines.append(golden_line(network, case))
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def deviations(model, picture):
    """Logits, and the standard deviation of what leaves each batch norm."""
    found, norms = [], [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    hooks = [n.register_forward_hook(lambda m, i, output: found.append(float(output.std()))) for n in norms]
    logits = run(model, picture, False)[0]["logits"]
    for hook in hooks:
        hook.remove()
    return logits, found


def moved(network, exact, change, **options):
    """How far the logits of `show_signal` move when `change` is made to the model, or `options` to its making."""
    model = network.create(RECTANGLE, Case(1000, 3, [RECTANGLE]), **options)
    with torch.no_grad():
        change(model)
    return difference(run(model, golden.picture(1, *RECTANGLE, 3), False)[0]["logits"], exact)


def show_signal(only):
    """Prints whether activations stay in range, and how far the logits move when something is wrong."""
    print("| network | std of batch norms' outputs | max logit | float32 - float64 | stem + 1 % | other epsilon | other padding |")
    print("|---|---|---|---|---|---|---|")

    def scale_stem(model):
        next(model.parameters()).mul_(1.01)

    def swap_epsilon(model):
        for norm in model.modules():
            if isinstance(norm, torch.nn.BatchNorm2d):
                norm.eps = 1e-3 if network.epsilon == 1e-5 else 1e-5

    for network in all_networks():
        if only not in network.name:
            continue
        model = network.create(RECTANGLE, Case(1000, 3, [RECTANGLE]))
        picture = golden.picture(1, *RECTANGLE, 3)
        logits, spread = deviations(model, picture)
        exact = run(model.double(), picture, False)[0]["logits"]
        cells = [f"{min(spread):.2g} .. {max(spread):.2g}", f"{np.abs(logits).max():.3g}", f"{difference(logits, exact):.1e}"]
        cells += [f"{moved(network, exact, scale_stem):.1e}", f"{moved(network, exact, swap_epsilon):.1e}"]
        if network.package == "timm":
            other = "" if network.variant == "same" else "same"
            cells.append(f"{moved(network, exact, lambda model: None, pad_type=other):.1e}")
        print(f"| {network.package} {network.name} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Makes the goldens of tests/parity with PyTorch.")
    parser.add_argument("--only", metavar="TEXT", help="print the lines of networks whose name contains TEXT")
    parser.add_argument("--signal", metavar="TEXT", help="show the sensitivity of networks whose name contains TEXT")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the last digits depend on it
    if options.signal is not None:
        show_signal(options.signal)
    elif options.only is not None:
        sys.stdout.write(write_goldens(options.only))
    else:
        OUTPUT.parent.mkdir(parents=True, exist_ok=True)
        OUTPUT.write_text(write_goldens(""))


if __name__ == "__main__":
    main()

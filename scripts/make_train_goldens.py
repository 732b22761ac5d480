#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/goldens/train.jsonl: what one step of training gives in PyTorch, from generated weights and pictures.

    venv/bin/python scripts/make_train_goldens.py      writes the file; scripts/make_goldens.py says how to make the venv

Networks, weights and pictures are those of scripts/golden.py, the classes of the pictures come from its counter too. All
is computed in float64, so that the double reference of src/train can be held against it to nine digits. One line is one
of

  step   logits, mean cross-entropy, for each parameter the norm of its gradient and a few elements, and for each batch norm
         the running statistics after the step; the distance of PyTorch's float32 from all that; one with branches and features dropped, by efficientnet_pytorch's own
         drop_connect fed with the draws of src/train/masks.h
  curve  the loss of 20 steps of an optimiser on two batches in turn

docs/training-numerics.md says how they are compared.
"""
import copy
import json
import pathlib

import numpy as np
import torch
from torch.nn import functional

import golden

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/goldens/train.jsonl"
SAMPLES = 3
DIGITS = 12
MAX_BLOCKS, MAX_CHANNELS = 4096, 65536  # src/net/arch.h


def efficientnet(name, size, drop_connect=0.0, dropout=0.0, **options):
    from efficientnet_pytorch import EfficientNet

    model = EfficientNet.from_name(name, image_size=size, dropout_rate=dropout, drop_connect_rate=drop_connect, **options)
    return model, "efficientnet_pytorch", "same"


def lite(name, size, **options):
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name(name, image_size=size, dropout_rate=0.0, drop_connect_rate=0.0, **options)
    return model, "efficientnet_pytorch", "same"


def mobilenet(name, size, num_classes):
    from torchvision.models import mobilenet_v2

    return mobilenet_v2(num_classes=num_classes, dropout=0.0), "torchvision", "symmetric"


def tiny(name, size, **options):
    """B0 at half its width and a third of its depth. (At a quarter the source has no residual where TensorFlow has one:
    it compares the stride [1] of a first block with 1.)"""
    return efficientnet("efficientnet-b0", size, width_coefficient=0.5, depth_coefficient=0.3, **options)


TINY = {"width": 0.5, "depth": 0.3}  # what tiny() is, in effnet's words

# With their seeds: where float32 carries one value over a kink of ReLU6, its gradients are 1e-3 to 4e-2 away from float64's,
# and 3e-5 to 6e-5 where it carries none (MobileNetV2, seeds 1 to 14: eight and six). These are such that it carries none.
STEPS = [(efficientnet, "efficientnet-b0", 1), (lite, "efficientnet-lite0", 1), (mobilenet, "mobilenet-v2-1.0", 4)]


def number(value):
    return float(f"{value:.{DIGITS}g}")


def describe(build, name, size, batch, seed, **options):
    """A filled model in float64 and training mode, and the line that tells how to make it again."""
    model, dialect, variant = build(name, size, num_classes=10, **options)
    model = golden.fill(model, seed).double().train()
    norm = next(m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d))
    line = {
        "arch": name, "dialect": dialect, "variant": variant, "epsilon": norm.eps, "bn_momentum": number(norm.momentum),
        "classes": 10, "seed": seed, "size": size, "batch": batch,
    }  # fmt: skip
    return model, line


def batch_of(line, step):
    """Pictures, and classes from the stream `classes`, of one step."""
    seed, size, batch = line["seed"] + step, line["size"], line["batch"]
    pictures = golden.picture(seed, batch * size, size, 3).reshape(batch, size, size, 3)
    classes = (golden.uniform(golden.key(seed, "classes"), batch) * np.float32(line["classes"])).astype(np.int64)
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()).double(), torch.from_numpy(classes)


def summary(seed, name, values):
    """Norm and samples of a tensor; which elements, is drawn from the stream `sample NAME`."""
    flat = values.detach().reshape(-1).numpy()
    draws = golden.uniform(golden.key(seed, "sample " + name), SAMPLES).astype(np.float64)
    places = (draws * len(flat)).astype(np.int64)
    return [number(np.sqrt((flat * flat).sum())), *(number(flat[i]) for i in places)]


def step_stream(seed, purpose, step):
    """The stream of masks.h: rng_bits(rng_key(seed, purpose), step)."""
    stream = np.uint64(golden.key(seed, purpose))
    z = golden.mix(np.array([(int(stream) + golden.STEP * (step + 1)) & golden.MASK], np.uint64))
    return int(golden.mix(z + stream)[0])


class Dropout(torch.nn.Module):
    """torch.nn.Dropout with the draws of masks.h."""

    def __init__(self, rate, seed):
        super().__init__()
        self.rate, self.stream = rate, step_stream(seed, "dropout", 0)

    def forward(self, x):
        draws = [golden.uniform(self.stream, x.shape[1], image * MAX_CHANNELS) for image in range(len(x))]
        return x * torch.from_numpy(np.stack(draws) >= self.rate) / (1 - self.rate)


def drop_by_counter(model, line):
    """Feeds efficientnet_pytorch's drop_connect the draws of masks.h for the block that is running."""
    stream, running = step_stream(line["seed"], "drop-connect", 0), {}
    for i, block in enumerate(model._blocks):
        block.register_forward_pre_hook(lambda module, inputs, i=i: running.update(block=i))

    def rand(shape, **options):
        draws = [golden.uniform(stream, 1, image * MAX_BLOCKS + running["block"])[0] for image in range(shape[0])]
        return torch.tensor(draws, **options).reshape(shape)

    model._dropout = Dropout(line["dropout"], line["seed"])
    torch.rand = rand


def golden_dropped():
    rates = {"drop_connect": 0.5, "dropout": 0.4}
    model, line = describe(tiny, "efficientnet-b0", 32, 16, 1, **rates)
    line |= TINY | rates
    drop_by_counter(model, line)
    return finish_step(model, line)


def golden_step(build, name, seed):
    return finish_step(*describe(build, name, 64, 4, seed))


def finish_step(model, line):
    pictures, classes = batch_of(line, 0)
    fresh = copy.deepcopy(model)
    logits = model(pictures)
    loss = functional.cross_entropy(logits, classes)
    loss.backward()
    line["float32"] = float(f"{float32_distance(fresh, model, pictures, classes):.2g}")
    line["loss"] = number(loss.item())
    line["logits"] = [number(v) for v in logits.detach().reshape(-1).tolist()]
    line["gradients"] = {n: summary(line["seed"], n, p.grad) for n, p in model.named_parameters()}
    line["statistics"] = {
        n: summary(line["seed"], n, b) for n, b in model.named_buffers() if b.is_floating_point()
    }  # fmt: skip
    return {"kind": "step", **line}


def float32_distance(fresh, model, pictures, classes):
    """How far PyTorch's gradients in float32 are from those of `model`: the worst tensor's distance over its norm, or over
    a thousandth of the largest norm."""
    single = fresh.float()
    functional.cross_entropy(single(pictures.float()), classes).backward()
    pairs = [(p.grad, q.grad.double()) for p, q in zip(model.parameters(), single.parameters())]
    largest = max(float(p.norm()) for p, q in pairs)
    return max(float((p - q).norm()) / max(float(p.norm()), 1e-3 * largest) for p, q in pairs)


def optimiser_of(name, parameters):
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=0.002, momentum=0.9)
    from timm.optim import RMSpropTF  # epsilon inside the root, the mean square starts at 1, the rate in the momentum

    return RMSpropTF(parameters, lr=0.0003, alpha=0.9, eps=1e-3, momentum=0.9)


def golden_curve(optimiser):
    model, line = describe(tiny, "efficientnet-b0", 32, 16, 1)
    line |= TINY | {"optimiser": optimiser}
    update = optimiser_of(optimiser, model.parameters())
    line |= {k: update.param_groups[0][k] for k in ("lr", "momentum", "alpha", "eps") if k in update.param_groups[0]}
    line["losses"] = []
    for step in range(20):
        pictures, classes = batch_of(line, step % 2)
        update.zero_grad()
        loss = functional.cross_entropy(model(pictures), classes)
        loss.backward()
        update.step()
        line["losses"].append(number(loss.item()))
    return {"kind": "curve", **line}


def main():
    torch.set_num_threads(1)
    lines = [golden_step(*which) for which in STEPS] + [golden_curve(name) for name in ("sgd", "rmsprop")]
    lines.append(golden_dropped())
    OUTPUT.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


if __name__ == "__main__":
    main()

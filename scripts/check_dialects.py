#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weights to PyTorch and back, in every dialect, for every network that PyTorch's packages build.

    python scripts/check_dialects.py LIBEFFNET.so [--large]

1. effnet makes fresh weights and saves them in the dialect; PyTorch's module takes them with load_state_dict(strict=True), and so
   does the half-precision file, whose values must be those that PyTorch's own conversion gives.
2. PyTorch's module is given values of its own, saved as safetensors, as .pth (zip) and as a legacy .pth in a checkpoint with
   `module.` in front; effnet opens each, finds the network by itself and saves it in its own names: every value must come back.

Networks over 100 million parameters only with --large. Ends with status 1 if anything differs.
"""
import argparse
import ctypes
import os
import sys
import tempfile

import safetensors.torch
import torch

from make_dialect_names import networks

LARGE = 100_000_000


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("offset", ctypes.c_uint64), ("message", ctypes.c_char * 288)]


class ModelOptions(ctypes.Structure):
    _fields_ = [("arch", ctypes.c_char_p), ("dialect", ctypes.c_char_p), ("variant", ctypes.c_char_p), ("rest", ctypes.c_char * 256)]


class SaveOptions(ctypes.Structure):
    _fields_ = [("dtype", ctypes.c_int), ("dialect", ctypes.c_char_p)]


DTYPES = {"f32": (0, torch.float32), "f16": (1, torch.float16), "bf16": (2, torch.bfloat16)}


class Effnet:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.effnet_model_get_notice.restype = ctypes.c_char_p
        self.library.effnet_model_get_network.restype = ctypes.c_void_p

    def call(self, function, *arguments):
        error = Error()
        if getattr(self.library, function)(*arguments, ctypes.byref(error)):
            raise RuntimeError(f"{function}: {error.message.decode()}")

    def create(self, name, seed):
        network, model = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("effnet_network_create", ctypes.byref(network), name.encode(), None)
        self.call("effnet_model_create", ctypes.byref(model), network, ctypes.c_uint64(seed))
        self.library.effnet_network_free(network)
        return model

    def load(self, path, variant):
        model = ctypes.c_void_p()
        options = ModelOptions(variant=variant)
        self.call("effnet_model_load", ctypes.byref(model), path.encode(), ctypes.byref(options))
        return model

    def save(self, model, path, dialect, dtype):
        options = SaveOptions(DTYPES[dtype][0], dialect.encode())
        self.call("effnet_model_save", model, path.encode(), ctypes.byref(options))

    def free(self, model):
        self.library.effnet_model_free(model)


def fill(module):
    """Values of the module's own, none of them special."""
    generator = torch.Generator().manual_seed(1)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5, generator=generator)
        else:
            tensor.fill_(7)


def check_out(effnet, dialect, network, module, folder):
    model = effnet.create(network, 1)
    path = os.path.join(folder, "out.safetensors")
    reference = None
    for dtype, (_, kind) in DTYPES.items():
        effnet.save(model, path, dialect, dtype)
        state = safetensors.torch.load_file(path)
        module.load_state_dict(state, strict=True)
        if reference is None:
            reference = state
        for name, tensor in state.items():
            half = tensor.is_floating_point() and "running_" not in name
            expected = reference[name].to(kind) if half else reference[name]
            assert tensor.dtype == expected.dtype and torch.equal(tensor, expected), f"{dtype} {name}"
    effnet.free(model)


def check_in(effnet, dialect, network, module, folder):
    fill(module)
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    files = [os.path.join(folder, name) for name in ("in.safetensors", "zip.pth", "legacy.pth.tar")]
    safetensors.torch.save_file(state, files[0])
    torch.save(state, files[1])
    wrapped = {"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "optimizer": {"lr": 0.1}}
    torch.save(wrapped, files[2], _use_new_zipfile_serialization=False)
    for file in files:
        model = effnet.load(file, b"same" if dialect == "timm" else None)
        back = os.path.join(folder, "back.safetensors")
        effnet.save(model, back, dialect, "f32")
        effnet.free(model)
        loaded = safetensors.torch.load_file(back)
        assert loaded.keys() == state.keys()
        for name, tensor in state.items():
            assert name.endswith("num_batches_tracked") or torch.equal(loaded[name], tensor), f"{file} {name}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("--large", action="store_true")
    arguments = parser.parse_args()
    effnet = Effnet(os.path.abspath(arguments.library))
    passed = failed = skipped = 0
    for dialect, network, build in networks():
        with torch.device("meta"):
            size = sum(parameter.numel() for parameter in build().parameters())
        if size > LARGE and not arguments.large:
            skipped += 1
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                module = build()
                check_out(effnet, dialect, network, module, folder)
                check_in(effnet, dialect, network, module, folder)
                passed += 1
            except (RuntimeError, AssertionError) as problem:
                print(f"{dialect} {network}: {problem}")
                failed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the small checkpoints in tests/data/torch with PyTorch itself.

Element i of tensor number k is ((7 i + 3 k) mod 23 - 11), a quarter of it in float types, shifted by 11 in
unsigned ones, and its sign in bool, so that tests/unit/test_torch.c needs no stored values. The files depend on
the version of PyTorch and on nothing else: storage keys of the legacy format, which are addresses, become
numbers, and storages lie in order of appearance.

The pickles of some of them, and a few safetensors files, become seeds in fuzz/corpus.

    python scripts/make_torch_fixtures.py [ROOT]
"""

import argparse
import collections
import datetime
import json
import pathlib
import re
import struct
import sys
import warnings
import zipfile

import numpy
import torch

warnings.simplefilter("ignore")
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


class Settings:
    """An instance of a class that the reader has never heard of."""

    def __init__(self):
        self.rate = 0.1


Settings.__module__ = "training.settings"
sys.modules["training"] = sys.modules["training.settings"] = sys.modules[__name__]


def fill(shape, dtype, number):
    count = int(numpy.prod(shape, dtype=int))
    values = (7 * torch.arange(count) + 3 * number) % 23 - 11
    if dtype in FLOATS:
        values = values / 4
    elif dtype == torch.uint8:
        values = values + 11
    elif dtype == torch.bool:
        values = values > 0
    return values.to(dtype).reshape(shape)


def transposed(t):
    return t.t().contiguous().t()


def inside(t):
    """The same values in the middle of a larger storage."""
    base = torch.zeros(t.numel() + 20, dtype=t.dtype)
    base[5 : 5 + t.numel()] = t.flatten()
    return base[5 : 5 + t.numel()].view(t.shape)


def plain():
    f32 = torch.float32
    d = collections.OrderedDict()
    dtypes = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")
    for number, name in enumerate(dtypes):
        d[f"types.{name}"] = fill((2, 5), getattr(torch, name), number)
    d["scalar"] = fill((), torch.int64, 10)
    d["empty"] = fill((2, 0), f32, 11)
    d["transposed"] = transposed(fill((3, 4), f32, 12))
    d["channels_last"] = fill((2, 3, 2, 2), torch.float16, 13).to(memory_format=torch.channels_last)
    d["inside"] = inside(fill((3, 4), torch.float64, 14))
    d["inside_transposed"] = transposed(inside(fill((3, 4), f32, 15)))
    d["tied.a"] = d["tied.b"] = fill((6,), f32, 16)
    d["parameter"] = torch.nn.Parameter(fill((4,), f32, 17))
    d["with_attribute"] = torch.nn.Parameter(fill((4,), f32, 18))
    d["with_attribute"].note = "kept by PyTorch, of no interest here"
    d["strange name \u00e9\U0001f642"] = fill((1,), f32, 19)
    return d


def checkpoint():
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    for number, tensor in enumerate(module.state_dict().values()):
        tensor.copy_(fill(tensor.shape, tensor.dtype, number))
    ema = {f"module.{k}": fill(v.shape, v.dtype, 50 + i) for i, (k, v) in enumerate(module.state_dict().items())}
    state = module.state_dict()
    optimizer = {
        "state": {i: {"momentum_buffer": fill((3,), torch.float32, 90 + i), "step": i} for i in range(2)},
        "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0, 1]}],
    }
    return {
        "epoch": 7,
        "arch": "b0",
        "state_dict": state,
        "state_dict_ema": ema,
        "optimizer": optimizer,
        "args": argparse.Namespace(lr=0.1, model="b0", device=torch.device("cpu"), dtype=torch.float16),
        "settings": Settings(),
        "best": numpy.float64(77.5),
        "history": numpy.arange(3),
        "path": pathlib.PurePosixPath("/runs/1"),
        "seen": {1, 2},
        "counts": collections.defaultdict(list, {"deep": {"er": [fill((2,), torch.float32, 95)]}}),
        "size": torch.Size([1, 2]),
        "when": datetime.datetime(2020, 1, 2),
        "large": 10**30,
        "nothing": None,
        "raw": b"\x00\xff",
        "rng": fill((16,), torch.uint8, 96),
        ("a", "tuple"): fill((1,), torch.float32, 97),
    }


def rename_keys(path):
    data = path.read_bytes()
    pattern = rb"X[\x0d-\x10]\x00\x00\x00(\d{13,16})([qr])"
    keys = list(dict.fromkeys(key for key, _ in re.findall(pattern, data)))
    data = re.sub(pattern, lambda m: b"X\x03\x00\x00\x00k%02d" % keys.index(m[1]) + m[2], data)
    path.write_bytes(data)


def views():
    """Tensors over storages of 16, 32, 64 and 128 bytes, which are those of fuzz/fuzz_pickle.c."""
    a, b = torch.zeros(4), torch.zeros(4, dtype=torch.float64)
    c, d = torch.zeros(8, dtype=torch.int64), torch.zeros(64, dtype=torch.float16)
    nested = {"state": {0: {"c": c.view(2, 4).t()}}, "list": [d.view(4, 16)[1:, ::2]]}
    return {"a": a, "state_dict": collections.OrderedDict(b=b, tied=a, part=a[1:3]), "optimizer": nested}


def pickle_seed(folder, checkpoint):
    with zipfile.ZipFile(checkpoint) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
        (folder / f"{checkpoint.name.split('.')[0]}.pkl").write_bytes(archive.read(name))


def safetensors_seed(path, header, data):
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def safetensors_seeds(folder):
    sizes = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
    header, end = {"__metadata__": {"format": "pt", "quote": '"\\\n\u00e9\U0001f642'}}, 0
    for name, size in sizes.items():
        header[f"t.{name}"] = {"dtype": name, "shape": [2, 1], "data_offsets": [end, end + 2 * size]}
        end += 2 * size
    safetensors_seed(folder / "types.safetensors", header, bytes(range(end)))
    empty = {"dtype": "F32", "shape": [2, 0], "data_offsets": [0, 0]}
    scalar = {"dtype": "F32", "shape": [], "data_offsets": [0, 4], "more": [{"a": [None, True, -1.5e3, ""]}]}
    safetensors_seed(folder / "edges.safetensors", {"empty": empty, "scalar": scalar}, bytes(4))
    safetensors_seed(folder / "nothing.safetensors", {}, b"")


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent
    folder, corpus = root / "tests/data/torch", root / "fuzz/corpus"
    for f in (folder, corpus / "pickle", corpus / "safetensors"):
        f.mkdir(parents=True, exist_ok=True)

    def save(name, value, **options):
        path = folder / name
        torch.save(value, path, **options)
        if options.get("_use_new_zipfile_serialization") is False:
            rename_keys(path)

    torch.manual_seed(0)
    torch.serialization.sorted = list  # by which the legacy format orders its storages
    legacy = {"_use_new_zipfile_serialization": False}
    save("plain.pth", plain())
    save("plain_legacy.pth", plain(), **legacy)
    save("plain_protocol3.pth", plain(), pickle_protocol=3)
    save("protocol4.pth", {"a": fill((1,), torch.float32, 0)}, pickle_protocol=4)
    save("checkpoint.pth.tar", checkpoint())
    save("checkpoint_legacy.pth.tar", checkpoint(), **legacy)
    torch.serialization.set_crc32_options(False)
    save("no_crc.pth", {"a": fill((4,), torch.float32, 0)})
    torch.serialization.set_crc32_options(True)
    save("module.pth", torch.nn.Linear(2, 2))
    save("wrapped_module.pth", {"model": torch.nn.Linear(2, 2), "epoch": 1})
    save("list.pth", [fill((2,), torch.float32, 0), (fill((2,), torch.float32, 1),)])
    save("tensor.pth", fill((2,), torch.float32, 0))
    save("nothing.pth", {"epoch": 1})
    save("complex.pth", {"x": {"w": torch.zeros(2, dtype=torch.complex64)}})
    save("float8.pth", {"w": torch.zeros(2).to(torch.float8_e4m3fn)})
    save("quantized.pth", {"w": torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8)})
    save("sparse.pth", {"w": torch.eye(2).to_sparse()})

    for name in ("plain.pth", "plain_protocol3.pth", "checkpoint.pth.tar", "module.pth", "quantized.pth"):
        pickle_seed(corpus / "pickle", folder / name)
    torch.save(views(), corpus / "views.pth")
    pickle_seed(corpus / "pickle", corpus / "views.pth")
    (corpus / "views.pth").unlink()
    safetensors_seeds(corpus / "safetensors")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the fixtures of tests/io to tests/fixtures/io: small files saved by PyTorch, and one safetensors file.

Usage: scripts/make_io_fixtures.py [FOLDER]   (needs torch and numpy; the stored fixtures come from torch 1.13)
Each function states the values of its tensors; tests/io/pth.cpp expects the same values.
"""
import json
import os
import pathlib
import struct
import sys
from collections import OrderedDict

import torch

DTYPES = dict(half=torch.float16, bfloat16=torch.bfloat16, float=torch.float32, double=torch.float64, long=torch.int64,
              int=torch.int32, short=torch.int16, char=torch.int8, byte=torch.uint8, bool=torch.bool)


class Malicious:
    """Unpickling it would run a command."""
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def all_dtypes():
    """2 x 3 values: i * 0.5 - 1 for floats, i - 1 for signed integers, i for bytes, i % 2 == 1 for booleans."""
    index = torch.arange(6).reshape(2, 3)
    values = OrderedDict()
    for name, dtype in DTYPES.items():
        if dtype.is_floating_point:
            values[name] = (index * 0.5 - 1).to(dtype)
        elif dtype is torch.bool:
            values[name] = index % 2 == 1
        else:
            values[name] = (index if dtype is torch.uint8 else index - 1).to(dtype)
    return values


def authors():
    """A checkpoint as RD4AD's authors save it: {'bn': state dict, 'decoder': state dict}."""
    bn, decoder = torch.nn.Sequential(), torch.nn.Sequential()
    bn.add_module("conv1", torch.nn.Conv2d(1, 2, 3, bias=False))
    bn.add_module("bn1", torch.nn.BatchNorm2d(2))
    decoder.add_module("upsample", torch.nn.ConvTranspose2d(2, 1, 2))
    torch.nn.init.constant_(bn.conv1.weight, 0.25)
    torch.nn.init.constant_(decoder.upsample.weight, -2)
    torch.nn.init.constant_(decoder.upsample.bias, 3)
    return {"bn": bn.state_dict(), "decoder": decoder.state_dict()}


def training():
    """A state dict in a wrapper, beside values that are not tensors."""
    return {"epoch": 12, "best": 0.5, "arch": "resnet18", "done": True, "none": None, "big": 2 ** 80, "minus": -3, "sizes": (1, [2]),
            "state_dict": OrderedDict(weight=torch.nn.Parameter(torch.tensor([1.0, 2.0])), blocks=[torch.tensor(7.0)])}


def strided():
    """Tensors that are not contiguous, and an empty and a scalar tensor."""
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    return {"transposed": base.t(), "column": base[:, 1], "part": base[1:, 2:], "row": base[2],
            "channels_last": torch.arange(12.0).reshape(1, 2, 2, 3).permute(0, 3, 1, 2), "repeated": torch.tensor([5.0]).expand(3),
            "empty": torch.zeros(0, 3), "scalar": torch.tensor(2.5)}


def shared():
    """Three tensors that share one storage."""
    storage = torch.arange(8, dtype=torch.float32)
    return {"first": storage[:4], "last": storage[4:], "all": storage.reshape(2, 4)}


def write_safetensors(path):
    """Writes a safetensors file without the safetensors library: header length, JSON header, data."""
    header = {"__metadata__": {"arch": "resnet18"},
              "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
              "b": {"dtype": "I64", "shape": [], "data_offsets": [8, 16]},
              "c": {"dtype": "F16", "shape": [1, 3], "data_offsets": [16, 22]}}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<2fq3e", 1.5, -2, 42, 0.5, 1, 65504))


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1] / "tests/fixtures/io")
    folder.mkdir(parents=True, exist_ok=True)
    kinds = dict(dtypes=all_dtypes, authors=authors, training=training, strided=strided, shared=shared)
    for name, make in kinds.items():
        torch.save(make(), folder / f"{name}.pth")
        torch.save(make(), folder / f"{name}_stream.pth", _use_new_zipfile_serialization=False)
    torch.save({"weight": torch.zeros(1), "x": Malicious()}, folder / "malicious.pth")
    torch.save({"weight": torch.zeros(1), "x": Malicious()}, folder / "malicious_stream.pth", _use_new_zipfile_serialization=False)
    torch.save(torch.zeros(2), folder / "bare.pth")
    torch.save({"epoch": 3}, folder / "no_tensors.pth")
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), str(folder / "script.pth"))
    write_safetensors(folder / "three.safetensors")


if __name__ == "__main__":
    main()

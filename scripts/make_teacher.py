#!/usr/bin/env python3
"""Writes share/rd4ad/teacher_resnet18.safetensors, the built-in teacher, from its trained weights.

Usage: scripts/make_teacher.py WEIGHTS.pth [OUT.safetensors]   (needs torch and numpy)
WEIGHTS.pth: float32 state dict of torchvision's resnet18 up to layer3, trained on Tiny ImageNet; it is not in the repository.
Stores float tensors as fp16 under their names; omits the integer num_batches_tracked, which scoring does not use.
"""
import json
import pathlib
import struct
import sys

import numpy as np
import torch

METADATA = {
    "arch": "resnet18",
    "source": "Tiny ImageNet, 6.3 epochs, trained for this project",
    "notice": "Trained on Tiny ImageNet, a subset of ImageNet, whose photographs are for research; see NOTICE.md",
}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    default = pathlib.Path(__file__).parents[1] / "share/rd4ad/teacher_resnet18.safetensors"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else default
    weights = {name: value.numpy() for name, value in torch.load(sys.argv[1], map_location="cpu").items()
               if value.is_floating_point()}
    header, data, at = {"__metadata__": METADATA}, [], 0
    for name in sorted(weights):
        half = np.ascontiguousarray(weights[name]).astype("<f2")
        if not np.isfinite(half).all():
            sys.exit(f"{name} has values beyond fp16")
        header[name] = {"dtype": "F16", "shape": list(half.shape), "data_offsets": [at, at + half.nbytes]}
        at += half.nbytes
        data.append(half.tobytes())
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))
    print(f"{out}: {len(weights)} tensors, {at // 2} values, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()

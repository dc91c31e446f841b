#!/usr/bin/env python3
"""Opens a checkpoint in PyTorch with the lines of docs/formats.md and prints the raw score of each image.

    open_in_pytorch.py REFERENCE-FOLDER ARCH SIZE CHECKPOINT.safetensors BN-AND-DECODER.pth IMAGE...

REFERENCE-FOLDER holds rd4ad_torch.py, the model in PyTorch. The second checkpoint must equal the first one.
"""
import sys

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file

sys.path.insert(0, sys.argv[1])
import rd4ad_torch

arch, size = sys.argv[2], int(sys.argv[3])
model = rd4ad_torch.Model(arch)

state = load_file(sys.argv[4])
model.load_state_dict(state)
model.eval()

converted = torch.load(sys.argv[5])
assert sorted(converted) == ["bn", "decoder"], sorted(converted)
other = rd4ad_torch.Model(arch)
other.bn.load_state_dict(converted["bn"])
other.decoder.load_state_dict(converted["decoder"])
for module in ("bn", "decoder"):
    expected = getattr(model, module).state_dict()
    for name, value in getattr(other, module).state_dict().items():
        assert value.dtype == expected[name].dtype and torch.equal(value, expected[name]), (module, name)

mean, deviation = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
for path in sys.argv[6:]:
    image = Image.open(path).convert("RGB").resize((size, size), Image.BILINEAR)
    x = (torch.from_numpy(numpy.array(image)).permute(2, 0, 1).float() / 255 - mean) / deviation
    with torch.no_grad():
        anomaly_map = rd4ad_torch.anomaly_map(*model(x[None]), size)
    print(f"{path}\t{rd4ad_torch.gaussian(anomaly_map.numpy()).max():.6f}")

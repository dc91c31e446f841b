#!/usr/bin/env python3
"""A checkpoint in PyTorch, by the lines that docs/formats.md gives: prints the score of each photograph.

    open_in_pytorch.py REFERENCE-FOLDER ARCH SIZE CHECKPOINT.safetensors BN-AND-DECODER.pth PHOTOGRAPH...

REFERENCE-FOLDER: that of rd4ad_torch.py, the model in PyTorch. The second checkpoint must hold what the first one does.
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

theirs = torch.load(sys.argv[5])
assert sorted(theirs) == ["bn", "decoder"], sorted(theirs)
other = rd4ad_torch.Model(arch)
other.bn.load_state_dict(theirs["bn"])
other.decoder.load_state_dict(theirs["decoder"])
for part in ("bn", "decoder"):
    ours = getattr(model, part).state_dict()
    for name, value in getattr(other, part).state_dict().items():
        assert value.dtype == ours[name].dtype and torch.equal(value, ours[name]), (part, name)

mean, deviation = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
for path in sys.argv[6:]:
    picture = Image.open(path).convert("RGB").resize((size, size), Image.BILINEAR)
    image = (torch.from_numpy(numpy.array(picture)).permute(2, 0, 1).float() / 255 - mean) / deviation
    with torch.no_grad():
        found = rd4ad_torch.anomaly_map(*model(image[None]), size)
    print(f"{path}\t{rd4ad_torch.gaussian(found.numpy()).max():.6f}")

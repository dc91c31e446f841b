#!/usr/bin/env python3
"""Writes tests/fixtures/model/train.<arch>_64.npy: the four images on which the reference trains, bit for bit as PyTorch
interpolates them (the tests compare gradients to 1e-9, so the inputs must be equal).

    python3 scripts/make_train_images.py ../shared/reference tests/fixtures/model
"""
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import rd4ad_torch

for arch in rd4ad_torch.ARCHS:
    np.save(f"{sys.argv[2]}/train.{arch}_64.npy", rd4ad_torch.image_by_formula(f"train.{arch}_64", 4, 64).numpy())

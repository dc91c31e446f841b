#!/usr/bin/env python3
"""Measures PatchCore on data sets in MVTec AD's layout: a peer of rd4ad with the same teacher and the same preprocessing.

    python3 benchmarks/patchcore.py --teacher resnet18.safetensors DATA... [--train 40,all] [--seeds 1,2,3] [--reweight]
PatchCore (Roth and others, arXiv 2106.08265) in the form of anomalib: layer2 and layer3 of resnet18 at 256 x 256, each averaged over
3 x 3, layer3 enlarged bilinearly to layer2's size, the two joined; of these patches a coreset, chosen greedily (k-centre) in a random
projection; a patch's score is its distance to the nearest patch of the coreset, an image's score its largest patch score. The pixel
map is the patch scores enlarged bilinearly and blurred with sigma 4. A subset of the training images is drawn per seed; the seed also
draws the projection and the coreset's first patch.
Prints one line per data set, number of training images and seed. Needs torch, numpy and Pillow.
"""
import argparse
import json
import pathlib
import struct
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def read_weights(path):
    """Named tensors of a .safetensors file (float32) or of a .pth file with a state dictionary."""
    if path.suffix != ".safetensors":
        return {name: value.float() for name, value in torch.load(path, map_location="cpu").items()}
    data = path.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    weights = {}
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            sys.exit(f"patchcore.py: {path}: tensor {name} is {entry['dtype']}, expected F32")
        first, last = entry["data_offsets"]
        values = np.frombuffer(data[start + first:start + last], np.float32).reshape(entry["shape"])
        weights[name] = torch.from_numpy(values.copy())
    return weights


def resnet18_features(weights, x):
    """layer2 and layer3 of torchvision's resnet18, batch norms with their stored statistics."""
    def norm(name, y):
        return F.batch_norm(y, *(weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")))

    def block(name, y, stride):
        z = F.relu(norm(f"{name}.bn1", F.conv2d(y, weights[f"{name}.conv1.weight"], stride=stride, padding=1)))
        z = norm(f"{name}.bn2", F.conv2d(z, weights[f"{name}.conv2.weight"], padding=1))
        if f"{name}.downsample.0.weight" in weights:
            y = norm(f"{name}.downsample.1", F.conv2d(y, weights[f"{name}.downsample.0.weight"], stride=stride))
        return F.relu(y + z)

    x = F.relu(norm("bn1", F.conv2d(x, weights["conv1.weight"], stride=2, padding=3)))
    x = F.max_pool2d(x, 3, 2, 1)
    layers = []
    for layer in (1, 2, 3):
        x = block(f"layer{layer}.0", x, 1 if layer == 1 else 2)
        x = block(f"layer{layer}.1", x, 1)
        layers.append(x)
    return layers[1:]


def read_image(path, size):
    """Squashes to size x size as rd4ad does (antialiased bilinear, 8-bit result), and normalises."""
    with Image.open(path) as file:
        rgb = np.asarray(file.convert("RGB").resize((size, size), Image.BILINEAR), np.float32) / 255
    return torch.from_numpy(((rgb - np.float32(MEAN)) / np.float32(SPREAD)).transpose(2, 0, 1).copy())


def patches(weights, paths, size):
    """images x positions x channels, and the number of positions per side."""
    out = []
    for i in range(0, len(paths), 8):
        fine, coarse = resnet18_features(weights, torch.stack([read_image(path, size) for path in paths[i:i + 8]]))
        fine, coarse = F.avg_pool2d(fine, 3, 1, 1), F.avg_pool2d(coarse, 3, 1, 1)
        joined = torch.cat([fine, F.interpolate(coarse, fine.shape[-2:], mode="bilinear", align_corners=False)], 1)
        out.append(joined.flatten(2).transpose(1, 2).contiguous())
    return torch.cat(out), fine.shape[-1]


def coreset(bank, share, dimensions, generator):
    """The greedy k-centre choice: each step takes the patch farthest from those taken, in a Gaussian random projection."""
    count = max(1, int(share * len(bank)))
    projected = bank @ (torch.randn(bank.shape[1], dimensions, generator=generator) / dimensions ** 0.5)
    chosen = torch.randint(len(bank), (1,), generator=generator)
    nearest = (projected - projected[chosen]).norm(dim=1)  # the distance to the nearest chosen patch, and which that is
    owner = torch.zeros(len(bank), dtype=torch.long)
    centres = torch.empty(count, dimensions)
    centres[0] = projected[chosen[0]]
    chosen = chosen.tolist()
    for k in range(1, count):
        chosen.append(int(nearest.argmax()))
        centres[k] = projected[chosen[-1]]
        # The triangle inequality: the new patch can be nearer only where it lies within twice `nearest` of the owner.
        to_owners = (centres[:k] - centres[k]).norm(dim=1)
        near = (to_owners[owner] < 2 * nearest).nonzero()[:, 0]
        to_new = (projected[near] - centres[k]).norm(dim=1)
        closer = to_new < nearest[near]
        nearest[near[closer]] = to_new[closer]
        owner[near[closer]] = k
    return bank[chosen]


def distances(queries, bank, count):
    """The `count` smallest Euclidean distances of each query to the bank, and the bank's indices."""
    squares, best = (bank ** 2).sum(1), []
    for part in queries.split(1024):
        squared = torch.addmm(squares[None], part, bank.T, alpha=-2) + (part ** 2).sum(1)[:, None]
        best.append(squared.topk(count, largest=False))
    return torch.cat([b.values for b in best]).clamp(min=0).sqrt(), torch.cat([b.indices for b in best])


def image_score(queries, scores, nearest, bank, reweight, neighbours=9):
    """The largest patch score; with `reweight` times the paper's weight 1 - softmax over the nearest bank patch's neighbours."""
    top = int(scores.argmax())
    if not reweight:
        return float(scores[top])
    around = distances(bank[nearest[top]][None], bank, min(neighbours, len(bank)))[1][0]
    to = torch.cdist(queries[top][None], bank[around])[0]
    return float(scores[top] * (1 - torch.softmax(to, 0)[0]))


def blur(maps, sigma=4.0):
    """Gaussian of radius 4 sigma, the border mirrored with the edge repeated, as scipy's gaussian_filter and rd4ad."""
    radius = int(4 * sigma + 0.5)
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (1, 2):
        n = maps.shape[axis]
        at = torch.arange(-radius, n + radius).abs_().where(torch.arange(-radius, n + radius) >= 0, -1 - torch.arange(-radius, n + radius))
        at = torch.where(at < n, at, 2 * n - 1 - at)
        padded = maps.index_select(axis, at)
        maps = sum(kernel[k] * padded.narrow(axis, k, n) for k in range(2 * radius + 1))
    return maps


def auroc(scores, labels):
    """The area under the ROC curve, ties counted half."""
    values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(labels.sum())
    return (ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * (len(labels) - positive))


def images_in(folder):
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGES)


def read_mask(path, root, size):
    """The mask of a test image at the network's size by the nearest pixel; none for a good image."""
    kind = path.parent.name
    if kind == "good":
        return np.zeros((size, size), bool)
    for name in (f"{path.stem}_mask.png", f"{path.stem}.png"):
        file = root / "ground_truth" / kind / name
        if file.exists():
            with Image.open(file) as mask:
                return np.asarray(mask.convert("L").resize((size, size), Image.NEAREST)) > 0
    sys.exit(f"patchcore.py: {path} has no mask {root / 'ground_truth' / kind}/{path.stem}_mask.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=pathlib.Path)
    parser.add_argument("--teacher", required=True, type=pathlib.Path, help="resnet18: .safetensors or .pth with torchvision's names")
    parser.add_argument("--train", default="all", help="numbers of training images, with commas: 40,all")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--coreset", type=float, default=0.1, help="share of the patches that is kept")
    parser.add_argument("--projection", type=int, default=128, help="dimensions of the random projection")
    parser.add_argument("--reweight", action="store_true", help="the paper's weight of the image score")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    weights = read_weights(args.teacher)
    for root in args.data:
        train = images_in(root / "train" / "good")
        test = [path for kind in sorted((root / "test").iterdir()) if kind.is_dir() for path in images_in(kind)]
        labels = np.array([path.parent.name != "good" for path in test])
        masks = np.stack([read_mask(path, root, args.size) for path in test]) if (root / "ground_truth").exists() else None
        known, side = patches(weights, train, args.size)
        asked, _ = patches(weights, test, args.size)
        for count in args.train.split(","):
            count = len(train) if count == "all" else int(count)
            if count > len(train):
                print(f"patchcore.py: {root} has {len(train)} training images, {count} were asked for", file=sys.stderr)
                continue
            for seed in map(int, args.seeds.split(",")):
                start = time.time()
                subset = np.sort(np.random.default_rng(seed).permutation(len(train))[:count])
                generator = torch.Generator().manual_seed(seed)
                bank = coreset(known[torch.from_numpy(subset)].flatten(0, 1), args.coreset, args.projection, generator)
                scores, maps = [], []
                for queries in asked:
                    nearest, index = distances(queries, bank, 1)
                    scores.append(image_score(queries, nearest[:, 0], index[:, 0], bank, args.reweight))
                    maps.append(nearest.reshape(side, side))
                line = f"{root.name}: {count} training images, seed {seed}: image AUROC {auroc(np.array(scores), labels):.4f}"
                if masks is not None:
                    enlarged = F.interpolate(torch.stack(maps)[None], (args.size, args.size), mode="bilinear", align_corners=False)[0]
                    line += f", pixel AUROC {auroc(blur(enlarged).numpy().ravel(), masks.ravel()):.4f}"
                print(f"{line} ({len(bank)} patches kept, {time.time() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()

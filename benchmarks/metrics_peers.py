#!/usr/bin/python3
"""Measures how long scikit-learn, scikit-image and numpy take for the pixel metrics of benchmarks/metrics.cpp.

    python3 benchmarks/metrics_peers.py [N]      N maps of 256 x 256 (default 500); compare with benchmarks/metrics N
AUROC and average precision are scikit-learn's. AUPRO over the data set sorts all scores once, as MVTec's evaluation code
does, and uses scikit-image's regions. Needs numpy, scikit-learn and scikit-image. Prints JSON.
"""
import json
import resource
import sys
import time

import numpy as np
from skimage.measure import label
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

SIDE = 256
trapezoid = getattr(np, "trapezoid", None) or np.trapz  # renamed in numpy 2


def make_map(n):
    """make_map of benchmarks/metrics.cpp, with other random numbers."""
    rng = np.random.default_rng(n)
    y, x = np.mgrid[:SIDE, :SIDE]
    level, phase = rng.uniform(0.1, 0.2), rng.uniform(0, 6)
    cx, cy, r = rng.uniform(40, 216), rng.uniform(40, 216), rng.uniform(8, 32)
    image = level * (1.1 + np.sin(x * 0.05 + phase) * np.cos(y * 0.04)) + rng.uniform(0, 0.02, (SIDE, SIDE))
    if n % 3 == 0:
        return image.astype(np.float32), np.zeros((SIDE, SIDE), bool)
    image += 0.5 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / r ** 2)
    return image.astype(np.float32), (x - cx - 4) ** 2 + (y - cy) ** 2 < r ** 2


def aupro(maps, masks, limit=0.3):
    """AUPRO over the data set, as MVTec defines it."""
    weights, regions = np.zeros(maps.shape), 0
    for n, mask in enumerate(masks):
        labels, count = label(mask, connectivity=2, return_num=True)
        regions += count
        areas = np.bincount(labels.ravel())
        weights[n][mask] = 1 / areas[labels[mask]]
    order = np.argsort(-maps.ravel(), kind="stable")
    scores = maps.ravel()[order]
    last = np.append(np.diff(scores) != 0, True)
    rates = np.append(0, (np.cumsum(~masks.ravel()[order]) / np.sum(~masks))[last])
    overlaps = np.append(0, (np.cumsum(weights.ravel()[order]) / regions)[last])
    cut = np.searchsorted(rates, limit, side="right")
    rates, overlaps = np.append(rates[:cut], limit), np.append(overlaps[:cut], np.interp(limit, rates, overlaps))
    return trapezoid(overlaps, rates) / limit


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    made = [make_map(n) for n in range(count)]
    maps, masks = np.array([m for m, _ in made]), np.array([m for _, m in made])
    del made
    labels, scores, values, seconds = masks.ravel(), maps.ravel(), {}, {}
    for name, metric in (("auroc", lambda: roc_auc_score(labels, scores)),
                         ("average_precision", lambda: average_precision_score(labels, scores)),
                         ("best_f1", lambda: (lambda p, r, _: np.max(2 * p * r / np.maximum(p + r, 1e-30)))(
                             *precision_recall_curve(labels, scores))),
                         ("aupro", lambda: aupro(maps, masks))):
        start = time.perf_counter()
        values[name] = float(metric())
        seconds["seconds_" + name] = round(time.perf_counter() - start, 3)
    print(json.dumps({"maps": count, **seconds, "seconds": round(sum(seconds.values()), 3),
                      "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **values}))


if __name__ == "__main__":
    main()

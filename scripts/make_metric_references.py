#!/usr/bin/python3
"""Writes tests/fixtures/metrics/ranking.txt and pixels.txt: scores with the metrics that scikit-learn and scikit-image compute.

Needs numpy, scikit-learn and scikit-image (Debian: python3-sklearn python3-skimage). Run from the repository's root:
    python3 scripts/make_metric_references.py
A file consists of cases: a line "case NAME", then lines "KEY COUNT VALUE...". Scores are 32-bit floats, written without rounding.
"""
import os

import numpy as np
from skimage.measure import label, regionprops
from sklearn.metrics import (auc, average_precision_score, precision_recall_curve, roc_auc_score, roc_curve)

FOLDER = os.path.join(os.path.dirname(__file__), "..", "tests", "fixtures", "metrics")


def write(file, name, values):
    print(f"case {name}", file=file)
    for key, value in values.items():
        value = np.atleast_1d(value).ravel()
        digits = "%.9g" if value.dtype == np.float32 else "%d" if value.dtype.kind in "iub" else "%.17g"
        print(key, len(value), *[digits % v for v in value], file=file)


def ranking(file, name, scores, labels):
    scores, labels = np.asarray(scores, np.float32), np.asarray(labels, np.uint8)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    precision, recall = precision[:-1], recall[:-1]
    total = precision + recall
    f1 = 2 * precision * recall / np.where(total > 0, total, 1)
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    write(file, name, {
        "scores": scores, "labels": labels, "auroc": roc_auc_score(labels, scores),
        "average_precision": average_precision_score(labels, scores), "best_f1": f1.max(), "f1": f1, "precision": precision,
        "recall": recall, "thresholds": thresholds.astype(np.float32), "false_positive_rates": fpr, "true_positive_rates": tpr})


def rankings(file):
    rng = np.random.default_rng(5)
    labels = rng.random(200) < 0.3
    scores = rng.normal(size=200) + labels
    ranking(file, "random", scores, labels)
    ranking(file, "ties", np.round(scores * 2) / 2, labels)
    ranking(file, "all_equal", np.full(50, 0.25), labels[:50])
    ranking(file, "beyond_one", scores * 1e6 - 3e5, labels)
    ranking(file, "huge_and_tiny", np.sign(scores) * 10.0 ** (scores * 9), labels)
    ranking(file, "signed_zeros", [0.0, -0.0, 0.0, -0.0, 1e-45, -1e-45], [1, 0, 0, 1, 1, 0])
    ranking(file, "one_positive", scores[:40], np.arange(40) == 17)
    ranking(file, "one_negative", scores[:40], np.arange(40) != 17)
    ranking(file, "perfect", labels * 2.0 - 1, labels)
    ranking(file, "reversed", -scores, labels)
    ranking(file, "two", [0.1, 0.2], [1, 0])


def aupro_over_data_set(maps, masks, limit):
    """AUPRO as MVTec defines it: rates at every distinct score, from (0, 0), cut at the limit."""
    regions = [(n, r.coords) for n, mask in enumerate(masks) for r in regionprops(label(mask != 0, connectivity=2))]
    normal = maps[masks == 0]
    rates, overlaps = [0.0], [0.0]
    for threshold in np.unique(maps)[::-1]:
        rates.append(np.mean(normal >= threshold))
        overlaps.append(np.mean([np.mean(maps[n][c[:, 0], c[:, 1]] >= threshold) for n, c in regions]))
    area = 0.0
    for x0, x1, y0, y1 in zip(rates, rates[1:], overlaps, overlaps[1:]):
        if x1 > limit:
            area += (y0 + y0 + (y1 - y0) * (limit - x0) / (x1 - x0)) / 2 * (limit - x0)
            break
        area += (y0 + y1) / 2 * (x1 - x0)
    return area / limit


def aupro_of_image(image, mask, limit):
    """AUPRO of one image with a defect, as RD4AD's authors define it (compute_pro)."""
    image = image.astype(np.float64)
    regions = [r.coords for r in regionprops(label(mask != 0))]
    normal = image[mask == 0]
    low, high = image.min(), image.max()
    if low == high:
        return 0.0
    rates, overlaps = [], []
    for threshold in np.arange(low, high, (high - low) / 200):
        rate = np.mean(normal > threshold)
        if rate < limit:
            rates.append(rate)
            overlaps.append(np.mean([np.mean(image[c[:, 0], c[:, 1]] > threshold) for c in regions]))
    if max(rates) == 0:
        return max(overlaps)
    return auc(np.array(rates) / max(rates), overlaps)


def pixels(file, name, maps, masks, limit=0.3):
    maps, masks = np.asarray(maps, np.float32), np.asarray(masks, np.uint8)
    labels, scores = masks.ravel() != 0, maps.ravel()
    precision, recall, _ = precision_recall_curve(labels, scores)
    total = precision + recall
    per_image = [aupro_of_image(i, m, limit) for i, m in zip(maps, masks) if m.any() and (m == 0).any()]
    write(file, name, {
        "width": maps.shape[2], "height": maps.shape[1], "limit": float(limit), "maps": maps, "masks": masks,
        "regions": sum(label(m != 0, connectivity=2).max() for m in masks), "auroc": roc_auc_score(labels, scores),
        "average_precision": average_precision_score(labels, scores),
        "best_f1": np.max(2 * precision * recall / np.where(total > 0, total, 1)),
        "aupro": aupro_over_data_set(maps, masks, limit), "aupro_per_image": np.mean(per_image)})


def pixel_cases(file):
    rng = np.random.default_rng(6)
    height, width = 16, 20
    y, x = np.mgrid[:height, :width]
    masks, maps = [], []
    for n in range(6):
        mask = np.zeros((height, width), np.uint8)
        image = rng.gamma(2.0, 0.1, size=(height, width))
        for _ in range(0 if n == 4 else 1 + n % 3):
            cy, cx, r = rng.integers(2, height - 2), rng.integers(2, width - 2), rng.integers(1, 4)
            inside = abs(y - cy) + abs(x - cx) <= r
            mask[inside] = 255
            image += 0.7 * rng.random() * np.exp(-((y - cy - 1) ** 2 + (x - cx) ** 2) / (2.0 * r * r))
        maps.append(image)
        masks.append(mask)
    masks[5][:] = 0
    masks[5][[3, 4, 5, 6, 4], [3, 4, 5, 6, 10]] = 1  # a diagonal: one 8-connected region
    maps, masks = np.array(maps), np.array(masks)
    pixels(file, "smooth", maps, masks)
    pixels(file, "low_limit", maps, masks, 0.05)
    pixels(file, "full_limit", maps, masks, 1.0)
    pixels(file, "ties", np.round(maps * 8) / 8, masks)
    pixels(file, "beyond_one", maps * 300 - 90, masks)
    pixels(file, "inverted", -maps, masks)
    pixels(file, "perfect", (masks != 0) * 1.0 + 0.001 * maps, masks)
    pixels(file, "constant_map", np.concatenate([maps[:2], np.full((1, height, width), 0.3)]), masks[:3])
    pixels(file, "all_defect_image", maps[:3], np.concatenate([masks[:2], np.ones((1, height, width))]))


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "ranking.txt"), "w") as out:
        rankings(out)
    with open(os.path.join(FOLDER, "pixels.txt"), "w") as out:
        pixel_cases(out)

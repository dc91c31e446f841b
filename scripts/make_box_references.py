#!/usr/bin/env python3
"""Writes tests/fixtures/metrics/boxes.txt: boxes with the average precision that pycocotools computes.

Needs numpy and pycocotools (pip install pycocotools). Run from the repository's root:
    python3 scripts/make_box_references.py
A case holds the true boxes and the detections as rows of (image, x, y, width, height[, score]), then ap, ap50 and ap75.
"""
import contextlib
import io
import os

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

FOLDER = os.path.join(os.path.dirname(__file__), "..", "tests", "fixtures", "metrics")


def case(file, name, images, truth, detections):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": i + 1} for i in range(images)], "categories": [{"id": 1}],
            "annotations": [{"id": k + 1, "image_id": int(i) + 1, "category_id": 1, "bbox": [x, y, w, h], "area": w * h,
                             "iscrowd": 0} for k, (i, x, y, w, h) in enumerate(truth)]}
        coco.createIndex()
        results = coco.loadRes([{"image_id": int(i) + 1, "category_id": 1, "bbox": [x, y, w, h], "score": s}
                                for i, x, y, w, h, s in detections])
        evaluation = COCOeval(coco, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    print(f"case {name}", file=file)
    print("images 1", images, file=file)
    for key, rows in (("truth", truth), ("detections", detections)):
        values = [v for row in rows for v in row]
        print(key, len(values), *["%.17g" % v for v in values], file=file)
    for key, value in zip(("ap", "ap50", "ap75"), evaluation.stats):
        print(key, 1, "%.17g" % value, file=file)


def main():
    rng = np.random.default_rng(7)
    with open(os.path.join(FOLDER, "boxes.txt"), "w") as file:
        for name, images, scale, levels in (("random", 12, 4.0, 1000), ("tied_scores", 12, 4.0, 4), ("close", 20, 1.0, 1000)):
            truth, detections = [], []
            for i in range(images):
                for _ in range(rng.integers(0, 5)):
                    x, y, w, h = rng.uniform(0, 200, 2).round(2).tolist() + rng.uniform(10, 60, 2).round(2).tolist()
                    truth.append((i, x, y, w, h))
                    for _ in range(rng.integers(0, 3)):
                        dx, dy, dw, dh = rng.normal(0, scale, 4).round(2).tolist()
                        detections.append((i, x + dx, y + dy, w + dw, h + dh, float(rng.integers(1, levels + 1) / levels)))
                for _ in range(rng.integers(0, 3)):
                    x, y, w, h = rng.uniform(0, 200, 2).round(2).tolist() + rng.uniform(10, 60, 2).round(2).tolist()
                    detections.append((i, x, y, w, h, float(rng.integers(1, levels + 1) / levels)))
            case(file, name, images, truth, detections)
        same = [(0, 10.0, 10.0, 20.0, 20.0), (1, 5.0, 5.0, 8.0, 8.0)]
        case(file, "perfect", 2, same, [row + (0.5,) for row in same])
        case(file, "misses", 2, same, [(0, 100.0, 100.0, 5.0, 5.0, 0.9)])
        case(file, "exact_thresholds", 1, [(0, 0.0, 0.0, 10.0, 10.0)], [(0, 0.0, 0.0, 10.0, 5.0, 0.9), (0, 0.0, 0.0, 10.0, 7.5, 0.8)])
        crowd = [(0, 1.0 * k, 0.0, 10.0, 10.0, 1.0 - 0.005 * k) for k in range(130)]
        case(file, "more_than_100", 1, [(0, 10.0 * k, 0.0, 10.0, 10.0) for k in range(13)], crowd)


if __name__ == "__main__":
    main()

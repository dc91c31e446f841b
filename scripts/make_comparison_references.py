#!/usr/bin/env python3
"""Writes tests/fixtures/metrics/comparison.txt: two detectors' boxes with the metrics of pycocotools and scikit-learn.

Needs numpy, pycocotools and scikit-learn. Run from the repository's root:
    python3 scripts/make_comparison_references.py
A case holds:
- size: the images' width and height in pixels
- anomalous and judged, one value per image: whether it is anomalous, and whether the external detector has judged it
- truth, rd4ad and external: boxes as rows of (image, x, y, width, height[, score]) in whole pixels
- rd4ad_on_all, rd4ad_shared and external_shared: the nine metrics of comparison_metrics, on all images and on the judged ones
"""
import contextlib
import io
import os

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

FOLDER = os.path.join(os.path.dirname(__file__), "..", "tests", "fixtures", "metrics")


def coco(images, truth, detections):
    with contextlib.redirect_stdout(io.StringIO()):
        data = COCO()
        data.dataset = {"images": [{"id": i + 1} for i in images], "categories": [{"id": 1}],
                        "annotations": [{"id": k + 1, "image_id": int(i) + 1, "category_id": 1, "bbox": [x, y, w, h], "area": w * h,
                                         "iscrowd": 0} for k, (i, x, y, w, h) in enumerate(r for r in truth if r[0] in images)]}
        data.createIndex()
        results = data.loadRes([{"image_id": int(i) + 1, "category_id": 1, "bbox": [x, y, w, h], "score": s}
                                for i, x, y, w, h, s in detections if i in images])
        evaluation = COCOeval(data, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return list(evaluation.stats[:3])


def mask_of(rows, image, size):
    mask = np.zeros((size[1], size[0]), int)
    for row in rows:
        if row[0] == image:
            x, y, w, h = map(int, row[1:5])
            mask[y:y + h, x:x + w] = 1
    return mask.ravel()


def metrics(images, anomalous, truth, detections, size):
    labels = [anomalous[i] for i in images]
    called = [int(any(r[0] == i for r in detections)) for i in images]
    masks, predicted = [mask_of(truth, i, size) for i in images], [mask_of(detections, i, size) for i in images]
    dice = np.mean([f1_score(m, p, zero_division=1) if m.any() or p.any() else 1.0 for m, p in zip(masks, predicted)])
    return coco(images, truth, detections) + [
        f1_score(labels, called, zero_division=0), precision_score(labels, called, zero_division=0),
        recall_score(labels, called, zero_division=0), accuracy_score(labels, called),
        f1_score(np.concatenate(masks), np.concatenate(predicted)), dice]


def main():
    rng = np.random.default_rng(11)
    size = (48, 32)
    with open(os.path.join(FOLDER, "comparison.txt"), "w") as file:
        for name, images, wobble in (("close", 24, 1), ("far", 30, 4), ("all_judged", 16, 2)):
            anomalous, truth, rd4ad, external, judged = [], [], [], [], []
            for i in range(images):
                broken = int(rng.random() < 0.6)
                anomalous.append(broken)
                judged.append(1 if name == "all_judged" else int(rng.random() < 0.75))
                for k in range(broken * int(rng.integers(1, 3))):
                    x, y = 2 + 24 * k + int(rng.integers(0, 8)), int(rng.integers(2, 16))
                    w, h = (int(v) for v in rng.integers(5, 12, 2))
                    truth.append((i, x, y, w, h))
                    for side, rate in ((rd4ad, 0.85), (external, 0.7)):
                        if rng.random() < rate:
                            dx, dy, dw, dh = (int(v) for v in rng.integers(-wobble, wobble + 1, 4))
                            side.append((i, max(x + dx, 0), max(y + dy, 0), max(w + dw, 1), max(h + dh, 1), round(float(rng.random()), 3)))
                for side, rate in ((rd4ad, 0.15), (external, 0.25)):
                    if rng.random() < rate:
                        side.append((i, int(rng.integers(0, 40)), int(rng.integers(0, 24)), 6, 5, round(float(rng.random()), 3)))
            shared = [i for i in range(images) if judged[i]]
            print(f"case {name}", file=file)
            print("size 2", *size, file=file)
            for key, values in (("anomalous", anomalous), ("judged", judged)):
                print(key, len(values), *values, file=file)
            for key, rows in (("truth", truth), ("rd4ad", rd4ad), ("external", [r for r in external if judged[r[0]]])):
                values = [v for row in rows for v in row]
                print(key, len(values), *values, file=file)
            for key, which, detections in (("rd4ad_on_all", range(images), rd4ad), ("rd4ad_shared", shared, rd4ad),
                                           ("external_shared", shared, external)):
                values = metrics(list(which), anomalous, truth, detections, size)
                print(key, len(values), *["%.17g" % v for v in values], file=file)


if __name__ == "__main__":
    main()

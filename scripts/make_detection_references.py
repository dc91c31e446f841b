#!/usr/bin/python3
"""Writes tests/fixtures/metrics/detection.txt: hits and misses by size, with Firth's logistic regression on log(size), a90 and a90/95.

Needs numpy and scipy (Debian: python3-scipy). Run from the repository's root:
    python3 scripts/make_detection_references.py
The fit is Newton's method on Firth's modified score; the bound is the root of the profile of the penalised likelihood. The format is
that of make_metric_references.py.
"""
import os

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

FILE = os.path.join(os.path.dirname(__file__), "..", "tests", "fixtures", "metrics", "detection.txt")
LOGIT = np.log(9.0)


def penalised(x, found, tried, b0, b1):
    eta = b0 + b1 * x
    p = 1 / (1 + np.exp(-eta))
    w = tried * p * (1 - p)
    information = np.array([[w.sum(), (w * x).sum()], [(w * x).sum(), (w * x * x).sum()]])
    return (found * eta - tried * np.logaddexp(0, eta)).sum() + 0.5 * np.linalg.slogdet(information)[1]


def firth(x, found, tried):
    design = np.stack([np.ones_like(x), x], 1)
    b = np.zeros(2)
    for _ in range(500):
        p = 1 / (1 + np.exp(-design @ b))
        w = tried * p * (1 - p)
        covariance = np.linalg.inv(design.T @ (design * w[:, None]))
        leverage = w * np.einsum("ij,jk,ik->i", design, covariance, design)
        step = covariance @ design.T @ (found - tried * p + leverage * (0.5 - p))
        b += step * min(1.0, 1.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-12:
            break
    return b, covariance


def profile(x, found, tried, at):
    grid = np.linspace(0, 80, 4001)
    values = [penalised(x, found, tried, LOGIT - b * at, b) for b in grid]
    best = grid[int(np.argmax(values))]
    fit = minimize_scalar(lambda b: -penalised(x, found, tried, LOGIT - b * at, b), bounds=(max(0, best - 0.02), best + 0.02),
                          method="bounded", options={"xatol": 1e-12})
    return max(-fit.fun, max(values))


def case(file, name, sizes, found, tried):
    sizes, found, tried = (np.asarray(v, float) for v in (sizes, found, tried))
    x = np.log(sizes)
    b, covariance = firth(x, found, tried)
    cut = penalised(x, found, tried, *b) - chi2.ppf(0.90, 1) / 2
    a90 = (LOGIT - b[0]) / b[1]
    limit = [np.exp(a90)] if a90 <= x.max() else []
    bound = []
    if limit and profile(x, found, tried, x.max()) < cut:
        bound = [np.exp(brentq(lambda at: profile(x, found, tried, at) - cut, a90, x.max(), xtol=1e-10))]
    print(f"case {name}", file=file)
    values = {"sizes": sizes, "found": found, "tried": tried, "estimate": b, "covariance": covariance[[0, 0, 1], [0, 1, 1]],
              "a90": limit, "a90_95": bound}
    for key, value in values.items():
        print(key, len(value), *["%.12g" % v for v in value], file=file)


with open(FILE, "w") as file:
    levels = [0.02, 0.04, 0.08, 0.16, 0.32]
    case(file, "graded", levels, [2, 9, 25, 37, 40], [40] * 5)
    case(file, "few", levels, [0, 2, 5, 8, 8], [8] * 5)
    case(file, "uneven", [1.5, 2, 3, 5, 7, 9, 14], [0, 1, 0, 4, 9, 11, 20], [3, 5, 1, 7, 11, 12, 20])
    case(file, "separated", levels, [0, 0, 20, 20, 20], [20] * 5)
    case(file, "separated-single", [1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 1, 1, 1, 1], [1] * 8)
    case(file, "shallow", levels, [10, 12, 15, 16, 17], [20] * 5)
    case(file, "high", levels, [35, 37, 39, 40, 40], [40] * 5)
    rng = np.random.default_rng(5)
    sizes = np.exp(rng.uniform(np.log(0.015), np.log(0.45), 60))
    hit = rng.uniform(size=60) < 1 / (1 + np.exp(-2.5 * np.log(sizes / 0.07)))
    case(file, "sixty", sizes.round(6), hit.astype(float), np.ones(60))

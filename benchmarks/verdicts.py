#!/usr/bin/env python3
"""Measures the verdicts of rd4ad: trains on drawn good images, tests, and compares the shipped threshold with the best ones.

  benchmarks/verdicts.py --command build/release/bin/rd4ad --teacher resnet18-imagenet.safetensors DATA... [--images 40,all]
      [--seeds 1,2,3] [--recipes default,paper] [--defects 0,2] [--flags "--steps 200"] [--threads 1] [--out runs.json]

DATA: data sets in MVTec AD's layout. --images: numbers of good training images, drawn by the seed. --defects: numbers of test
images with a defect that are put among the good training images, and taken from the test. Each run prints one line; --out keeps
all runs as JSON, with the raw scores of the test's images and of those that set the threshold. Needs Python's standard library
only.
"""
import argparse
import csv
import itertools
import json
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time


def auroc(good, bad):
    """The probability that a defect scores above a good image."""
    return sum((b > g) + 0.5 * (b == g) for g in good for b in bad) / (len(good) * len(bad))


def f1_at(threshold, good, bad):
    hits, alarms = sum(b >= threshold for b in bad), sum(g >= threshold for g in good)
    return 2 * hits / (len(bad) + hits + alarms)


def best_f1_within(alarms, good, bad):
    """The best F1 of a threshold with at most so many false alarms."""
    allowed = [t for t in good + bad + [max(good + bad) + 1] if sum(g >= t for g in good) <= alarms]
    return max(f1_at(t, good, bad) for t in allowed)


def run_command(*words):
    """Runs a command and returns its standard output; a failure raises with its standard error."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit status {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def link(folder, files):
    """Fills a new folder with links to files."""
    folder.mkdir(parents=True)
    for file in files:
        (folder / file.name).symlink_to(file.resolve())


def make_data(data, into, images, defects, seed):
    """A data set of links: drawn good training images, and drawn defects among them. Returns the names of the defects."""
    draw = random.Random(seed)
    good = sorted((data / "train" / "good").iterdir())
    chosen = sorted(draw.sample(good, min(images, len(good)) if images else len(good)))
    kinds = {folder.name: sorted(folder.iterdir()) for folder in sorted((data / "test").iterdir())}
    anomalous = [file for kind, files in kinds.items() if kind != "good" for file in files]
    planted = draw.sample(anomalous, defects)
    link(into / "train" / "good", chosen)
    for file in planted:
        (into / "train" / "good" / f"planted-{file.parent.name}-{file.name}").symlink_to(file.resolve())
    for kind, files in kinds.items():
        link(into / "test" / kind, [file for file in files if file not in planted])
    if (data / "ground_truth").is_dir():
        (into / "ground_truth").symlink_to((data / "ground_truth").resolve())
    return len(chosen), len(planted)


def calibration_of(checkpoint):
    """The calibration in a checkpoint's header: a length of 8 bytes, then JSON."""
    with open(checkpoint, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"].get("calibration", "null"))


def run_once(options, data, images, seed, recipe, defects):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        into = folder / data.name
        count, planted = make_data(data, into, images, defects, seed)
        threads = ["--threads", str(options.threads)]
        train = [options.command, "train", "--data", into, "--teacher", options.teacher, "--seed", str(seed), "--recipe", recipe,
                 "--out", folder / "models", *threads, *shlex.split(options.flags)]
        began = time.monotonic()
        trained = run_command(*train)
        seconds = time.monotonic() - began
        run_command(options.command, "test", "--data", into, "--checkpoint", folder / "models", "--out", folder / "results",
                    "--report-mb", "0", *threads)
        calibration = calibration_of(folder / "models" / f"{data.name}.safetensors")
        rows = list(csv.DictReader(open(folder / "results" / "results.csv")))
        results = json.load(open(folder / "results" / "results.json"))
    row = next(iter(results["classes"].values())) if "classes" in results else results
    raw_scores = {"good": {}, "bad": {}}
    for r in rows:
        raw_scores["good" if r["label"] == "good" else "bad"][r["file"]] = float(r["raw_score"])
    good, bad = list(raw_scores["good"].values()), list(raw_scores["bad"].values())
    run = {"data": data.name, "images": count, "seed": seed, "recipe": recipe, "defects": planted, "train_seconds": seconds,
           "auroc": auroc(good, bad), "pixel_auroc": row.get("pixel_auroc"), "raw_scores": raw_scores,
           "found_without_alarm": sum(b > max(good) for b in bad) / len(bad),
           "best_f1": max(f1_at(t, good, bad) for t in good + bad)}
    if calibration:
        alarms = sum(float(r["score"]) >= 0.5 for r in rows if r["label"] == "good")
        found = sum(float(r["score"]) >= 0.5 for r in rows if r["label"] != "good")
        low, high = row["false_alarm_count"]["predicted"]
        run |= {"alarms": alarms, "good": len(good), "predicted": [low, high], "found": found / len(bad),
                "f1": 2 * found / (len(bad) + found + alarms), "threshold": calibration["threshold"],
                "best_f1_within": best_f1_within(max(1, int(calibration["asked_rate"] * len(good) + 1e-9)), good, bad),
                "calibrating": calibration["good_scores"]}
    named = re.findall(r"^  (\S+): raw score", trained, re.M)
    run |= {"suspects": len(named), "planted_named": sum("/planted-" in name for name in named)}
    return run


def share(a, b):
    return a / b if b > 0 else float("nan")


def line_of(run):
    text = (f"{run['data']:10s} n {run['images']:3d} seed {run['seed']} {run['recipe']:7s} planted {run['defects']} "
            f"AUROC {run['auroc']:.4f} pixel {run['pixel_auroc'] or float('nan'):.4f}")
    if "found" in run:
        low, high = run["predicted"]
        text += (f" found {run['found']:.2f} of {run['found_without_alarm']:.2f} alarms {run['alarms']}/{run['good']} "
                 f"({low}..{high}) F1 {run['f1']:.2f} of {run['best_f1']:.2f}, within the rate asked for of "
                 f"{run['best_f1_within']:.2f}")
    return text + f" suspects {run['suspects']} ({run['planted_named']} planted) {run['train_seconds']:.0f} s"


def fall(planted, clean):
    """The fall of the share found among the defects that both runs test."""
    common = planted["raw_scores"]["bad"].keys() & clean["raw_scores"]["bad"].keys()
    found = lambda run: sum(run["raw_scores"]["bad"][name] >= run["threshold"] for name in common) / len(common)
    return found(clean) - found(planted)


def summary(runs):
    """Per recipe, over all runs of an AUROC above 0.85 without planted defects: the targets of docs/measurements/verdicts.md."""
    for recipe in sorted({run["recipe"] for run in runs}):
        clean = [run for run in runs if run["recipe"] == recipe and run["defects"] == 0 and "found" in run]
        good = [run for run in clean if run["auroc"] > 0.85 and run["found_without_alarm"] > 0]
        if good:
            shares = [share(run["found"], run["found_without_alarm"]) for run in good]
            f1 = [share(run["f1"], run["best_f1"]) for run in good]
            inside = [run["predicted"][0] <= run["alarms"] <= run["predicted"][1] for run in clean]
            print(f"{recipe}: {len(good)} runs: found / found without alarm: mean {sum(shares) / len(shares):.2f}, "
                  f"least {min(shares):.2f}; F1 / best F1: mean {sum(f1) / len(f1):.2f}, least {min(f1):.2f}; "
                  f"alarms as predicted in {sum(inside)} of {len(inside)}")
        planted = [run for run in runs if run["recipe"] == recipe and run["defects"] > 0]
        same = lambda a, b: all(a[key] == b[key] for key in ("data", "images", "seed"))
        falls = [fall(run, one) for run in planted for one in clean if same(run, one)]
        if falls:
            print(f"{recipe}: found falls by {sum(falls) / len(falls):.2f} in the mean of {len(falls)} pairs, "
                  f"at most {max(falls):.2f}")
        if planted:
            named = [run["planted_named"] == run["defects"] and run["suspects"] <= run["defects"] + 1 for run in planted]
            print(f"{recipe}: all planted defects named, with at most one good image, in {sum(named)} of {len(named)} runs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=pathlib.Path)
    parser.add_argument("--command", default="build/release/bin/rd4ad")
    parser.add_argument("--teacher", default="built-in")
    parser.add_argument("--images", default="all")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--recipes", default="default")
    parser.add_argument("--defects", default="0")
    parser.add_argument("--threads", type=int, default=0, help="0: all")
    parser.add_argument("--flags", default="", help="more flags of rd4ad train")
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    runs = []
    for data, images, seed, recipe, defects in itertools.product(
            options.data, options.images.split(","), options.seeds.split(","), options.recipes.split(","),
            options.defects.split(",")):
        run = run_once(options, data, 0 if images == "all" else int(images), int(seed), recipe, int(defects))
        runs.append(run)
        print(line_of(run), flush=True)
        if options.out:
            options.out.write_text(json.dumps(runs, indent=1))
    summary(runs)


if __name__ == "__main__":
    sys.exit(main())

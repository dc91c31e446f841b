#!/usr/bin/env python3
"""Checks rd4ad probe against real defects: does it rank options of training as the test's defects do?

  benchmarks/probe_ranks.py --command build/release/bin/rd4ad DATA... [--images 40] [--seeds 1,2] [--runs 600] [--flags "--inp 64"]
      [--options "default=; paper=--recipe paper --steps 80"] [--out ranks.json]

DATA: data sets in MVTec AD's layout with at least 20 good test images, which the probe uses. --options: a name and flags of rd4ad
train for each option, separated by semicolons. Trains each option on drawn good images, tests it and probes it: the share of real
defects found, and the share of painted defects found, both at the shipped threshold. Prints them, and per data set the rank
correlation of the options by the two shares: Spearman's rho and Kendall's tau-b. Needs Python's standard library only.
"""
import argparse
import csv
import json
import math
import pathlib
import shlex
import subprocess
import sys
import tempfile

from verdicts import auroc, make_data

default_options = ("paper 80=--recipe paper --steps 80 --calibration cross; paper 320=--recipe paper --steps 320 --calibration cross; "
                   "default 80=--steps 80; default, paper map=--map paper; default, scales=--map scales; default, positions=--map positions")


def ranks(values):
    """Ranks from 1; equal values share their mean rank."""
    order = sorted(range(len(values)), key=values.__getitem__)
    made = [0.0] * len(values)
    for i in order:
        equal = [j for j, k in enumerate(order) if values[k] == values[i]]
        made[i] = sum(equal) / len(equal) + 1
    return made


def spearman(a, b):
    """Pearson's correlation of the ranks; None if all values of a or b are equal."""
    a, b = ranks(a), ranks(b)
    mean = (len(a) + 1) / 2
    spread = math.sqrt(sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b))
    return sum((x - mean) * (y - mean) for x, y in zip(a, b)) / spread if spread > 0 else None


def kendall(a, b):
    """Kendall's tau-b; None if all values of a or b are equal."""
    sign = lambda x: (x > 0) - (x < 0)
    pairs = [(sign(a[i] - a[j]), sign(b[i] - b[j])) for i in range(len(a)) for j in range(i)]
    untied = math.sqrt(sum(x != 0 for x, _ in pairs) * sum(y != 0 for _, y in pairs))
    return sum(x * y for x, y in pairs) / untied if untied > 0 else None


def run_once(options, data, seed, name, flags):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        into = folder / data.name
        make_data(data, into, options.images, 0, seed)

        def command(*words):
            subprocess.run([options.command, *map(str, words), "--threads", str(options.threads)], check=True, capture_output=True)

        command("train", "--data", into, "--teacher", options.teacher, "--seed", seed, "--out", folder / "models",
                *shlex.split(options.flags), *shlex.split(flags))
        command("test", "--data", into, "--checkpoint", folder / "models", "--report-mb", 0, "--out", folder / "results")
        command("probe", "--data", into, "--checkpoint", folder / "models", "--runs", options.runs, "--seed", seed, "--out", folder / "probe")
        rows = list(csv.DictReader(open(folder / "results" / "results.csv")))
        probe = json.load(open(folder / "probe" / "probe.json"))
    good = [row for row in rows if row["label"] == "good"]
    bad = [row for row in rows if row["label"] != "good"]
    cells = [cell for group in probe["groups"] for cell in group["cells"]]
    found = lambda some: sum(float(row["score"]) >= 0.5 for row in some) / len(some)
    return {"data": data.name, "seed": seed, "option": name, "real": found(bad), "real_alarms": found(good),
            "auroc": auroc([float(row["raw_score"]) for row in good], [float(row["raw_score"]) for row in bad]),
            "painted": sum(cell["found"] for cell in cells) / sum(cell["tried"] for cell in cells),
            "painted_alarms": probe["false_alarms"] / probe["photographs"]}


def mean(values):
    return sum(values) / len(values)


def summary(runs, names):
    for data in sorted({run["data"] for run in runs}):
        of = lambda key: [mean([run[key] for run in runs if run["data"] == data and run["option"] == name]) for name in names]
        for real in ("real", "auroc"):
            rho, tau = spearman(of("painted"), of(real)), kendall(of("painted"), of(real))
            text = lambda value: "undefined (equal values)" if value is None else f"{value:+.2f}"
            print(f"{data}: share of painted defects found beside {'share of real ones found' if real == 'real' else 'image AUROC'}, "
                  f"{len(names)} options: Spearman {text(rho)}, Kendall {text(tau)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=pathlib.Path)
    parser.add_argument("--command", default="build/release/bin/rd4ad")
    parser.add_argument("--teacher", default="built-in")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--flags", default="", help="flags of rd4ad train for every option")
    parser.add_argument("--options", default=default_options)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    chosen = [tuple(part.strip() for part in one.split("=", 1)) for one in options.options.split(";")]
    runs = []
    for data in options.data:
        for seed in map(int, options.seeds.split(",")):
            for name, flags in chosen:
                run = run_once(options, data, seed, name, flags)
                runs.append(run)
                print(f"{run['data']:10s} seed {seed} {name:22s} real {run['real']:.2f} (alarms {run['real_alarms']:.2f}, AUROC {run['auroc']:.3f}) "
                      f"painted {run['painted']:.3f} (alarms {run['painted_alarms']:.2f})", flush=True)
                if options.out:
                    options.out.write_text(json.dumps(runs, indent=1))
    summary(runs, [name for name, _ in chosen])


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""How scoring shares processors: one processor by affinity and by quota, a busy process per processor, two scorers at once. Each
against the idle machine, in interleaved turns. Run it on a machine that does nothing else.

    sharing.py BUILD/bin/benchmark_network CHECKPOINT [--batch 1] [--rounds 60] [--turns 3]

Prints the median over all rounds and turns and the 95th percentile, in milliseconds per batch, and the ratios. The quota needs the
right to make a control group (root); without it that row is left out.
"""
import argparse
import array
import contextlib
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("program", type=pathlib.Path, help="benchmark_network")
parser.add_argument("checkpoint", type=pathlib.Path)
parser.add_argument("--batch", type=int, default=1)
parser.add_argument("--rounds", type=int, default=60, help="per turn")
parser.add_argument("--turns", type=int, default=3)
options = parser.parse_args()
processors = sorted(os.sched_getaffinity(0))
warm_up = 5


def start(images, threads=0, before=()):
    """A scorer; threads 0: the library's default."""
    call = [*before, options.program.resolve(), "score", options.checkpoint, images, str(options.batch), str(options.rounds + warm_up), f"--threads={threads}"]
    return subprocess.Popen(call, stdout=subprocess.PIPE, text=True)


def times(scorer):
    """Milliseconds per batch, without the warm-up."""
    out, _ = scorer.communicate()
    if scorer.returncode:
        sys.exit(f"{options.program} failed with status {scorer.returncode}")
    return json.loads(out)["ms"][warm_up:]


@contextlib.contextmanager
def busy_processes():
    """One process per processor that counts for ever."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in processors]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


@contextlib.contextmanager
def quota_of_one():
    """The file that takes a process into a control group with a quota of one processor; None where it cannot be made."""
    for top, files in (("/sys/fs/cgroup", {"cpu.max": "100000 100000"}),
                       ("/sys/fs/cgroup/cpu", {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"})):
        group = pathlib.Path(top) / f"rd4ad-sharing-{os.getpid()}"
        if not (pathlib.Path(top) / "cgroup.procs").exists():
            continue
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for name, value in files.items():
                (group / name).write_text(value)
            yield group / "cgroup.procs"
            return
        except OSError:
            continue
        finally:
            group.rmdir()
    yield None


def turn(images, into):
    """All cases once."""
    into.setdefault("idle", []).extend(times(start(images)))
    pin = ["taskset", "-c", str(processors[-1])]
    into.setdefault("one processor by affinity", []).extend(times(start(images, before=pin)))
    into.setdefault("the same, --threads=1", []).extend(times(start(images, 1, pin)))
    with quota_of_one() as procs:
        if procs:
            enter = ["sh", "-c", f'echo $$ > {procs}; exec "$@"', "sh"]
            into.setdefault("quota of one processor", []).extend(times(start(images, before=enter)))
            into.setdefault("the quota, --threads=1", []).extend(times(start(images, 1, enter)))
    with busy_processes():
        into.setdefault("a busy process per processor", []).extend(times(start(images)))
    both = [start(images), start(images)]
    for name, scorer in zip(("two scorers, the first", "two scorers, the second"), both):
        into.setdefault(name, []).extend(times(scorer))


def main():
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        images = os.path.join(folder, "images.raw")
        draw = random.Random(1)
        with open(images, "wb") as file:
            array.array("f", (draw.gauss(0, 1) for _ in range(options.batch * 256 * 256 * 3))).tofile(file)
        for _ in range(options.turns):
            turn(images, results)
    against = {"one processor by affinity": "the same, --threads=1", "quota of one processor": "the quota, --threads=1"}
    print(f"{'case':30s} median ms    p95 ms   ratio of medians   of p95")
    for name, ms in results.items():
        rows = [sorted(each) for each in (ms, results[against.get(name, "idle")])]
        median, base = (statistics.median(each) for each in rows)
        p95, base95 = (each[(95 * len(each) + 99) // 100 - 1] for each in rows)
        print(f"{name:30s} {median:9.1f} {p95:9.1f} {median / base:18.2f} {p95 / base95:8.2f}")


main()

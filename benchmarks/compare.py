#!/usr/bin/env python3
"""Compares rd4ad with ONNX Runtime, OpenVINO and PyTorch on this machine: interleaved turns, medians, and a check that the
outputs agree. benchmarks/compare creates the environment and calls this program. Needs the model in PyTorch (rd4ad_torch.py).

    compare.py --reference DIR --rd4ad BUILD/bin/benchmark_network --work DIR --step prepare|run [--rounds 5] [--quick]

With --backend thrust and a benchmark_network built for CUDA the peer is PyTorch on the same GPU, in fp32 and in TF32.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--reference", required=True)
parser.add_argument("--rd4ad", required=True, help="benchmark_network")
parser.add_argument("--work", required=True)
parser.add_argument("--torch-python", default="/usr/bin/python3")
parser.add_argument("--step", choices=["prepare", "run", "torch", "torch-tf32", "onnxruntime", "openvino"], required=True)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--quick", action="store_true", help="resnet18 only")
parser.add_argument("--turns", type=int, default=3, help="turns of all programs, one after the other")
parser.add_argument("--backend", choices=["xtensor", "onednn", "onednn-bf16", "thrust"], default="xtensor", help="of rd4ad; bf16 scores only")
parser.add_argument("--case", nargs=3, metavar=("ARCH", "MODE", "BATCH"))
args = parser.parse_args()
on_gpu = args.backend == "thrust"
sys.path.insert(0, args.reference)


def at(name):
    return os.path.join(args.work, name)


def prepare():
    """Writes the weights as PyTorch does, the images as raw floats, and the scoring graphs."""
    import numpy as np
    import torch
    import rd4ad_torch

    os.makedirs(args.work, exist_ok=True)
    for arch in archs():
        model = rd4ad_torch.fill_by_formula(rd4ad_torch.Model(arch)).eval()
        torch.save(model.state_dict(), at(f"{arch}.pth"))
        if on_gpu:
            continue
        rd4ad_torch.onnx(arch, at(f"{arch}.1.onnx"))
        export_batch(model, arch, 8)
    for batch in (1, 8, 16):
        images = rd4ad_torch.image_by_formula("bench", batch, 256)
        np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy()).tofile(at(f"images.{batch}.raw"))
        np.save(at(f"images.{batch}.npy"), images.numpy())


def export_batch(model, arch, batch):
    import torch

    class Flat(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            t, s = self.inner(x)
            return tuple(t) + tuple(s)

    torch.onnx.export(Flat(model), torch.zeros(batch, 3, 256, 256), at(f"{arch}.{batch}.onnx"), opset_version=13,
                      input_names=["image"], output_names=[f"teacher{i}" for i in range(3)] + [f"student{i}" for i in range(3)])


def archs():
    return ["resnet18"] if args.quick else ["resnet18", "wide_resnet50_2"]


def peer(name):
    """Runs one peer on one case: times its rounds, writes its outputs, prints JSON."""
    import numpy as np

    arch, mode, batch = args.case[0], args.case[1], int(args.case[2])
    images = np.load(at(f"images.{batch}.npy"))
    times, losses = [], []

    def timed(work):
        start = time.perf_counter()
        result = work()
        if on_gpu:
            torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
        return result

    outputs = None
    if on_gpu:
        import torch
    if name == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = args.threads
        session = onnxruntime.InferenceSession(at(f"{arch}.{batch}.onnx"), options, providers=["CPUExecutionProvider"])
        version = onnxruntime.__version__
        for _ in range(args.rounds + 1):
            outputs = timed(lambda: session.run(None, {"image": images}))
    elif name == "openvino":
        import openvino

        core = openvino.Core()
        core.set_property("CPU", {"INFERENCE_NUM_THREADS": args.threads, "INFERENCE_PRECISION_HINT": "f32"})
        request = core.compile_model(at(f"{arch}.{batch}.onnx"), "CPU", {"PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
        version = openvino.__version__.split("-")[0]
        for _ in range(args.rounds + 1):
            outputs = timed(lambda: [np.array(v) for v in request.infer({"image": images}).values()])
    else:
        import torch
        import rd4ad_torch

        torch.set_num_threads(args.threads)
        version = torch.__version__
        model = rd4ad_torch.Model(arch)
        model.load_state_dict(torch.load(at(f"{arch}.pth")))
        x = torch.from_numpy(images)
        if on_gpu:
            torch.backends.cudnn.benchmark = True
            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = name == "torch-tf32"
            model, x = model.cuda(), x.cuda()
        if mode == "score":
            model.eval()
            with torch.no_grad():
                for _ in range(args.rounds + 1):
                    outputs = timed(lambda: [v for features in model(x) for v in features])
            outputs = [v.cpu().numpy() for v in outputs]
        else:
            model.train()
            optimizer = torch.optim.Adam(list(model.decoder.parameters()) + list(model.bn.parameters()), lr=0.005, betas=(0.5, 0.999))
            with torch.no_grad():
                cached = model.teacher(x)

            def step():
                features = cached if mode == "train-cached" else None
                if features is None:
                    with torch.no_grad():
                        features = model.teacher(x)
                loss = rd4ad_torch.loss_of(features, model.decoder(model.bn(features)))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                return loss.item()

            for _ in range(args.rounds + 1):
                losses.append(timed(step))
    if outputs is not None:
        np.concatenate([np.moveaxis(o, 1, -1).ravel() for o in outputs]).astype(np.float32).tofile(at(f"{name}.out"))
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if on_gpu:
        available, total = torch.cuda.mem_get_info()  # PyTorch does not return memory to the device
        peak = (total - available) >> 20
    print(json.dumps({"ms": times, "losses": losses, "version": version, "peak_mib": peak}))


def run():
    import numpy as np

    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    environment.update(OMP_NUM_THREADS=str(args.threads))

    def call(command):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def one(program, arch, mode, batch):
        if program == "rd4ad":
            command = [args.rd4ad, "score" if mode == "score" else "train", at(f"{arch}.pth"), at(f"images.{batch}.raw"), str(batch),
                       str(args.rounds + 1)] + ([at("rd4ad.out")] if mode == "score" else []) + [f"--threads={args.threads}", f"--backend={args.backend}"]
        else:
            python = args.torch_python if program.startswith("torch") else sys.executable
            command = [python, os.path.abspath(__file__), "--reference", args.reference, "--rd4ad", args.rd4ad, "--work", args.work, "--step",
                       program, "--rounds", str(args.rounds), "--threads", str(args.threads), "--backend", args.backend, "--case", arch, mode, str(batch)]
        return call(command)

    cases = [(arch, "score", batch) for arch in archs() for batch in (1, 8)]
    if args.backend != "onednn-bf16":
        cases += [("resnet18", "train", 16)] + ([] if args.quick else [("wide_resnet50_2", "train", 8)])
    rows, versions = [], {}
    for arch, mode, batch in cases:
        peers = ["torch", "torch-tf32"] if on_gpu else ["onnxruntime", "openvino", "torch"] if mode == "score" else ["torch"]
        times = {}
        peak = {}
        for turn in range(args.turns):  # interleaved: a slow minute of the machine affects every program
            for program in ["rd4ad"] + peers:
                found = one(program, arch, mode, batch)
                times.setdefault(program, []).extend(found["ms"][1:])
                peak[program] = max(peak.get(program, 0), found["peak_mib"])
                versions[program] = found["version"]
                versions["kernels"] = found.get("kernels", versions.get("kernels"))
                if program != "rd4ad" and turn == 0 and mode == "score":
                    found_values, expected = (np.fromfile(at(f"{name}.out"), np.float32) for name in ("rd4ad", program))
                    error = float(abs(found_values - expected).max() / abs(expected).max())
                    tolerance = 5e-2 if args.backend == "onednn-bf16" or program == "torch-tf32" else 1e-4
                    assert error < tolerance, f"{arch} batch {batch}: {program} differs by {error}"
                if program == "torch" and turn == 0 and mode == "train":
                    assert abs(found["losses"][0] - first_loss) < 1e-4 * first_loss, (found["losses"][0], first_loss)
                if program == "rd4ad" and mode == "train":
                    first_loss = found["losses"][0]
            if mode == "train":
                found = one("torch", arch, "train-cached", batch)
                times.setdefault("torch, cached features", []).extend(found["ms"][1:])
                peak["torch, cached features"] = max(peak.get("torch, cached features", 0), found["peak_mib"])
        rd4ad = statistics.median(times["rd4ad"]) / batch
        for program, ms in times.items():
            median = statistics.median(ms) / batch
            rows.append((f"{arch}, {mode}, batch {batch}", program, median, rd4ad / median, peak[program]))
            print(*rows[-1], flush=True)
    processor = versions["kernels"] if on_gpu else next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    flags = open("/proc/cpuinfo").read()
    simd = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "SSE"
    with open(at("table.md"), "w") as table:
        table.write((processor if on_gpu else f"{processor} ({simd}), {args.threads} threads")
                    + f"; rd4ad's backend {args.backend}, kernels {versions['kernels']}; rd4ad {versions['rd4ad']}, "
                    + ", ".join(f"{k} {v}" for k, v in versions.items() if k not in ("kernels", "rd4ad")) + "; medians.\n\n")
        table.write("| case | program | ms per image | rd4ad's time / its time | peak MiB |\n| --- | --- | ---: | ---: | ---: |\n")
        for case, program, median, ratio, peak in rows:
            table.write(f"| {case} | {program} | {median:.1f} | {'' if program == 'rd4ad' else f'{ratio:.2f}'} | {peak} |\n")
    print(open(at("table.md")).read())


if args.step == "prepare":
    prepare()
elif args.step == "run":
    run()
else:
    peer(args.step)

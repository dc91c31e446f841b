#!/usr/bin/env python3
"""Runs an exported graph over prepared inputs, for `rd4ad verify`, and writes the runtime's outputs to files.

    run_onnx.py RUNTIME MODEL.onnx FOLDER HEIGHT WIDTH BATCH

RUNTIME: onnxruntime or openvino. FOLDER/inputs: float32, N x 3 x HEIGHT x WIDTH. Writes FOLDER/maps (N x HEIGHT x WIDTH)
and FOLDER/raw_scores (N), float32, and FOLDER/about.json: the runtime's version, and the graph's description if the runtime
provides it.
"""
import json
import os
import sys


def load_onnxruntime(model):
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map.get("rd4ad")
    return onnxruntime.__version__, about, lambda images: session.run(["map", "raw_score"], {"image": images})


def load_openvino(model):
    import openvino

    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    compiled = core.compile_model(model, "CPU")
    return openvino.__version__.split("-")[0], None, lambda images: [compiled(images)[name] for name in ("map", "raw_score")]


def main():
    runtime, model, folder = sys.argv[1:4]
    height, width, batch = (int(word) for word in sys.argv[4:7])
    load = {"onnxruntime": load_onnxruntime, "openvino": load_openvino}[runtime]
    try:
        import numpy

        version, about, run = load(model)
    except ImportError as missing:
        sys.exit(f"run_onnx.py: {missing}; install it: pip install numpy {runtime}")
    images = numpy.memmap(os.path.join(folder, "inputs"), numpy.float32, "r").reshape(-1, 3, height, width)
    with open(os.path.join(folder, "maps"), "wb") as maps, open(os.path.join(folder, "raw_scores"), "wb") as raw_scores:
        for first in range(0, len(images), batch):
            chunk = numpy.ascontiguousarray(images[first:first + batch])
            map_, raw_score = run(chunk)
            assert map_.shape == (len(chunk), 1, height, width) and raw_score.shape == (len(chunk), 1), (map_.shape, raw_score.shape)
            map_.astype(numpy.float32).tofile(maps)
            raw_score.astype(numpy.float32).tofile(raw_scores)
    with open(os.path.join(folder, "about.json"), "w") as to:
        json.dump({"version": version, "description": json.loads(about) if about else None}, to)


main()

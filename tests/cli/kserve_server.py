#!/usr/bin/env python3
"""A small KServe v2 server for the command's tests: serves a repository of rd4ad export --format triton with ONNX Runtime.

    kserve_server.py REPOSITORY PORT-FILE [json]

Writes its port to PORT-FILE. With `json` it does not support binary tensors. It reads the part of the configuration that the
client needs, and refuses unknown models, inputs of another name, type or shape, and batches that are too large.
"""
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy
import onnxruntime

repository, port_file = sys.argv[1:3]
supports_binary = "json" not in sys.argv[3:]


class Refusal(Exception):
    pass


class Model:
    def __init__(self, name):
        folder = os.path.join(repository, name)
        if not os.path.exists(os.path.join(folder, "config.pbtxt")):
            raise Refusal(f"Request for unknown model: '{name}' is not found")
        config = open(os.path.join(folder, "config.pbtxt")).read()
        assert re.search(r'^name: "(.*)"$', config, re.M)[1] == name
        assert re.search(r'^platform: "(.*)"$', config, re.M)[1] == "onnxruntime_onnx"
        self.max_batch = int(re.search(r"^max_batch_size: (\d+)$", config, re.M)[1])
        text = re.search(r'string_value: "(.*)" }$', config, re.M)[1]
        self.config = {"name": name, "platform": "onnxruntime_onnx", "max_batch_size": self.max_batch,
                       "parameters": {"rd4ad": {"string_value": re.sub(r"\\(.)", r"\1", text)}}}
        self.session = onnxruntime.InferenceSession(os.path.join(folder, "1", "model.onnx"), providers=["CPUExecutionProvider"])
        self.dims = self.session.get_inputs()[0].shape[1:]
        stated = [int(size) for size in re.search(r"dims: \[ (.*) \]", config)[1].split(",")]
        assert stated == self.dims, (stated, self.dims)
        self.metadata = {"name": name, "versions": ["1"], "platform": "onnxruntime_onnx",
                         "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1] + self.dims}],
                         "outputs": [{"name": one.name, "datatype": "FP32", "shape": [-1]} for one in self.session.get_outputs()]}
        assert [one["name"] for one in self.metadata["outputs"]][:2] == ["map", "raw_score"], self.metadata["outputs"]

    def infer(self, request, tail):
        image, = request["inputs"]
        if image["name"] != "image" or image["datatype"] != "FP32" or image["shape"][1:] != self.dims:
            raise Refusal(f"unexpected input {image['name']} {image['datatype']} {image['shape']}")
        if image["shape"][0] > self.max_batch:
            raise Refusal(f"inference request batch-size must be <= {self.max_batch}")
        if "data" in image:
            values = numpy.array(image["data"], numpy.float32)
        else:
            assert image["parameters"]["binary_data_size"] == len(tail)
            values = numpy.frombuffer(tail, numpy.float32)
        names = [one["name"] for one in request["outputs"]]
        found = self.session.run(names, {"image": values.reshape(image["shape"])})
        outputs, binary = [], []
        for one, result in zip(request["outputs"], found):
            output = {"name": one["name"], "datatype": "FP32", "shape": list(result.shape)}
            if one.get("parameters", {}).get("binary_data"):
                binary.append(result.astype(numpy.float32).tobytes())
                output["parameters"] = {"binary_data_size": len(binary[-1])}
            else:
                output["data"] = [float(value) for value in result.ravel()]
            outputs.append(output)
        return {"model_name": self.metadata["name"], "outputs": outputs}, b"".join(binary)


models = {}


def model(name):
    if name not in models:
        models[name] = Model(name)
    return models[name]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value, tail=b""):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text) + len(tail)))
        if tail:
            self.send_header("Inference-Header-Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text + tail)

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        try:
            if parts == ["v2"]:
                self.answer(200, {"name": "stand-in", "version": "0", "extensions": ["binary_tensor_data"] if supports_binary else []})
            elif parts[:2] == ["v2", "models"] and len(parts) == 3:
                self.answer(200, model(parts[2]).metadata)
            elif parts[:2] == ["v2", "models"] and parts[3:] == ["config"]:
                self.answer(200, model(parts[2]).config)
            else:
                self.answer(404, {"error": "no such address"})
        except Refusal as problem:
            self.answer(400, {"error": str(problem)})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        length = int(self.headers.get("Inference-Header-Content-Length", len(body)))
        name = self.path.strip("/").split("/")[2]
        try:
            if length != len(body) and not supports_binary:
                raise Refusal("binary tensors are not supported")
            self.answer(200, *model(name).infer(json.loads(body[:length]), body[length:]))
        except Refusal as problem:
            self.answer(400, {"error": str(problem)})

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w") as to:
    to.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()

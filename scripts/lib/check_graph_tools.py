"""check_graph_tools.py GRAPH: runs an exported graph in OpenCV's DNN module, through onnx-simplifier, and through ONNX Runtime's
dynamic quantisation. Prints a Markdown table of the largest differences from ONNX Runtime as shares of each output's largest value,
and exits with 1 if one exceeds its tolerance."""
import pathlib
import sys
import tempfile

import cv2
import numpy
import onnx
import onnxruntime
import onnxsim
from onnxruntime.quantization import QuantType, quantize_dynamic


def outputs_of(graph, images):
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": images})


def main(graph):
    model = onnx.load(graph)
    height, width = (one.dim_value for one in model.graph.input[0].type.tensor_type.shape.dim[2:])
    names = [one.name for one in model.graph.output]
    images = numpy.random.default_rng(1).normal(size=(2, 3, height, width)).astype("float32")
    expected = outputs_of(graph, images)
    found = {}

    network = cv2.dnn.readNetFromONNX(graph)
    singles = []
    for image in images:
        network.setInput(image[None], "image")
        singles.append(network.forward(names))
    found[f"OpenCV {cv2.__version__}"] = [numpy.concatenate(one).reshape(to.shape) for one, to in zip(zip(*singles), expected)], 1e-5

    with tempfile.TemporaryDirectory() as folder:
        simplified, same = onnxsim.simplify(model)
        assert same, "onnx-simplifier: its own check of the simplified graph failed"
        onnx.save(simplified, pathlib.Path(folder, "simplified.onnx"))
        found[f"onnx-simplifier {onnxsim.__version__}"] = outputs_of(pathlib.Path(folder, "simplified.onnx"), images), 1e-5
        # 8 bits: a map of an untrained student changes by some hundredths
        quantize_dynamic(graph, pathlib.Path(folder, "quantised.onnx"), weight_type=QuantType.QUInt8)
        found["dynamic quantisation"] = outputs_of(pathlib.Path(folder, "quantised.onnx"), images), 0.1

    failed = False
    print(f"| tool | {' | '.join(names)} |\n| --- |{' ---: |' * len(names)}")
    for tool, (values, tolerance) in found.items():
        shares = [float(numpy.abs(a - b).max() / numpy.abs(b).max()) for a, b in zip(values, expected)]
        failed |= not all(share <= tolerance for share in shares)
        print(f"| {tool} | {' | '.join(f'{share:.1e}' for share in shares)} |")
    return failed


sys.exit(main(sys.argv[1]))

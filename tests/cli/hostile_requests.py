#!/usr/bin/env python3
"""Sends hostile requests to rd4ad serve and compares the status of each answer with the expected one.

    hostile_requests.py PORT MODEL SIDE TOKEN

SIDE: the model's input in pixels. The service must run with --request-s 1.5 and --max-body-mb 2. A status of None stands for a
connection that the service ends without an answer. The last request is a good one: the service lives on.
"""
import json
import socket
import struct
import sys
import threading
import time

port, model, side, token = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
base = f"/v2/models/{model}"
problems = []


def raw(data, half_close=False, pause=0.0):
    """Sends bytes, or pieces with pauses between them, and returns the answer's status and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as to:
        try:
            for piece in data if isinstance(data, list) else [data]:
                to.sendall(piece)
                time.sleep(pause)
            if half_close:
                to.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the service may answer and close before everything is sent
        received = b""
        try:
            while piece := to.recv(65536):
                received += piece
        except OSError:
            pass
    if not received.startswith(b"HTTP/1.1 "):
        return None, received
    return int(received.split(b" ", 2)[1]), received.split(b"\r\n\r\n", 1)[-1]


def request(method, path, body=b"", headers=(), host="127.0.0.1", length=None, authorised=True):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if authorised:
        lines.append(f"Authorization: Bearer {token}")
    if method == "POST":
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return ("\r\n".join(lines + list(headers)) + "\r\n\r\n").encode("latin-1") + body


def check(name, expected, data, contains=b"", **how):
    status, body = raw(data, **how)
    if status != expected or contains not in body:
        problems.append(f"{name}: found {status} {body[:200]!r}, expected {expected} {contains!r}")


def infer(**changes):
    tensor = {"name": "image", "datatype": "FP32", "shape": [1, 3, side, side], "data": [0] * (3 * side * side)}
    tensor.update(changes)
    return request("POST", base + "/infer", json.dumps({"inputs": [tensor]}).encode())


def binary(size, tail, header=None):
    tensor = {"name": "image", "datatype": "FP32", "shape": [1, 3, side, side], "parameters": {"binary_data_size": size}}
    text = json.dumps({"inputs": [tensor]}).encode()
    return request("POST", base + "/infer", text + tail, [f"Inference-Header-Content-Length: {len(text) if header is None else header}"])


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0) + b"\0" * 99


full = 12 * side * side
zeros = bytes(full)

# JSON and shapes.
check("broken JSON", 400, request("POST", base + "/infer", b'{"inputs": ['), b"is not JSON")
check("no JSON", 400, request("POST", base + "/infer", b"\xff\xfe\0"), b"error")
check("deep JSON", 400, request("POST", base + "/infer", b"[" * 100000), b"nested")
check("empty body", 400, request("POST", base + "/infer"), b"error")
for shape in ([1, 3, side], [1, 3, side, side + 1], [-1, 3, side, side], [0, 3, side, side], [2**63, 3, side, side],
              [2**62 + 1, 3, side, side], [1e300, 3, side, side], [9999, 3, side, side], "x", None):
    check(f"shape {shape}", 400, infer(shape=shape), b"the shape of 'image'")
check("few numbers", 400, infer(data=[1, 2, 3]), b"numbers")
check("a number that is not finite", 400, infer(data=[1e300] + [0] * (3 * side * side - 1)), b"not finite")
check("texts as numbers", 400, infer(data=["1"] * (3 * side * side)), b"no numbers")
check("another datatype", 400, infer(datatype="FP64"), b"FP32")
check("another input", 400, infer(name="../../etc/passwd"), b"image")
# Binary tensors.
check("NaN", 400, binary(full, struct.pack("<f", float("nan")) + zeros[4:]), b"not finite")
check("short tail", 400, binary(full, zeros[4:]), b"binary_data_size")
check("long tail", 400, binary(full, zeros + zeros), b"binary_data_size")
check("negative size", 400, binary(-full, zeros), b"binary_data_size")
check("overflowing size", 400, binary(2**64 + full, zeros), b"error")
for header in ("-1", "99999999999999999999", "x", "0", str(10 * full)):
    check(f"header length {header}", 400, binary(full, zeros, header), b"error")
# Lengths and encodings.
check("huge Content-Length", 413, request("POST", base + "/score", b"x", length=10**12), b"this server takes")
check("negative Content-Length", 400, request("POST", base + "/score", b"x", length=-5))
check("overflowing Content-Length", 400, request("POST", base + "/score", b"x", length=10**30))
check("large body", 413, request("POST", base + "/score", b"x" * (3 << 20)), b"this server takes")
check("chunks", 411, b"POST %s/score HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\n"
      b"5\r\nhello\r\n0\r\n\r\n" % (base.encode(), token.encode()))
check("two lengths", 400, request("POST", base + "/score", b"x", ["Content-Length: 2"]))
check("gzip", 415, request("POST", base + "/score", b"\x1f\x8b" + bytes(99), ["Content-Encoding: gzip"]))
check("a form", 415, request("POST", base + "/score", b"--x--", ["Content-Type: multipart/form-data; boundary=x"]))
# Images.
check("no image", 400, request("POST", base + "/score", b"no image"), b"the posted image")
check("empty image", 400, request("POST", base + "/score"), b"the posted image")
check("gigapixel PNG", 400, request("POST", base + "/score", png(100000, 100000)), b"limit")
check("PNG above --max-megapixels", 400, request("POST", base + "/score", png(16000, 16000)), b"this service takes")
check("PNG without rows", 400, request("POST", base + "/score", png(64, 64)), b"the posted image")
check("unknown Accept", 406, request("POST", base + "/score", b"x", ["Accept: image/gif"]), b"Accept")
check("timeout", 400, request("POST", base + "/score?timeout_ms=-1", b"x"), b"timeout_ms")
check("feedback without a folder", 403, request("POST", base + "/feedback?label=good", b"x"), b"--feedback")
# Paths and methods.
for path in ("/v2/models/..", "/v2/models/../../etc/passwd", "/v2/models/%2e%2e%2fcloth", "/v2/models/" + "a" * 300, "/etc/passwd",
             "/v2/models/.hidden/score", "/v2/models/a%00b", "/v2/models//score", f"{base}/score/", f"{base}/versions/2", "/\r", "//"):
    check(f"path {path[:40]}", 404, request("GET", path))
check("unknown model", 404, request("POST", "/v2/models/other/score", b"x"), b"no model")
check("long path", 414, request("GET", "/" + "a" * 8500))
for method, path in (("GET", base + "/score"), ("POST", base), ("PUT", base + "/score"), ("DELETE", base), ("OPTIONS", "/v2")):
    check(f"{method} {path}", 405, request(method, path, b""))
check("an unknown method", 400, request("BREW", "/v2"))
# Who asks.
check("no token", 401, request("GET", "/v2/models", authorised=False), b"token")
check("wrong token", 401, request("GET", "/v2/models", headers=[f"Authorization: Bearer {token[:-1]}x"], authorised=False))
check("empty token", 401, request("GET", "/v2/models", headers=["Authorization: Bearer "], authorised=False))
check("other scheme", 401, request("GET", "/v2/models", headers=[f"Authorization: Basic {token}"], authorised=False))
check("other host", 403, request("GET", "/v2/models", host="evil.example"), b"Host")
check("host that begins well", 403, request("GET", "/v2/models", host="127.0.0.1.evil.example"), b"Host")
check("other site", 403, request("POST", base + "/score", b"x", ["Origin: http://evil.example"]), b"site")
check("a sandboxed page", 403, request("POST", base + "/score", b"x", ["Origin: null"]), b"site")
check("watchdog without a token", 200, request("GET", "/v2/health/live", authorised=False), b"true")
# Headers, slow senders, half-closed and lost connections.
check("10,000 headers", 400, b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(10000)) + b"\r\n")
check("a header of 1 MB", 400, b"GET /v2 HTTP/1.1\r\nX: " + b"y" * (1 << 20) + b"\r\n\r\n")
check("many ranges", 200, request("GET", "/v2", headers=["Range: bytes=" + ",".join(["0-"] * 500)]), b'"rd4ad"')
check("no HTTP", 400, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(500) + b"\n\n")
check("half-closed", 400, request("POST", base + "/score", b"12345", length=50), b"5 of 50", half_close=True)
began = time.monotonic()
slow = [threading.Thread(target=check, args=("slow body", 408, [request("POST", base + "/score", b"x", length=100)] + [b"y"] * 20, b"in time"),
                         kwargs={"pause": 0.1}),
        threading.Thread(target=check, args=("slow headers", 400, [b"GET /v2 HTTP/1.1\r\n"] + [b"X: y\r\n"] * 9), kwargs={"pause": 0.1}),
        threading.Thread(target=check, args=("silence", None, b""))]
for one in slow:
    one.start()
for _ in range(20):  # gone before the answer
    with socket.create_connection(("127.0.0.1", port)) as to:
        to.sendall(infer())
check("a good request beside slow ones", 200, request("GET", base), b'"platform"')
if time.monotonic() - began > 1:
    problems.append("a good request waited for slow ones")
for one in slow:
    one.join()
check("a good request at the end", 200, binary(full, zeros), b'"outputs"')
print("\n".join(problems) or "all answered as they should be")
sys.exit(bool(problems))

#!/usr/bin/env python3
"""Measures rd4ad serve: clients that send one image after another. Needs only Python's standard library.

    serve_load.py URL MODEL IMAGE [--clients 32] [--seconds 20] [--replace CHECKPOINT --models DIR --replacements 0]

Prints one JSON object: requests per second, statuses, p50 and p99 in milliseconds. With --replace it moves a copy of the checkpoint
into the service's folder meanwhile, evenly spread.
"""
import argparse
import collections
import http.client
import json
import os
import shutil
import threading
import time
import urllib.parse

options = argparse.ArgumentParser()
options.add_argument("url")
options.add_argument("model")
options.add_argument("image")
options.add_argument("--clients", type=int, default=32)
options.add_argument("--seconds", type=float, default=20)
options.add_argument("--replace")
options.add_argument("--models")
options.add_argument("--replacements", type=int, default=0)
given = options.parse_args()
host = urllib.parse.urlsplit(given.url).netloc
with open(given.image, "rb") as file:
    image = file.read()
end = time.monotonic() + given.seconds
statuses, times, lock = collections.Counter(), [], threading.Lock()


def send():
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            to = http.client.HTTPConnection(host, timeout=60)
            to.request("POST", f"/v2/models/{given.model}/score", image, {"Content-Type": "application/octet-stream"})
            answer = to.getresponse()
            answer.read()
            status = answer.status
            to.close()
        except OSError as problem:
            status = type(problem).__name__
        with lock:
            statuses[str(status)] += 1
            times.append(time.monotonic() - began)


clients = [threading.Thread(target=send) for _ in range(given.clients)]
for one in clients:
    one.start()
for i in range(given.replacements):
    time.sleep(given.seconds / (given.replacements + 1))
    beside = os.path.join(given.models, ".next")
    shutil.copy(given.replace, beside)
    os.rename(beside, os.path.join(given.models, given.model + ".safetensors"))
for one in clients:
    one.join()
times.sort()
at = lambda share: round(1000 * times[min(len(times) - 1, int(share * len(times)))], 1)
print(json.dumps({"clients": given.clients, "seconds": given.seconds, "requests_per_second": round(len(times) / given.seconds, 2),
                  "statuses": statuses, "p50_ms": at(.5), "p99_ms": at(.99)}))

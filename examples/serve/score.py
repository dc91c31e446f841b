#!/usr/bin/env python3
"""Scores image files with rd4ad serve; needs only Python's standard library. Set RD4AD_TOKEN for a service with a token.

    score.py URL MODEL IMAGE...
    score.py http://127.0.0.1:8080 bottle new/*.png
"""
import array
import json
import os
import sys
import time
import urllib.error
import urllib.request


def ask(url, model, image, accept="application/json", attempts=5):
    """Returns the answer's headers and bytes. A service that is busy (503) is asked again."""
    headers = {"Accept": accept, "Content-Type": "application/octet-stream"}
    if "RD4AD_TOKEN" in os.environ:
        headers["Authorization"] = "Bearer " + os.environ["RD4AD_TOKEN"]
    request = urllib.request.Request(f"{url}/v2/models/{model}/score", data=image, headers=headers)
    for attempt in range(attempts):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.headers, answer.read()
        except urllib.error.HTTPError as problem:
            if problem.code != 503 or attempt + 1 == attempts:
                raise SystemExit(f"{problem.code}: {json.load(problem)['error']}")
            time.sleep(float(problem.headers.get("Retry-After", 1)))


def main():
    if len(sys.argv) < 4:
        raise SystemExit("usage: score.py URL MODEL IMAGE...")
    url, model = sys.argv[1:3]
    for path in sys.argv[3:]:
        with open(path, "rb") as file:
            image = file.read()
        result = json.loads(ask(url, model, image)[1])
        print(path, result["raw_score"], result["score"], result["is_anomalous"], len(result["regions"]), sep="\t")
        headers, values = ask(url, model, image, "application/octet-stream")
        anomaly_map = array.array("f", values)  # raw scores, row by row
        assert len(anomaly_map) == int(headers["X-Rd4ad-Width"]) * int(headers["X-Rd4ad-Height"])


if __name__ == "__main__":
    main()

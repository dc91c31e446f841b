#!/usr/bin/env python3
"""The photograph of tests/any at a service: by the short way, and by the KServe client in each form of tensors. The raw score is the
command's to the last bit. The raw score that tests/any, tests/python and tests/opencv find may differ in the last bits: the compiled
library of scripts/test has another optimisation than the command.

    service.py RD4AD FORMS-FOLDER
"""
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

rd4ad, forms = sys.argv[1], Path(sys.argv[2])
expected = float.fromhex((forms / "raw_score.txt").read_text().strip())
picture = str(forms / "part.png")


def scored(*arguments):
    printed = subprocess.run([rd4ad, "score", picture, "--json", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(printed.splitlines()[0])["raw_score"]


def posted(server):
    request = urllib.request.Request(server + "/v2/models/parts/score", data=Path(picture).read_bytes())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.load(opener.open(request, timeout=60))["raw_score"]


with tempfile.TemporaryDirectory() as models:
    shutil.copy(forms / "parts.safetensors", models)
    service = subprocess.Popen([rd4ad, "serve", "--models", models, "--port", "0", "--threads", "1", "--quiet"],
                               stdout=subprocess.PIPE, text=True)
    try:
        server = service.stdout.readline().strip()
        found = {"command": scored("--checkpoint", models + "/parts.safetensors", "--threads", "1"), "service": posted(server)}
        for tensors in "json", "binary":
            found["KServe client, " + tensors] = scored("--server", server, "--model", "parts", "--tensors", tensors)
    finally:
        service.terminate()
        service.wait(60)
for form, raw_score in found.items():
    print(f"{form}: raw score {raw_score!r}, expected {found['command']!r}; of the compiled library: {expected!r}")
sys.exit(len(set(found.values())) != 1 or abs(found["command"] - expected) > 1e-6 * expected)

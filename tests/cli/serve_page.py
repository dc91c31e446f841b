#!/usr/bin/env python3
"""serve_page.py CHROMIUM URL IMAGE... [--screenshot FILE]: tests the page of rd4ad serve in a headless browser with a fake camera."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "report"))
from browser import Browser, check, check_soon, choose, text  # noqa: E402

chromium, url, *images = sys.argv[1:]
picture = None
if "--screenshot" in images:
    picture = images.pop()
    images.remove("--screenshot")


def test(page):
    cards = lambda: page.js("document.querySelectorAll('.verdict-card').length")
    facts = lambda: page.js("Object.fromEntries([...document.querySelectorAll('#facts div')].map(d => [d.firstChild.textContent, d.lastChild.textContent]))")
    page.size(1280, 900)
    page.open_address(url)
    check_soon("models", lambda: page.js("[...document.getElementById('model').options].map(o => o.value)"), ["cloth"])
    files = page.call("Runtime.evaluate", expression="document.getElementById('files')")["result"]["objectId"]
    page.call("DOM.setFileInputFiles", files=[os.path.abspath(image) for image in images], objectId=files)
    check_soon("both files scored", cards, len(images))
    found = facts()
    check("the last file is shown", (found["image"], found["model"], found["size"]), (os.path.basename(images[-1]), "cloth", "64 × 64"))
    check_soon("heat map drawn", lambda: page.js("document.querySelector('#view canvas').getContext('2d').getImageData(0, 0, 64, 64).data.length > 0"), True)
    choose(page, "threshold", "0")
    check("all anomalous", (facts()["verdict"], text(page, "counts")), ("anomalous", f"{len(images)} of {len(images)} anomalous"))
    choose(page, "threshold", "1")
    check("none anomalous", (facts()["verdict"], text(page, "counts")), ("good", f"0 of {len(images)} anomalous"))
    page.js("document.getElementById('mark').click()")
    check_soon("marked as a defect", lambda: text(page, "marked"), "kept as defect")
    page.js("document.getElementById('heat').click()")
    check("heat map off", page.js("document.getElementById('view').classList.contains('heat-on')"), False)
    page.js("document.getElementById('heat').click()")
    page.js("document.getElementById('camera').click()")
    check_soon("camera", lambda: page.js("document.getElementById('video').videoWidth > 0"), True)
    page.js("document.getElementById('shoot').click()")
    check_soon("a frame scored", cards, len(images) + 1)
    check("the frame's name", facts()["image"].startswith("camera "), True)
    check("no message", text(page, "problem"), "")
    check("nothing more than needed", page.js("['product-part', 'token-part'].map(id => document.getElementById(id).offsetWidth)"), [0, 0])
    choose(page, "threshold", "0.5")
    page.screenshot(picture) if picture else None


with tempfile.TemporaryDirectory() as folder:
    page = Browser(chromium, os.path.join(folder, "profile"), ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
                   (url, "data:", "about:"))
    try:
        test(page)
        check("problems", page.problems, [])
    finally:
        page.close()

#!/usr/bin/env python3
"""browser.py CHROMIUM SAMPLE CASE [FOLDER]: tests one case of the report's behaviour in a headless browser.

Needs only Python's standard library: it drives Chromium through the pipe of --remote-debugging-pipe. With FOLDER it saves
screenshots of the page there (light, dark, narrow, one image, print).
"""
import base64
import json
import os
import subprocess
import sys
import tempfile
import time


class Browser:
    """One page of a headless Chromium, with its errors and warnings. It may fetch `addresses`; `flags` are Chromium's."""

    def __init__(self, chromium, profile, flags=(), addresses=("file:", "data:", "about:")):
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()

        def redirect_pipes():  # Chromium reads from descriptor 3 and writes to 4
            read, write = os.dup(to_read), os.dup(from_write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--force-color-profile=srgb", "--no-first-run", "--user-data-dir=" + profile, "--remote-debugging-pipe", *flags, "about:blank"],
            preexec_fn=redirect_pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.send, self.receive = os.fdopen(to_write, "wb", 0), os.fdopen(from_read, "rb")
        self.addresses = addresses
        self.count, self.session, self.problems, self.events, self.rest = 0, None, [], [], b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()

    def message(self):
        while b"\0" not in self.rest:
            received = os.read(self.receive.fileno(), 1 << 20)
            if not received:
                raise SystemExit("the browser has ended")
            self.rest += received
        text, self.rest = self.rest.split(b"\0", 1)
        got = json.loads(text)
        method, about = got.get("method"), got.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(about["exceptionDetails"].get("exception", {}).get("description", str(about)))
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.problems.append(str(about["args"]))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.problems.append(about["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not about["request"]["url"].startswith(self.addresses):
            self.problems.append("fetched " + about["request"]["url"])
        return got

    def call(self, method, **parameters):
        self.count += 1
        wanted = self.count
        command = {"id": wanted, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        self.send.write(json.dumps(command).encode() + b"\0")
        while True:
            got = self.message()
            if got.get("id") == wanted:
                if "error" in got:
                    raise SystemExit(f"{method}: {got['error']}")
                return got["result"]
            self.events.append(got.get("method"))

    def open(self, path):
        self.open_address("file://" + os.path.abspath(path))

    def open_address(self, address):
        self.events.clear()
        self.call("Page.navigate", url=address)
        while "Page.loadEventFired" not in self.events:
            self.events.append(self.message().get("method"))

    def js(self, expression):
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise SystemExit(f"{expression}: {got['exceptionDetails']['exception'].get('description')}")
        return got["result"].get("value")

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, text={"Enter": "\r"}.get(key, key if len(key) == 1 else ""),
                      windowsVirtualKeyCode={"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}.get(key, 0))

    def screenshot(self, path, height=None):
        """Saves a window of that height; by default of the whole page."""
        width = self.js("innerWidth")
        self.size(width, height or min(int(self.js("document.documentElement.scrollHeight")), 6000))
        self.js("new Promise(done => requestAnimationFrame(() => setTimeout(done, 500)))")
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
        self.size(width, 900)


def check(name, found, expected):
    if found != expected:
        raise SystemExit(f"{name}: found {found!r}, expected {expected!r}")


def check_soon(name, find, expected, seconds=60):
    """As check, for a state that a later event of the page brings about, which a busy machine delays."""
    end = time.monotonic() + seconds
    while (found := find()) != expected and time.monotonic() < end:
        time.sleep(0.1)
    check(name, found, expected)


def text(page, name):
    return page.js(f"document.getElementById('{name}').textContent")


def visible(page):
    return page.js("[...document.querySelectorAll('.card')].filter(c => !c.hidden).length")


def choose(page, name, value):
    page.js(f"(() => {{ const e = document.getElementById('{name}'); e.value = {json.dumps(value)};"
            "e.dispatchEvent(new Event('change')); e.dispatchEvent(new Event('input')); })()")
    page.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def recount(data, threshold):
    false_alarms = sum(not i["is_anomalous"] and i["value"] >= threshold for i in data)
    missed = sum(i["is_anomalous"] and i["value"] < threshold for i in data)
    good, bad = sum(not i["is_anomalous"] for i in data), sum(i["is_anomalous"] for i in data)
    return f"{false_alarms} of {good}", f"{missed} of {bad}"


def images_of(page):
    """Each image's set, file, kind, label, and value on its set's axis."""
    return page.js("JSON.parse(document.getElementById('data').textContent).sets.flatMap(s => s.images.map("
                   "i => ({set: s.name, file: i.file, kind: i.kind, is_anomalous: i.is_anomalous, value: i[s.axis]})))")


def test_one(page, sample, folder, keep):
    file = os.path.join(folder, "report.html")
    subprocess.run([sample, "60", file], check=True)
    page.size(1280, 900)
    page.open(file)
    check("title", page.js("document.title"), "ball screws · rd4ad")
    check("axis", text(page, "axis"), "Axis: score, 0 to 1, calibrated; 0.5 is the calibrated threshold.")
    data = images_of(page)

    check("initial counts", (text(page, "c-alarms"), text(page, "c-misses")), recount(data, .5))
    for threshold in (0, .3, .617, .9, 1):
        choose(page, "threshold", str(threshold))
        check(f"counts at {threshold}", (text(page, "c-alarms"), text(page, "c-misses")), recount(data, threshold))
    page.js("document.getElementById('p-alarms').click()")
    check("no false alarm", text(page, "c-alarms"), f"0 of {sum(not i['is_anomalous'] for i in data)}")
    page.js("document.getElementById('p-misses').click()")
    check("no missed defect", text(page, "c-misses"), f"0 of {sum(i['is_anomalous'] for i in data)}")
    page.js("document.getElementById('p-f1').click()")
    best = dict(page.js("JSON.parse(document.getElementById('data').textContent).sets[0].metrics"))["best F1"]
    check("best F1", text(page, "c-f1"), f"{best:.3f}")
    page.js("document.getElementById('p-initial').click()")
    check("initial threshold restored", text(page, "c-threshold"), "0.500")

    files = lambda: page.js("[...document.querySelectorAll('.card')].filter(c => !c.hidden).map(c => c.title)")
    check("highest first", files(), [i["file"] for i in sorted(data, key=lambda i: -i["value"])])
    choose(page, "verdict", "wrong")
    wrong = [i for i in data if (i["value"] >= .5) != i["is_anomalous"]]
    check("wrong verdicts", sorted(files()), sorted(i["file"] for i in wrong))
    choose(page, "threshold", ".4")
    check("wrong verdicts at another threshold", visible(page), sum((i["value"] >= .4) != i["is_anomalous"] for i in data))
    page.js("document.getElementById('p-initial').click()")
    choose(page, "verdict", "")
    choose(page, "kind", json.dumps(["", "scratch"], separators=(",", ":")))
    check("scratches", visible(page), sum(i["kind"] == "scratch" for i in data))
    choose(page, "kind", "")
    choose(page, "search", "</SCRIPT>")
    check("by name", files(), [i["file"] for i in data if "</script>" in i["file"]])
    choose(page, "search", "")
    check("all again", visible(page), 60)
    for curve in ("roc", "pr", "pro", "loss"):
        check(curve, page.js(f"document.querySelectorAll('#{curve} path').length") > 0, True)

    page.js("document.querySelector('.card[tabindex=\"0\"]').focus()")
    page.key("ArrowRight")
    second = page.js("document.activeElement.title")
    check("arrow", second, files()[1])
    page.key("Enter")
    check("one image", (page.js("document.getElementById('dialog').open"), text(page, "one-title")), (True, second))
    page.key("ArrowRight")
    check("next image", text(page, "one-title"), files()[2])
    page.key("h")
    check("heat map off", page.js("document.getElementById('one-heat').checked"), False)
    page.key("h")
    page.screenshot(os.path.join(keep, "dialog.png"), 900) if keep else None
    page.key("Escape")
    check_soon("closed, focus restored", lambda: page.js("[document.getElementById('dialog').open, document.activeElement.title]"),
               [False, files()[2]])
    check_soon("heat map drawn", lambda: page.js("document.activeElement.querySelector('canvas')?.getContext('2d')"
                                                 ".getImageData(0, 0, 96, 96).data.some(v => v) ?? false"), True)
    page.js("document.activeElement.blur(); scrollTo(0, 0)")

    if keep:
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            page.screenshot(os.path.join(keep, scheme + ".png"))
        page.scheme("light")
        page.js("for (const l of ['heat', 'mask', 'regions']) document.getElementById('all-' + l).click()")
        page.screenshot(os.path.join(keep, "layers.png"))
        page.size(420, 900)
        page.screenshot(os.path.join(keep, "narrow.png"))
        page.size(1280, 900)
        paper = page.call("Page.printToPDF", printBackground=True)
        with open(os.path.join(keep, "print.pdf"), "wb") as out:
            out.write(base64.b64decode(paper["data"]))
    for name, paper in (("light", "rgb(251, 251, 248)"), ("dark", "rgb(19, 20, 22)"), ("auto", "rgb(251, 251, 248)")):
        page.scheme("light")
        page.js("document.getElementById('theme').click()")
        check(name, page.js("getComputedStyle(document.body).backgroundColor"), paper)


def test_several(page, sample, folder, keep):
    file = os.path.join(folder, "report.html")
    subprocess.run([sample, "30", file, "3"], check=True)
    page.size(1280, 900)
    page.open(file)
    check("all classes first", visible(page), 90)
    check("rows", page.js("document.querySelectorAll('#classes tr').length"), 5)
    page.js("document.querySelectorAll('#sets button')[2].click()")
    check("one class", (visible(page), page.js("document.querySelectorAll('#settings tr').length")), (30, 10))
    data = [i for i in images_of(page) if i["set"] == "class 2"]
    check("its counts", (text(page, "c-alarms"), text(page, "c-misses")), recount(data, .5))
    page.js("document.querySelectorAll('#sets button')[0].click()")
    check("all again", visible(page), 90)
    page.screenshot(os.path.join(keep, "several.png")) if keep else None


def test_uncalibrated(page, sample, folder, keep):
    """Without a calibration the axis is the raw score, and the page says so; the missing score stays missing."""
    file = os.path.join(folder, "report.html")
    subprocess.run([sample, "30", file, "2", "raw"], check=True)
    page.size(1280, 900)
    page.open(file)
    check("axis", text(page, "axis").split(".")[0], "Axis: raw score")
    check("one class at a time", visible(page), 30)
    data = [i for i in images_of(page) if i["set"] == "class 1"]
    threshold = page.js("JSON.parse(document.getElementById('data').textContent).sets[0].threshold")
    check("counts", (text(page, "c-alarms"), text(page, "c-misses")), recount(data, threshold))
    page.js("document.querySelector('.card').click()")
    facts = page.js("Object.fromEntries([...document.querySelectorAll('#one-facts div')]"
                    ".map(d => [d.firstChild.textContent, d.lastChild.textContent]))")
    check("score", facts["score"], "–")
    check("raw score", facts["raw score"], f"{max(i['value'] for i in data):.4f}")
    page.screenshot(os.path.join(keep, "uncalibrated.png"), 900) if keep else None


def test_thousand(page, sample, folder, keep):
    file = os.path.join(folder, "report.html")
    subprocess.run([sample, "1000", file], check=True)
    check("size within the budget", os.path.getsize(file) < 16e6 * 4 / 3 + 2e6, True)
    page.size(1280, 900)
    page.open(file)
    data = images_of(page)
    check("images", visible(page), 1000)
    choose(page, "threshold", ".62")
    check("counts", (text(page, "c-alarms"), text(page, "c-misses")), recount(data, .62))
    check("only images near the window are drawn", page.js("document.querySelectorAll('.thumbnail img').length") < 400, True)
    # Cards that are filled meanwhile move the others: each look scrolls again.
    check_soon("drawn once it is near the window", lambda: page.js(
        "(c => (c.scrollIntoView(), c.querySelectorAll('img').length > 0))(document.querySelectorAll('.card')[900])"), True)
    page.js("scrollTo(0, 0)")
    page.screenshot(os.path.join(keep, "thousand.png"), 900) if keep else None
    if keep:
        page.js("document.getElementById('tools').scrollIntoView()")
        page.screenshot(os.path.join(keep, "thousand-gallery.png"), 900)


def test_suspects(page, sample, folder, keep):
    """The page of suspects shows photograph, heat map and region of each, and its score among the others."""
    file = os.path.join(folder, "suspects.html")
    subprocess.run([sample, "suspects", file], check=True)
    page.size(1280, 900)
    page.open(file)
    check("title", page.js("document.title"), "ball screws · rd4ad suspects")
    check("headline", text(page, "subtitle"), "2 of 40 good images look unlike the others")
    check("advice", "--without-suspects" in text(page, "advice"), True)
    check("marks", page.js("[document.querySelectorAll('#scores .tick').length, document.querySelectorAll('#scores .suspect').length]"), [38, 2])
    check("suspects", page.js("[...document.querySelectorAll('.one h3')].map(e => e.textContent)"),
          ["1 · </script><script>document.title='broken'</script>.png", "2 · 000123.png"])
    facts = page.js("Object.fromEntries([...document.querySelectorAll('.one:nth-child(2) dl div')].map(d => [d.firstChild.textContent, d.lastChild.textContent]))")
    check("facts", (facts["raw score"], facts["threshold"], facts["as high as one good image in"]), ("0.5500", "0.4000", "2,500"))
    drawn = "document.querySelector('.one canvas').getContext('2d').getImageData(0, 0, 96, 96).data.some(v => v)"
    check_soon("heat map drawn", lambda: page.js(drawn), True)
    opacity = lambda: page.js("getComputedStyle(document.querySelector('.one .regions')).opacity")
    page.js("document.getElementById('regions').click()")
    check_soon("regions off", opacity, "0")
    page.js("document.getElementById('regions').click()")
    check_soon("regions on", opacity, "1")
    page.screenshot(os.path.join(keep, "suspects.png")) if keep else None


def test_probe(page, sample, folder, keep):
    """A probe's page and the report's detection limits have the same curves and rows."""
    file = os.path.join(folder, "probe.html")
    subprocess.run([sample, "probe", file], check=True)
    page.size(1280, 900)
    page.open(file)
    check("title", page.js("document.title"), "ball screws · rd4ad probe")
    check("charts", page.js("[...document.querySelectorAll('#curves h3')].map(e => e.textContent)"),
          ["Scratch", "Stain", "Dent", "Pasted patch", "Missing part"])
    rows = page.js("[...document.querySelectorAll('#table tr')].map(r => r.textContent)")
    check("rows", (len(rows), rows[1].startswith("Scratch, contrast 15")), (12, True))
    page.screenshot(os.path.join(keep, "probe.png")) if keep else None
    file = os.path.join(folder, "report.html")
    subprocess.run([sample, "10", file, "2"], check=True)
    page.open(file)
    check("a class must be chosen", (text(page, "limits-note"), page.js("document.getElementById('limits-part').hidden")), ("Choose a class to see them.", True))
    page.js("document.querySelectorAll('#sets button')[1].click()")
    check("same rows", page.js("[...document.querySelectorAll('#limit-table tr')].map(r => r.textContent)"), rows)
    check("charts", page.js("document.querySelectorAll('#limit-curves svg[role=img]').length"), 5)
    page.screenshot(os.path.join(keep, "limits.png")) if keep else None
    page.js("document.querySelectorAll('#sets button')[2].click()")
    check("no probe", (text(page, "limits-note"), page.js("document.querySelectorAll('#limit-table tr').length")), ("This class has no probe.", 0))


def main():
    chromium, sample, case, keep = (sys.argv + [None])[1:5]
    with tempfile.TemporaryDirectory() as folder:
        page = Browser(chromium, os.path.join(folder, "profile"))
        try:
            {"one": test_one, "several": test_several, "uncalibrated": test_uncalibrated, "thousand": test_thousand,
             "suspects": test_suspects, "probe": test_probe}[case](page, sample, folder, keep)
            check("problems", page.problems, [])
        finally:
            page.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A server of one file that misbehaves, for the tests of rd4ad fetch. The address selects how:

    /good          the file; ranges are served
    /no-ranges     the file; ranges are ignored
    /breaks        every connection ends after a third of the file, with the whole length announced
    /stalls        the first connection sends a third of the file and then nothing
    /short         every connection announces more than it sends
    /long          announces half of the file and sends all
    /huge          announces 5 GB
    /endless       sends without end, announces nothing, to any address below it, too
    /wrong         other bytes of the same length
    /redirect      redirects to /good; /around: to itself; /elsewhere: to a local file
    /404, /500     answers with that status
    /log           lists the requests so far: address and Range

    weights_server.py FILE PORT-FILE
"""
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

with open(sys.argv[1], "rb") as source:
    content = source.read()
log, stalled = [], set()
guard = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    def begin(self, status, length, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def do_GET(self):
        path, asked = self.path, self.headers.get("Range", "")
        if path == "/log":
            body = "".join(f"{line}\n" for line in log).encode()
            self.begin(200, len(body))
            self.wfile.write(body)
            return
        with guard:
            log.append(f"{path} {asked}")
            first_time = path not in stalled
            stalled.add(path)
        if path in ("/404", "/500"):
            self.begin(int(path[1:]), 5)
            self.wfile.write(b"sorry")
            return
        target = {"/redirect": "/good", "/around": "/around", "/elsewhere": f"file://{os.path.abspath(sys.argv[1])}"}.get(path)
        if target:
            self.begin(302, 0, Location=target)
            return
        if path == "/huge":
            self.begin(200, 5_000_000_000)
            self.wfile.write(content)
            return
        if path.startswith("/endless"):
            self.begin(200, None)
            while True:
                self.wfile.write(bytes(1 << 20))
        first = int(asked[len("bytes="):-1]) if asked and path != "/no-ranges" else 0
        if first >= len(content):
            self.begin(416, 0, Content_Range=f"bytes */{len(content)}")
            return
        rest = content[first:]
        if path == "/wrong":
            rest = bytes(255 - byte for byte in rest)
        extra = {"/short": 1000, "/long": -(len(content) // 2)}.get(path, 0)
        ranged = {"Content_Range": f"bytes {first}-{len(content) - 1}/{len(content)}"} if first else {}
        self.begin(206 if first else 200, len(rest) + extra, **ranged)
        third = len(content) // 3
        if path == "/breaks":
            rest = rest[:third]
        if path == "/stalls" and first_time:
            self.wfile.write(rest[:third])
            self.wfile.flush()
            time.sleep(30)
            return
        self.wfile.write(rest)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(sys.argv[2] + ".new", "w") as to:
    to.write(str(server.server_port))
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()

"""What stands before annoscope in the browser's tests: it serves a page with the logger, passes the rest on, keeps what
was sent, and fails in the ways that networks and servers do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from support import ROOT
from support.server import Server

LOGGER = ROOT / "clients/browser/dist/index.js"
PAGE = b"""<!doctype html><meta charset="utf-8"><title>annotation</title><button>a button</button>
<script type="module">
import { createLogger } from '/host/logger.js';
window.errors = [];
window.begin = (options) => (window.logger = createLogger({
  url: '/api/events', onError: (error) => errors.push(error), ...options,
}));
</script>"""

# What becomes of a request. Passed on and answered; passed on, and the answer is lost; neither.
PASS, LOSE_ANSWER, DROP = "pass", "lose answer", "drop"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Front

    def do_GET(self) -> None:
        if self.path == "/host/":
            self.answer(200, PAGE, [("Content-Type", "text/html")])
        elif self.path == "/host/logger.js":
            self.answer(200, LOGGER.read_bytes(), [("Content-Type", "text/javascript")])
        else:
            self.answer(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fate = self.front.receive(self.path, body)
        if fate == DROP:
            self.close_connection = True
            return
        if isinstance(fate, tuple):
            status, headers = fate
            self.answer(status, headers=headers.items())
            return
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        passed = requests.post(self.front.server.url + self.path, data=body, headers=headers, timeout=60)
        if fate == LOSE_ANSWER:
            self.close_connection = True
            return
        kept = [(key, value) for key, value in passed.raw.headers.items() if key in ("content-type", "set-cookie")]
        self.answer(passed.status_code, passed.content, kept)

    def answer(self, status: int, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        # Time that a test let pass in the page has passed here, too.
        passed_s = float(self.headers.get("X-Passed-Ms", 0)) / 1000
        return super().date_time_string((timestamp or time.time()) + passed_s + self.front.ahead_s)

    def log_message(self, *args: object) -> None:
        pass


class Front:
    """`fate` decides on each request to /api/events by its body; a tuple is a status and headers of the front's own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.fate: Callable[[dict], str | tuple[int, dict[str, str]]] = lambda body: PASS
        # The bodies in the order in which they came, whatever became of them.
        self.bodies: list[dict] = []
        # Added to the time that answers say.
        self.ahead_s = 0
        self.lock = threading.Lock()
        handler = type("FrontHandler", (Handler,), {"front": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def receive(self, path: str, body: bytes) -> str | tuple[int, dict[str, str]]:
        if not path.startswith("/api/events"):
            return PASS
        parsed = json.loads(body)
        with self.lock:
            self.bodies.append(parsed)
        return self.fate(parsed)

    def sent(self) -> list[dict]:
        """Each event that came, once, in the order of its first coming."""
        with self.lock:
            texts = dict.fromkeys(json.dumps(event) for body in self.bodies for event in body["events"])
        return [json.loads(text) for text in texts]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

"""Stands between a sender and a server, and answers as a broken network or a broken server would."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from support.threaded import serving


@dataclass(frozen=True)
class Fault:
    """What happens to one request: it reaches the server or not, and the answer is this."""

    status: int
    reaches_server: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class FaultyProxy:
    """Passes requests on to `target`, but for the next ones that have `faults`."""

    def __init__(self, target: str) -> None:
        self.faults: deque[Fault] = deque()
        # Bodies that came, in their order.
        self.bodies: list[bytes] = []

        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.bodies.append(body)
                fault = proxy.faults.popleft() if proxy.faults else None
                status = 0
                if fault is None or fault.reaches_server:
                    status = requests.post(target, data=body, timeout=60).status_code
                self.send_response(fault.status if fault else status)
                for name, value in (fault.headers if fault else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    @contextmanager
    def running(self) -> Iterator[FaultyProxy]:
        with serving(self._server):
            yield self

"""Stands between a server and its ClickHouse, and breaks what goes through."""

from __future__ import annotations

import contextlib
import random
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from support.threaded import serving

# What of a request ClickHouse has to see, and of an answer annoscope.
REQUEST_HEADERS = ("Content-Encoding", "X-ClickHouse-User", "X-ClickHouse-Key")
ANSWER_HEADERS = ("X-ClickHouse-Exception-Code", "X-ClickHouse-Summary", "Content-Type")


class ClickHouseProxy:
    """Passes statements on to `target`, but fails INSERTs of events, before they are stored or after."""

    def __init__(self, target: str, fail_rate: float = 0.0, seed: int = 1) -> None:
        self.fail_rate = fail_rate
        # While it is set no connection is answered.
        self.is_away = threading.Event()
        # INSERTs of events that came, by what became of them.
        self.n_inserts = {"passed": 0, "before": 0, "after": 0}
        self.statements: list[str] = []
        chance = random.Random(seed)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if proxy.is_away.is_set():
                    self.close_connection = True
                    return
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("query", [""])[0]
                proxy.statements.append(query or body.decode(errors="replace"))
                fate = "passed"
                is_insert = query.startswith("INSERT INTO events ")
                if is_insert and chance.random() < proxy.fail_rate:
                    fate = chance.choice(["before", "after"])
                if is_insert:
                    proxy.n_inserts[fate] += 1
                if fate == "before":
                    self.broken()
                    return
                headers = {name: self.headers[name] for name in REQUEST_HEADERS if name in self.headers}
                address = target.rstrip("/") + self.path
                answer = requests.post(address, data=body, headers=headers, timeout=60)
                if fate == "after":
                    self.broken()
                    return
                # Whoever asked may have been killed.
                with contextlib.suppress(ConnectionError):
                    self.hand_on(answer)

            def hand_on(self, answer: requests.Response) -> None:
                self.send_response(answer.status_code)
                for name in ANSWER_HEADERS:
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def broken(self) -> None:
                """No answer, or one of a balancer."""
                self.close_connection = True
                if chance.random() < 0.5:
                    self.send_response(504)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    @contextmanager
    def running(self) -> Iterator[ClickHouseProxy]:
        with serving(self._server):
            yield self

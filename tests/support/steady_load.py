"""Servers' events at a fixed rate, whatever the answers take."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from urllib.parse import urlsplit

from support import events
from support.server import Server

BATCH = 100
N_CONNECTIONS = 8


class SteadyLoad:
    """Sends from its creation to `finish`. A late batch is sent at once, and its time counts from when it was due."""

    def __init__(self, server: Server, events_per_s: int):
        self.address = urlsplit(server.ingest_url)
        self.interval_s = BATCH / events_per_s
        self.begin = time.monotonic()
        self.numbers = itertools.count()
        self.took_s: list[float] = []
        self.refused: list[str] = []
        self.is_over = threading.Event()
        event = json.dumps(events.server_event(obj_id=-1, obj_val="x" * 40))
        self.before, self.behind = event.split("-1")
        self.threads = [threading.Thread(target=self.send, daemon=True) for _ in range(N_CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    def body(self, number: int) -> bytes:
        ids = range(number * BATCH, (number + 1) * BATCH)
        return f"[{','.join(f'{self.before}{id}{self.behind}' for id in ids)}]".encode()

    def send(self) -> None:
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        while True:
            number = next(self.numbers)
            body, due = self.body(number), self.begin + number * self.interval_s
            if self.is_over.wait(max(0, due - time.monotonic())):
                return
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            self.took_s.append(time.monotonic() - due)
            if answer.status != 200:
                self.refused.append(f"{answer.status}: {text[:200]!r}")

    def n_answered(self) -> int:
        """Batches that were answered so far."""
        return len(self.took_s)

    def p99_s(self, since: int = 0) -> float:
        """Of the batches that were answered from `since` on."""
        took_s = sorted(self.took_s[since:])
        return took_s[int(len(took_s) * 0.99)]

    def finish(self) -> int:
        """Returns how many events were stored."""
        self.is_over.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()
        assert self.refused == [], f"{len(self.refused)} of {len(self.took_s)} were refused: {self.refused[0]}"
        return len(self.took_s) * BATCH

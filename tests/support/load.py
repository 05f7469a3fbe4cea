"""Full load from many senders on both ports, with a record of what was acknowledged."""

from __future__ import annotations

import collections
import datetime as dt
import random
import threading

import requests

from support import events, exports
from support.server import Server, User

# Events in one batch, of which some are sent again although they were acknowledged.
BATCH = 100
AGAIN = 0.1


class Sender(threading.Thread):
    """Sends batch after batch, and each one until it is acknowledged, as CVAT's browser and handler do."""

    def __init__(self, load: Load, number: int):
        super().__init__(name=f"sender {number}", daemon=True)
        self.load = load
        self.number = number
        self.chance = random.Random(number)
        self.session = requests.Session()
        # Numbers of the events of acknowledged batches: obj_id, unique over all senders.
        self.acknowledged: set[int] = set()
        self.n_batches = 0
        self.n_refused = collections.Counter()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.load.stopping.is_set():
                batch = self.make_batch(self.number * 100_000_000 + self.n_batches * BATCH)
                self.until_acknowledged(batch)
                if self.chance.random() < AGAIN:
                    self.until_acknowledged(batch)
                self.n_batches += 1
                self.load.stopping.wait(self.load.pause_s)
        except BaseException as error:  # the test's thread raises it
            self.error = error

    def until_acknowledged(self, batch: dict | list) -> None:
        while True:
            try:
                answer = self.post(batch)
            except requests.RequestException:
                # The server is away or went away before it answered: the test will start it again.
                if self.load.abandoned.wait(0.02):
                    return
                continue
            if answer.status_code in (200, 201):
                self.accept(batch)
                return
            self.n_refused[answer.status_code] += 1
            # What a balancer says whose server is away.
            if answer.status_code in (502, 504):
                if self.load.abandoned.wait(0.1):
                    return
                continue
            assert answer.status_code == 503, f"{answer.status_code}: {answer.text}"
            assert int(answer.headers["Retry-After"]) >= 0
            if self.load.abandoned.wait(0.05):
                return


class IngestSender(Sender):
    """CVAT's server."""

    def make_batch(self, first: int) -> list[dict]:
        ids = range(first, first + BATCH)
        return [events.server_event(obj_id=number, obj_val=self.text()) for number in ids]

    def text(self) -> str:
        return self.chance.randbytes(self.load.text_bytes // 2).hex()

    def post(self, batch: list[dict]) -> requests.Response:
        return self.session.post(self.load.server.ingest_url, json=batch, timeout=60)

    def accept(self, batch: list[dict]) -> None:
        self.acknowledged.update(item["obj_id"] for item in batch)


class BrowserSender(Sender):
    """CVAT's page. All its events lie one second apart, so the hours are known whatever happens on the way."""

    def __init__(self, load: Load, number: int, user: User):
        super().__init__(load, number)
        self.user = user
        self.clock = events.now()
        self.previous: dict | None = None

    def make_batch(self, first: int) -> dict:
        batch = []
        for index in range(BATCH):
            self.clock += dt.timedelta(seconds=1)
            batch.append(event := events.event("draw:object", self.clock, job_id=self.number, obj_id=first + index))
        body = events.body(batch, sent_at=self.clock, previous=self.previous)
        self.previous = event
        return body

    def post(self, batch: dict) -> requests.Response:
        url = f"{self.load.server.url}/api/events"
        return self.session.post(url, json=batch, headers=self.user.headers, timeout=60)

    def accept(self, batch: dict) -> None:
        self.acknowledged.update(item["obj_id"] for item in batch["events"])


class Load:
    """Senders on both ports of one server."""

    def __init__(
        self, server: Server, n_browsers: int = 3, n_ingest: int = 2, text_bytes: int = 200, pause_s: float = 0
    ):
        self.server = server
        # Of each sender, behind each batch.
        self.pause_s = pause_s
        # Of each event on the ingest port; they cannot be compressed much.
        self.text_bytes = text_bytes
        # Set: each sender gets its last batch acknowledged, and ends.
        self.stopping = threading.Event()
        # Set: senders give up at once.
        self.abandoned = threading.Event()
        browsers = [
            BrowserSender(self, number, server.add_user(f"user{number}")) for number in range(1, n_browsers + 1)
        ]
        others = [IngestSender(self, number) for number in range(n_browsers + 1, n_browsers + n_ingest + 1)]
        self.senders: list[Sender] = [*browsers, *others]
        self.browsers = browsers

    def __enter__(self) -> Load:
        for sender in self.senders:
            sender.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.abandoned.set()

    def n_refused(self) -> int:
        """Batches that got 503 so far."""
        return sum(sender.n_refused[503] for sender in self.senders)

    def n_acknowledged(self) -> int:
        """Events acknowledged so far; raises what a sender met."""
        for sender in self.senders:
            if sender.error is not None:
                raise sender.error
        return sum(len(sender.acknowledged) for sender in self.senders)

    def finish(self) -> None:
        """Ends the load after each sender's current batch."""
        self.stopping.set()
        for sender in self.senders:
            sender.join(60)
            assert not sender.is_alive(), f"{sender.name} hangs"
        self.n_acknowledged()

    def check(self, admin: User) -> int:
        """Every distinct acknowledged event is there exactly once, and the hours are right. Returns their number."""
        self.server.wait_until_applied()
        rows = exports.rows(self.server, admin)
        counts = collections.Counter(int(row["obj_id"]) for row in events.without_working_time(rows))
        acknowledged = set().union(*(sender.acknowledged for sender in self.senders))
        missing = sorted(acknowledged - counts.keys())
        doubled = sorted(number for number, count in counts.items() if count > 1)
        assert not missing, f"{len(missing)} of {len(acknowledged)} are missing, the first: {missing[:5]}"
        assert not doubled, f"{len(doubled)} of {len(acknowledged)} are doubled, the first: {doubled[:5]}"
        hours = events.stored_hours(rows)
        expected = {browser.number: (len(browser.acknowledged) - 1) * 1000 for browser in self.browsers}
        assert hours == expected
        return len(acknowledged)

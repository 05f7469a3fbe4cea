"""Takes events from an outbox to annoscope: in batches, again and again until it has them, beside the host's work."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from annoscope_recorder.outbox import FileOutbox, Outbox
from annoscope_recorder.rows import Waiting
from annoscope_recorder.sender import Refused, Sender, Stored, TryAgain

log = logging.getLogger("annoscope_recorder")

# CVAT's handler sends 50 at most; annoscope takes any number. Few requests keep up with many events.
BATCH_EVENTS = 500
BATCH_BYTES = 1 << 20

# How long a relay is the one that sends, from its latest batch on, seconds. One that was killed is missed as long.
LEASE_S = 10.0


@dataclass
class Backoff:
    """Seconds to wait after failures: doubled each time up to `most_s`, and less by chance, so that hosts do not
    come all at once when annoscope is back."""

    first_s: float = 0.5
    most_s: float = 60.0
    chance: Callable[[], float] = random.random
    n_failures: int = field(default=0, init=False)

    def failed(self, asked_s: float | None = None) -> float:
        """Of one more failure; never less than annoscope asked for."""
        longest = min(self.most_s, self.first_s * 2.0 ** min(self.n_failures, 30))
        self.n_failures += 1
        return max(longest * (0.5 + self.chance() / 2), asked_s or 0.0)

    def succeeded(self) -> None:
        """The next failure is the first again."""
        self.n_failures = 0


@dataclass
class RelayCounts:
    """What a relay has done since its start."""

    n_sent: int = 0
    n_refused: int = 0
    n_failures: int = 0


class Relay:
    """Empties `outbox` to `sender`, in a thread of its own (`start`) or in the caller's (`run`).

    `period_s`: how often the outbox is looked at; a `FileOutbox` of the same process wakes it.
    """

    def __init__(
        self, outbox: Outbox, sender: Sender, *, period_s: float = 1.0, backoff: Backoff | None = None
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._period_s = period_s
        self._backoff = backoff or Backoff()
        self._holder = str(uuid.uuid4())
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._start_lock = threading.Lock()
        self.counts = RelayCounts()
        if isinstance(outbox, FileOutbox):
            outbox.on_record(self.wake)

    def start(self) -> None:
        """Starts the thread. Where it runs already nothing happens; a fork needs one of its own."""
        with self._start_lock:
            if self._thread is not None and self._pid == os.getpid():
                return
            if self._pid != os.getpid():
                self._pid, self._holder = os.getpid(), str(uuid.uuid4())
            self._stop.clear()
            self._thread = threading.Thread(target=self.run, name="annoscope-relay", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ends the thread, with the request that it is in. What is left is sent at the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None and self._pid == os.getpid():
            self._thread.join(timeout_s)
        self._thread = None

    def wake(self) -> None:
        """There is something to send. Does not shorten the wait after a failure."""
        self._wake.set()

    def run(self) -> None:
        """Sends until `stop`."""
        while not self._stop.is_set():
            wait_s = self._round()
            if wait_s is not None:
                self._stop.wait(wait_s)
            elif not self._stop.is_set():
                self._wake.wait(self._period_s)
                self._wake.clear()
        self._release()

    def send_all(self, deadline_s: float) -> bool:
        """Sends what waits, in the caller's thread; whether the outbox was empty within `deadline_s`."""
        end = time.monotonic() + deadline_s
        while True:
            wait_s = self._round()
            if wait_s is not None and time.monotonic() < end:
                self._stop.wait(min(wait_s, max(end - time.monotonic(), 0.0)))
            if wait_s is None or self._stop.is_set() or time.monotonic() >= end:
                self._release()
                return wait_s is None

    def _round(self) -> float | None:
        """Sends all that waits. None when nothing is left; else the seconds to wait before the next try."""
        try:
            while not self._stop.is_set():
                waiting = self._take()
                if waiting is None:
                    return LEASE_S / 4
                if not waiting:
                    return None
                wait_s = self._deliver(waiting)
                if wait_s is not None:
                    return wait_s
        # The thread has to go on, whatever the host's database or its driver raises.
        except Exception as error:
            return self._failed(f"the outbox: {type(error).__name__}: {error}", None)
        return None

    def _take(self) -> list[Waiting] | None:
        """The oldest events, or None while another relay sends them."""
        with self._outbox.transaction() as rows:
            if rows.is_empty():
                return []
            if not rows.lease(self._holder, LEASE_S):
                return None
            return rows.first(BATCH_EVENTS, BATCH_BYTES)

    def _deliver(self, batch: list[Waiting]) -> float | None:
        """Sends a batch; of one that is refused the halves, down to the event that is to blame."""
        parts = [batch]
        while parts:
            part = parts.pop()
            outcome = self._sender.send([row.event for row in part])
            if isinstance(outcome, TryAgain):
                return self._failed(outcome.reason, outcome.after_s)
            if isinstance(outcome, Stored):
                with self._outbox.transaction() as rows:
                    rows.remove(part)
                self.counts.n_sent += len(part)
            elif len(part) > 1:
                middle = len(part) // 2
                # The older half first.
                parts += [part[middle:], part[:middle]]
            else:
                self._set_aside(part[0], outcome)
            self._succeeded()
        return None

    def _set_aside(self, waiting: Waiting, refusal: Refused) -> None:
        with self._outbox.transaction() as rows:
            rows.refuse(waiting, refusal.reason)
        self.counts.n_refused += 1
        log.error("annoscope refused an event, which was set aside: %s", refusal.reason)

    def _release(self) -> None:
        """Lets another relay send at once."""
        with suppress(Exception), self._outbox.transaction() as rows:
            rows.release(self._holder)

    def _failed(self, reason: str, asked_s: float | None) -> float:
        self.counts.n_failures += 1
        # Said once, not with each try.
        if self._backoff.n_failures == 0:
            log.warning("events wait for annoscope: %s", reason)
        return self._backoff.failed(asked_s)

    def _succeeded(self) -> None:
        if self._backoff.n_failures:
            log.info("annoscope takes events again")
        self._backoff.succeeded()

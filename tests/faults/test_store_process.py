"""The database's process ends, again and again, under load and during exports: the server goes on, and loses nothing.

`ANNOSCOPE_STORE_ENDS=100` ends it so often.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import requests

from support import exports
from support.load import Load
from support.server import Server, User, has_ended, wait_for

IS_SOAK = os.environ.get("ANNOSCOPE_SOAK") == "1"
N_ENDS = int(os.environ.get("ANNOSCOPE_STORE_ENDS", "100" if IS_SOAK else "6"))
SIGNALS = [signal.SIGKILL, signal.SIGSTOP, signal.SIGABRT]
# Until a query is answered again, with a release build on a machine that does nothing else. Otherwise it only
# ends a hanging test.
BACK_S = 2 if IS_SOAK else 15


class Exporting(threading.Thread):
    """One export after another. Each has everything that was acknowledged before it, or fails."""

    def __init__(self, server: Server, admin: User, load: Load):
        super().__init__(daemon=True)
        self.server, self.admin, self.load = server, admin, load
        self.is_over = threading.Event()
        self.n_whole = 0
        self.n_failed = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.is_over.is_set():
                self.export()
        except BaseException as error:  # the test's thread raises it
            self.error = error

    def export(self) -> None:
        n_acknowledged = self.load.n_acknowledged()
        query_id = exports.start(self.server, self.admin)

        def outcome() -> int | None:
            code = exports.get(self.server, self.admin, query_id=query_id).status_code
            return None if code == 202 else code

        # It begins anew with each end of the process, and so may last until the last one.
        if wait_for("the export to end", outcome, 900, interval_s=0.05) != 201:
            self.n_failed += 1
            return
        content = exports.download(self.server, self.admin, query_id).content
        assert len(exports.parse(content)) >= n_acknowledged
        self.n_whole += 1


def answers(server: Server, admin: User) -> bool:
    query = {"sql": "SELECT count() FROM events"}
    return requests.post(f"{server.url}/api/query", json=query, headers=admin.headers, timeout=30).status_code == 200


def test_the_process_ends_again_and_again(make_server) -> None:
    # Room for what comes while the database is away more often than not. Queries do not wait for that to be visible:
    # how long they do is a bound of its own.
    settings = {"journal_max_bytes": "4GiB", "query_max_visibility_wait_ms": "100ms"}
    server = make_server(requests_per_minute=1_000_000, **settings).start()
    admin = server.add_user("root", "admin")
    chance = random.Random(0)
    took_s = []
    with Load(server) as load:
        exporting = Exporting(server, admin, load)
        exporting.start()
        for number in range(N_ENDS):
            goal = load.n_acknowledged() + chance.randint(500, 3_000)
            wait_for(f"{goal} acknowledged events", lambda goal=goal: load.n_acknowledged() >= goal, deadline_s=60)
            store = server.store_pid()
            os.kill(store, SIGNALS[number % len(SIGNALS)])
            begin = time.monotonic()
            wait_for("the process to end", lambda store=store: has_ended(store), interval_s=0.002)
            wait_for("an answer", lambda: answers(server, admin))
            took_s.append(time.monotonic() - begin)
        exporting.is_over.set()
        exporting.join()
        load.finish()
        n_events = load.check(admin)
    print({"events": n_events, "longest_s": max(took_s), "exports": exporting.n_whole, "failed": exporting.n_failed})
    assert exporting.error is None, exporting.error
    assert exporting.n_whole > 0
    assert max(took_s) < BACK_S, took_s
    assert sum(sum(sender.n_refused.values()) for sender in load.senders) == 0
    assert server.metric("annoscope_store_process_restarts_total") == N_ENDS
    assert server.stop() == 0


def test_what_a_terminal_sends_is_for_the_server(server: Server, admin: User) -> None:
    store = server.store_pid()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(store, number)
    assert answers(server, admin)
    assert server.store_pid() == store
    assert server.stop() == 0
    assert has_ended(store)


def test_the_process_ends_with_a_server_that_is_killed(server: Server) -> None:
    store = server.store_pid()
    server.kill()
    # It waits until the old process has given the data directory back.
    server.start()
    assert has_ended(store)


def test_a_store_in_the_servers_process(make_server) -> None:
    server = make_server(store_in_process="true").start()
    assert server.store_pid() is None
    assert answers(server, server.add_user("root", "admin"))

"""Queries that ask for more than a server has, while events come: the server goes on, by itself, and loses none.

`ANNOSCOPE_HOSTILE=300` asks so many (`make hostile`).
"""

from __future__ import annotations

import collections
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from support import hostile
from support.load import Load
from support.server import Server, User, wait_for
from support.steady_load import BATCH, SteadyLoad

N_QUERIES = int(os.environ.get("ANNOSCOPE_HOSTILE", "40"))
TIME_LIMIT_S = 10
# A query may wait for a place first; then it has its time, and 5 s more.
MAX_WAIT_S = 10
LATEST_S = MAX_WAIT_S + TIME_LIMIT_S + 5
PEAK_BYTES = 1_200_000_000
# Sends as fast as it can, so this is what the machine takes beside the queries.
N_ASKING = 3
# Events at a fixed rate: many in the long loop.
IS_LONG = "ANNOSCOPE_HOSTILE" in os.environ
EVENTS_PER_S = 20_000 if IS_LONG else 2_000
CALM_S = 20 if IS_LONG else 2
N_AT_ONCE = 8


class Memory(threading.Thread):
    """The most memory that the server and its database's process have together, and how many processes there were."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self.server = server
        self.peak_bytes = 0
        self.pids: set[int] = set()
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.01):
            store = self.server.store_pid()
            self.pids |= {store} - {None}
            self.peak_bytes = max(self.peak_bytes, resident_bytes(self.server.process.pid) + resident_bytes(store))


def resident_bytes(pid: int | None) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def bounded(make_server) -> Server:
    return make_server(query_timeout_ms=f"{TIME_LIMIT_S}s").start()


def ask(server: Server, user: User, sql: str) -> tuple[str, float]:
    """How a query ended, and after how many seconds."""
    begin = time.monotonic()
    try:
        answer = requests.post(
            f"{server.url}/api/query", json={"sql": sql, "limit": 10}, headers=user.headers, timeout=60
        )
    except requests.Timeout:
        return "no answer", time.monotonic() - begin
    except requests.RequestException:
        return "reset", time.monotonic() - begin
    took_s = time.monotonic() - begin
    try:
        error = answer.json().get("error")
    except ValueError:
        error = {"kind": "cut off"}
    kind = error["kind"] if isinstance(error, dict) and "kind" in error else "answer"
    return f"{answer.status_code} {kind}", took_s


def test_hostile_queries_while_events_come(bounded: Server) -> None:
    server, admin = bounded, bounded.add_user("root", "admin")
    memory = Memory(server)
    memory.start()
    ends: collections.Counter[str] = collections.Counter()
    latest: tuple[float, str] = (0, "")
    with Load(server) as load:
        begin = time.monotonic()
        with ThreadPoolExecutor(N_ASKING) as pool:
            asked = [(kind, sql, pool.submit(ask, server, admin, sql)) for kind, sql in hostile.queries(N_QUERIES)]
            for kind, sql, asking in asked:
                end, took_s = asking.result()
                ends[end] += 1
                latest = max(latest, (took_s, sql))
                print(
                    f"{took_s:6.1f} s  {end:22} {kind}: {sql[:150]}  ({memory.peak_bytes >> 20} MB, {len(memory.pids)})"
                )
        took_s = time.monotonic() - begin
        load.finish()
        n_sent = load.n_acknowledged()
        wait_for("the server to be ready", lambda: requests.get(f"{server.url}/readyz", timeout=10).status_code == 200)
        n_events = load.check(admin)
    memory.is_over.set()
    figures = {
        "queries": N_QUERIES,
        "ends": dict(ends),
        "latest_s": round(latest[0], 1),
        "peak_mb": memory.peak_bytes >> 20,
        "restarts": len(memory.pids) - 1,
        "events": n_events,
        "events_per_s": round(n_sent / took_s),
    }
    print(json.dumps(figures))
    assert latest[0] < LATEST_S, latest
    assert memory.peak_bytes < PEAK_BYTES, figures
    assert server.process.poll() is None


def ask_politely(server: Server, user: User, is_over: threading.Event) -> list[tuple[str, float]]:
    """How small queries ended, one after another."""
    ends = []
    while not is_over.wait(0.5):
        ends.append(ask(server, user, "SELECT scope, count() FROM events GROUP BY scope ORDER BY count() DESC LIMIT 5"))
    return ends


def test_others_notice_little_of_hostile_queries(bounded: Server) -> None:
    """Events at a fixed rate are all taken, and somebody else's small queries are answered."""
    server = bounded
    server.add_user("root", "admin")
    analyst, polite = server.add_user("analyst", "business"), server.add_user("polite", "business")
    memory = Memory(server)
    memory.start()
    load, is_over = SteadyLoad(server, EVENTS_PER_S), threading.Event()
    wait_for("a calm time", lambda: load.n_answered() * BATCH >= CALM_S * EVENTS_PER_S, deadline_s=10 * CALM_S)
    n_calm, calm_p99_s = load.n_answered(), load.p99_s()
    begin = time.monotonic()
    with ThreadPoolExecutor(N_AT_ONCE + 1) as pool:
        polite_ends = pool.submit(ask_politely, server, polite, is_over)
        asked = [(sql, pool.submit(ask, server, analyst, sql)) for _, sql in hostile.queries(N_QUERIES, seed=1)]
        ends = [(*asking.result(), sql) for sql, asking in asked]
        is_over.set()
    took_s = time.monotonic() - begin
    n_events = load.finish()
    latest = max(took_s for _, took_s, _ in ends)
    figures = {
        "queries": N_QUERIES,
        "ends": dict(collections.Counter(end for end, _, _ in ends)),
        "latest_s": round(latest, 1),
        "polite": dict(collections.Counter(end for end, _ in polite_ends.result())),
        "polite_latest_s": round(max(took_s for _, took_s in polite_ends.result()), 1),
        "peak_mb": memory.peak_bytes >> 20,
        "restarts": len(memory.pids) - 1,
        "events_per_s": round((load.n_answered() - n_calm) * BATCH / took_s),
        "calm_p99_ms": round(calm_p99_s * 1000),
        "p99_ms": round(load.p99_s(n_calm) * 1000),
    }
    memory.is_over.set()
    print(json.dumps(figures))
    assert server.process.poll() is None
    assert memory.peak_bytes < PEAK_BYTES, figures
    assert latest < MAX_WAIT_S + TIME_LIMIT_S + 2, (figures, max(ends, key=lambda end: end[1]))
    assert figures["polite_latest_s"] < 10, figures
    server.wait_until_applied()
    sql = {"sql": "SELECT count() FROM events WHERE scope = 'create:task'"}
    answer = requests.post(f"{server.url}/api/query", json=sql, headers=polite.headers, timeout=60).json()
    assert int(answer["rows"][0][0]) == n_events


def test_the_sample_of_aliases_in_lambdas_is_answered(bounded: Server) -> None:
    sql = (
        "SELECT groupArray(number) AS c, arraySum(arrayMap(x -> (x + 1), c)) AS h, "
        "arrayMap(x -> (x / h), c) AS r FROM numbers({n})"
    )
    admin = bounded.add_user("root", "admin")
    sum_sql = f"SELECT h, length(r), r[2] * h FROM ({sql.format(n=200_000)})"
    answer = requests.post(f"{bounded.url}/api/query", json={"sql": sum_sql}, headers=admin.headers, timeout=30)
    assert answer.status_code == 200, answer.text
    [[total, n, one]] = answer.json()["rows"]
    assert (int(total), n) == (200_000 * 200_001 // 2, 200_000)
    assert one == pytest.approx(1)


def running(server: Server, admin: User) -> list:
    return requests.get(f"{server.url}/api/queries", headers=admin.headers, timeout=10).json()


def test_one_account_does_not_keep_others_out(bounded: Server) -> None:
    """Each of an administrator's queries is answered while somebody else asks four that never end, again and again."""
    server = bounded
    admin, other = server.add_user("root", "admin"), server.add_user("analyst", "business")
    endless = "SELECT sum(number * number % 7) FROM numbers(1000000000000000)"
    is_over = threading.Event()

    def keep_asking() -> None:
        while not is_over.is_set():
            ask(server, other, endless)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(keep_asking)
        try:
            wait_for("them to begin", lambda: len(running(server, admin)) == 4)
            ends = [ask(server, admin, f"SELECT {n}") for n in range(8)]
        finally:
            is_over.set()
    assert [end for end, _ in ends] == ["200 answer"] * 8, ends

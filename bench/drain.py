"""How fast a journal drains into a ClickHouse, beside the same INSERTs alone, and what live answers take meanwhile.

    ANNOSCOPE_BIN=target/release/annoscope .venv/bin/python bench/drain.py [--events N] [--turn N]

ClickHouse is away while events come; then it is back, and takes turns: so many INSERTs of the drain, which are kept,
and the same bytes into a second ClickHouse, one behind the other, while annoscope is held. So both are measured in one
run on the same load. Small batches come to the ingest port all the time; their answers are told by turn.
bench/README.md says what is measured and how.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import platform
import re
import sys
import tempfile
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import requests
from engines import REPOSITORY, ClickHouse

sys.path.insert(0, str(REPOSITORY / "tests"))

from support import events
from support.server import Server, run_cli, wait_for
from support.threaded import serving

# After that no more INSERT is awaited: the journal is empty.
LAST_TURN_S = 240
# Live batches: events of each, and from one to the next.
LIVE_BATCH = 10
LIVE_PAUSE_S = 0.02
# How long answers are measured while ClickHouse is away and nothing else runs.
ALONE_S = 20
HEADERS = ("Content-Encoding", "X-ClickHouse-User", "X-ClickHouse-Key")


@dataclasses.dataclass
class Insert:
    """An INSERT of the drain as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Gate:
    """Hands on what annoscope sends to ClickHouse, and holds INSERTs of events while it is shut."""

    def __init__(self, target: str):
        self.is_away = False
        self.n_left = 0
        self.n_held = 0
        self.inserts: list[Insert] = []
        self.changed = threading.Condition()
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                self.session = requests.Session()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if gate.is_away:
                    self.close_connection = True
                    return
                headers = {name: self.headers[name] for name in HEADERS if name in self.headers}
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("query", [""])[0]
                if query.startswith("INSERT INTO events "):
                    gate.wait(Insert(self.path, headers, body))
                answer = self.session.post(
                    target.rstrip("/") + self.path,
                    data=body,
                    headers=headers,
                    timeout=600,
                )
                self.send_response(answer.status_code)
                if code := answer.headers.get("X-ClickHouse-Exception-Code"):
                    self.send_header("X-ClickHouse-Exception-Code", code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def wait(self, insert: Insert) -> None:
        """Until there is room in a turn."""
        with self.changed:
            self.n_held += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.n_left > 0)
            self.n_held -= 1
            self.n_left -= 1
            self.inserts.append(insert)

    def turn(self, n_inserts: int) -> tuple[float, list[Insert]] | None:
        """Lets so many through; the seconds until the next one is here. None where the journal has no more."""
        with self.changed:
            begin = time.monotonic()
            self.n_left, self.inserts = n_inserts, []
            self.changed.notify_all()
            is_full = self.changed.wait_for(lambda: self.n_left == 0 and self.n_held > 0, LAST_TURN_S)
            return (time.monotonic() - begin, self.inserts) if is_full else None


def send_live(url: str, answers: Connection) -> None:
    """A process of its own: batches at fixed times, until something is received; what each took, by when it was due."""
    session, taken, due = requests.Session(), [], time.monotonic()
    while not answers.poll():
        time.sleep(max(0.0, due - time.monotonic()))
        batch = [events.server_event(obj_id=len(taken) * LIVE_BATCH + i, obj_val="live") for i in range(LIVE_BATCH)]
        answer = session.post(url, json=batch, timeout=60)
        assert answer.status_code == 200, answer.text
        taken.append((due, time.monotonic() - due))
        due += LIVE_PAUSE_S
    answers.send(taken)


def told(taken: list[tuple[float, float]], turns: list[tuple[float, float]]) -> str:
    """Of the answers that were due in these turns."""
    within = sorted(took for due, took in taken if any(begin <= due < end for begin, end in turns))
    if not within:
        return "none"
    return ", ".join(f"p{part:.0f} {1000 * within[int(len(within) * part / 100)]:.1f} ms" for part in (50, 99))


def memory_bytes(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def make_tables(url: str, directory: Path) -> None:
    settings = {
        "ANNOSCOPE_STORE_KIND": "clickhouse",
        "ANNOSCOPE_STORE_CLICKHOUSE_URLS": url,
    }
    made = run_cli(
        "clickhouse",
        "apply",
        "--yes",
        "--data-dir",
        str(directory / "tables"),
        env=settings,
    )
    assert made.returncode == 0, made.stderr


def fill(server: Server, n_events: int, directory: Path) -> None:
    """As `annoscope demo` sends, into the journal alone."""
    import subprocess

    from support.server import BINARY, clean_environment

    command = [
        BINARY,
        "demo",
        "--url",
        server.ingest_url,
        "--events",
        str(n_events),
        "--days",
        "30",
    ]
    subprocess.run(
        [*command, "--data-dir", str(directory / "demo")],
        check=True,
        env=clean_environment(),
    )


def measure(options: argparse.Namespace, directory: Path) -> None:
    drained, alone = ClickHouse(directory / "drained"), ClickHouse(directory / "alone")
    gate = Gate(drained.url)
    server = Server(
        directory / "data",
        directory / "server.log",
        store_kind="clickhouse",
        store_clickhouse_urls=gate.url,
        store_clickhouse_timeout_ms="10min",
        journal_max_bytes="16GiB",
    )
    try:
        with serving(gate.server):
            server.start()
            make_tables(alone.url, directory)
            gate.is_away = True
            fill(server, options.events, directory)
            print(f"{server.n_waiting():,} events wait in the journal", flush=True)
            ours, theirs = multiprocessing.Pipe()
            live = multiprocessing.Process(target=send_live, args=(server.ingest_url, theirs), daemon=True)
            live.start()
            begin = time.monotonic()
            time.sleep(ALONE_S)
            turns = {"away": [(begin, time.monotonic())], "drain": [], "alone": []}
            resident = memory_bytes(server)
            gate.is_away = False
            wait_for("the first INSERT", lambda: gate.n_held, 60)
            seconds, n_inserts, most_resident = (
                {"drain": 0.0, "alone": 0.0},
                0,
                resident,
            )
            while turn := one_turn(gate, alone, options.turn):
                times, spans = turn
                for what in seconds:
                    seconds[what] += times[what]
                    turns[what].append(spans[what])
                n_inserts += options.turn
                most_resident = max(most_resident, memory_bytes(server))
                print(f"{times['drain']:.2f} s, alone {times['alone']:.2f} s", flush=True)
            ours.send(None)
            taken = ours.recv()
            n_rows = alone.n_rows
            report(options, seconds, n_rows, n_inserts)
            print(
                f"live answers ({LIVE_BATCH / LIVE_PAUSE_S:.0f} events/s): "
                + "; ".join(f"{what} {told(taken, spans)}" for what, spans in turns.items())
            )
            print(
                f"resident: {resident / 1e6:.0f} MB with the journal full, {most_resident / 1e6:.0f} MB at most "
                f"while it drains; peak of the process {server.peak_memory_bytes() / 1e6:.0f} MB"
            )
            with gate.changed:
                gate.n_left = 1 << 30
                gate.changed.notify_all()
            server.wait_until_applied(600)
            n_live = len(taken) * LIVE_BATCH
            n_found = int(drained.run("SELECT uniqExact(position) FROM cvat.events"))
            assert (drained.n_rows, n_found) == (options.events + n_live,) * 2, (
                drained.n_rows,
                n_found,
                n_live,
            )
    finally:
        server.close()
        drained.close()
        alone.close()


def one_turn(gate: Gate, alone: ClickHouse, n_inserts: int) -> tuple[dict, dict] | None:
    """Seconds of both, and when they were."""
    begin = time.monotonic()
    turn = gate.turn(n_inserts)
    if turn is None:
        return None
    drain_s, inserts = turn
    between = time.monotonic()
    for insert in inserts:
        answer = alone.session.post(
            alone.url.rstrip("/") + insert.path,
            data=insert.body,
            headers=insert.headers,
            timeout=600,
        )
        assert answer.status_code == 200, answer.text
    end = time.monotonic()
    return {"drain": drain_s, "alone": end - between}, {
        "drain": (begin, between),
        "alone": (between, end),
    }


def report(options: argparse.Namespace, seconds: dict[str, float], n_rows: int, n_inserts: int) -> None:
    rates = {what: n_rows / taken for what, taken in seconds.items()}
    load = os.getloadavg()
    print(
        f"\n{options.events:,} events in the journal; {n_rows:,} of them in {n_inserts} INSERTs: drained "
        f"{rates['drain'] / 1000:.0f} k rows/s, the same INSERTs alone {rates['alone'] / 1000:.0f} k rows/s, ratio "
        f"{rates['drain'] / rates['alone']:.2f}; load {load[0]:.1f}, {os.cpu_count()} cores, {platform.machine()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000, help="events that wait in the journal")
    parser.add_argument("--turn", type=int, default=8, help="INSERTs of a turn")
    # `make bench ARGS="drain …"` hands all on.
    parser.add_argument("part", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="annoscope-drain-") as directory:
        measure(options, Path(directory))


if __name__ == "__main__":
    main()

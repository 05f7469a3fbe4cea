"""Connections that say nothing, little, or too slowly, and ends of them that are not the end: real sockets."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from support import events, exports
from support.server import Server, User, wait_for

N_SILENT = 1200


def connect(url: str, timeout: float = 30) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=timeout)


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other end closes."""
    received = []
    try:
        while received[-1:] != [b""]:
            received.append(connection.recv(1 << 16))
    except ConnectionResetError:
        pass
    return b"".join(received)


def request(url: str, line: str, body: bytes = b"", **headers: str) -> bytes:
    host = urlsplit(url).netloc
    lines = [f"{line} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture(autouse=True)
def descriptors() -> None:
    """This process holds the other ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    if min(hard, 8192) < 4 * N_SILENT:
        pytest.skip(f"this machine gives a process {hard} file descriptors")


@pytest.mark.parametrize("said", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: "])
def test_silent_connections_keep_nobody_out(server: Server, anna: User, said: bytes) -> None:
    with ExitStack() as held:
        for url in (server.url, server.ingest_url):
            for _ in range(N_SILENT):
                connection = held.enter_context(connect(url))
                connection.sendall(said)
        begin = time.monotonic()
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        assert time.monotonic() - begin < 1
        begin = time.monotonic()
        assert events.ingest(server, [events.server_event(obj_id=1)]).status_code == 200
        assert events.send(server, anna, [events.event()]).status_code == 201
        assert time.monotonic() - begin < 2


def test_more_connections_than_the_system_gives_descriptors(make_server) -> None:
    """Neither a commit nor a checkpoint, which opens files, minds them; the process lives."""
    server = make_server(store_wal_checkpoint_bytes="1MiB")
    server.n_descriptors = 512
    server.start()
    with ExitStack() as held:
        for url in (server.url, server.ingest_url):
            for _ in range(N_SILENT):
                held.enter_context(connect(url))
        for batch in range(20):
            rows = [events.server_event(obj_id=batch * 1000 + n, payload={"x": "y" * 200}) for n in range(1000)]
            assert events.ingest(server, rows).status_code == 200
        assert requests.get(f"{server.url}/readyz", timeout=10).status_code == 200
    wait_for("a checkpoint", lambda: server.metric("annoscope_store_checkpoints_total") > 0)
    assert server.metric("annoscope_store_failed_checkpoints_total") == 0


def closed_after(connection: socket.socket) -> float:
    begin = time.monotonic()
    read_all(connection)
    return time.monotonic() - begin


SILENCES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "head_timeout"),
    "half a head": (b"POST / HTTP/1.1\r\nHost: x\r\n", "head_timeout"),
    "between requests": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "idle_timeout"),
}


@pytest.mark.parametrize("silence", SILENCES)
def test_silence_ends(make_server, silence: str) -> None:
    server = make_server(connections_head_timeout_ms="1s", connections_idle_timeout_ms="2s").start()
    said, reason = SILENCES[silence]
    with connect(server.url) as connection:
        connection.sendall(said)
        took = closed_after(connection)
    assert (2 if reason == "idle_timeout" else 1) <= took < 6
    name = f'annoscope_connections_closed_total{{port="main",reason="{reason}"}}'
    assert server.metrics()[name] == 1


def test_a_head_that_trickles_ends(make_server) -> None:
    server = make_server(connections_head_timeout_ms="1s").start()
    begin = time.monotonic()
    with connect(server.ingest_url) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n")
        with suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() - begin < 20:
                connection.sendall(b"A: b\r\n")
                time.sleep(0.1)
    assert time.monotonic() - begin < 6


@pytest.mark.parametrize("endpoint", ["client", "ingest", "form"])
def test_a_body_that_trickles_ends_with_408(make_server, endpoint: str) -> None:
    server = make_server(connections_body_timeout_ms="1s", connections_min_body_rate_bytes="1KiB").start()
    anna = server.add_user("anna")
    path = {"client": "/api/events", "ingest": "/", "form": "/api/auth/login"}[endpoint]
    url = server.ingest_url if endpoint == "ingest" else server.url
    headers = {"Content-Type": "application/json", "Content-Length": "10000"}
    headers |= anna.headers if endpoint == "client" else {}
    with connect(url) as connection:
        connection.sendall(request(url, f"POST {path}", b"[", **headers))
        begin = time.monotonic()
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert 0.5 < time.monotonic() - begin < 6


def test_an_answer_that_nobody_takes_ends(make_server) -> None:
    server = make_server(connections_write_timeout_ms="1s", query_max_rows=1_000_000_000).start()
    admin = server.add_user("root", "admin")
    body = json.dumps({"sql": "SELECT number FROM numbers(1000000000000)"}).encode()
    headers = {**admin.headers, "Content-Type": "application/json", "Content-Length": str(len(body))}
    with connect(server.url) as connection:
        connection.sendall(request(server.url, "POST /api/query", body, **headers))
        name = 'annoscope_connections_closed_total{port="main",reason="write_timeout"}'
        wait_for("the connection to be closed", lambda: server.metrics().get(name) == 1)
        queries = requests.get(f"{server.url}/api/queries", headers=admin.headers, timeout=10)
        wait_for("the query to end", lambda: queries.json() == [] or server.metric("annoscope_query_rows_sent_total"))


ASKED: dict[str, Callable[[Server, User], tuple[str, bytes]]] = {
    "health": lambda server, _: (server.url, request(server.url, "GET /healthz")),
    "login": lambda server, user: with_body(
        server.url, "/api/auth/login", {"username": user.name, "password": user.password}
    ),
    "events": lambda server, user: with_body(server.url, "/api/events", events.body([events.event()]), **user.headers),
    "ingest": lambda server, _: with_body(server.ingest_url, "/", [events.server_event(obj_id=1)]),
    "query": lambda server, user: with_body(server.url, "/api/query", {"sql": "SELECT 1"}, **user.headers),
}


def with_body(url: str, path: str, value: object, **headers: str) -> tuple[str, bytes]:
    body = json.dumps(value).encode()
    headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return url, request(url, f"POST {path}", body, **headers)


@pytest.mark.parametrize("asked", ASKED)
def test_a_half_closed_client_gets_its_answer(shared_server: Server, shared_admin: User, asked: str) -> None:
    url, text = ASKED[asked](shared_server, shared_admin)
    with connect(url) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 ")), answer


def test_a_client_that_ends_within_its_body_has_sent_nothing(server: Server, admin: User) -> None:
    url, text = ASKED["events"](server, admin)
    with connect(url) as connection:
        connection.sendall(text[:-5])
        connection.shutdown(socket.SHUT_WR)
        assert not read_all(connection).startswith(b"HTTP/1.1 2")
    assert not exports.rows(server, admin)


def test_connections_that_end_are_counted_out(server: Server) -> None:
    for _ in range(50):
        with connect(server.ingest_url) as connection:
            connection.sendall(b"\r\n\r\nno HTTP\r\n\r\n")
            read_all(connection)
    name = 'annoscope_connections_open{port="ingest"}'
    wait_for("no connection to be open", lambda: server.metrics()[name] == 0)


def open_files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def test_descriptors_are_given_back(server: Server) -> None:
    before = open_files(server)
    with ExitStack() as held:
        for _ in range(100):
            held.enter_context(connect(server.url))
        # Calls of the database come and go beside them.
        wait_for("the connections", lambda: open_files(server) >= before + 95)
    wait_for("their end", lambda: open_files(server) <= before + 5)

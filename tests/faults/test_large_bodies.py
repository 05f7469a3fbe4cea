"""Bodies that are too large, or become so: refused without taking the memory that they ask for."""

from __future__ import annotations

import http.client
import json
import select
import socket
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from urllib.parse import urlsplit

import pytest
import requests

from support import events, exports
from support.server import Server, User

GZIP = {"Content-Encoding": "gzip"}


def post(url: str, data: bytes, **headers: str) -> requests.Response:
    return requests.post(url, data=data, headers={"Content-Type": "application/json", **headers}, timeout=120)


@cache
def bomb() -> bytes:
    """A gigabyte of spaces, in a megabyte of gzip."""
    packer = zlib.compressobj(9, wbits=31)
    spaces = b" " * (1 << 24)
    return b"".join([packer.compress(spaces) for _ in range(64)]) + packer.flush()


def oversized(url: str, headers: dict[str, str], chunked: bool) -> int:
    """Sends a body of 200 MB, as far as the server takes it, and returns the status of the answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.putrequest("POST", parts.path)
    size = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(200 << 20)}
    for name, value in {**headers, **size, "Content-Type": "application/json"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    block = b" " * (1 << 20)
    try:
        for _ in range(200):
            connection.send(b"100000\r\n" + block + b"\r\n" if chunked else block)
        connection.send(b"0\r\n\r\n" if chunked else b"")
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server has answered already and reads no more
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("endpoint", ["client", "ingest"])
def test_200_megabytes(server: Server, admin: User, endpoint: str, chunked: bool) -> None:
    url, headers = (f"{server.url}/api/events", admin.headers) if endpoint == "client" else (server.ingest_url, {})
    assert oversized(url, headers, chunked) == 413
    assert server.peak_memory_bytes() < 1 << 30
    assert not exports.rows(server, admin)


def test_who_sends_on_after_the_answer_still_sees_it(make_server) -> None:
    """Most clients read when they have sent all. The socket is not closed under them, but used again."""
    server = make_server(ingest_max_body_bytes="32KiB").start()
    parts = urlsplit(server.ingest_url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    for _ in range(2):
        connection.putrequest("POST", parts.path)
        connection.putheader("Content-Length", str(20 << 20))
        connection.endheaders()
        # The answer is there before the body is.
        assert select.select([connection.sock], [], [], 30)[0]
        connection.send(b" " * (20 << 20))
        answer = connection.getresponse()
        assert answer.status == 413
        answer.read()
    connection.close()


def test_gzip_bombs(server: Server, admin: User) -> None:
    answer = post(f"{server.url}/api/events", bomb(), **admin.headers, **GZIP)
    assert answer.status_code in (413, 415), answer.text
    answer = post(server.ingest_url, bomb(), **GZIP)
    assert answer.status_code == 413, answer.text
    assert server.peak_memory_bytes() < 1 << 30
    assert not exports.rows(server, admin)


def test_many_large_bodies_at_once(make_server) -> None:
    """All together are bounded, too: who comes too many is asked to wait."""
    server = make_server(ingest_max_inflight_bytes="20MiB").start()
    admin = server.add_user("root", "admin")
    large = json.dumps(events.body([events.event(payload=json.dumps("x" * (6 << 20)))])).encode()
    url = f"{server.url}/api/events"
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: post(url, large, **admin.headers), range(12)))
    assert {answer.status_code for answer in answers} == {201, 503}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 503)
    assert server.peak_memory_bytes() < 1 << 30
    assert events.send(server, admin, [events.event()]).status_code == 201


def test_not_http(server: Server, admin: User) -> None:
    for url in (server.url, server.ingest_url):
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n")
            while connection.recv(4096):
                pass
    assert not exports.rows(server, admin)


def many_small(n_events: int) -> bytes:
    """Events that take few bytes and much memory."""
    packer = zlib.compressobj(9, wbits=31)
    text = b"[" + b",".join([b'{"scope":"a"}'] * n_events) + b"]"
    return packer.compress(text) + packer.flush()


def test_bodies_that_become_much(server: Server, anna: User) -> None:
    """80 bodies of a few kB each would become 16 million events, some 9 GB, at once."""
    packed = many_small(200_000)
    assert len(packed) < 10_000
    stored = 0
    with ThreadPoolExecutor(80) as pool:
        sent = [pool.submit(post, server.ingest_url, packed, **GZIP) for _ in range(80)]
        while not all(answer.done() for answer in sent):
            batch = [events.event("load:job", obj_id=stored)]
            assert events.send(server, anna, batch).status_code == 201
            answer = events.ingest(server, [events.server_event(obj_id=stored)])
            assert answer.status_code == 200, answer.text
            stored += 1
        answers = [answer.result().status_code for answer in sent]
    assert set(answers) <= {200, 503}, answers
    assert stored > 2
    assert server.peak_memory_bytes() < 1 << 30


def test_announcing_much_and_sending_little_takes_no_room(server: Server, anna: User) -> None:
    parts = urlsplit(server.ingest_url)
    with ExitStack() as held:
        for _ in range(20):
            connection = held.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=30))
            head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n["
            connection.sendall(head.encode())
        assert events.ingest(server, [events.server_event(obj_id=1)]).status_code == 200
        large = [events.event(payload=json.dumps("x" * (20 << 20)))]
        assert events.send(server, anna, large).status_code == 201
    assert server.peak_memory_bytes() < 1 << 30

"""Bad input to the ingest port. CVAT's handler sends again whatever got no 200, for ever: so a broken document gets
400, but an element that cannot be stored is put aside with its reason and the rest is stored. No web page may write."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
import requests
import zstandard

from support import events, exports
from support.server import Server, User


def raw_ingest(server: Server, data: bytes | str, content_type: str | None = "application/json", **headers: str):
    given = {"Content-Type": content_type} if content_type is not None else {}
    return requests.post(
        server.ingest_url,
        data=data if isinstance(data, bytes) else data.encode(),
        headers={**given, **headers},
        timeout=120,
    )


def server_text(raw: str) -> str:
    return f'{{"scope":"create:task","timestamp":"1719835202.5",{raw}}}'


def broken(raw: str) -> str:
    return f"[{server_text(raw)}]"


BROKEN_DOCUMENTS = {
    "not JSON": "hello",
    "cut off": '[{"scope": "create:task"}, ',
    "two arrays": "[][]",
    "NaN": broken('"count": NaN'),
    "invalid UTF-8": broken('"obj_name": "a?b"').encode().replace(b"?", b"\xff"),
    "raw NUL": broken('"obj_name": "a\0b"'),
    "deep nesting": "[" * 200_000,
    "a string": '"hello"',
    "a number": "5",
    "an element that is no object": broken('"obj_id": 1').replace("]", ", 5]"),
    "null": "[null]",
    "a list in a list": "[[]]",
}


@pytest.mark.parametrize("sent", BROKEN_DOCUMENTS.values(), ids=BROKEN_DOCUMENTS)
def test_a_broken_document_stores_nothing(shared_server: Server, shared_admin: User, sent: str | bytes) -> None:
    answer = raw_ingest(shared_server, sent)
    assert answer.status_code == 400, answer.text
    assert answer.text
    assert not exports.rows(shared_server, shared_admin)


def test_a_broken_line_stores_nothing(shared_server: Server, shared_admin: User) -> None:
    lines = json.dumps(events.server_event()) + "\n" + '{"scope":\n' + json.dumps(events.server_event()) + "\n"
    answer = raw_ingest(shared_server, lines, "application/x-ndjson")
    assert answer.status_code == 400, answer.text
    assert not exports.rows(shared_server, shared_admin)


# Vector asks for no type either.
ANY_TYPE = [
    "application/json; charset=utf-8",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "nonsense",
    None,
]

REFUSED = {
    "Origin": (403, {"Origin": "http://evil.example"}),
    "Origin null": (403, {"Origin": "null"}),
    "own Origin": (403, {"Origin": "http://127.0.0.1"}),
    "Origin of a form": (403, {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}),
    "Origin, no type": (403, {"Origin": "http://evil.example", "Content-Type": None}),
    "broken gzip": (422, {"Content-Encoding": "gzip"}),
    "broken deflate": (422, {"Content-Encoding": "deflate"}),
    "broken zstd": (422, {"Content-Encoding": "zstd"}),
    "broken snappy": (422, {"Content-Encoding": "snappy"}),
    "broken stack": (422, {"Content-Encoding": "gzip, zstd"}),
    "unknown encoding": (415, {"Content-Encoding": "br"}),
    "unknown in a stack": (415, {"Content-Encoding": "gzip, br"}),
    "too many": (415, {"Content-Encoding": ", ".join(["gzip"] * 5)}),
}


@pytest.mark.parametrize(("status", "headers"), REFUSED.values(), ids=REFUSED)
def test_no_web_page_may_write(shared_server: Server, shared_admin: User, status: int, headers: dict) -> None:
    headers = {"Content-Type": "application/json", **headers}
    answer = raw_ingest(shared_server, json.dumps([events.server_event()]), headers.pop("Content-Type"), **headers)
    assert answer.status_code == status, answer.text
    assert not exports.rows(shared_server, shared_admin)


def test_any_content_type_of_a_server(server: Server, admin: User) -> None:
    for number, content_type in enumerate(ANY_TYPE):
        answer = raw_ingest(server, json.dumps([events.server_event(obj_id=number)]), content_type)
        assert answer.status_code == 200, f"{content_type}: {answer.text}"
    assert [row["obj_id"] for row in exports.rows(server, admin)] == [str(n) for n in range(len(ANY_TYPE))]


def snappy(plain: bytes) -> bytes:
    """A raw block of literals: its length, then pieces of at most 60 bytes, each behind its length."""
    n_bytes, length = len(plain), b""
    while n_bytes >= 128:
        length += bytes([n_bytes & 127 | 128])
        n_bytes >>= 7
    length += bytes([n_bytes])
    pieces = (plain[at : at + 60] for at in range(0, len(plain), 60))
    return length + b"".join(bytes([len(piece) - 1 << 2]) + piece for piece in pieces)


PACK = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "snappy": snappy,
    "identity": lambda plain: plain,
}
STACKS = [*PACK, "gzip, zstd", "zstd,gzip", "snappy, deflate", "deflate, snappy, zstd, gzip", "GZIP", "gzip, identity"]


def test_every_encoding_and_stacks_of_them(server: Server, admin: User) -> None:
    for number, stack in enumerate(STACKS):
        data = json.dumps([events.server_event(obj_id=number, obj_val="x" * 5000)]).encode()
        for name in stack.lower().split(","):
            data = PACK[name.strip()](data)
        answer = raw_ingest(server, data, **{"Content-Encoding": stack})
        assert answer.status_code == 200, f"{stack}: {answer.text}"
    assert [row["obj_id"] for row in exports.rows(server, admin)] == [str(n) for n in range(len(STACKS))]


def test_preflight_is_not_answered_with_permission(shared_server: Server) -> None:
    answer = requests.options(
        shared_server.ingest_url,
        headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
        timeout=10,
    )
    assert answer.status_code >= 400
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_other_paths_and_methods_of_the_ingest_port(shared_server: Server) -> None:
    assert requests.get(shared_server.ingest_url, timeout=10).status_code == 405
    assert requests.post(f"{shared_server.ingest_url}other", json=[], timeout=10).status_code == 404


JSON_TYPES = ["application/json", "application/json; charset=utf-8", "application/x-ndjson"]


@pytest.mark.parametrize("content_type", JSON_TYPES)
def test_an_empty_body_is_no_events(shared_server: Server, shared_admin: User, content_type: str) -> None:
    for sent in ("", gzip.compress(b"")):
        headers = {"Content-Encoding": "gzip"} if sent else {}
        answer = raw_ingest(shared_server, sent, content_type, **headers)
        assert (answer.status_code, answer.content) == (200, b"")
    assert not exports.rows(shared_server, shared_admin)


# Elements that cannot be stored, and what the reason has to name.
ELEMENTS = {
    "no scope": ({"timestamp": "1719835202.5"}, "scope"),
    "scope null": (events.server_event(scope=None), "scope"),
    "time a word": (events.server_event(at="yesterday"), "timestamp"),
    "time a list": ({"scope": "create:task", "timestamp": []}, "timestamp"),
    "time far off": (events.server_event(at="1e300"), "timestamp"),
    "id too large": (events.server_event(obj_id=2**63), "obj_id"),
    "id huge": (events.server_event(obj_id=2**70), "obj_id"),
    "id a fraction": (events.server_event(obj_id=5.5), "obj_id"),
    "id an object": (events.server_event(task_id={"a": 1}), "task_id"),
    "count a word": (events.server_event(count="many"), "count"),
    "id negative": (events.server_event(user_id=-1), "user_id"),
    "count too large": (events.server_event(count=70_000), "count"),
    "count negative": (events.server_event(count=-1), "count"),
    "duration too large": (events.server_event(duration=2**32), "duration"),
    "duration negative": (events.server_event(duration=-5), "duration"),
    "year 1899": (events.server_event(at="1899-12-31T23:59:59Z"), "timestamp"),
    "year 2300": (events.server_event(at="10413792000.0"), "timestamp"),
}


@pytest.mark.parametrize(("element", "named"), ELEMENTS.values(), ids=ELEMENTS)
def test_a_bad_element_goes_to_the_dead_letters(server: Server, admin: User, element: object, named: str) -> None:
    good = [events.server_event(obj_id=index) for index in range(4)]
    answer = events.ingest(server, [*good[:2], element, *good[2:]])
    assert (answer.status_code, answer.content) == (200, b"")
    assert [row["obj_id"] for row in exports.rows(server, admin)] == ["0", "1", "2", "3"]
    [letter] = events.dead_letters(server.data_dir)
    assert letter["event"] == element
    assert named in letter["reason"]
    assert letter["request_id"] == answer.headers["X-Request-Id"]


def test_a_key_that_occurs_twice(server: Server, admin: User) -> None:
    """The last value, as Vector reads it."""
    twice = server_text('"obj_id": 1, "obj_id": 2')
    assert raw_ingest(server, f"[{twice}, {json.dumps(events.server_event(obj_id=3))}]").status_code == 200
    assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == ["2", "3"]
    assert not list(events.dead_letters(server.data_dir))


def test_a_full_dead_letter_file(make_server) -> None:
    server = make_server(ingest_dead_letter_max_bytes="4KiB").start()
    admin = server.add_user("root", "admin")
    bad = [{"obj_val": "x" * 3000}]
    assert events.ingest(server, bad).status_code == 200
    for good in (events.server_event(obj_id=1), events.server_event(obj_id=2)):
        refused = events.ingest(server, [good, *bad])
        assert refused.status_code == 503, refused.text
        assert int(refused.headers["Retry-After"]) >= 0
    # Good events alone still go through.
    assert events.ingest(server, [events.server_event(obj_id=3)]).status_code == 200
    assert "3" in [row["obj_id"] for row in exports.rows(server, admin)]
    # Read and taken away by somebody: it starts anew, without a restart.
    (server.data_dir / "dead-letter.ndjson").unlink()
    assert events.ingest(server, bad).status_code == 200
    assert len(list(events.dead_letters(server.data_dir))) == 1


def test_dead_letters_survive_a_kill(server: Server) -> None:
    for number in range(3):
        assert events.ingest(server, [{"obj_id": number}]).status_code == 200
        server.kill()
        server.start()
    assert len(list(events.dead_letters(server.data_dir))) == 3


def test_a_mended_line_is_sent_as_it_lies(server: Server, admin: User) -> None:
    sent = {**events.server_event("update:job", "1767604000.5", job_id=5, user_id=60), "count": 70_000}
    assert events.ingest(server, [sent]).status_code == 200
    path = server.data_dir / "dead-letter.ndjson"
    mended = path.read_text().replace("70000", "7")
    for _ in range(2):  # Stored once, however often.
        assert raw_ingest(server, mended, "application/x-ndjson").status_code == 200
    assert [(row["count"], row["job_id"]) for row in exports.rows(server, admin)] == [("7", "5")]
    assert len(list(events.dead_letters(server.data_dir))) == 1


def test_a_torn_last_line_swallows_nothing(server: Server) -> None:
    path = server.data_dir / "dead-letter.ndjson"
    path.write_text('{"received_at": "2026-01-0')
    assert events.ingest(server, [{"obj_id": 1}]).status_code == 200
    torn, whole = path.read_text().splitlines()
    assert torn == '{"received_at": "2026-01-0'
    assert json.loads(whole)["event"] == {"obj_id": 1}

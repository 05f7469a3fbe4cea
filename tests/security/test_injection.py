"""What clients name (files, ids, dashboards, addresses) splits no header, forges no log line, reaches no other file."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from support import events, exports
from support.server import Server, User

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RESULT = re.compile(rf"{UUID.pattern}\.(json|csv|parquet)")
MARK = "injected-by-a-client"


def exchange(server: Server, *lines: bytes) -> bytes:
    """The raw answer to a raw request; what no HTTP library would send."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"\r\n".join((*lines, b"Host: localhost", b"Connection: close", b"", b"")))
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def head_of(answer: bytes) -> list[bytes]:
    return answer.partition(b"\r\n\r\n")[0].split(b"\r\n")


def files(server: Server) -> set[Path]:
    """All files around the server but results of exports, locks, and what the databases make beside themselves."""
    around = server.data_dir.parent
    found = {path.relative_to(around) for path in around.rglob("*") if path.is_file()}
    return {
        path for path in found if path.parent.name != "exports" and not path.name.endswith(("-wal", "-shm", ".lock"))
    }


# As they stand in the address.
FILE_NAMES = {
    "header": f"a.csv%0d%0aX-Injected:%20{MARK}",
    "cookie": "a%0d%0aSet-Cookie:%20sessionid=mine.csv",
    "body": "a.csv%0d%0a%0d%0a<script>",
    "bare CR": "a%0dX-Injected:%20yes.csv",
    "bare LF": "a%0aX-Injected:%20yes.csv",
    "line separator": "a%e2%80%a8X-Injected:%20yes.csv",
    "quote": 'a%22;%20filename=%22b.exe"',
    "semicolon": "a;filename*=utf-8''b.csv",
    "backslash quote": "a%5c%22.csv",
    "NUL": "a.csv%00.exe",
    "tab": "a%09.csv",
    "escape": "%1b[31ma.csv",
    "parent": "../../escaped.csv",
    "encoded parent": "%2e%2e%2fescaped.csv",
    "twice encoded parent": "%252e%252e%252fescaped.csv",
    "Windows parent": "..%5c..%5cescaped.csv",
    "overlong dots": "%c0%ae%c0%ae/escaped.csv",
    "absolute": "/tmp/escaped.csv",
    "drive": "C:%5cescaped.csv",
    "URL": "file:///tmp/escaped.csv",
    "hidden": ".bashrc",
    "no name": "..",
    "not UTF-8": "%ff%fe.csv",
    "lone surrogate": "%ed%a0%80.csv",
    "not ASCII": "%d1%85%d0%b0.csv",
    "right to left": "a%e2%80%aevsc.exe",
    "template": "$(touch%20escaped).csv",
    "long": "a" * 5000 + ".csv",
}


@pytest.mark.parametrize("name", FILE_NAMES.values(), ids=FILE_NAMES)
def test_file_names_of_exports(shared_server: Server, shared_admin: User, name: str) -> None:
    before = files(shared_server)
    authorization = f"Authorization: Token {shared_admin.token}".encode()
    for method, path in (("GET", "/api/events"), ("POST", "/api/events/export")):
        answer = exchange(shared_server, f"{method} {path}?filename={name} HTTP/1.1".encode(), authorization)
        status, *headers = head_of(answer)
        assert status.split()[1] == b"400", answer
        for header in headers:
            assert not header.lower().startswith((b"x-injected", b"set-cookie", b"content-disposition")), answer
    assert files(shared_server) == before
    results = [path.name for path in (shared_server.data_dir / "exports").iterdir()]
    assert all(RESULT.fullmatch(result) for result in results), results


def test_a_name_that_passes_is_for_the_client_alone(shared_server: Server, shared_admin: User) -> None:
    """The file here has a name of ours, so that two of one name, or one of a device, do no harm."""
    before = files(shared_server)
    for name in ("state.sqlite", "CON.csv", "a..csv", "- rf.csv", "a.csv.exe"):
        query_id = exports.start(shared_server, shared_admin, filename=name)
        exports.finish(shared_server, shared_admin, query_id)
        results = [path.name for path in (shared_server.data_dir / "exports").iterdir()]
        assert all(RESULT.fullmatch(result) for result in results), results
        answer = exports.download(shared_server, shared_admin, query_id)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.content.startswith(b"scope,")
    assert files(shared_server) == before


# Something whose place is known: the accounts' database, from the directory of exports or of dashboards.
PATHS = [
    *("../state.sqlite", "../../data/state.sqlite", "..%2fstate.sqlite", "%2e%2e%2fstate.sqlite"),
    *("..%5cstate.sqlite", "%252e%252e%252fstate.sqlite", "....//state.sqlite", "/etc/passwd", "%2fetc%2fpasswd"),
    *("..%00", "state.sqlite%00.json", "%c0%ae%c0%ae%2fstate.sqlite", "%ff", ".versions", ".versions%2f.."),
]
PLACES = [
    ("GET", "/api/events/download?rq_id={}"),
    ("GET", "/api/events?action=download&query_id={}"),
    ("GET", "/api/requests/{}"),
    ("POST", "/api/requests/{}/cancel"),
    ("GET", "/api/dashboards/{}"),
    ("DELETE", "/api/dashboards/{}"),
    ("GET", "/api/dashboards/{}/versions"),
    ("GET", "/api/dashboards/{}/versions/1"),
    ("GET", "/api/dashboards/all-events/versions/{}"),
    ("DELETE", "/api/queries/{}"),
    ("DELETE", "/api/tokens/{}"),
    ("DELETE", "/api/admin/users/{}"),
    ("GET", "/analytics/{}"),
    ("GET", "/analytics/assets/{}"),
    ("GET", "/api/docs/{}"),
]


@pytest.mark.parametrize(("method", "place"), PLACES, ids=[f"{method} {place}" for method, place in PLACES])
def test_ids_and_addresses_lead_to_no_file(shared_server: Server, shared_admin: User, method: str, place: str) -> None:
    before = files(shared_server)
    authorization = f"Authorization: Token {shared_admin.token}".encode()
    for path in PATHS:
        answer = exchange(shared_server, f"{method} {place.format(path)} HTTP/1.1".encode(), authorization)
        status = int(head_of(answer)[0].split()[1])
        # The page answers every address of its own with itself.
        allowed = {200, 404, 400} if place == "/analytics/{}" else {400, 404, 405}
        assert status in allowed, (path, answer[:500])
        assert b"SQLite format" not in answer, path
        assert b"root:" not in answer, path
    assert files(shared_server) == before


BOARD_NAMES = ["../../escaped", "/tmp/escaped", "..", ".", "a/../../b", "a\0b", "a\nb", ".versions", "ä" * 300]


@pytest.mark.parametrize("name", BOARD_NAMES)
def test_dashboards_are_saved_nowhere_else(shared_server: Server, shared_admin: User, name: str) -> None:
    def elsewhere() -> set[Path]:
        return {path for path in files(shared_server) if "dashboards" not in path.parts}

    before = elsewhere()
    url = f"{shared_server.url}/api/dashboards"
    for body in (
        {"dashboard": {"title": "x", "uid": name, "panels": []}},
        {"dashboard": {"title": name, "panels": []}},
        {"dashboard": {"title": "x", "panels": []}, "folder": name},
    ):
        answer = requests.post(url, json=body, headers=shared_admin.headers, timeout=10)
        assert answer.status_code in (201, 400), answer.text
        if answer.status_code == 201:
            uid = answer.json()["uid"]
            assert re.fullmatch(r"[\w-]+", uid), uid
            assert requests.delete(f"{url}/{uid}", headers=shared_admin.headers, timeout=10).status_code < 300
    assert elsewhere() == before


REQUEST_IDS = [
    b"c56a4180-65aa-42ec-a945-5fd21dec0538",
    MARK.encode(),
    b"\"'<script>",
    b"a" * 4000,
    b"\xff\xfe",
    b"",
    b"%0d%0aX-Injected:%20yes",
]


@pytest.mark.parametrize("sent", REQUEST_IDS)
def test_a_client_s_request_id_counts_for_nothing(server: Server, admin: User, sent: bytes) -> None:
    headers = {**admin.headers, "X-Request-Id": sent, "X-Correlation-Id": sent}
    body = events.body([events.event()])
    answer = requests.post(f"{server.url}/api/events", json=body, headers=headers, timeout=10)
    assert answer.status_code == 201
    given = answer.headers["X-Request-Id"]
    assert UUID.fullmatch(given)
    assert given != sent.decode("latin-1")
    texts = [server.log(), *(str(row) for row in exports.rows(server, admin))]
    if len(sent) > 2:
        assert not [text for text in texts if sent.decode("latin-1") in text]


SPLITS = [
    b"X-Request-Id: a\r\n X-Injected: yes",  # a folded line
    b"X-Request-Id: a\rX-Injected: yes",
    b"X-Request-Id: a\nX-Injected: yes",
    b"X-Request-Id: a\0b",
    b"X-Organization: a\r\n\tb",
    b"X-Organization: \xff\xfe",
    b"X-Organization: a\x1b[31m",
]


@pytest.mark.parametrize("header", SPLITS)
def test_odd_headers_are_refused_or_harmless(shared_server: Server, shared_anna: User, header: bytes) -> None:
    authorization = f"Authorization: Token {shared_anna.token}".encode()
    answer = exchange(shared_server, b"GET /api/events HTTP/1.1", authorization, header)
    status, *headers = head_of(answer)
    assert 200 <= int(status.split()[1]) < 500, answer
    assert not [header for header in headers if header.lower().startswith(b"x-injected")]
    assert b"\0" not in answer


def test_no_text_of_a_client_begins_a_line_of_the_log(make_server) -> None:
    server = make_server(log_level="debug").start()
    admin = server.add_user("root", "admin")
    forged = f"\n2026-01-01T00:00:00Z ERROR {MARK}\r\n\x1b[31m{MARK}\x1b[0m"
    url, headers = server.url, admin.headers
    requests.get(f"{url}/{quote(forged)}", headers=headers, timeout=10)
    requests.get(f"{url}/api/dashboards/{quote(forged)}", headers=headers, timeout=10)
    requests.get(f"{url}/api/events", params={"filename": forged, "org": forged}, headers=headers, timeout=10)
    requests.get(f"{url}/api/users/self", auth=(forged, forged), timeout=10)
    requests.post(f"{url}/api/auth/login", json={"username": forged, "password": forged}, timeout=10)
    requests.post(f"{url}/api/query", json={"sql": f"SELECT '{forged}' FROM nowhere"}, headers=headers, timeout=10)
    requests.post(f"{url}/api/admin/users", json={"username": forged}, headers=headers, timeout=10)
    board = {"dashboard": {"title": forged, "panels": []}, "note": forged}
    requests.post(f"{url}/api/dashboards", json=board, headers=headers, timeout=10)
    assert events.ingest(server, [events.server_event(count="many" + forged), forged]).status_code in (200, 400)
    log = server.log()
    assert f"\x1b[31m{MARK}" not in log
    colours = re.compile(r"\x1b\[[0-9;]*m")
    lines = [colours.sub("", line) for line in log.splitlines()]
    # Ours all do; of a forged one the time would be another.
    assert not [line for line in lines if line.startswith("2026-01-01T00:00:00Z")]
    began = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z ")
    assert all(began.match(line) for line in lines if MARK in line)

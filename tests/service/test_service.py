"""The service itself: health, metrics, request ids, its own API description, configuration, start and stop."""

from __future__ import annotations

import os
import re
import socket
import uuid
from urllib.parse import urlsplit

import pytest
import requests

from support import ROOT, events, exports
from support.server import Server, User, run_cli


def test_health_and_readiness(server: Server) -> None:
    for path in ("/healthz", "/readyz"):
        answer = requests.get(server.url + path, timeout=10)
        assert answer.status_code == 200, path


METRIC = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="([^"\\]|\\.)*",?)*\})? \S+')


def test_metrics_are_prometheus_text(server: Server) -> None:
    answer = requests.get(f"{server.url}/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", answer.text, re.MULTILINE))
    helped = re.findall(r"^# HELP (\S+) \S", answer.text, re.MULTILINE)
    assert list(kinds) == helped
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in kinds.items()), kinds
    assert "# EOF" not in answer.text
    for line in answer.text.splitlines():
        assert not line or line.startswith("#") or METRIC.fullmatch(line), line
    names = {name.split("{")[0] for name in server.metrics()}
    assert all(name.startswith(("annoscope_", "process_")) for name in names), names


def test_metrics_are_open_metrics_for_who_asks(server: Server) -> None:
    wanted = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"}
    answer = requests.get(f"{server.url}/metrics", headers=wanted, timeout=10)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    assert "# TYPE annoscope_dead_letter_failures counter\n" in answer.text


def test_received_events_add_up(server: Server, anna: User) -> None:
    """Each is stored, known already, or put aside with a reason; none is just gone."""
    at = events.now()
    batch = [events.event("load:job", at, obj_id=index) for index in range(5)]
    assert events.send(server, anna, batch).status_code == 201
    assert events.send(server, anna, [*batch, events.event("load:job", at, obj_id=5)]).status_code == 201
    others = [events.server_event(obj_id=index) for index in range(3)]
    for _ in range(2):
        assert events.ingest(server, [*others, {"obj_id": 3}]).status_code == 200

    def total(name: str) -> float:
        return server.metric(f"annoscope_{name}_total")

    received = total("events_received")
    stored, repeated, put_aside = (
        total("store_rows_stored"),
        total("events_deduplicated"),
        total("events_dead_lettered"),
    )
    assert (received, stored, repeated, put_aside) == (19, 9, 8, 2)


ROUTES = [
    # (method, path, as whom, status)
    ("GET", "/healthz", None, 200),
    ("GET", "/readyz", None, 200),
    ("GET", "/metrics", None, 200),
    ("GET", "/api/server/about", None, 200),
    ("GET", "/api/server/plugins", "anna", 200),
    ("GET", "/api/users/self", "anna", 200),
    ("GET", "/api/users/self", None, 401),
    ("GET", "/api/events", None, 401),
    ("GET", "/api/events", "anna", 202),
    ("HEAD", "/api/events", "anna", 202),
    ("GET", "/api/events?user_id=abc", "anna", 400),
    ("GET", "/api/events?user_id=999999", "anna", 403),
    ("POST", "/api/events", "anna", 400),
    ("PUT", "/api/events", "anna", 405),
    ("DELETE", "/api/events", "anna", 405),
    ("GET", "/api/events/export", "anna", 405),
    ("POST", "/api/events/export", "anna", 202),
    ("GET", "/api/events/download", "anna", 400),
    ("GET", "/api/requests", "anna", 200),
    ("GET", "/api/requests/nothing", "anna", 404),
    ("POST", "/api/requests/nothing/cancel", "anna", 404),
    ("POST", "/api/auth/login", None, 400),
    ("GET", "/api/schema/", None, 200),
    ("GET", "/api/docs/", None, 200),
    ("GET", "/no/such/page", None, 404),
    ("GET", "/api/nothing", "anna", 404),
    ("POST", "/healthz", None, 405),
]


ROUTE_NAMES = [" ".join(map(str, route)) for route in ROUTES]


@pytest.mark.parametrize(("method", "path", "who", "status"), ROUTES, ids=ROUTE_NAMES)
def test_every_answer_has_a_request_id(
    shared_server: Server, shared_anna: User, method: str, path: str, who: str | None, status: int
) -> None:
    mine = str(uuid.uuid4())
    headers = {**(shared_anna.headers if who else {}), "X-Request-Id": mine}
    if (method == "POST" and path == "/api/events") or path == "/api/auth/login":
        headers["Content-Type"] = "application/json"
    answers = [
        requests.request(method, shared_server.url + path, headers=headers, timeout=10, allow_redirects=False)
        for _ in range(2)
    ]
    assert answers[0].status_code == status, answers[0].text
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    for given in ids:
        assert str(uuid.UUID(given)) == given
        assert uuid.UUID(given).version == 4
    # Fresh each time, and never the client's.
    assert len({*ids, mine}) == 3


def test_request_ids_of_the_ingest_port(shared_server: Server) -> None:
    url = shared_server.ingest_url
    answers = [
        requests.post(url, json=[], timeout=10),
        requests.post(url, data="x", headers={"Content-Type": "application/json"}, timeout=10),
        requests.post(url, json=[], headers={"Origin": "http://evil.example"}, timeout=10),
        requests.post(f"{url}other", json=[], timeout=10),
        requests.get(url, timeout=10),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 403, 404, 405]
    assert len({uuid.UUID(answer.headers["X-Request-Id"]) for answer in answers}) == 5


def test_nobody_reads_what_it_prints(make_server, tmp_path) -> None:
    """As after `annoscope serve | head`: the pipe is closed, every line fails, and the service goes on."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    server = make_server(log_path=pipe, log_level="debug").start()
    os.close(reader)
    for _ in range(20):
        assert events.ingest(server, [{"no": "scope"}]).status_code == 200
    assert server.stop() == 0
    pipe.unlink()


def test_log_lines_name_the_request(server: Server) -> None:
    answer = events.ingest(server, [{"obj_id": 1}])
    [line] = [line for line in server.log().splitlines() if "dead-letter" in line]
    assert answer.headers["X-Request-Id"] in line


def test_the_api_describes_itself(server: Server) -> None:
    schema = requests.get(f"{server.url}/api/schema/", timeout=10).json()
    assert schema["openapi"].startswith("3.")
    paths = schema["paths"]
    for path, method in (
        ("/api/events", "post"),
        ("/api/events", "get"),
        ("/api/events/export", "post"),
        ("/api/events/download", "get"),
        ("/api/requests", "get"),
        ("/api/requests/{id}", "get"),
        ("/api/requests/{id}/cancel", "post"),
        ("/api/server/about", "get"),
        ("/api/users/self", "get"),
        ("/api/auth/login", "post"),
    ):
        assert method in paths.get(path, {}), f"{method} {path} is not in the schema: {sorted(paths)}"


def test_the_docs_page_loads_nothing_from_elsewhere(server: Server) -> None:
    page = requests.get(f"{server.url}/api/docs/", timeout=10)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert "//" not in link, link
        assert requests.get(requests.compat.urljoin(page.url, link), timeout=10).status_code == 200, link


def test_a_second_process_is_refused(server: Server) -> None:
    ports = ("--listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0")
    second = run_cli("serve", "--data-dir", str(server.data_dir), *ports)
    assert second.returncode not in (0, 101)
    [sentence] = [line for line in second.stderr.splitlines() if "in use" in line]
    assert str(server.data_dir) in sentence
    assert str(server.process.pid) in sentence
    # And the first is none the worse.
    assert requests.get(f"{server.url}/readyz", timeout=10).status_code == 200


@pytest.mark.parametrize("port", ["listen", "ingest-listen"])
def test_a_port_in_use_is_named(make_server, port: str, tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = {"listen": "127.0.0.1:0", "ingest-listen": "127.0.0.1:0", port: address}
        arguments = [text for key, value in flags.items() for text in (f"--{key}", value)]
        refused = run_cli("serve", "--data-dir", str(tmp_path / "data"), *arguments)
    assert refused.returncode not in (0, 101)
    assert address in refused.stderr


@pytest.mark.parametrize("signal", ["TERM", "INT"])
def test_graceful_stop(server: Server, admin: User, signal: str) -> None:
    assert events.ingest(server, [events.server_event(obj_id=1)]).status_code == 200
    with requests.Session() as idle:  # an open connection does not hold it up
        idle.get(f"{server.url}/healthz", timeout=10)
        if signal == "INT":
            server.process.send_signal(2)
            assert server.process.wait(30) == 0
            server.process = None
        else:
            assert server.stop() == 0
    # Checkpointed: everything is in the file, the log is gone or empty.
    log = server.data_dir / "events.duckdb.wal"
    assert not log.exists() or log.stat().st_size == 0
    server.start()
    assert [row["obj_id"] for row in exports.rows(server, admin)] == ["1"]


def test_stop_lets_running_requests_end(server: Server, admin: User) -> None:
    """A request that is being sent when the stop comes is stored and answered, or refused; never half."""
    parts = urlsplit(server.ingest_url)
    sent = b'[{"scope": "create:task", "timestamp": "1719835202.5", "obj_id": 1}]'
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(head.encode() + sent[:20])
        # The server has the head when it answers another request that came later.
        requests.get(f"{server.url}/healthz", timeout=10)
        server.process.terminate()
        answer = b""
        try:
            connection.sendall(sent[20:])
            answer = connection.recv(4096)
        except ConnectionError:
            pass
    assert server.process.wait(30) == 0
    server.process = None
    server.start()
    n_stored = len(exports.rows(server, admin))
    assert n_stored <= 1
    if answer.startswith(b"HTTP/1.1 200"):
        assert n_stored == 1


def test_configuration_and_its_origins(tmp_path) -> None:
    (tmp_path / "annoscope.toml").write_text('[log]\nlevel = "warn"\nformat = "json"\n')
    shown = run_cli(
        *("config", "--data-dir", str(tmp_path), "--listen", "127.0.0.1:1234"),
        env={"ANNOSCOPE_LISTEN": "127.0.0.1:1", "ANNOSCOPE_LOG_LEVEL": "debug"},
    )
    assert shown.returncode == 0, shown.stderr
    lines = {line.split("=")[0].strip(): line for line in shown.stdout.splitlines() if "=" in line}
    for key, value, origin in (
        ("listen", "127.0.0.1:1234", "--listen"),
        ("ingest_listen", "127.0.0.1:8282", "default"),
        ("log.level", "debug", "ANNOSCOPE_LOG_LEVEL"),
        ("log.format", "json", "annoscope.toml"),
    ):
        assert value in lines[key], lines[key]
        assert origin in lines[key].partition("#")[2], lines[key]


def test_the_default_addresses_are_on_loopback(tmp_path) -> None:
    shown = run_cli("config", "--data-dir", str(tmp_path)).stdout
    assert "127.0.0.1:8380" in shown
    assert "127.0.0.1:8282" in shown


UNKNOWN = {
    "file": ("[log]\nlevle = 'info'\n", {}, "levle", "log.level"),
    "section": ("[stoer]\nthreads = 1\n", {}, "stoer", "store"),
    "environment": ("", {"ANNOSCOPE_LISTN": "127.0.0.1:1"}, "ANNOSCOPE_LISTN", "ANNOSCOPE_LISTEN"),
    "value": ("[log]\nformat = 'xml'\n", {}, "log.format", "json"),
}


@pytest.mark.parametrize(("text", "env", "written", "nearest"), UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_keys_name_the_nearest(tmp_path, text: str, env: dict, written: str, nearest: str) -> None:
    (tmp_path / "annoscope.toml").write_text(text)
    for command in ("config", "serve"):
        refused = run_cli(command, "--data-dir", str(tmp_path), env=env)
        assert refused.returncode not in (0, 101)
        assert written in refused.stderr
        assert nearest in refused.stderr


def test_an_unknown_flag(tmp_path) -> None:
    refused = run_cli("serve", "--data-dir", str(tmp_path), "--lisen", "127.0.0.1:1")
    assert refused.returncode == 2
    assert "--listen" in refused.stderr


def test_help_and_version() -> None:
    shown = run_cli("--help")
    assert shown.returncode == 0
    for command in ("serve", "config", "user", "demo"):
        assert command in shown.stdout
    assert re.fullmatch(r"annoscope \d+\.\d+\.\d+\S*\n", run_cli("--version").stdout)


def test_an_empty_store_offers_the_demo(server: Server) -> None:
    [line] = [line for line in server.log().splitlines() if "annoscope demo" in line]
    assert server.url in line or server.ingest_url.rstrip("/") in line
    # What it says works.
    assert events.ingest(server, [events.server_event()]).status_code == 200
    server.stop()
    server.start()
    assert server.log().count("annoscope demo") == 1


def test_every_metric_is_documented(server: Server) -> None:
    document = (ROOT / "docs/operations.md").read_text()
    described = requests.get(f"{server.url}/metrics", timeout=10).text
    names = set(re.findall(r"^# TYPE annoscope_(\w+)", described, re.MULTILINE))
    counters = set(re.findall(r"^annoscope_(\w+_total)", described, re.MULTILINE))
    shown = {f"{name}_total" if f"{name}_total" in counters else name for name in names}
    assert len(shown) > 20
    assert sorted(name for name in shown if f"`{name}`" not in document and f"`{name}_total`" not in document) == []

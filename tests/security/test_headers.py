"""What every answer says to browsers, and the bound on requests of one account."""

from __future__ import annotations

import json
import re
from pathlib import Path

import requests

from support import events, exports
from support.server import Server, User, run_cli, wait_for

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def check_headers(answer: requests.Response) -> None:
    what = f"{answer.request.method} {answer.request.url}: {answer.status_code}"
    for name in (
        *("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"),
        "X-Request-Id",
    ):
        assert len(answer.raw.headers.getlist(name)) == 1, f"{name} of {what}"
    policy = answer.headers["Content-Security-Policy"]
    rules = {words[0]: words[1:] for words in (rule.split() for rule in policy.split(";")) if words}
    assert rules["default-src"] == ["'self'"], what
    # No script but files of ours: neither in a text nor made of one.
    assert set(rules.get("script-src", ["'self'"])) <= {"'self'"}, what
    assert (rules["object-src"], rules["base-uri"], rules["frame-ancestors"]) == (["'none'"],) * 3, what
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer", "strict-origin")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert UUID.fullmatch(answer.headers["X-Request-Id"]), what
    assert "Server" not in answer.headers
    # No other site reads an answer.
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")], what


def test_security_headers_are_on_every_kind_of_answer(make_server) -> None:
    server = make_server(ingest_max_body_bytes="64KiB", requests_per_minute=60).start()
    anna, root, busy = server.add_user("anna"), server.add_user("root", "admin"), server.add_user("busy")
    query_id = exports.start(server, root)
    exports.finish(server, root, query_id)
    json_, anna_, root_ = {"Content-Type": "application/json"}, anna.headers, root.headers
    page = requests.get(f"{server.url}/analytics/", timeout=10)
    asset = re.search(r'src="(?:\./|/analytics/)?(assets/[^"]+\.js)"', page.text)
    cases: list[tuple[int, str, str, dict, bytes]] = [
        (200, "GET", "/analytics/", {}, b""),
        (200, "GET", "/analytics/d/all-events", {}, b""),
        *([(200, "GET", f"/analytics/{asset[1]}", {}, b"")] if asset else []),
        (304, "GET", "/analytics/", {"If-None-Match": page.headers.get("ETag", "")}, b""),
        (404, "GET", "/analytics/assets/none.js", {}, b""),
        (307, "GET", "/", {}, b""),
        (200, "GET", "/healthz", {}, b""),
        (200, "GET", "/readyz", {}, b""),
        (200, "GET", "/metrics", {}, b""),
        (200, "GET", "/api/schema/", {}, b""),
        (200, "GET", "/api/docs/", {}, b""),
        (200, "GET", "/api/server/about", {}, b""),
        (200, "HEAD", "/api/users/self", anna_, b""),
        (200, "GET", f"/api/events?query_id={query_id}&action=download", root_, b""),
        (202, "GET", "/api/events", anna_, b""),
        (201, "POST", "/api/events", {**anna_, **json_}, json.dumps(events.body([events.event()])).encode()),
        (200, "POST", "/api/query", {**root_, **json_}, b'{"sql": "SELECT 1"}'),
        (200, "POST", "/api/query", {**root_, **json_, "Accept": "text/csv"}, b'{"sql": "SELECT 1"}'),
        (400, "POST", "/api/query", {**root_, **json_}, b'{"sql": "DROP TABLE events"}'),
        (400, "POST", "/api/events", {**anna_, **json_}, b"{"),
        (400, "GET", "/api/events?from=x", anna_, b""),
        (401, "GET", "/api/users/self", {}, b""),
        (401, "GET", "/analytics/auth", {}, b""),
        (403, "GET", "/api/admin/users", anna_, b""),
        (404, "GET", "/nothing", {}, b""),
        (404, "GET", "/api/requests/x", anna_, b""),
        (405, "PUT", "/api/events", anna_, b""),
        (405, "TRACE", "/api/events", anna_, b""),
        (413, "POST", "/api/events", {**anna_, **json_}, b" " * 100_000),
        (415, "POST", "/api/events", anna_, b"{}"),
    ]
    for status, method, path, headers, body in cases:
        answer = requests.request(
            method, server.url + path, headers=headers, data=body, timeout=30, allow_redirects=False
        )
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        check_headers(answer)

    def refused() -> list[requests.Response]:
        answer = requests.get(f"{server.url}/api/users/self", headers=busy.headers, timeout=10)
        return [answer] if answer.status_code == 429 else []

    check_headers(*wait_for("the limit of requests of one account", refused))
    for body, headers, status in (
        (b"[]", json_, 200),
        (b"{", json_, 400),
        (b"[]", {"Origin": "https://evil.example"}, 403),
    ):
        answer = requests.post(server.ingest_url, data=body, headers=headers, timeout=10)
        assert answer.status_code == status
        check_headers(answer)
    answer = requests.get(f"{server.ingest_url}nothing", timeout=10)
    assert answer.status_code == 404
    check_headers(answer)


def test_what_is_told_to_somebody_is_kept_by_nobody_between(server: Server, admin: User) -> None:
    """No cache on the way or in the browser shows it to the next one."""
    for path in ("users/self", "admin/users", "tokens", "dashboards", "requests"):
        answer = requests.get(f"{server.url}/api/{path}", headers=admin.headers, timeout=10)
        assert "no-store" in answer.headers.get("Cache-Control", ""), path
    body = {"username": admin.name, "password": admin.password}
    login = requests.post(f"{server.url}/api/auth/login", json=body, timeout=10)
    assert "no-store" in login.headers.get("Cache-Control", "")


def test_one_account_has_so_many_requests_a_minute(make_server) -> None:
    server = make_server(requests_per_minute=20).start()
    anna, bert = server.add_user("anna"), server.add_user("bert")
    url = f"{server.url}/api/users/self"
    answers = [requests.get(url, headers=anna.headers, timeout=10) for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:20]] == [200] * 20
    assert refused
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    # By the account, whatever the credentials; others are none the worse.
    assert 429 in [requests.get(url, auth=anna.basic, timeout=10).status_code for _ in range(5)]
    assert requests.get(url, headers=bert.headers, timeout=10).status_code == 200


def test_the_page_may_be_embedded_by_whom_the_configuration_names(make_server, tmp_path: Path) -> None:
    server = make_server(page_embedded_by="https://cvat.example.org https://other.example.org:8443").start()
    answer = requests.get(f"{server.url}/analytics/", timeout=10)
    expected = "frame-ancestors 'self' https://cvat.example.org https://other.example.org:8443"
    assert expected in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    for hostile in ("https://a; script-src *", "https://a, https://b", "https://a\nX-Injected: yes", "https://ä"):
        refused = run_cli("config", "--data-dir", str(tmp_path / "x"), env={"ANNOSCOPE_PAGE_EMBEDDED_BY": hostile})
        assert refused.returncode not in (0, 101), hostile
        assert "page.embedded_by" in refused.stderr

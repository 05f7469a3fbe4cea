"""Asks POST /api/query and POST /api/ds/query, and looks at what runs."""

from __future__ import annotations

import json
import socket

import requests

from support.server import Server, User

COUNT = "SELECT count() FROM events"
BY_SCOPE = "SELECT scope, count() AS n FROM events GROUP BY scope ORDER BY scope"
TIMES = "SELECT timestamp, scope, obj_id FROM events ORDER BY timestamp"

# Rows for longer than any test waits.
MANY_ROWS = "SELECT number FROM numbers(1000000000000)"

# No row for longer than any test waits.
NO_ROW = "SELECT count() FROM numbers(1000000) AS a, numbers(1000000) AS b WHERE (a.number * b.number) % 1000003 = 77"


def ask(server: Server, user: User, sql: str, accept: str = "application/json", **body: object) -> requests.Response:
    """Sends a query and reads its whole answer."""
    headers = {**user.headers, "Accept": accept}
    return requests.post(f"{server.url}/api/query", json={"sql": sql, **body}, headers=headers, timeout=60)


def rows(server: Server, user: User, sql: str, **body: object) -> list:
    answer = ask(server, user, sql, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def running(server: Server, user: User) -> list[dict]:
    answer = requests.get(f"{server.url}/api/queries", headers=user.headers, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(server: Server, outcome: str) -> float:
    """How many queries ended so."""
    return server.metrics().get(f'annoscope_query_duration_seconds_count{{outcome="{outcome}"}}', 0)


def frames(
    server: Server, user: User, queries: list[dict], path: str = "/api/ds/query", status: int = 200, **body: object
) -> dict:
    body = {"queries": queries, "from": "now-1h", "to": "now", **body}
    answer = requests.post(server.url + path, json=body, headers=user.headers, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()["results"]


class Endless:
    """A client that waits for rows on a socket of its own."""

    def __init__(self, server: Server, user: User, sql: str):
        host, port = server.flags["listen"].rsplit(":", 1)
        body = json.dumps({"sql": sql})
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.sendall(
            (
                f"POST /api/query HTTP/1.1\r\nHost: {host}\r\nAuthorization: Token {user.token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )

    def hang_up(self) -> None:
        self.socket.close()

"""Reading the events back, as clients do."""

from __future__ import annotations

import csv
import io

import requests

from support.events import FIELDS
from support.server import Server, User, wait_for

# Everything: a lower bound turns the 30-day default off.
ALL = {"from": "1971-01-01T00:00:00Z"}


def get(server: Server, user: User, **query: object) -> requests.Response:
    return requests.get(f"{server.url}/api/events", params=query, headers=user.headers, timeout=60)


def start(server: Server, user: User, **query: object) -> str:
    """Starts an export and returns its query_id."""
    answer = get(server, user, **query)
    assert answer.status_code == 202, f"{answer.status_code}: {answer.text}"
    return answer.json()["query_id"]


def finish(server: Server, user: User, query_id: str, deadline_s: float = 60) -> None:
    """Waits until the export's result is there."""

    def finished() -> bool:
        answer = get(server, user, query_id=query_id)
        assert answer.status_code in (201, 202), f"{answer.status_code}: {answer.text}"
        return answer.status_code == 201

    wait_for("the export", finished, deadline_s, interval_s=0.02)


def download(server: Server, user: User, query_id: str) -> requests.Response:
    return get(server, user, query_id=query_id, action="download")


def export(server: Server, user: User, **query: object) -> bytes:
    """One export by the query_id flow, to its bytes."""
    query_id = start(server, user, **query)
    finish(server, user, query_id)
    answer = download(server, user, query_id)
    assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
    return answer.content


def parse(content: bytes) -> list[dict[str, str]]:
    """The rows of an exported CSV."""
    reader = csv.DictReader(io.StringIO(content.decode(), newline=""))
    rows = list(reader)
    assert reader.fieldnames == FIELDS
    return rows


def rows(server: Server, user: User, **query: object) -> list[dict[str, str]]:
    """All rows that the user may see, or those of the query."""
    return parse(export(server, user, **(query or ALL)))


def one_string(answer: requests.Response) -> str:
    """The shape of CVAT's own errors: a JSON array with one string."""
    [text] = answer.json()
    assert isinstance(text, str)
    return text


def request_export(server: Server, user: User, **query: object) -> str:
    """Starts an export by the newer way and returns its rq_id."""
    answer = requests.post(f"{server.url}/api/events/export", params=query, headers=user.headers, timeout=60)
    assert answer.status_code == 202, f"{answer.status_code}: {answer.text}"
    return answer.json()["rq_id"]


def finish_request(server: Server, user: User, rq_id: str, deadline_s: float = 60) -> dict:
    """Waits until a request finished or failed; returns what the server says about it."""

    def ended() -> dict | None:
        answer = requests.get(f"{server.url}/api/requests/{rq_id}", headers=user.headers, timeout=60)
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        return answer.json() if answer.json()["status"] in ("finished", "failed") else None

    return wait_for("the request", ended, deadline_s, interval_s=0.02)

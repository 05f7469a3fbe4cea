"""Hours at the edges of a range, whose hours they are, and what nobody can claim: the built-in dashboards' own SQL."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support import ROOT
from support.server import Server, check_log

DASHBOARDS = ROOT / "dashboards"
ALL = {"all": "'-1'"}
FILTERS = ("users", "projects", "tasks", "jobs", "organizations")
BASE_MS = 1_780_000_000_000
DAY_MS = 86_400_000
# Panel, the column of hours, and how many ms its unit has.
SUMS = [
    ("timesheet", "Hours per person and day", "working_time_ms", 1),
    ("timesheet", "Days", "Working time (h)", 3_600_000),
    ("timesheet", "Projects", "Working time (h)", 3_600_000),
    ("management", "Working time", "Working time (h)", 3_600_000),
]


class Hours:
    """A server, and what its dashboards answer."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.user = server.add_user("root", "admin")

    def send(self, events: list[dict]) -> None:
        assert requests.post(self.server.ingest_url, json=events, timeout=30).status_code == 200

    def rows(self, sql: str, from_ms: int, to_ms: int, zone: str = "UTC") -> list[dict]:
        variables = dict.fromkeys(FILTERS, ALL) | {"timezone": zone}
        body = {"sql": sql, "from": from_ms, "to": to_ms, "variables": variables, "interval_ms": 600_000}
        answer = requests.post(f"{self.server.url}/api/query", json=body, headers=self.user.headers, timeout=60)
        assert answer.status_code == 200, f"{answer.text}\n{sql}"
        names = [column["name"] for column in answer.json()["columns"]]
        return [dict(zip(names, row, strict=True)) for row in answer.json()["rows"]]


@pytest.fixture
def hours(tmp_path: Path) -> Iterator[Hours]:
    server = Server(tmp_path / "data", tmp_path / "server.log").start()
    yield Hours(server)
    server.close()
    check_log(server)


def board(uid: str) -> dict:
    return json.loads((DASHBOARDS / f"{uid}.json").read_text(encoding="utf-8"))


def sql_of(uid: str, title: str) -> str:
    [panel] = [panel for panel in board(uid)["panels"] if panel["title"] == title]
    return panel["targets"][0]["rawSql"]


def query_of(uid: str, name: str) -> str:
    [variable] = [variable for variable in board(uid)["templating"]["list"] if variable["name"] == name]
    return variable["query"]


def working_time(at_ms: int, ms: int, intervals: list[list[int]] | None = None, **fields: object) -> dict:
    event = {
        "scope": "send:working_time",
        "source": "server",
        "timestamp": str(at_ms / 1000),
        "user_id": 1,
        "payload": json.dumps({"working_time": ms}),
    }
    return event | ({"intervals": intervals} if intervals else {}) | fields


def made_up(made: random.Random) -> list[dict]:
    """Rows whose times lie before, within and after what they counted."""
    events = []
    for n in range(60):
        begin = BASE_MS + made.randrange(6 * DAY_MS)
        intervals, end = [], begin
        for _ in range(made.randrange(4)):
            start = end + made.randrange(20_000_000)
            end = start + made.randrange(9_000_000)
            intervals.append([start, end])
        ms = sum(b - a for a, b in intervals) or 60_000
        at = begin + made.randrange(-50_000_000, 50_000_000)
        events.append(working_time(at, ms, intervals, user_id=n % 3, project_id=n % 2, job_id=n % 5))
    return events


def counted(event: dict, from_ms: int, to_ms: int) -> int:
    """By hand: intervals cut to the range, and whole what came without."""
    if "intervals" in event:
        return sum(max(0, min(b, to_ms + 1) - max(a, from_ms)) for a, b in event["intervals"])
    at_ms = round(float(event["timestamp"]) * 1000)
    return json.loads(event["payload"])["working_time"] if from_ms <= at_ms <= to_ms else 0


def test_adjoining_ranges_have_the_sum_of_their_union(hours: Hours) -> None:
    made = random.Random(14)
    events = made_up(made)
    hours.send(events)
    for zone in ("UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"):
        ends = [BASE_MS + made.randrange(-2 * DAY_MS, 9 * DAY_MS) for _ in range(3)]
        first, middle, last = sorted(ends)
        for uid, title, column, unit_ms in SUMS:

            def total(
                from_ms: int, to_ms: int, *, uid=uid, title=title, column=column, unit_ms=unit_ms, zone=zone
            ) -> float:
                rows = hours.rows(sql_of(uid, title), from_ms, to_ms, zone)
                return sum(float(row[column]) * unit_ms for row in rows)

            whole = total(first, last)
            assert whole == pytest.approx(sum(counted(event, first, last) for event in events), abs=0.01)
            assert total(first, middle - 1) + total(middle, last) == pytest.approx(whole, abs=0.01)


def test_what_is_claimed_is_no_hours(hours: Hours) -> None:
    hours.send([working_time(BASE_MS, 60_000)])
    claims = [("click:element", "client", 36_000_000), ("click:element", "server", 36_000_000)]
    claims += [("send:working_time", "client", 36_000_000), ("send:working_time", "server", 2**63 - 1)]
    for n, (scope, source, ms) in enumerate(claims):
        hours.send([working_time(BASE_MS + n, ms, scope=scope, source=source)])
    for uid, title, column, unit_ms in SUMS:
        rows = hours.rows(sql_of(uid, title), BASE_MS - 1000, BASE_MS + 1000)
        assert sum(float(row[column]) * unit_ms for row in rows) == pytest.approx(60_000), (uid, title)


def test_who_did_something_and_worked_no_time_has_a_row(hours: Hours) -> None:
    hours.send([working_time(BASE_MS, 0, scope="update:job", user_id=7, user_name="idle", payload="{}")])
    rows = hours.rows(sql_of("timesheet", "Hours per person and day"), BASE_MS - 1000, BASE_MS + 1000)
    told = [(row["user_id"], row["user_name"], row["working_time_ms"]) for row in rows if int(row["user_id"] or 0) == 7]
    assert [(int(user), name, int(ms)) for user, name, ms in told] == [(7, "idle", 0)]


def test_a_renamed_person_has_the_latest_name_everywhere(hours: Hours) -> None:
    for n, (name, slug) in enumerate([("mira", "red"), ("mira", "red"), ("mira.n", "red-labs")]):
        ids = {"user_id": 9, "user_name": name, "org_id": 4, "org_slug": slug, "job_id": n}
        at_ms = BASE_MS + n * 3_600_000
        hours.send(
            [working_time(at_ms, 300_000, **ids), working_time(at_ms, 0, scope="update:job", payload="{}", **ids)]
        )
    ends = (BASE_MS - 1000, BASE_MS + DAY_MS)
    panels = [
        ("timesheet", "Days", "User"),
        ("management", "User activity", "user"),
        ("management", "Working time", "User"),
    ]
    for uid, title, column in panels:
        names = {row[column] for row in hours.rows(sql_of(uid, title), *ends) if row[column].endswith("#9")}
        assert names == {"mira.n #9"}, (uid, title)
    for uid in ("timesheet", "management", "monitoring", "all-events"):
        texts = [row["text"] for row in hours.rows(query_of(uid, "users"), *ends)]
        assert [text for text in texts if text.endswith("#9")] == ["mira.n #9"], uid
    assert [row["text"] for row in hours.rows(query_of("timesheet", "organizations"), *ends)] == ["red-labs #4"]


def test_overlaps_and_long_pieces_are_marked(hours: Hours) -> None:
    hours.send(
        [
            working_time(BASE_MS, 60_000, [[BASE_MS, BASE_MS + 60_000]], job_id=1),
            working_time(BASE_MS, 60_000, [[BASE_MS + 10_000, BASE_MS + 70_000]], job_id=2),
            working_time(BASE_MS, 28_800_000, [[BASE_MS, BASE_MS + 28_800_000]], user_id=2),
            working_time(BASE_MS, 60_000, [[BASE_MS, BASE_MS + 60_000]], user_id=3),
        ]
    )
    sql = board("timesheet")["panels"][0]["options"]["marksSql"]
    rows = hours.rows(sql, BASE_MS - DAY_MS, BASE_MS + DAY_MS)
    marks = {int(row["user_id"]): (int(row["twice_ms"]), int(row["long_ms"])) for row in rows}
    assert marks == {1: (50_000, 0), 2: (0, 28_800_000)}

"""The relations beside `events` have the rows that plain Python finds in the raw events (reference.py)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from insights import scenario
from insights.reference import Insights, Row
from insights.scenario import Project
from support.query import rows
from support.server import Server, User, check_log

RELATIONS = ["intervals", "hours", "sessions", "job_transitions", "decisions", "status_intervals", "objects", "issues"]
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns"]

COLUMNS = ["scope", "obj_name", "obj_id", "obj_val", "source", "ms", "count", "project_id", "task_id", "job_id"]
COLUMNS += ["user_id", "org_id", "payload", "request_id", "counted_ms"]
EXPRESSIONS = ["toUnixTimestamp64Milli(timestamp)" if name == "ms" else name for name in COLUMNS]
RAW = f"SELECT {', '.join(EXPRESSIONS)} FROM events"


def raw_events(server: Server, admin: User) -> list[Row]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows(server, admin, RAW)]


def columns(server: Server, admin: User, relation: str) -> list[tuple[str, str]]:
    sql = f"SELECT name, type FROM system.columns WHERE table = '{relation}' ORDER BY position"
    return [(name, data_type) for name, data_type in rows(server, admin, sql)]


def related(server: Server, admin: User, relation: str, zone: str = "UTC") -> list[Row]:
    """All rows of a relation; times as ms."""
    names = columns(server, admin, relation)
    as_ms = [
        f"toUnixTimestamp64Milli({name}) AS {name}_" if "DateTime64" in data_type else name for name, data_type in names
    ]
    sql = f"SELECT {', '.join(as_ms)} FROM {relation} SETTINGS session_timezone = '{zone}'"
    return [dict(zip([name for name, _ in names], row, strict=True)) for row in rows(server, admin, sql)]


def counted(found: list[Row]) -> Counter:
    """Rows in no order, however often each is there; their members in one order."""
    return Counter(repr(sorted(row.items())) for row in found)


def check(server: Server, admin: User) -> Insights:
    raw = raw_events(server, admin)
    for zone in ZONES:
        expected = Insights(raw, zone)
        for relation in RELATIONS:
            found, wanted = counted(related(server, admin, relation, zone)), counted(getattr(expected, relation))
            assert found == wanted, (
                f"{relation} in {zone}:\nonly in SQL: "
                + "\n  ".join(found - wanted)
                + "\nonly in Python: "
                + "\n  ".join(wanted - found)
            )
    return Insights(raw)


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, User]]:
    directory = tmp_path_factory.mktemp("scripted")
    server = Server(directory / "data", directory / "server.log").start()
    scenario.scripted(Project(server))
    yield server, server.add_user("root", "admin")
    server.close()
    print(f"--- {server.log_path}\n{server.log_tail()}")
    check_log(server)


def test_every_relation_is_compared(shared_server: Server, shared_admin: User) -> None:
    """Those of other documents' definitions aside: they are looked up, not worked out."""
    tables = {name for (name,) in rows(shared_server, shared_admin, "SHOW TABLES")}
    looked_up = {"users", "projects", "tasks", "jobs", "organizations", "labels", "cloud_storages"}
    assert tables - looked_up == {"events", *RELATIONS}


def test_the_scripted_project(scripted: tuple[Server, User]) -> None:
    insights = check(*scripted)
    # The script has what it promises.
    assert {row["role"] for row in insights.hours} == {"annotation", "rework", "review", ""}
    assert {row["origin"] for row in insights.objects} == {"hand", "import", "batch"}
    by_job = defaultdict(list)
    for row in insights.decisions:
        by_job[row["job_id"]].append((row["decision"], row["round"], row["is_done"]))
    assert by_job[11] == [("rejected", 1, 0), ("rejected", 2, 0), ("accepted", 3, 1), ("accepted", 3, 0)]
    assert by_job[12] == [("accepted", 1, 1)]
    assert by_job[13] == [("rejected", 1, 0)]
    assert {row["change"] for row in insights.job_transitions if row["job_id"] == 22} == {"created", "deleted"}
    assert any(row["presence_ms"] < row["ms"] for row in insights.sessions)
    assert any(row["has_intervals"] == 0 for row in insights.hours)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_projects(server: Server, admin: User, seed: int) -> None:
    scenario.at_random(Project(server, seed))
    check(server, admin)


def test_sums_are_those_of_the_events(scripted: tuple[Server, User]) -> None:
    """Nothing is lost or counted twice on the way, whatever rows are cut into."""
    server, admin = scripted

    def total(sql: str, zone: str = "UTC") -> list:
        return rows(server, admin, f"{sql} SETTINGS session_timezone = '{zone}'")[0]

    worked = total("SELECT sum(JSONExtractUInt(payload, 'working_time')) FROM events WHERE scope = 'send:working_time'")
    for zone in ZONES:
        for relation in ("hours", "intervals"):
            assert total(f"SELECT sum(ms) FROM {relation}", zone) == worked
        by_person = "SELECT sum(n) FROM (SELECT user_id, sum(ms) AS n FROM hours GROUP BY user_id, day, role)"
        assert total(by_person, zone) == worked
    of_jobs = total("SELECT sum(ms), sum(created), sum(updated), sum(deleted), sum(net) FROM status_intervals")
    assert of_jobs[:1] == total("SELECT sum(ms) FROM intervals WHERE job_id IS NOT NULL")
    assert of_jobs[1:] == total("SELECT sum(created), sum(updated), sum(deleted), sum(net) FROM objects")
    objects = "SELECT sum(count) FROM events WHERE scope IN ('create:tags', 'create:shapes', 'create:tracks')"
    assert of_jobs[1:2] == total(objects)
    assert total("SELECT sum(ms) FROM sessions") == total("SELECT sum(ms) FROM intervals WHERE has_intervals = 1")


def test_repeated_and_late_events_change_only_what_they_must(server: Server, admin: User) -> None:
    project = Project(server, seed=7)
    scenario.at_random(project, n=60)
    before = {relation: counted(related(server, admin, relation)) for relation in RELATIONS}
    for batch in scenario.batches(project.sent, project.chance):
        project.ingest(batch)
    assert {relation: counted(related(server, admin, relation)) for relation in RELATIONS} == before
    # One that comes days later than it happened is where it belongs: between the changes of its job, and of no other.
    project.change(11, project.at(0, "06:30"), "lea", assignee="uma")
    for relation in RELATIONS:
        was = {row for row in before[relation] if "('job_id', 11)" not in row}
        now = {row for row in counted(related(server, admin, relation)) if "('job_id', 11)" not in row}
        assert was == now, relation
    check(server, admin)


def test_columns_are_those_that_are_documented(shared_server: Server, shared_admin: User) -> None:
    """Each relation can be selected whole, by the names and types that it is said to have."""
    document = (Path(__file__).parents[2] / "docs" / "relations.md").read_text()
    for relation in RELATIONS:
        section = document.split(f"### {relation}\n")[1].split("\n### ")[0]
        told = re.findall(r"^\| `(\w+)` \| (.+?) \| ", section, re.MULTILINE)
        assert told == columns(shared_server, shared_admin, relation)
        assert rows(shared_server, shared_admin, f"SELECT * FROM {relation}") == []

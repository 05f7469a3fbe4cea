"""Each figure of docs/insights.md: its SQL, and the same worked out by hand from the raw events."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from insights import scenario
from insights.reference import Insights, Row
from insights.scenario import Project
from insights.test_relations import raw_events
from support.query import rows
from support.server import Server, User, check_log

DOCUMENT = Path(__file__).parents[2] / "docs" / "insights.md"
STATEMENTS = dict(re.findall(r"^### (.+?)\n.*?```sql\n(.*?)```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL))
HOUR_MS = 3_600_000
ZONE = "Europe/Berlin"


class Period:
    """The rows of some days, of jobs that count in totals."""

    def __init__(self, insights: Insights, first: str, last: str):
        def within(found: list[Row]) -> list[Row]:
            return [row for row in found if first <= row["day"] <= last]

        self.all = insights
        self.hours, self.sessions = within(insights.hours), within(insights.sessions)
        self.objects, self.issues = within(insights.objects), within(insights.issues)
        self.decisions = [row for row in within(insights.decisions) if row["type"] == "annotation"]


def grouped(found: list[Row], *keys: str) -> dict[tuple, list[Row]]:
    groups = defaultdict(list)
    for row in found:
        groups[tuple(row[key] for key in keys)].append(row)
    return groups


def ms(found: list[Row]) -> int:
    return sum(row["ms"] for row in found)


def hours_by_role(period: Period) -> list[list]:
    return [[*key, ms(found) / HOUR_MS] for key, found in grouped(period.hours, "user_id", "role").items()]


def hours_and_presence(period: Period) -> list[list]:
    return [
        [user, ms(found) / HOUR_MS, sum(row["presence_ms"] for row in found) / HOUR_MS, len(found)]
        for (user,), found in grouped(period.sessions, "user_id").items()
    ]


def rework_share(period: Period) -> list[list]:
    by_role = grouped(period.hours, "role")
    rework, annotation = ms(by_role[("rework",)]), ms(by_role[("annotation",)])
    return [[rework / (rework + annotation) if rework + annotation else None]]


def objects_per_hour(period: Period) -> list[list]:
    by_hand = grouped([row for row in period.objects if row["origin"] == "hand"], "user_id")
    worked = grouped([row for row in period.hours if row["role"] in ("annotation", "rework")], "user_id")
    found = []
    for user in by_hand.keys() | worked.keys():
        n, hours = sum(row["net"] for row in by_hand.get(user, [])), ms(worked.get(user, [])) / HOUR_MS
        found.append([*user, n, hours, None if hours < 0.1 else n / hours])
    return found


def kind(row: Row) -> str:
    return "review" if row["role"] == "review" else "annotation"


def frames_per_hour(period: Period) -> list[list]:
    frames: dict[tuple, float] = defaultdict(float)
    for done in period.decisions:
        if not done["is_done"]:
            continue
        before = [row for row in period.all.hours if row["job_id"] == done["job_id"] and row["started"] < done["at"]]
        before = [row for row in before if row["role"]]
        for row in before:
            of_kind = [other for other in before if kind(other) == kind(row)]
            frames[row["user_id"], kind(row)] += done["frames"] * row["ms"] / ms(of_kind)
    found = []
    for (user, what), n in frames.items():
        own = [row for row in period.hours if row["user_id"] == user and row["role"] and kind(row) == what]
        if own:
            hours = ms(own) / HOUR_MS
            found.append([user, what, n, hours, None if hours < 0.1 else n / hours])
    return found


def first_pass_rate(period: Period) -> list[list]:
    found = []
    for key, decisions in grouped([row for row in period.decisions if row["number"] == 1], "annotator_id").items():
        accepted = sum(row["decision"] == "accepted" for row in decisions)
        found.append([*key, accepted, len(decisions), accepted / len(decisions)])
    return found


def rejections(period: Period) -> list[list]:
    rejected = grouped([row for row in period.decisions if row["decision"] == "rejected"], "annotator_id")
    return [[*key, len(found), len({row["job_id"] for row in found})] for key, found in rejected.items()]


def rounds(period: Period) -> list[list]:
    of_done = [row["round"] for row in period.decisions if row["is_done"]]
    return [[mean(of_done) if of_done else None, max(of_done, default=0), len(of_done)]]


def time_to_review(period: Period) -> list[list]:
    first = [row for row in period.decisions if row["number"] == 1 and row["wait_ms"] is not None]
    found = []
    for key, decisions in grouped(first, "project_id").items():
        waits = [row["wait_ms"] / HOUR_MS for row in decisions]
        found.append([*key, len(waits), mean(waits), max(waits)])
    return found


def lead_time(period: Period) -> list[list]:
    found = []
    for done in period.decisions:
        worked = [row["started"] for row in period.all.hours if row["job_id"] == done["job_id"]]
        if done["is_done"] and worked:
            found.append([done["job_id"], (done["at"] - min(worked)) / HOUR_MS])
    return found


def waiting(period: Period) -> list[list]:
    found = []
    for (job_id,), changes in grouped(period.all.job_transitions, "job_id").items():
        last = max(changes, key=lambda row: row["number"])
        state = (last["stage_after"], last["state_after"])
        is_waiting = state in {("validation", "new"), ("validation", "in progress"), ("annotation", "completed")}
        if last["type"] == "annotation" and last["change"] != "deleted" and is_waiting:
            entries = [
                row["at"]
                for row in changes
                if row["stage_after"] == "validation" != row["stage_before"]
                or row["state_after"] == "completed" != row["state_before"]
            ]
            found.append([job_id, last["assignee_after"], *state, max(entries)])
    return found


def issues(period: Period) -> list[list]:
    found = []
    for key, opened in grouped([row for row in period.issues if row["deleted"] is None], "assignee_id").items():
        times = [(row["resolved"] - row["opened"]) / HOUR_MS for row in opened if row["resolved"] is not None]
        found.append([*key, len(opened), len(times) / len(opened), mean(times) if times else None])
    return found


def status_intervals(period: Period) -> list[list]:
    keys = ["job_id", "number", "started", "ended", "assignee_id", "stage", "state", "user_id", "ms"]
    keys += ["created", "updated", "deleted", "net", "frames"]
    found = []
    for row in period.all.status_intervals:
        found.append([row[key] / HOUR_MS if key == "ms" else row[key] for key in keys])
    return found


FIGURES: dict[str, Callable[[Period], list[list]]] = {
    "Hours by role": hours_by_role,
    "Hours and presence": hours_and_presence,
    "Rework share": rework_share,
    "Objects per hour": objects_per_hour,
    "Frames per hour": frames_per_hour,
    "First-pass rate": first_pass_rate,
    "Rejections": rejections,
    "Rounds per accepted job": rounds,
    "Time to review": time_to_review,
    "Lead time": lead_time,
    "Waiting for review": waiting,
    "Issues": issues,
    "Status intervals": status_intervals,
}


@pytest.fixture(scope="module", params=["scripted", 4, 5])
def project(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[tuple[Server, User]]:
    """The scripted project, and two random ones."""
    directory = tmp_path_factory.mktemp("figures")
    server = Server(directory / "data", directory / "server.log").start()
    if request.param == "scripted":
        scenario.scripted(Project(server))
    else:
        scenario.at_random(Project(server, request.param))
    yield server, server.add_user("root", "admin")
    server.close()
    print(f"--- {server.log_path}\n{server.log_tail()}")
    check_log(server)


def test_the_document_has_these_figures() -> None:
    assert list(STATEMENTS) == list(FIGURES)


def comparable(value: Any) -> Any:
    """A number to nine digits; a time as ms; NaN, which a share of nothing is, as null."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", value):
        return round(dt.datetime.fromisoformat(f"{value}+00:00").timestamp() * 1000)
    return value


@pytest.mark.parametrize("figure", FIGURES)
def test_figure(project: tuple[Server, User], figure: str) -> None:
    server, admin = project
    insights = Insights(raw_events(server, admin), ZONE)
    days = sorted({row["day"] for row in insights.hours})
    n_found = 0
    for first, last in ((days[0], days[-1]), (days[1], days[2])):
        sql = f"{STATEMENTS[figure]} SETTINGS session_timezone = '{ZONE}'"
        found = rows(server, admin, sql, params={"from": first, "to": last})
        expected = FIGURES[figure](Period(insights, first, last))
        n_found += len(found)

        def in_order(some: list[list]) -> list[list]:
            return sorted(([comparable(value) for value in row] for row in some), key=repr)

        assert in_order(found) == in_order(expected), f"{figure}, {first} to {last}"
    # Of a random project nothing may be left to review.
    assert n_found or figure == "Waiting for review", "there is nothing to compare"

"""The built-in dashboards: every query of every panel and filter answers, with the columns that the panel names."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import zoneinfo
from collections.abc import Iterator

import pytest

from support.boards import ALL_BOARDS, BOARDS, INSIGHTS, Demo, all_of, panel_of, query_variables, sql_of
from support.server import Server, check_log, run_cli

PANELS = [
    pytest.param(uid, panel, id=f"{uid}: {panel['title']}")
    for uid, board in BOARDS.items()
    for panel in board["panels"]
]


VARIABLES = [
    pytest.param(uid, variable, id=f"{uid}: {variable['name']}") for uid in BOARDS for variable in query_variables(uid)
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    directory = tmp_path_factory.mktemp("dashboards")
    server = Server(directory / "data", directory / "server.log").start()
    sent = run_cli("demo", "--events", "20000", "--days", "14", "--seed", "1", "--url", server.ingest_url)
    assert sent.returncode == 0, sent.stderr
    demo = Demo(server, server.add_user("root", "admin"))
    ends = "SELECT toUnixTimestamp64Milli(min(timestamp)), toUnixTimestamp64Milli(max(timestamp)) FROM events"
    [[first, last]] = demo.ask(ends)["rows"]
    # Work may last beyond the time of the last event.
    demo.first_ms, demo.last_ms = int(first), int(last) + 300_000
    yield demo
    server.close()
    print(f"--- {server.log_path}\n{server.log_tail()}")
    check_log(server)


def test_all_are_there() -> None:
    assert set(BOARDS) == {"all-events", "management", "monitoring", "timesheet"}
    assert set(INSIGHTS) == {"project", "job", "team", "my-hours"}
    assert set(ALL_BOARDS) == {*BOARDS, *INSIGHTS, "data-quality"}


@pytest.mark.parametrize("uid", ALL_BOARDS)
def test_the_file_is_sound(uid: str) -> None:
    board = ALL_BOARDS[uid]
    assert board["uid"] == uid
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    names = [variable["name"] for variable in board["templating"]["list"]]
    assert len(set(names)) == len(names)
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
        assert panel["description"]
        for holder in (panel, *panel["targets"]):
            assert holder["datasource"] == {"type": "grafana-clickhouse-datasource", "uid": "${DS_CLICKHOUSE}"}
    for one, other in itertools.combinations((panel["gridPos"] for panel in board["panels"]), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


# The demo has none of them; `test_label_studio` in ingest/test_webhooks.py has.
OF_OTHER_TOOLS = "Reported by other tools"


@pytest.mark.parametrize(("uid", "panel"), PANELS)
def test_a_panel_with_all(demo: Demo, uid: str, panel: dict) -> None:
    rows = demo.rows(sql_of(panel), all_of(uid))
    if panel["title"] == OF_OTHER_TOOLS:
        assert rows == []
        return
    assert rows
    fields = set(rows[0])
    if panel["type"] == "timeseries":
        assert "time" in fields
        # A series is named by its value of the text column.
        fields |= {value for row in rows for value in row.values() if isinstance(value, str)}
    named = [override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]]
    named += panel["options"].get("footer", {}).get("fields") or []
    named += [sort["displayName"] for sort in panel["options"].get("sortBy", [])]
    named += [panel["options"][key] for key in panel["options"] if key == "xField"]
    assert set(named) <= fields


@pytest.mark.parametrize(("uid", "panel"), PANELS)
def test_a_panel_with_each_filter(demo: Demo, uid: str, panel: dict) -> None:
    """One value and two of each filter alone; then all filters at once, of the chain."""
    used = [variable for variable in query_variables(uid) if f"${variable['name']}" in sql_of(panel)]
    assert used
    for variable in used:
        options = demo.options(variable, all_of(uid))
        # Where an exception, or a page that was opened, has the value, is up to the data.
        is_filled = (
            panel["type"] != "barchart" and "Exceptions" not in panel["title"] and panel["title"] != OF_OTHER_TOOLS
        )
        for values in (options[:1], options[:2]):
            rows = demo.rows(sql_of(panel), all_of(uid) | {variable["name"]: values})
            assert rows or not is_filled or variable["name"] == "scopes", (variable["name"], values)
    chosen = all_of(uid)
    for variable in query_variables(uid):
        chosen[variable["name"]] = demo.options(variable, chosen)[:1]
    demo.rows(sql_of(panel), chosen)


@pytest.mark.parametrize(("uid", "variable"), VARIABLES)
def test_a_filter(demo: Demo, uid: str, variable: dict) -> None:
    """Grafana's data source for ClickHouse reads the value from the first column and the text from the second."""
    answer = demo.ask(variable["query"], all_of(uid))
    assert [column["name"] for column in answer["columns"]] == ["value", "text", "events"]
    rows = answer["rows"]
    assert rows
    assert [int(events) for *_, events in rows] == sorted((int(events) for *_, events in rows), reverse=True)
    values = [value for value, *_ in rows]
    assert len(set(values)) == len(values)
    for value, text, _ in rows:
        if variable["name"] in ("scopes", "sources", "errors"):
            assert text == value
        else:
            name, _, number = text.rpartition("#")
            assert name, "the demo has a name of each"
            assert number == str(value)


@pytest.mark.parametrize("uid", BOARDS)
def test_filters_are_chained(demo: Demo, uid: str) -> None:
    by_name = {variable["name"]: variable for variable in query_variables(uid)}
    everything = all_of(uid)
    project, *_ = demo.options(by_name["projects"], everything)
    of_project = everything | {"projects": [project]}
    tasks = demo.options(by_name["tasks"], of_project)
    assert set(tasks) < set(demo.options(by_name["tasks"], everything))
    of_task = of_project | {"tasks": tasks[:1]}
    jobs = demo.options(by_name["jobs"], of_task)
    assert jobs
    assert set(jobs) <= set(demo.options(by_name["jobs"], of_project)) < set(demo.options(by_name["jobs"], everything))


def test_a_value_with_quotes(demo: Demo) -> None:
    value = {"errors": ['it\'s \\ "odd"', "another"]}
    assert demo.rows(sql_of(panel_of("monitoring", "Exceptions")), all_of("monitoring") | value) == []


def test_the_hours_agree(demo: Demo) -> None:
    """The Working time table, the timesheet and its tables are sums of the same rows."""
    events = demo.rows("SELECT payload FROM events WHERE scope = 'send:working_time' AND $__timeFilter_ms(timestamp)")
    stored_ms = sum(json.loads(event["payload"])["working_time"] for event in events)
    assert stored_ms > 0

    def total(uid: str, title: str, column: str) -> float:
        return sum(float(row[column]) for row in demo.rows(sql_of(panel_of(uid, title)), all_of(uid)))

    assert total("timesheet", "Hours per person and day", "working_time_ms") == stored_ms
    for uid, title in [("management", "Working time"), ("timesheet", "Days"), ("timesheet", "Projects")]:
        assert total(uid, title, "Working time (h)") * 3_600_000 == pytest.approx(stored_ms)


def test_the_timesheet_has_what_its_panel_reads(demo: Demo) -> None:
    panel = panel_of("timesheet", "Hours per person and day")
    rows = demo.rows(sql_of(panel), all_of("timesheet"))
    keys = ["user_id", "user_name", "project_id", "task_id", "job_id"]
    keys += ["start_ms", "end_ms", "working_time_ms", "has_intervals"]
    assert set(keys) <= set(rows[0])
    for row in rows:
        # What took a while ends after the time of its event.
        assert demo.first_ms <= int(row["start_ms"]) <= int(row["end_ms"]) <= demo.last_ms + 60_000


def test_activity_is_everything_but_bookkeeping(demo: Demo) -> None:
    sql = (
        "SELECT count() AS n FROM events "
        "WHERE $__timeFilter_ms(timestamp) AND scope != 'send:working_time' AND user_id IS NOT NULL"
    )
    [[n]] = demo.ask(sql)["rows"]
    for title, column in [("User activity", "events"), ("Working time", "Activity")]:
        rows = demo.rows(sql_of(panel_of("management", title)), all_of("management"))
        assert sum(int(row[column]) for row in rows) == int(n)


def test_newest_first(demo: Demo) -> None:
    for uid, title in [("all-events", "All events"), ("monitoring", "Exceptions")]:
        times = [row["timestamp"] for row in demo.rows(sql_of(panel_of(uid, title)), all_of(uid))]
        assert times == sorted(times, reverse=True)
        assert len(times) <= 1000


def test_days_are_those_of_the_time_zone(demo: Demo) -> None:
    """Each row of the timesheet's panel lies within one day there, so none is booked to a wrong one."""
    panel = panel_of("timesheet", "Hours per person and day")
    for name in ("UTC", "Asia/Kathmandu", "America/Los_Angeles"):
        zone = zoneinfo.ZoneInfo(name)
        rows = demo.rows(sql_of(panel), all_of("timesheet") | {"timezone": name})
        for row in rows:
            start_ms, end_ms = int(row["start_ms"]), int(row["end_ms"])
            # The end is the first instant that is not part of it.
            for instant_ms in (start_ms, max(start_ms, end_ms - 1)):
                assert str(dt.datetime.fromtimestamp(instant_ms / 1000, zone).date()) == row["day"]

"""The relations as tools ask for them: docs/bi.md."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import pytest

from insights import scenario
from insights.scenario import Project
from support.query import frames, rows
from support.server import Server, User, check_log

DOCUMENT = (Path(__file__).parents[2] / "docs" / "bi.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL))


def recipe(tool: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", SECTIONS[tool], re.DOTALL)
    assert found, tool
    return found[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, User, Project]]:
    directory = tmp_path_factory.mktemp("tools")
    server = Server(directory / "data", directory / "server.log", clickhouse_listen="127.0.0.1:0").start()
    made = Project(server)
    scenario.scripted(made)
    yield server, server.add_user("bi", "admin"), made
    server.close()
    print(f"--- {server.log_path}\n{server.log_tail()}")
    check_log(server)


def total_hours(server: Server, admin: User) -> float:
    [[hours]] = rows(server, admin, "SELECT sum(ms) / 3600000 FROM hours")
    return hours


def of_our_days(text: str, project: Project) -> str:
    """The recipe with the days of the scenario."""
    first, last = project.at(-1, "00:00").date(), project.at(30, "00:00").date()
    text = text.replace("2026-11-01", str(first)).replace("2026-12-01", str(last)).replace("2026-11-30", str(last))
    return text.replace("ann_…", project.token)


def test_pandas(project: tuple[Server, User, Project]) -> None:
    server, admin, made = project
    made.token = admin.token
    port = urlsplit(server.clickhouse_url).port
    text = of_our_days(recipe("pandas", "python"), made).replace("8123", str(port))
    names: dict = {"clickhouse_connect": clickhouse_connect}
    exec(text, names)
    hours = names["hours"]
    assert list(hours.columns) == ["day", "user_id", "role", "hours"]
    assert hours["hours"].sum() == pytest.approx(total_hours(server, admin))
    pivot = hours.pivot_table(index="user_id", columns="day", values="hours", aggfunc="sum")
    assert pivot.sum().sum() == pytest.approx(total_hours(server, admin))


@pytest.mark.parametrize("tool", ["Metabase", "Superset"])
def test_sql_of(tool: str, project: tuple[Server, User, Project]) -> None:
    server, admin, made = project
    made.token = admin.token
    client = clickhouse_connect.get_client(
        dsn=server.clickhouse_url, username="bi", password=admin.token, database="cvat"
    )
    answer = client.query(of_our_days(recipe(tool, "sql"), made))
    assert sum(row[2] for row in answer.result_rows) / 3_600_000 == pytest.approx(total_hours(server, admin))
    # What they ask to know the tables and columns, and whether they may read them.
    for sql in (
        "SELECT name, comment FROM system.tables WHERE database = 'cvat' AND engine IN ('View', 'MaterializedView')",
        "SELECT table, name, type, comment FROM system.columns WHERE database = 'cvat' AND table = 'hours'",
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'cvat' AND table_type IN ('VIEW')",
        "DESCRIBE TABLE `cvat`.`hours`",
    ):
        assert client.query(sql).result_rows, sql
    for table in ("events", "hours", "status_intervals"):
        assert client.query(f"SELECT TRUE AS _ FROM `cvat`.`{table}` WHERE 1 <> 1 LIMIT 0").result_rows == []
        assert client.query(f"SELECT * FROM `cvat`.`{table}` LIMIT 100").result_rows


def test_grafana(project: tuple[Server, User, Project]) -> None:
    server, admin, made = project
    query = {"refId": "A", "rawSql": recipe("Grafana", "sql"), "format": 1}
    start, end = made.at(-1, "00:00"), made.at(30, "00:00")
    results = frames(
        server, admin, [query], **{"from": str(int(start.timestamp() * 1000)), "to": str(int(end.timestamp() * 1000))}
    )
    [frame] = results["A"]["frames"]
    fields = [field["name"] for field in frame["schema"]["fields"]]
    values = dict(zip(fields, frame["data"]["values"], strict=True))
    assert sum(values["hours"]) == pytest.approx(total_hours(server, admin))


def test_curl(project: tuple[Server, User, Project]) -> None:
    server, admin, made = project
    made.token = admin.token
    text = of_our_days(recipe("Anything else", "sh"), made).replace("\\\n", "")
    text = text.replace("http://127.0.0.1:8123/", server.clickhouse_url.rstrip("/") + "/")
    answer = subprocess.run([*shlex.split(text), "-sS"], capture_output=True, text=True, timeout=60, check=True).stdout
    header, *lines = answer.splitlines()
    assert header == '"role","hours"'
    assert sum(float(line.split(",")[1]) for line in lines) == pytest.approx(total_hours(server, admin))

"""Events in a ClickHouse: the same answers, and each event once, whatever breaks on the way."""

from __future__ import annotations

import csv
import io
import json

import pytest
import requests

from support import events, exports, query
from support.clickhouse_proxy import ClickHouseProxy
from support.load import Load
from support.server import run_cli, wait_for

# The columns of CVAT's table with what newer CVATs added: what `*` has to be to whoever reads the table.
CVATS = [*events.FIELDS, "access_token_id", "remote_addr"]


def first(urls: str) -> str:
    return urls.split(",")[0]


def test_events_of_both_ports_are_answered_and_exported(make_clustered, clickhouse) -> None:
    server = make_clustered().start()
    admin, anna = server.add_user("root", "admin"), server.add_user("anna")
    day = events.workday(50, events.now())
    assert events.send(server, anna, day).status_code == 201
    assert events.ingest(server, [events.server_event(obj_id=1, obj_name="it's \\ zażółć")]).status_code == 200
    server.wait_until_applied()
    found = query.rows(server, admin, "SELECT source, count() AS n FROM events GROUP BY source ORDER BY source")
    assert [row[0] for row in found] == ["client", "server"]
    rows = exports.rows(server, admin)
    assert len(events.without_working_time(rows)) == 51
    assert events.stored_hours(rows) == events.expected_hours(day)
    # Types that the two databases do not have in common, and what goes into a filter.
    sql = (
        "SELECT toDate('2026-01-02') AS d, toDateTime('2026-01-02 03:04:05', 'UTC') AS t, [toUInt8(1), 2] AS a, "
        "(1, 'x') AS p, NULL AS n, true AS b, max(timestamp) > toDateTime64('2020-01-01', 3) AS m, "
        "any(length(request_id)) AS r, sum(length(counted_ms)) > 0 AS c FROM events WHERE obj_name LIKE '%it''s%' OR 1"
    )
    assert query.rows(server, admin, sql) == [
        ["2026-01-02", "2026-01-02 03:04:05", [1, 2], [1, "x"], None, True, 1, 36, 1]
    ]
    failed = query.ask(server, admin, "SELECT intDiv(1, toUInt8(obj_id) - toUInt8(obj_id)) FROM events")
    assert failed.status_code == 400, failed.text
    assert failed.json()["error"]["message"] == "Division by zero"
    # Rights are those of every store: she sees her own events, and not the server's.
    own = query.rows(
        server, anna, "SELECT countIf(source = 'client'), countIf(obj_name = 'it''s \\\\ zażółć') FROM events"
    )
    assert own == [[50, 0]]
    # Whoever reads the table itself finds CVAT's.
    described = clickhouse.run(f"SELECT * FROM {clickhouse.database}.events LIMIT 1 FORMAT CSVWithNames")
    assert next(csv.reader(io.StringIO(described))) == CVATS
    server.stop()
    server.start()
    assert exports.rows(server, admin)[: len(rows)] == rows
    status = requests.get(f"{server.url}/api/admin/status", headers=admin.headers, timeout=10)
    assert status.status_code == 200, status.text


def test_each_event_is_there_once_whatever_the_answers_say(make_clustered, clickhouse) -> None:
    """Answers that do not come, before and after rows are stored; kills; a ClickHouse that is away."""
    proxy = ClickHouseProxy(first(clickhouse.url), fail_rate=0.3)
    with proxy.running():
        server = make_clustered(proxy.url).start()
        admin = server.add_user("root", "admin")
        with Load(server, n_browsers=2, n_ingest=2, pause_s=0.3) as load:

            def wait_for_more(n_events: int) -> None:
                goal = load.n_acknowledged() + n_events
                wait_for("acknowledged events", lambda: load.n_acknowledged() >= goal, deadline_s=60)

            for is_killed_while_away in (False, True, False, True, True):
                goal = sum(proxy.n_inserts.values()) + 4
                wait_for("INSERTs", lambda goal=goal: sum(proxy.n_inserts.values()) >= goal, deadline_s=60)
                if is_killed_while_away:
                    proxy.is_away.set()
                    wait_for_more(500)
                    assert requests.get(f"{server.url}/readyz", timeout=10).status_code == 200
                    assert server.n_waiting() >= 300
                server.kill()
                server.start()
                proxy.is_away.clear()
                wait_for_more(300)
            load.finish()
            n_acknowledged = load.check(admin)
        assert load.n_refused() == 0
    print(f"{n_acknowledged} events once; INSERTs: {proxy.n_inserts}")
    assert min(proxy.n_inserts.values()) > 0
    sql = f"SELECT count(), uniqExact(position) FROM {clickhouse.database}.events FORMAT JSONCompact"
    counted = clickhouse.run(sql)
    counted = json.loads(counted)["data"][0]
    assert counted[0] == counted[1]


def test_events_of_many_months_are_there_once(make_clustered, clickhouse) -> None:
    """Of a batch that is stored month by month, some months' INSERTs fail."""
    proxy = ClickHouseProxy(first(clickhouse.url), fail_rate=0.5)
    with proxy.running():
        server = make_clustered(proxy.url).start()
        admin = server.add_user("root", "admin")
        months = [f"{1_700_000_000 + 2_600_000 * month}.5" for month in range(12)]
        batch = [events.server_event(at=at, obj_id=number) for number, at in enumerate(months * 10)]
        for begin in range(0, len(batch), 40):
            assert events.ingest(server, batch[begin : begin + 40]).status_code == 200
        server.wait_until_applied()
        rows = exports.rows(server, admin)
    assert sorted(int(row["obj_id"]) for row in rows) == list(range(len(batch)))
    assert min(proxy.n_inserts.values()) > 0


def test_a_server_starts_while_clickhouse_is_away(make_clustered, clickhouse) -> None:
    proxy = ClickHouseProxy(first(clickhouse.url))
    with proxy.running():
        server = make_clustered(proxy.url).start()
        admin = server.add_user("root", "admin")
        server.stop()
        proxy.is_away.set()
        server.start()
        assert events.ingest(server, [events.server_event(obj_id=1)]).status_code == 200
        answer = query.ask(server, admin, "SELECT count() FROM events")
        assert answer.status_code == 503, answer.text
        proxy.is_away.clear()
        server.wait_until_applied()
        assert query.rows(server, admin, "SELECT obj_id FROM events") == [[1]]


def test_old_events_go_and_the_position_stays(make_clustered) -> None:
    server = make_clustered(retention_clicks_days=30, retention_exceptions_days=30, audit="false").start()
    admin = server.add_user("root", "admin")
    old = [events.server_event("click:element", "1700000000.0", obj_id=number) for number in range(10)]
    assert events.ingest(server, [*old, events.server_event("click:element", obj_id=99)]).status_code == 200
    server.wait_until_applied()
    assert "10 rows" in server.cli("retention", "--dry-run")
    server.cli("retention")
    assert [row["obj_id"] for row in exports.rows(server, admin)] == ["99"]
    server.kill()
    server.start()
    assert events.ingest(server, [events.server_event("click:element", obj_id=100)]).status_code == 200
    server.wait_until_applied()
    assert [row["obj_id"] for row in exports.rows(server, admin)] == ["99", "100"]


REFUSED = {
    "a table that is no MergeTree": ("CREATE TABLE DB.events (scope String) ENGINE = Memory", "MergeTree family"),
    "a table without our columns": (
        "CREATE TABLE DB.events (scope String, timestamp DateTime64(3)) ENGINE = MergeTree ORDER BY timestamp",
        "store.clickhouse.alter",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_keep_each_event_once_is_refused(make_clustered, clickhouse, name: str) -> None:
    ddl, expected = REFUSED[name]
    if clickhouse.run(f"EXISTS {clickhouse.database}.events").strip() == "1":
        pytest.skip("a cluster's tables are there already")
    clickhouse.run(f"CREATE DATABASE {clickhouse.database}")
    clickhouse.run(ddl.replace("DB", clickhouse.database))
    server = make_clustered()
    flags = [text for key, value in server.flags.items() for text in (f"--{key}", value)]
    refused = run_cli("serve", "--data-dir", str(server.data_dir), *flags)
    assert refused.returncode != 0
    assert expected in refused.stderr + refused.stdout


def test_commands_of_the_embedded_database_say_so(tmp_path) -> None:
    settings = {"ANNOSCOPE_STORE_KIND": "clickhouse", "ANNOSCOPE_STORE_CLICKHOUSE_URLS": "http://127.0.0.1:1"}
    for command in (["repair"], ["erase", "--user", "1", "--yes"]):
        refused = run_cli(*command, "--data-dir", str(tmp_path / "data"), env=settings)
        assert refused.returncode != 0, command
        assert "embedded database" in refused.stderr, (command, refused.stderr)

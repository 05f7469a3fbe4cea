"""`annoscope clickhouse`: tables are printed, made, changed with leave, and told of; several annoscopes before one."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support import events, exports, query
from support.chdb_engine import ChDb
from support.server import User, run_cli, wait_for
from support.small_cvat import CvatUser, SmallCvat

CVATS_TABLE = (
    "CREATE TABLE DB.events (scope String, obj_name String NULL, obj_id UInt64 NULL, obj_val String NULL, "
    "source String, timestamp DateTime64(3, 'Etc/UTC'), count UInt16 NULL, duration UInt32 DEFAULT toUInt32(0), "
    "project_id UInt64 NULL, task_id UInt64 NULL, job_id UInt64 NULL, user_id UInt64 NULL, user_name String NULL, "
    "user_email String NULL, org_id UInt64 NULL, org_slug String NULL, payload String NULL) "
    "ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY timestamp"
)


def command(clickhouse, data_dir: Path, *words: str) -> subprocess.CompletedProcess:
    settings = {f"ANNOSCOPE_{key.upper()}": value for key, value in clickhouse.settings.items()}
    settings |= {"ANNOSCOPE_STORE_KIND": "clickhouse", "ANNOSCOPE_STORE_CLICKHOUSE_URLS": clickhouse.url}
    return run_cli("clickhouse", *words, "--data-dir", str(data_dir), env=settings)


def done(clickhouse, data_dir: Path, *words: str) -> str:
    result = command(clickhouse, data_dir, *words)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_table_of_cvats_is_adopted_and_its_hours_are_mended(make_clustered, clickhouse, tmp_path) -> None:
    if clickhouse.run(f"EXISTS {clickhouse.database}.events").strip() == "1":
        pytest.skip("a cluster's tables are there already")
    clickhouse.run(f"CREATE DATABASE {clickhouse.database}")
    clickhouse.run(CVATS_TABLE.replace("DB", clickhouse.database))
    clickhouse.run(
        f"INSERT INTO {clickhouse.database}.events (scope, source, timestamp, user_id, payload) VALUES "
        "('click:element', 'client', '2026-06-01 10:00:00', 1, '{\"working_time\": 60000, \"a\": 1}'), "
        "('send:working_time', 'server', '2026-06-01 10:00:01', 1, '{\"working_time\": 30000}')"
    )
    data_dir = tmp_path / "commands"
    # Without leave nothing is changed, and it is said what would be.
    shown = done(clickhouse, data_dir, "apply", "--add-columns", "--mend-hours")
    assert "ADD COLUMN IF NOT EXISTS `position`" in shown
    assert "1 rows claim hours that nobody counted" in shown
    assert "--yes does it" in shown
    left = done(clickhouse, data_dir, "apply")
    assert "--add-columns changes that" in left
    status = json.loads(done(clickhouse, data_dir, "status", "--json"))
    assert len(status["lacking"]) == 3
    assert status["size"]["n_claims"] == 1
    text = done(clickhouse, data_dir, "status")
    for part in ("LACKING", "at least once", "1 of others claim hours", "NO: non_replicated_deduplication_window is 0"):
        assert part in text

    done(clickhouse, data_dir, "apply", "--add-columns", "--mend-hours", "--yes")
    assert "Nothing is to be done" in done(clickhouse, data_dir, "apply", "--add-columns", "--mend-hours", "--yes")
    server = make_clustered().start()
    admin = server.add_user("root", "admin")
    assert events.ingest(server, [events.server_event(obj_id=5)]).status_code == 200
    server.wait_until_applied()
    sql = "SELECT sum(JSONExtractUInt(payload, 'working_time')), count() FROM events"
    assert query.rows(server, admin, sql) == [[30000, 3]]
    status = json.loads(done(clickhouse, server.data_dir, "status", "--json"))
    assert (status["size"]["n_claims"], status["size"]["n_others"], status["size"]["n_rows"]) == (0, 2, 3)
    assert [(node["node"], node["is_this"], node["n_events"]) for node in status["nodes"]] == [(0, True, 1)]
    assert status["lacking"] == []
    assert "yes: " in done(clickhouse, server.data_dir, "status")


def test_several_annoscopes_write_to_one_table(make_clustered, clickhouse) -> None:
    root = CvatUser(1, "root", ["admin"], is_superuser=True)
    cvat = SmallCvat([root], {})
    users = {"auth": "cvat", "cvat_url": cvat.url}
    servers = [make_clustered(store_clickhouse_node=number, **users).start() for number in range(3)]
    admin = User(root.name, "", "", root.token["Authorization"].removeprefix("Token "))
    for turn in range(3):
        for number, server in enumerate(servers):
            sent = [events.server_event(obj_id=100 * number + 10 * turn + i) for i in range(10)]
            assert events.ingest(server, sent).status_code == 200
        # Which of the batches the tables know of is asked at each start.
        servers[turn].kill()
        servers[turn].start()
    for server in servers:
        server.wait_until_applied()
    expected = sorted(str(100 * number + i) for number in range(3) for i in range(30))
    for server in servers:
        assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == expected
        assert query.rows(server, admin, "SELECT count(), uniqExact(position) FROM events") == [[90, 90]]
    cvat.go_down()


def test_a_second_annoscope_with_the_same_number_is_refused(make_clustered, clickhouse) -> None:
    first = make_clustered().start()
    assert events.ingest(first, [events.server_event(obj_id=1)]).status_code == 200
    first.wait_until_applied()
    second = make_clustered()
    flags = [text for key, value in second.flags.items() for text in (f"--{key}", value)]
    refused = run_cli("serve", "--data-dir", str(second.data_dir), *flags)
    assert refused.returncode != 0
    assert "store.clickhouse.node" in refused.stderr + refused.stdout
    # The first one's disk is lost.
    first.kill()
    shown = done(clickhouse, second.data_dir, "apply", "--take-over")
    assert "which must never write again" in shown
    done(clickhouse, second.data_dir, "apply", "--take-over", "--yes")
    second.start()
    admin = second.add_user("root", "admin")
    assert events.ingest(second, [events.server_event(obj_id=2)]).status_code == 200
    second.wait_until_applied()
    assert query.rows(second, admin, "SELECT obj_id FROM events ORDER BY obj_id") == [[1], [2]]
    flags = [text for key, value in first.flags.items() for text in (f"--{key}", value)]
    refused = run_cli("serve", "--data-dir", str(first.data_dir), *flags)
    assert refused.returncode != 0


def test_who_was_taken_over_while_it_runs_takes_no_more_events(make_clustered, clickhouse) -> None:
    """The other one was thought to be gone, and is not."""
    first, second = make_clustered().start(), make_clustered()
    assert events.ingest(first, [events.server_event(obj_id=1)]).status_code == 200
    first.wait_until_applied()
    done(clickhouse, second.data_dir, "apply", "--take-over", "--yes")
    second.start()
    admin = second.add_user("root", "admin")
    # It learns of it with the next batch, which stays in its journal.
    assert events.ingest(first, [events.server_event(obj_id=2)]).status_code == 200
    wait_for("the refusal", lambda: requests.get(f"{first.url}/readyz", timeout=10).status_code == 503)
    assert "taken the place" in requests.get(f"{first.url}/readyz", timeout=10).text
    assert events.ingest(first, [events.server_event(obj_id=3)]).status_code == 503
    assert events.ingest(second, [events.server_event(obj_id=4)]).status_code == 200
    second.wait_until_applied()
    second.stop()
    second.start()
    assert query.rows(second, admin, "SELECT obj_id FROM events ORDER BY obj_id") == [[1], [4]]
    assert first.n_waiting() == 1


def test_a_table_that_knows_no_insert_again_is_used_where_that_is_asked_for(make_clustered, clickhouse) -> None:
    before = make_clustered().start()
    before.stop()
    if "Replicated" in clickhouse.run(f"SHOW CREATE TABLE {clickhouse.database}.events"):
        pytest.skip("a cluster's tables have other settings")
    window = "non_replicated_deduplication_window"
    clickhouse.run(f"ALTER TABLE {clickhouse.database}.events MODIFY SETTING {window} = 0")
    flags = [text for key, value in before.flags.items() for text in (f"--{key}", value)]
    refused = run_cli("serve", "--data-dir", str(before.data_dir), *flags)
    assert refused.returncode != 0
    assert "store.clickhouse.at_least_once" in refused.stderr + refused.stdout
    server = before.start(store_clickhouse_at_least_once="true")
    admin = server.add_user("root", "admin")
    assert events.ingest(server, [events.server_event(obj_id=1)]).status_code == 200
    server.wait_until_applied()
    assert query.rows(server, admin, "SELECT obj_id FROM events") == [[1]]
    status = requests.get(f"{server.url}/api/admin/status", headers=admin.headers, timeout=10).json()
    assert window in status["database"]["lacking"][0]
    diagnosis = requests.get(f"{server.url}/api/admin/doctor", headers=admin.headers, timeout=60).json()
    told = [finding for finding in diagnosis["findings"] if finding["part"] == "each event once"]
    assert [finding["level"] for finding in told] == ["warning"]
    assert window in told[0]["text"]
    assert "at least once" in done(clickhouse, server.data_dir, "status")


SCHEMAS = {
    "one server": [],
    "with days": ["--ttl-days", "400"],
    "a cluster": ["--cluster", "two-shards", "--ttl-days", "400"],
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_engine_reads_what_is_printed(tmp_path, name: str) -> None:
    printed = run_cli("clickhouse", "schema", *SCHEMAS[name], "--data-dir", str(tmp_path / "data"))
    assert printed.returncode == 0, printed.stderr
    statements = [text.strip() for text in printed.stdout.split(";\n") if text.strip()]
    assert len(statements) == (4 if name == "a cluster" else 3)
    engine = ChDb(tmp_path / "clickhouse")
    try:
        for statement in statements:
            quoted = statement.replace("\\", "\\\\").replace("'", "\\'")
            assert "CREATE" in engine.run(f"SELECT formatQuery('{quoted}')")
            if name != "a cluster":
                engine.run(statement)
    finally:
        engine.close()


# A cluster of one server, which is this one, and a keeper in its memory.
CONFIG = """<clickhouse>
    <zookeeper><implementation>testkeeper</implementation></zookeeper>
    <macros><shard>01</shard><replica>one</replica></macros>
    <tcp_port>9000</tcp_port>
    <remote_servers><alone><shard><internal_replication>true</internal_replication>
        <replica><host>127.0.0.1</host><port>9000</port></replica>
    </shard></alone></remote_servers>
</clickhouse>"""


@pytest.fixture
def of_a_cluster(tmp_path: Path) -> Iterator[ChDb]:
    config = tmp_path / "config.xml"
    config.write_text(CONFIG)
    engine = ChDb(tmp_path / "clickhouse", "--config", str(config))
    yield engine
    engine.close()


def clusters_tables(tmp_path: Path) -> list[str]:
    """Without `ON CLUSTER`, which the engine alone does not have."""
    printed = run_cli("clickhouse", "schema", "--cluster", "alone", "--data-dir", str(tmp_path / "commands"))
    statements = printed.stdout.replace(" ON CLUSTER alone", "").split(";\n")
    return [statement.strip() for statement in statements if statement.strip()]


def test_a_keeper_takes_the_tables_of_a_cluster(of_a_cluster: ChDb, tmp_path) -> None:
    """Made, and in the keeper; rows they take only where replicas have addresses, which the engine alone has not."""
    for statement in clusters_tables(tmp_path):
        of_a_cluster.run(statement)
    settings = {"ANNOSCOPE_STORE_KIND": "clickhouse", "ANNOSCOPE_STORE_CLICKHOUSE_URLS": of_a_cluster.url}
    told = run_cli("clickhouse", "status", "--json", "--data-dir", str(tmp_path / "data"), env=settings)
    assert told.returncode == 0, told.stderr
    status = json.loads(told.stdout)
    assert (status["table"], status["cluster"]) == ("events_local (ReplicatedMergeTree)", "alone")
    assert status["lacking"] == []
    assert {replica["table"] for replica in status["replicas"]} == {"events_local", "annoscope_batches"}
    assert all(replica["is_readonly"] for replica in status["replicas"])
    paths = "SELECT zookeeper_path, replica_name FROM system.replicas ORDER BY table"
    assert of_a_cluster.run(paths).splitlines() == [
        "/clickhouse/tables/all/cvat/annoscope_batches\t01-one",
        "/clickhouse/tables/01/cvat/events_local\tone",
    ]


def test_events_go_into_the_shard_and_are_asked_of_all(make_server, of_a_cluster: ChDb, tmp_path) -> None:
    """Distributed before a table that has no replicas."""
    for statement in clusters_tables(tmp_path):
        plain = re.sub(r"Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?", r"\1(", statement)
        plain = re.sub(r"SETTINGS replicated_.*", "SETTINGS non_replicated_deduplication_window = 1000", plain)
        of_a_cluster.run(plain)
    days = {"retention_clicks_days": 30, "retention_exceptions_days": 30}
    server = make_server(store_kind="clickhouse", store_clickhouse_urls=of_a_cluster.url, **days).start()
    admin, anna = server.add_user("root", "admin"), server.add_user("anna")
    assert events.send(server, anna, events.workday(20, events.now())).status_code == 201
    old = [events.server_event("click:element", "1700000000.0", obj_id=number) for number in range(3)]
    assert events.ingest(server, [events.server_event(obj_id=1), *old]).status_code == 200
    server.wait_until_applied()
    server.kill()
    server.start()
    assert "3 rows" in server.cli("retention", "--dry-run")
    server.cli("retention")
    rows = exports.rows(server, admin)
    assert len(events.without_working_time(rows)) == 21
    assert query.rows(server, admin, "SELECT count() FROM events") == [[len(rows)]]
    assert of_a_cluster.run("SELECT count() FROM cvat.events_local").strip() == str(len(rows))
    settings = {"ANNOSCOPE_STORE_KIND": "clickhouse", "ANNOSCOPE_STORE_CLICKHOUSE_URLS": of_a_cluster.url}
    told = run_cli("clickhouse", "status", "--data-dir", str(server.data_dir), env=settings)
    assert "cvat.events_local (MergeTree), one of the shards of the cluster alone" in told.stdout


def test_commands_need_the_store_to_be_in_a_clickhouse(tmp_path) -> None:
    for words in (["status"], ["apply"]):
        refused = run_cli("clickhouse", *words, "--data-dir", str(tmp_path / "data"))
        assert refused.returncode == 1
        assert "store.kind" in refused.stderr
    settings = {"ANNOSCOPE_STORE_KIND": "clickhouse", "ANNOSCOPE_STORE_CLICKHOUSE_URLS": "http://127.0.0.1:1"}
    refused = run_cli("clickhouse", "status", "--data-dir", str(tmp_path / "data"), env=settings)
    assert refused.returncode == 1
    assert "no ClickHouse can be reached" in refused.stderr
    wrong = run_cli("clickhouse", "apply", "--reader", "lena", "--data-dir", str(tmp_path / "data"), env=settings)
    assert wrong.returncode == 2
    assert "NAME=user:ID" in wrong.stderr

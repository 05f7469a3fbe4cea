"""`annoscope backup` and `annoscope restore`: what comes back is what there was up to a position, whatever is going on,
and whatever is killed."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

from support import backups, events, exports
from support.load import Load
from support.server import Server, User, run_cli, wait_for


def test_a_backup_under_load_has_exactly_the_events_up_to_its_position(
    server: Server, admin: User, make_server, tmp_path: Path
) -> None:
    place, early = tmp_path / "backup", tmp_path / "early"
    with Load(server) as load:
        wait_for("some load", lambda: load.n_acknowledged() > 3_000, 60)
        first = server.cli("backup", str(place))
        shutil.copytree(place, early)
        n_before = load.n_acknowledged()
        wait_for("more load", lambda: load.n_acknowledged() > n_before + 3_000, 60)
        server.cli("backup", str(place))
        load.finish()
        load.check(admin)
    server.cli("backup", str(place))
    assert ": 0 new ones" not in first

    # Each of the three pieces in time is part of the last one, byte for byte.
    old, new = backups.files(early / "events"), backups.files(place / "events")
    assert old.items() < new.items()
    frame = backups.frame(place)
    position = backups.manifest(early)["position"]
    assert len(frame[frame.position < position]) == backups.manifest(early)["n_events"] > 3_000
    assert len(frame) == backups.manifest(place)["n_events"] > len(frame[frame.position < position])
    assert frame.timestamp.dt.tz is not None

    every_line = backups.lines(server, admin)
    # The export before is an event itself.
    assert len(every_line) >= len(frame)
    whole = backups.restored_server(make_server, str(place), tmp_path / "whole")
    assert sorted(backups.lines(whole, admin)[: len(frame)]) == sorted(every_line[: len(frame)])
    part = backups.restored_server(make_server, str(early), tmp_path / "part")
    expected = [line for line, is_in in zip(every_line, frame.position < position, strict=False) if is_in]
    assert backups.lines(part, admin) == expected
    # Positions go on behind the backup's, and so do backups.
    assert events.send(part, admin, [events.event()]).status_code == 201
    assert "1 new ones" in part.cli("backup", str(early)) or backups.manifest(early)["position"] > position


def test_twins_and_their_order_come_back(server: Server, admin: User, make_server, tmp_path: Path) -> None:
    at = events.now()
    for number in range(5):
        # Of one time, so that arrival alone is their order.
        batch = [events.server_event(at=at, obj_name=f"twin {n}", obj_id=number) for n in range(50)]
        assert events.ingest(server, batch).status_code == 200
    place = tmp_path / "backup"
    server.cli("backup", str(place))
    expected = backups.lines(server, admin)
    restored = backups.restored_server(make_server, str(place), tmp_path / "restored")
    assert backups.lines(restored, admin) == expected


def test_what_is_beside_the_events_comes_back(make_server, tmp_path: Path) -> None:
    server = make_server(audit="true").start()
    admin = server.add_user("root", "admin")
    secret = server.cli("webhook", "add", "tool", "--kind", "cvat").splitlines()[0]
    (server.data_dir / "dashboards").mkdir(exist_ok=True)
    (server.data_dir / "dashboards" / "mine.json").write_text('{"uid": "mine", "title": "Mine"}')
    assert events.ingest(server, [events.server_event(count=70_000)]).status_code == 200
    (server.data_dir / "annoscope.toml").write_text("[query]\nmax_rows = 77\n")
    key, other_key = tmp_path / "key", tmp_path / "other"
    key.write_text("k" * 40)
    other_key.write_text("o" * 40)
    sealed, left_out = tmp_path / "sealed", tmp_path / "left out"
    server.cli("backup", str(sealed), "--key-file", str(key))
    assert "not in it" in server.cli("backup", str(left_out))
    for directory in (sealed, left_out):
        for name, content in backups.files(directory).items():
            assert secret.encode() not in content, name

    wrong = run_cli("restore", str(sealed), "--data-dir", str(tmp_path / "no"), "--key-file", str(other_key))
    assert wrong.returncode == 1
    assert "key file" in wrong.stderr
    told = backups.restore(str(sealed), tmp_path / "a", "--key-file", str(key))
    assert "new secret" not in told
    told = backups.restore(str(left_out), tmp_path / "b")
    assert "need a new secret" in told
    assert "tool" in told
    assert "query.max_rows" in told
    secrets = []
    for name in ("a", "b"):
        with sqlite3.connect(tmp_path / name / "webhooks.sqlite") as database:
            secrets += [row[0] for row in database.execute("SELECT secret FROM sources")]
    assert secrets[0] == secret != secrets[1] != ""
    restored = make_server(tmp_path / "a", audit="true").start()
    assert "tool" in restored.cli("webhook", "list")
    assert "70000" in restored.cli("dead-letter", "list")
    assert (restored.data_dir / "dashboards" / "mine.json").read_text() == '{"uid": "mine", "title": "Mine"}'
    # The admin's token, of which there is only a hash, is good for it; and what waited for the store comes there.
    wait_for("audit events", lambda: backups.lines(restored, admin), 60)


def test_each_account_has_its_audit_event_once(make_server, tmp_path: Path) -> None:
    """However the backup falls between an account, its event in the outbox, and that event in the store."""
    server = make_server(audit="true").start()
    admin = server.add_user("root", "admin")
    places = [tmp_path / f"backup{number}" for number in range(4)]
    stopping = threading.Event()

    def add() -> None:
        for number in itertools.count():
            if stopping.is_set():
                return
            server.add_user(f"user{number}")

    adding = threading.Thread(target=add)
    adding.start()
    try:
        for place in places:
            server.cli("backup", str(place))
    finally:
        stopping.set()
        adding.join()
    for number, place in enumerate(places):
        restored = make_server(tmp_path / f"restored{number}", audit="true")
        backups.restore(str(place), restored.data_dir)
        restored.start()
        accounts = {user["name"] for user in json.loads(restored.cli("user", "list", "--format", "json"))}

        def created(restored: Server = restored) -> list[str]:
            rows = exports.rows(restored, admin)
            return [row["obj_name"] for row in rows if row["scope"] == "create:user"]

        wait_for("the audit events", lambda created=created, accounts=accounts: accounts <= set(created()), 60)
        assert sorted(created()) == sorted(accounts)


def test_a_flipped_byte_is_found(server: Server, admin: User, tmp_path: Path) -> None:
    assert events.send(server, admin, [events.event()]).status_code == 201
    place, chance = tmp_path / "backup", random.Random(3)
    server.cli("backup", str(place))
    assert "is as it was written" in server.cli("backup", "--verify", str(place))
    for name, content in backups.files(place).items():
        if not content:
            continue
        at = chance.randrange(len(content))
        (place / name).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        looked = run_cli("backup", "--verify", str(place))
        assert looked.returncode == 1, name
        assert name.split("/")[-1] in looked.stderr
        restored = run_cli("restore", str(place), "--data-dir", str(tmp_path / "restored"))
        assert restored.returncode == 1
        assert not (tmp_path / "restored" / "events.duckdb").exists()
        (place / name).write_bytes(content)
    server.cli("backup", "--verify", str(place))


def test_what_is_killed_is_done_again(server: Server, admin: User, make_server, tmp_path: Path) -> None:
    for _ in range(40):
        batch = [events.server_event(obj_id=n, obj_val=random.randbytes(100).hex()) for n in range(1_000)]
        assert events.ingest(server, batch).status_code == 200
    expected = backups.lines(server, admin)
    server.wait_until_applied()
    place, restored, chance = tmp_path / "backup", tmp_path / "restored", random.Random(4)
    n_killed = 0
    for args, data_dir in ((["backup", str(place)], server.data_dir), (["restore", str(place)], restored)):
        for _ in range(4):
            command = backups.start(*args, data_dir=data_dir)
            try:
                command.wait(chance.uniform(0.05, 1.5))
            except subprocess.TimeoutExpired:  # it is still at it
                command.kill()
                n_killed += 1
                command.wait()
        if args[0] == "backup":
            server.cli("backup", str(place))
            server.cli("backup", "--verify", str(place))
            assert len(backups.frame(place)) == backups.manifest(place)["n_events"] >= len(expected)
        elif (restored / "restore.json").exists():
            refused = run_cli("serve", "--data-dir", str(restored), "--listen", "127.0.0.1:0")
            assert "restore" in refused.stderr
            backups.restore(str(place), restored)
        elif not (restored / "backups.json").exists():
            backups.restore(str(place), restored)
    assert n_killed
    assert not list(server.data_dir.glob(".backup-*"))
    again = make_server(restored).start()
    assert backups.lines(again, admin)[: len(expected)] == expected
    # A second restore writes over nothing.
    refused = run_cli("restore", str(place), "--data-dir", str(restored))
    assert refused.returncode == 1
    assert "not empty" in refused.stderr


def test_a_place_has_the_backups_of_one_server(server: Server, admin: User, make_server, tmp_path: Path) -> None:
    place = tmp_path / "backup"
    assert server.cli("backup", "--to", f"file://{place}")
    other = make_server().start()
    refused = run_cli("backup", str(place), "--data-dir", str(other.data_dir))
    assert refused.returncode == 1
    assert "another data directory" in refused.stderr
    # Of a server that is stopped the command opens the files itself.
    assert events.send(server, admin, [events.event()]).status_code == 201
    server.stop()
    assert "verified" in server.cli("backup", str(place))
    assert "client" in set(backups.frame(place).source)


def test_a_bucket(server: Server, admin: User, make_server, tmp_path: Path) -> None:
    s3 = ThreadedMotoServer(port=0)
    s3.start()
    try:
        host, port = s3.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        env = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT": endpoint,
            "AWS_ALLOW_HTTP": "true",
        }
        client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_bucket(Bucket="bucket")
        for _ in range(2):
            assert events.send(server, admin, [events.event()]).status_code == 201
            url = "s3://bucket/some/prefix"
            made = run_cli("backup", "--to", url, "--data-dir", str(server.data_dir), env=env)
            assert made.returncode == 0, made.stderr
        expected = backups.lines(server, admin)
        looked = run_cli("backup", "--verify", "--to", url, env=env)
        assert looked.returncode == 0, looked.stderr
        data_dir = tmp_path / "restored"
        restored = run_cli("restore", "--from", url, "--data-dir", str(data_dir), env=env)
        assert restored.returncode == 0, restored.stderr
        assert backups.lines(make_server(data_dir).start(), admin) == expected
    finally:
        s3.stop()

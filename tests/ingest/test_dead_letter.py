"""`annoscope dead-letter`: what could not be stored is listed, mended in the file, sent again and dropped, while the
server runs and writes there."""

from __future__ import annotations

import json
import threading

import pytest

from support import events, exports
from support.server import Server, User, run_cli

FILE = "dead-letter.ndjson"


def too_many(obj_id: int = 1, **fields: object) -> dict:
    """An event of a server whose count no column holds."""
    return events.server_event("update:job", "1767604000.5", job_id=5, obj_id=obj_id, **{"count": 70_000, **fields})


def mend(server: Server) -> None:
    """What an editor does: a count that can be."""
    path = server.data_dir / FILE
    path.write_text(path.read_text().replace("70000", "7"))


def lines(server: Server) -> list[dict]:
    return [json.loads(line) for line in (server.data_dir / FILE).read_text().splitlines()]


def failed(server: Server, *args: str, stdin: str = "") -> str:
    """What a command says that has to fail, on this server's data."""
    done = run_cli("dead-letter", *args, "--data-dir", str(server.data_dir), stdin=stdin)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_mended_line_is_stored_once(server: Server, admin: User) -> None:
    event = events.server_event("update:job", "1767604000.5", job_id=5, user_id=60, payload="{}", count=70_000)
    assert events.ingest(server, [event]).status_code == 200
    [line] = lines(server)
    listed = server.cli("dead-letter", "list")
    assert listed.startswith(f"1  {line['received_at']}  {line['reason']}  {{"), listed
    assert json.loads(server.cli("dead-letter", "list", "--json")) == {"number": 1, **line}
    mend(server)
    assert "70000" not in server.cli("dead-letter", "list")
    assert server.cli("dead-letter", "send") == "sent 1 event\n"
    assert (server.data_dir / FILE).read_bytes() == b""
    [row] = exports.rows(server, admin)
    assert (row["count"], row["job_id"], row["payload"]) == ("7", "5", "{}")
    assert server.cli("dead-letter", "list") == ""
    assert server.cli("dead-letter", "send") == "sent 0 events\n"
    # The server goes on with the new file.
    assert events.ingest(server, [too_many()]).status_code == 200
    assert len(lines(server)) == 1


def test_a_clients_event(server: Server, admin: User, anna: User) -> None:
    odd = events.event("draw:object", job_id=7, obj_id=3, count=70_000)
    assert events.send(server, anna, [odd]).status_code == 201
    mend(server)
    assert server.cli("dead-letter", "send") == "sent 1 event\n"
    [row] = exports.rows(server, admin)
    assert (row["count"], row["user_name"], row["source"]) == ("7", "anna", "client")
    assert lines(server) == []


def test_what_is_still_wrong_comes_back(server: Server, admin: User) -> None:
    assert events.ingest(server, [too_many(1), too_many(2, duration=-1), too_many(3)]).status_code == 200
    before = lines(server)
    mend(server)
    said = server.cli("dead-letter", "send")
    assert said.splitlines()[:2] == ["sent 3 events", "still wrong, and in the file again: 1 event"]
    [line] = lines(server)
    assert line["event"]["obj_id"] == 2
    assert line["reason"].startswith("duration: ")
    assert line["request_id"] != before[1]["request_id"]
    assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == ["1", "3"]


def test_some_lines_by_number(server: Server, admin: User) -> None:
    for number in range(1, 6):
        assert events.ingest(server, [too_many(number)]).status_code == 200
    mend(server)
    assert server.cli("dead-letter", "send", "4", "2") == "sent 2 events\n"
    assert [line["event"]["obj_id"] for line in lines(server)] == [1, 3, 5]
    assert sorted(row["obj_id"] for row in exports.rows(server, admin)) == ["2", "4"]
    dropped = server.cli("dead-letter", "drop", "3")
    assert dropped.startswith("dropped 1 event\n3  ")
    assert '"obj_id":5' in dropped.replace(" ", "")
    assert [line["event"]["obj_id"] for line in lines(server)] == [1, 3]
    assert "no line 3" in failed(server, "drop", "3")
    assert "no line 9" in failed(server, "send", "1", "9")
    assert len(lines(server)) == 2
    assert server.cli("dead-letter", "drop", "--all").startswith("dropped 2 events\n")
    assert lines(server) == []


def test_a_line_that_is_no_json_keeps_the_others_not_back(server: Server, admin: User) -> None:
    assert events.ingest(server, [too_many(1), too_many(2)]).status_code == 200
    mend(server)
    path = server.data_dir / FILE
    path.write_text('{"received_at":"20\n[]\n' + path.read_text())
    said = failed(server, "send")
    assert "sent 2 events" in said
    assert "line 1, 2" in said
    assert path.read_text() == '{"received_at":"20\n[]\n'
    assert len(exports.rows(server, admin)) == 2


def test_many_lines(server: Server, admin: User) -> None:
    n_events = 1500
    assert events.ingest(server, [too_many(number) for number in range(n_events)]).status_code == 200
    mend(server)
    assert server.cli("dead-letter", "send") == f"sent {n_events} events\n"
    assert lines(server) == []
    assert len(exports.rows(server, admin)) == n_events


def test_the_server_writes_meanwhile(server: Server, admin: User) -> None:
    """What comes in while lines are sent and dropped is neither lost nor sent unseen."""
    n_events = 60
    assert events.ingest(server, [too_many(number) for number in range(n_events)]).status_code == 200
    mend(server)
    answers: list[int] = []

    def send() -> None:
        answers.extend(events.ingest(server, [too_many(1000 + n)]).status_code for n in range(n_events))

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(3):
        server.cli("dead-letter", "send", *(str(number) for number in range(1, n_events // 3 + 1)))
    sender.join()
    assert answers == [200] * n_events
    assert sorted(line["event"]["obj_id"] for line in lines(server)) == [1000 + n for n in range(n_events)]
    assert sorted(int(row["obj_id"]) for row in exports.rows(server, admin)) == list(range(n_events))


def test_without_a_server(server: Server, admin: User) -> None:
    assert events.ingest(server, [too_many()]).status_code == 200
    server.stop()
    assert "no server runs on" in failed(server, "send")
    assert server.cli("dead-letter", "list").startswith("1  ")
    assert server.cli("dead-letter", "drop", "1").startswith("dropped 1 event")


@pytest.mark.parametrize("dir_exists", [True, False])
def test_without_a_file(make_server, tmp_path, dir_exists: bool) -> None:
    server = make_server(data_dir=tmp_path / "nowhere")
    if dir_exists:
        server.data_dir.mkdir()
    assert server.cli("dead-letter", "list") == ""
    assert "no server runs on" in failed(server, "send")
    assert "no line 1" in failed(server, "drop", "1")
    assert not (server.data_dir / FILE).exists()


def test_an_ingest_port_that_asks_who_sends(make_server) -> None:
    server = make_server(ingest_listen="0.0.0.0:0").start()
    admin, anna = server.add_user("root", "admin"), server.add_user("anna")
    assert events.send(server, anna, [events.event(count=70_000)]).status_code == 201
    mend(server)
    assert "401" in failed(server, "send")
    assert "403" in failed(server, "send", "--token-stdin", stdin=anna.token + "\n")
    assert len(lines(server)) == 1
    assert server.cli("dead-letter", "send", "--token-stdin", stdin=admin.token + "\n") == "sent 1 event\n"
    assert lines(server) == []

"""GET /api/events and POST /api/events/export: the bytes, the flow, restarts, time and size."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from pathlib import Path

import pytest
import requests

from support import events, exports
from support.server import Server, User, wait_for

SDK_FILE_NAME = re.compile(r"[A-Za-z0-9_\-. ]+")


def file_name(answer: requests.Response) -> str:
    return re.fullmatch(r'attachment; filename="(.*)"', answer.headers["Content-Disposition"])[1]


def test_csv_byte_for_byte(server: Server, admin: User) -> None:
    whole = {
        "scope": "update:task", "obj_name": 'a "quoted", name', "obj_id": 1, "obj_val": "two\r\nlines",
        "source": "server", "timestamp": "1719835202.1239", "count": 2, "duration": 3, "project_id": 4, "task_id": 5,
        "job_id": 6, "user_id": 7, "user_name": "Jürgen 木", "user_email": "j@example.com", "org_id": 8,
        "org_slug": "acme", "payload": '{"old_value": "x", "request": {"id": null}}',
    }  # fmt: skip
    empty = {"scope": "create:job", "source": "server", "timestamp": "1719835201.0", "obj_name": "", "payload": None}
    assert events.ingest(server, [whole, empty]).status_code == 200
    expected = (
        "scope,obj_name,obj_id,obj_val,source,timestamp,count,duration,project_id,task_id,job_id,user_id,user_name,"
        "user_email,org_id,org_slug,payload\r\n"
        "create:job,,,,server,2024-07-01 12:00:01+00:00,,0,,,,,,,,,\r\n"
        'update:task,"a ""quoted"", name",1,"two\r\nlines",server,2024-07-01 12:00:02.123000+00:00,2,3,4,5,6,7,'
        'Jürgen 木,j@example.com,8,acme,"{""old_value"": ""x"", ""request"": {""id"": null}}"\r\n'
    )
    assert exports.export(server, admin, **exports.ALL).decode() == expected


def test_no_rows_are_a_header(server: Server, anna: User) -> None:
    assert exports.export(server, anna).decode() == ",".join(events.FIELDS) + "\r\n"


def test_the_answer_is_a_csv_attachment(server: Server, anna: User) -> None:
    query_id = exports.start(server, anna)
    assert str(uuid.UUID(query_id, version=4)) == query_id
    exports.finish(server, anna, query_id)
    answer = exports.download(server, anna, query_id)
    assert answer.headers["Content-Type"].split(";")[0] == "text/csv"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert re.fullmatch(r"logs_\d{4}(_\d\d){5}\.csv", file_name(answer))


def test_working_time_rows(server: Server, anna: User) -> None:
    """A row of working time looks as CVAT's (contract.md, "Working time")."""
    begin = events.now() - dt.timedelta(minutes=1)
    day = [
        events.event("draw:object", begin + dt.timedelta(seconds=at), job_id=3, task_id=2, project_id=1)
        for at in (0, 40, 60)
    ]
    answer = events.send(server, anna, day, sent_at=begin + dt.timedelta(seconds=60))
    [row] = [row for row in exports.rows(server, anna) if row["scope"] == "send:working_time"]
    request_id = answer.headers["X-Request-Id"]
    expected = {
        "source": "server", "count": "1", "duration": "60000", "project_id": "1", "task_id": "2", "job_id": "3",
        "user_name": "anna", "user_email": "anna@example.com", "org_id": "", "org_slug": "", "obj_name": "",
        "obj_id": "", "obj_val": "", "payload": f'{{"working_time": 60000, "request": {{"id": "{request_id}"}}}}',
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    first = min(events.without_working_time(exports.rows(server, anna)), key=lambda row: row["timestamp"])
    assert row["timestamp"] == first["timestamp"]


# The query_id flow.


def test_head_consumes_nothing_and_get_does(server: Server, anna: User) -> None:
    query_id = exports.start(server, anna)
    exports.finish(server, anna, query_id)
    url = f"{server.url}/api/events"
    query = {"query_id": query_id, "action": "download"}
    for _ in range(3):
        head = requests.head(url, params=query, headers=anna.headers, timeout=10)
        assert (head.status_code, head.content) == (200, b"")
    assert requests.head(url, params={"query_id": query_id}, headers=anna.headers, timeout=10).status_code == 201

    answer = requests.get(url, params=query, headers=anna.headers, timeout=10)
    assert answer.status_code == 200
    same = ("Content-Type", "Content-Length", "Content-Disposition")
    assert [head.headers[name] for name in same] == [answer.headers[name] for name in same]
    # Taken: the same query_id starts a new export now.
    answer = requests.get(url, params=query, headers=anna.headers, timeout=10)
    assert (answer.status_code, answer.json()) == (202, {"query_id": query_id})


def test_an_unknown_query_id_starts_an_export_under_it(server: Server, anna: User) -> None:
    mine = str(uuid.uuid4())
    answer = exports.get(server, anna, query_id=mine)
    assert (answer.status_code, answer.json()) == (202, {"query_id": mine})
    exports.finish(server, anna, mine)
    assert exports.get(server, anna, query_id="").json()["query_id"] != mine


def test_a_query_id_belongs_to_its_user(server: Server, admin: User, anna: User) -> None:
    assert events.send(server, admin, [events.event(obj_id=1)]).status_code == 201
    query_id = exports.start(server, admin)
    exports.finish(server, admin, query_id)
    # Another user's: her own new export, of her own rows.
    answer = exports.download(server, anna, query_id)
    assert answer.status_code == 202
    exports.finish(server, anna, query_id)
    assert exports.parse(exports.download(server, anna, query_id).content) == []
    # And the first is untouched by it.
    assert len(exports.parse(exports.download(server, admin, query_id).content)) == 1


def test_the_filters_are_those_of_the_start(server: Server, admin: User) -> None:
    batch = [events.server_event(obj_id=n, job_id=n) for n in range(3)]
    assert events.ingest(server, batch).status_code == 200
    query_id = exports.start(server, admin, job_id=1)
    exports.finish(server, admin, query_id)
    answer = exports.get(server, admin, query_id=query_id, action="download", job_id=2)
    assert [row["obj_id"] for row in exports.parse(answer.content)] == ["1"]
    assert exports.get(server, admin, query_id=query_id, job_id="abc").status_code == 400


GOOD_NAMES = ["events.csv", "My events_2024-07.csv", "a.b.c.txt", "x" * 250 + ".csv"]
BAD_NAMES = [
    *("../../etc/passwd", "a/b.csv", "a\\b.csv", ".hidden.csv", "noextension", "x" * 300 + ".csv"),
    *('a"b.csv', "a\r\nSet-Cookie: x=y.csv", "ü.csv"),
]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_file_names(shared_server: Server, shared_admin: User, name: str) -> None:
    query_id = exports.start(shared_server, shared_admin, filename=name)
    exports.finish(shared_server, shared_admin, query_id)
    assert file_name(exports.download(shared_server, shared_admin, query_id)) == name


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_file_names(shared_server: Server, shared_admin: User, name: str) -> None:
    """Refused, or made harmless: what arrives is within the SDK's rule."""
    answer = exports.get(shared_server, shared_admin, filename=name)
    if answer.status_code == 400:
        assert "filename" in exports.one_string(answer)
        return
    query_id = answer.json()["query_id"]
    exports.finish(shared_server, shared_admin, query_id)
    given = exports.download(shared_server, shared_admin, query_id)
    assert SDK_FILE_NAME.fullmatch(file_name(given))
    assert "Set-Cookie" not in given.headers


# Restarts, time, size.


@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["stop", "kill"])
def test_a_restart_keeps_finished_exports(server: Server, anna: User, end) -> None:
    assert events.send(server, anna, [events.event(obj_id=1)]).status_code == 201
    query_id = exports.start(server, anna, filename="mine.csv")
    exports.finish(server, anna, query_id)
    rq_id = exports.request_export(server, anna)
    assert exports.finish_request(server, anna, rq_id)["status"] == "finished"
    end(server)
    server.start()
    assert exports.get(server, anna, query_id=query_id).status_code == 201
    answer = exports.download(server, anna, query_id)
    assert (answer.status_code, file_name(answer)) == (200, "mine.csv")
    assert [row["obj_id"] for row in exports.parse(answer.content)] == ["1"]
    url = f"{server.url}/api/events/download"
    for _ in range(2):  # not consumed here
        answer = requests.get(url, params={"rq_id": rq_id}, headers=anna.headers, timeout=10)
        assert [row["obj_id"] for row in exports.parse(answer.content)] == ["1"]


def test_a_kill_fails_unfinished_exports_cleanly(server: Server, admin: User) -> None:
    batch = [events.server_event(obj_id=n, obj_val="x" * 500) for n in range(40_000)]
    assert events.ingest(server, batch).status_code == 200
    ids = [exports.request_export(server, admin) for _ in range(5)]
    query_id = exports.start(server, admin)
    server.kill()
    server.start()
    ended = [exports.finish_request(server, admin, rq_id) for rq_id in ids]
    # The first may have been quick; the last, behind the others, cannot.
    assert ended[-1]["status"] == "failed"
    assert ended[-1]["message"]
    assert "result_url" not in ended[-1] or ended[-1]["result_url"] is None
    answer = exports.get(server, admin, query_id=query_id)
    assert answer.status_code == 500
    assert isinstance(answer.json(), str)
    # Told once, then forgotten: the next one works.
    assert exports.get(server, admin, query_id=query_id).status_code == 202
    exports.finish(server, admin, query_id)
    n_finished = sum(one["status"] == "finished" for one in ended)
    files = [path for path in (server.data_dir / "exports").rglob("*") if path.is_file()]
    assert len([path for path in files if path.stat().st_size > 1_000_000]) == n_finished + 1


def test_results_expire(make_server) -> None:
    server = make_server(export_expiry_ms="1s").start()
    anna = server.add_user("anna")
    query_id = exports.start(server, anna)
    rq_id = exports.request_export(server, anna)
    request = exports.finish_request(server, anna, rq_id)
    finished, expiry = (dt.datetime.fromisoformat(request[f"{name}_date"]) for name in ("finished", "expiry"))
    assert expiry - finished == dt.timedelta(seconds=1)

    def gone() -> bool:
        answer = requests.get(f"{server.url}/api/requests/{rq_id}", headers=anna.headers, timeout=10)
        return answer.status_code == 404

    wait_for("the request to expire", gone, deadline_s=10, interval_s=0.1)
    download = f"{server.url}/api/events/download"
    assert requests.get(download, params={"rq_id": rq_id}, headers=anna.headers, timeout=10).status_code in (400, 404)
    assert exports.get(server, anna, query_id=query_id).status_code == 202

    def no_files() -> bool:
        return not [path for path in (server.data_dir / "exports").rglob("*.csv") if path.is_file()]

    # Those of the export, too, that was just begun with the expired id.
    wait_for("the files to go", no_files, deadline_s=20, interval_s=0.1)


def test_download_by_rq_id(server: Server, anna: User) -> None:
    url = f"{server.url}/api/events/download"

    def status(**query: str) -> int:
        return requests.get(url, params=query, headers=anna.headers, timeout=10).status_code

    assert status() == 400
    assert status(rq_id="") == 400
    assert status(rq_id="nonsense") == 400
    assert status(rq_id=str(uuid.uuid4())) == 400


def test_a_large_export_is_streamed(server: Server, admin: User, tmp_path: Path) -> None:
    """100,000 rows, 60 MB, in bounded memory; the client may go away in the middle."""
    n_events, n_batch = 100_000, 20_000
    for first in range(0, n_events, n_batch):
        batch = [events.server_event(obj_id=first + n, obj_val="x" * 500) for n in range(n_batch)]
        assert events.ingest(server, batch).status_code == 200
    before = server.peak_memory_bytes()
    query_id = exports.start(server, admin)
    exports.finish(server, admin, query_id, deadline_s=120)

    url = f"{server.url}/api/events"
    query = {"query_id": query_id, "action": "download"}
    size, numbers = 0, []
    with requests.get(url, params=query, headers=admin.headers, timeout=60, stream=True) as answer:
        for line in answer.iter_lines(1 << 20):
            size += len(line) + 2
            numbers.append(line.split(b",", 3)[2])
    assert int(answer.headers["Content-Length"]) == size
    assert sorted(int(number) for number in numbers[1:]) == list(range(n_events))
    assert server.peak_memory_bytes() - before < 400 << 20


def test_columns_are_those_that_are_asked_for(server: Server, admin: User) -> None:
    event = events.server_event(access_token_id=4, remote_addr="192.0.2.7")
    assert events.ingest(server, [event]).status_code == 200
    names = "remote_addr,scope,access_token_id"
    lines = exports.export(server, admin, columns=names).decode().splitlines()
    assert lines == [names, f"192.0.2.7,{event['scope']},4"]
    assert exports.export(server, admin).decode().splitlines()[0] == ",".join(events.FIELDS)
    refused = exports.get(server, admin, columns="scope,position")
    assert refused.status_code == 400
    assert 'columns: "position" is not valid' in refused.json()[0]

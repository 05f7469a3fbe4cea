"""INSERT: who may, what is stored, and that it is stored once or not at all."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import socket
import struct
import uuid
from collections.abc import Callable

import requests
from clickhouse_connect import get_client

from support import events
from support.server import Server, run_cli

from .conftest import Port


def row(number: int = 0, **more: object) -> dict:
    return {
        "scope": "create:task",
        "obj_id": number,
        "source": "server",
        "timestamp": "2026-01-05 09:00:00.123",
        **more,
    }


def lines(*rows: dict) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def code(answer: requests.Response) -> str | None:
    return answer.headers.get("X-ClickHouse-Exception-Code")


def token(server: Server, name: str, scope: str) -> str:
    made = run_cli("user", "token", name, "--scope", scope, "--data-dir", str(server.data_dir))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_rows_come_in_and_out_in_every_format(port: Port) -> None:
    columns = "(scope, obj_id, timestamp, payload)"
    time = 1_767_603_600_123
    payload = '{"a": "b"}'

    def binary(text: str) -> bytes:
        return bytes([len(text)]) + text.encode()

    values = (
        binary("create:task") + b"\x00" + struct.pack("<Q", 5) + struct.pack("<q", time) + b"\x00" + binary(payload)
    )
    forms = {
        "JSONEachRow": json.dumps(
            {"scope": "create:task", "obj_id": 5, "timestamp": time / 1000, "payload": payload}
        ).encode(),
        "CSV": b'"create:task",5,"2026-01-05 09:00:00.123","{""a"": ""b""}"\n',
        "CSVWithNames": (
            b'"payload","timestamp","obj_id","scope"\n"{""a"": ""b""}","2026-01-05 09:00:00.123",5,"create:task"\n'
        ),
        "TabSeparated": b'create:task\t5\t2026-01-05 09:00:00.123\t{"a": "b"}\n',
        "RowBinary": values,
        "Values": b"('create:task', 5, '2026-01-05 09:00:00.123', '{\"a\": \"b\"}')",
    }
    for format, body in forms.items():
        answer = port.insert(body, format, columns)
        assert answer.status_code == 200, f"{format}: {answer.text}"
        assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "1"
    found = port.rows("SELECT scope, obj_id, toString(timestamp), payload, source, duration FROM events")
    assert found == [["create:task", 5, "2026-01-05 09:00:00.123", payload, "server", 0]] * len(forms)


def test_the_statement_and_its_rows_may_be_in_one_text(port: Port) -> None:
    text = b"INSERT INTO events (scope, obj_id) FORMAT JSONEachRow\n" + lines({"scope": "a:b", "obj_id": 1})
    assert port.ask(text).status_code == 200
    assert port.ask(gzip.compress(text + b" "), headers={"Content-Encoding": "gzip"}).status_code == 200
    assert port.ask(b"", query="INSERT INTO events (scope) VALUES ('c:d')").status_code == 200
    assert port.ask(b"INSERT INTO default.events (scope) VALUES ('e:f'), ('g:h')").status_code == 200
    assert port.rows("SELECT scope, count() FROM events GROUP BY scope ORDER BY scope") == [
        ["a:b", 2],
        ["c:d", 1],
        ["e:f", 1],
        ["g:h", 1],
    ]


def test_who_may_insert(clickhouse_server: Server, port: Port) -> None:
    """Administrators, and their tokens that are good for sending; everybody else before the body is read."""
    anna = clickhouse_server.add_user("anna", "user")
    boss = clickhouse_server.add_user("boss", "business")
    callers = {
        "admin": (port.user.token, True),
        "admin's token for sending": (token(clickhouse_server, "root", "send"), True),
        "admin's token for reading": (token(clickhouse_server, "root", "read"), False),
        "user": (anna.token, False),
        "user's token for sending": (token(clickhouse_server, "anna", "send"), False),
        "business": (boss.token, False),
        "nobody": ("wrong", False),
    }
    n_stored = 0
    for number, (name, (secret, may)) in enumerate(callers.items()):
        query = {"query": "INSERT INTO events FORMAT JSONEachRow", "password": secret}
        body = lines(row(number))
        answer = requests.post(clickhouse_server.clickhouse_url, params=query, data=body, timeout=30)
        expected = 200 if may else 403
        assert answer.status_code == expected, f"{name}: {answer.text}"
        n_stored += may
        assert port.count() == n_stored, name
        # A GET writes nothing.
        query["query"] += " " + body.decode()
        assert requests.get(clickhouse_server.clickhouse_url, params=query, timeout=30).status_code >= 400, name
    assert port.count() == n_stored
    # The token for sending reads no event, and may ask what clients ask before they insert.
    sender = {"password": token(clickhouse_server, "root", "send")}

    def ask(sql: str) -> requests.Response:
        return requests.get(clickhouse_server.clickhouse_url, params={"query": sql, **sender}, timeout=30)

    assert ask("SELECT count() FROM events").status_code == 403
    assert ask("SELECT count(*) FROM (SELECT * FROM cvat.events)").status_code == 403
    assert ask("DESCRIBE TABLE cvat.events").status_code == 200


def test_the_body_of_who_may_not_is_not_read(clickhouse_server: Server) -> None:
    anna = clickhouse_server.add_user("anna", "user")
    host, number = clickhouse_server.clickhouse_url.removeprefix("http://").rstrip("/").split(":")
    head = "POST /?query=INSERT%20INTO%20events%20FORMAT%20CSV HTTP/1.1\r\nHost: x\r\n"
    head += f"X-ClickHouse-Key: {anna.token}\r\nContent-Length: 1000000000\r\n\r\n"
    with socket.create_connection((host, int(number)), timeout=20) as connection:
        connection.sendall(head.encode())
        # Nothing of the body is sent, and the answer is there.
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


def test_what_cvats_server_does_at_its_start(clickhouse_server: Server, port: Port) -> None:
    statements = [
        "CREATE DATABASE IF NOT EXISTS cvat",
        "CREATE TABLE IF NOT EXISTS cvat.events (`scope` String NOT NULL) ENGINE = MergeTree ORDER BY (timestamp)",
        "ALTER TABLE cvat.events ADD COLUMN IF NOT EXISTS `access_token_id` Nullable(UInt64)",
    ]
    anna = Port(clickhouse_server, clickhouse_server.add_user("anna", "user"))
    for statement in statements:
        assert (port.ask(statement).status_code, port.ask(statement).text) == (200, "")
        assert anna.ask(statement).status_code == 403
        assert port.ask(method="GET", query=statement).status_code == 500
    refused = port.ask("TRUNCATE DATABASE IF EXISTS cvat")
    assert (refused.status_code, code(refused)) == (403, "497")


def test_malformed_rows_store_nothing(port: Port) -> None:
    good = lines(*(row(number) for number in range(50_000)))
    bodies = {
        ("JSONEachRow", good + b'{"scope": '): "cut",
        ("JSONEachRow", good + b"nonsense\n"): "no JSON",
        ("JSONEachRow", good + lines(row(1, obj_id="a text"))): "a wrong type",
        ("JSONEachRow", good + lines(row(1, timestamp="never"))): "no time",
        ("CSV", b"a,b\n"): "too few fields",
        ("Native", b"\x01\x01\x05scope\x06String\xff"): "a cut block",
        ("Native", b"nonsense"): "no block",
        ("RowBinary", b"\x05scope"): "a cut row",
    }
    for (format, body), name in bodies.items():
        answer = port.insert(body, format)
        assert 400 <= answer.status_code < 600, f"{name}: {answer.text}"
        assert answer.text.startswith(f"Code: {code(answer)}. DB::Exception: "), f"{name}: {answer.text}"
    assert (
        port.ask(
            gzip.compress(good)[:-10],
            query="INSERT INTO events FORMAT JSONEachRow",
            headers={"Content-Encoding": "gzip"},
        ).status_code
        >= 400
    )
    assert code(port.insert(lines(row()), "JSONEachRow", "(scope, nonsense)")) == "16"
    assert code(port.insert(lines(row()), "Nonsense")) == "73"
    assert port.count() == 0


def test_a_cut_connection_stores_nothing(clickhouse_server: Server, port: Port) -> None:
    host, number = clickhouse_server.clickhouse_url.removeprefix("http://").rstrip("/").split(":")
    body = lines(*(row(number) for number in range(30_000)))
    for is_chunked in (False, True):
        head = "POST /?query=INSERT%20INTO%20events%20FORMAT%20JSONEachRow HTTP/1.1\r\nHost: x\r\n"
        head += f"X-ClickHouse-Key: {port.user.token}\r\n"
        head += "Transfer-Encoding: chunked\r\n\r\n" if is_chunked else f"Content-Length: {len(body) + 1}\r\n\r\n"
        sent = f"{len(body):x}\r\n".encode() + body + b"\r\n" if is_chunked else body
        with socket.create_connection((host, int(number)), timeout=20) as connection:
            connection.sendall(head.encode() + sent)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
            assert not answer.startswith(b"HTTP/1.1 200"), answer
    assert port.count() == 0


def test_what_can_never_be_stored_is_a_dead_letter(clickhouse_server: Server, port: Port) -> None:
    rows = [row(1), row(2**63), row(2, scope=""), row(3, timestamp="2300-01-01 00:00:00")]
    assert port.insert(lines(*rows)).status_code == 200
    assert port.count() == 1
    letters = [
        json.loads(line) for line in (clickhouse_server.data_dir / "dead-letter.ndjson").read_text().splitlines()
    ]
    assert [letter["reason"].split(":")[0] for letter in letters] == ["obj_id", "scope", "timestamp"]
    assert [letter["event"]["obj_id"] for letter in letters] == [2**63, 2, 3]
    metrics = clickhouse_server.metrics()

    def of(name: str) -> float:
        return metrics.get(f'annoscope_events_{name}_total{{endpoint="clickhouse"}}', 0)

    dead = sum(
        v for k, v in metrics.items() if k.startswith("annoscope_events_dead_lettered_total{") and "clickhouse" in k
    )
    assert (of("received"), of("deduplicated"), dead) == (4, 0, 3)


def test_claimed_hours_are_renamed(port: Port) -> None:
    payload = '{"working_time": 3600000}'
    rows = [
        row(1, source="client", payload=payload),
        row(2, scope="send:working_time", payload=payload),
    ]
    assert port.insert(lines(*rows)).status_code == 200
    found = port.rows("SELECT obj_id, JSONExtractUInt(payload, 'working_time') FROM events ORDER BY obj_id")
    assert found == [[1, 0], [2, 3600000]]


def test_rows_alike_stay_and_a_repeat_is_taken_once(clickhouse_server: Server, port: Port) -> None:
    body = lines(*[row(1)] * 1000)
    assert port.insert(body).status_code == 200
    assert port.count() == 1000
    # The same block, whatever it is packed in.
    assert port.insert(body).status_code == 200
    packed = port.ask(
        gzip.compress(body), query="INSERT INTO cvat.events  FORMAT JSONEachRow", headers={"Content-Encoding": "gzip"}
    )
    assert packed.status_code == 200
    assert port.count() == 1000
    metrics = clickhouse_server.metrics()
    assert metrics['annoscope_events_deduplicated_total{endpoint="clickhouse"}'] == 2000
    # Of another account it is another.
    other = Port(clickhouse_server, clickhouse_server.add_user("other", "admin"))
    assert other.insert(body).status_code == 200
    assert port.count() == 2000
    # A token says what is the same, and nothing else does.
    for name in ("a", "b", "a"):
        assert port.insert(body, insert_deduplication_token=name).status_code == 200
    assert port.count() == 4000
    assert port.insert(lines(row(2)), insert_deduplication_token="a").status_code == 200
    assert port.count() == 4000
    # So does the id of the query, which is not another's.
    first, second = lines(row(3)), lines(row(4))
    for _ in range(2):
        assert port.insert(first, query_id="q").status_code == 200
    assert port.count() == 4001
    refused = port.insert(second, query_id="q")
    assert (refused.status_code, code(refused)) == (500, "216")
    assert port.count() == 4001
    # The ingest port compares with its own events alone.
    event = events.server_event("create:task", "1767603600.123", obj_id=3)
    assert events.ingest(clickhouse_server, [event]).status_code == 200
    assert port.count() == 4002


def test_an_insert_sent_again_after_a_kill_brings_the_rest_once(clickhouse_server: Server, port: Port) -> None:
    n_rows = 100_000
    body = lines(*(row(number) for number in range(n_rows)))
    host, number = clickhouse_server.clickhouse_url.removeprefix("http://").rstrip("/").split(":")
    head = "POST /?query=INSERT%20INTO%20events%20FORMAT%20JSONEachRow&query_id=big HTTP/1.1\r\nHost: x\r\n"
    head += f"X-ClickHouse-Key: {port.user.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(number)), timeout=60) as connection:
        connection.sendall(head.encode() + body)
        while clickhouse_server.metric("annoscope_journal_position") == 0:
            pass
        clickhouse_server.kill()
    clickhouse_server.start()
    for _ in range(2):
        assert port.insert(body, query_id="big").status_code == 200
        clickhouse_server.wait_until_applied()
        assert port.rows("SELECT count(), uniqExact(obj_id) FROM events") == [[n_rows, n_rows]]


def test_an_insert_has_its_place_in_files_and_no_more(make_server: Callable[..., Server]) -> None:
    server = make_server(clickhouse_listen="127.0.0.1:0", clickhouse_spool_bytes="16MiB").start()
    port = Port(server, server.add_user("root", "admin"))
    refused = port.insert(lines(*(row(number, payload="x" * 1000) for number in range(9000))))
    assert (refused.status_code, code(refused)) == (413, "229")
    assert port.insert(lines(*(row(number, payload="x" * 1000) for number in range(5000)))).status_code == 200
    assert port.count() == 5000


def test_a_client_inserts_and_reads_back(port: Port) -> None:
    """clickhouse-connect 1.12, as a script of a CVAT installation uses it."""
    host, number = port.url.removeprefix("http://").rstrip("/").split(":")
    client = get_client(host=host, port=int(number), username="root", password=port.user.token, database="cvat")
    names = ["scope", "obj_id", "obj_name", "source", "timestamp", "count", "duration", "payload"]
    rows = [
        ["create:task", 2**40 + n, None if n % 2 else f"näme {n}", "server", 1_767_603_600 + n / 1000, n % 7, n, None]
        for n in range(10_000)
    ]
    for one in rows:
        one[4] = dt.datetime.fromtimestamp(one[4], dt.UTC)
    summary = client.insert("events", rows, column_names=names)
    assert summary.written_rows == 10_000
    found = client.query("SELECT obj_id, obj_name, count, duration FROM events ORDER BY obj_id").result_rows
    assert found == [(row[1], row[2], row[5], row[6]) for row in rows]


def test_many_rows(port: Port, clickhouse_server: Server) -> None:
    """In bounded memory, by clickhouse-connect 1.12. A million with ANNOSCOPE_INSERT_ROWS."""
    import numpy as np
    import pandas as pd

    host, number = port.url.removeprefix("http://").rstrip("/").split(":")
    client = get_client(
        host=host,
        port=int(number),
        username="root",
        password=port.user.token,
        database="cvat",
        send_receive_timeout=600,
    )
    n_rows = int(os.environ.get("ANNOSCOPE_INSERT_ROWS", "100000"))
    frame = pd.DataFrame(
        {
            "scope": "click:element",
            "source": "client",
            "timestamp": pd.to_datetime(1_767_603_600_000 + np.arange(n_rows), unit="ms", utc=True),
            "obj_id": np.arange(n_rows, dtype="uint64"),
            "user_name": [f"user{n % 50}" for n in range(n_rows)],
            "payload": '{"platform": {"name": "Firefox"}}',
        }
    )
    token = str(uuid.uuid4())
    client.insert_df("events", frame, settings={"insert_deduplication_token": token})
    clickhouse_server.wait_until_applied(deadline_s=300)
    assert port.rows("SELECT count(), uniqExact(obj_id), sum(obj_id) FROM events") == [
        [n_rows, n_rows, n_rows * (n_rows - 1) // 2]
    ]
    peak = clickhouse_server.peak_memory_bytes()
    print(f"{peak >> 20} MiB at most")
    assert peak < 2 << 30
    back = client.query_df("SELECT obj_id, timestamp, user_name FROM events ORDER BY obj_id")
    assert len(back) == n_rows

"""ClickHouse's HTTP interface as such: credentials, parameters, compression, errors."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import lz4.frame
import pytest
import requests
import zstandard

from support import events
from support.server import Server, wait_for

from .conftest import Port

VERSION = r"\(version 26\.9\.2\.1 \(official build\)\)\n$"


def test_it_is_there(shared_port: Port) -> None:
    for path in ("", "ping", "replicas_status"):
        answer = requests.get(shared_port.url + path, timeout=10)
        assert (answer.status_code, answer.text) == (200, "Ok.\n"), path
    assert requests.head(shared_port.url, timeout=10).status_code == 200
    assert requests.get(shared_port.url + "play", timeout=10).status_code == 404
    assert requests.put(shared_port.url, timeout=10).status_code in (400, 405)


def test_it_is_off_by_default(server: Server) -> None:
    assert server.clickhouse_url == ""


def test_credentials_in_each_way(shared_port: Port) -> None:
    user = shared_port.user
    basic = base64.b64encode(f"{user.name}:{user.password}".encode()).decode()
    of_token = base64.b64encode(f"anybody:{user.token}".encode()).decode()
    ways: list[tuple[dict, dict]] = [
        ({"Authorization": f"Basic {basic}"}, {}),
        ({"Authorization": f"Basic {of_token}"}, {}),
        ({"Authorization": f"Token {user.token}"}, {}),
        ({"Authorization": f"Bearer {user.token}"}, {}),
        ({"X-ClickHouse-User": user.name, "X-ClickHouse-Key": user.password}, {}),
        ({"X-ClickHouse-Key": user.token}, {}),
        ({}, {"user": user.name, "password": user.password}),
        ({}, {"password": user.token}),
    ]
    for headers, parameters in ways:
        query = {"query": "SELECT currentUser()", **parameters}
        answer = requests.get(shared_port.url, params=query, headers=headers, timeout=10)
        assert (answer.status_code, answer.text) == (200, "root\n"), (headers, parameters, answer.text)


def test_wrong_credentials_are_told_as_clickhouse_does(shared_port: Port) -> None:
    user = shared_port.user
    basic = base64.b64encode(b"root:wrong").decode()
    ways: list[tuple[dict, dict]] = [
        ({}, {}),
        ({"Authorization": f"Basic {basic}"}, {}),
        ({"Authorization": "Token wrong"}, {}),
        ({"X-ClickHouse-User": "nobody"}, {}),
        ({}, {"user": "root", "password": ""}),
        # Two ways at once.
        ({"X-ClickHouse-Key": user.token}, {"user": "root", "password": user.password}),
    ]
    for headers, parameters in ways:
        query = {"query": "SELECT 1", **parameters}
        answer = requests.get(shared_port.url, params=query, headers=headers, timeout=10)
        assert answer.status_code == 403, (headers, parameters, answer.text)
        assert answer.headers["X-ClickHouse-Exception-Code"] == "516"
        assert re.match(r"Code: 516\. DB::Exception: .*\(AUTHENTICATION_FAILED\) " + VERSION, answer.text), answer.text


def test_no_cookie_and_no_web_page_gets_in(shared_port: Port, clickhouse_server: Server, port: Port) -> None:
    login = {"username": "root", "password": port.user.password}
    session = requests.Session()
    assert session.post(f"{clickhouse_server.url}/api/auth/login", json=login, timeout=10).status_code == 200
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
    query = {"query": "SELECT 1"}
    answer = requests.get(port.url, params=query, headers={"Cookie": cookies}, timeout=10)
    assert answer.status_code == 403
    for header in (
        {"Origin": "http://example.com"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
    ):
        answer = port.ask("SELECT 1", headers=header)
        assert answer.status_code == 403, header
        assert answer.headers["X-ClickHouse-Exception-Code"] == "497"


def test_wrong_passwords_lock_the_account_as_the_api_does(clickhouse_server: Server, port: Port) -> None:
    wrong = {"query": "SELECT 1", "user": "root", "password": "wrong"}
    answers = [requests.get(port.url, params=wrong, timeout=30) for _ in range(12)]
    codes = {answer.headers["X-ClickHouse-Exception-Code"] for answer in answers}
    assert codes == {"516", "201"}
    assert any("Retry-After" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        ("SELECT 1", "", "1\n"),
        ("", "SELECT 1", "1\n"),
        ("SELECT", "1 + 1 FORMAT CSV", "2\n"),
        ("SELECT 'ä' AS a FORMAT JSONEachRow", "", '{"a":"ä"}\n'),
        ("", "SELECT number FROM numbers(3) SETTINGS max_threads = 1 FORMAT TSV", "0\n1\n2\n"),
        ("SELECT currentDatabase(), timezone()", "", "cvat\tUTC\n"),
    ],
)
def test_the_statement_is_in_the_address_and_in_the_body(
    shared_port: Port, query: str, body: str, expected: str
) -> None:
    assert shared_port.text(body, **({"query": query} if query else {})) == expected
    if query and not body:
        assert shared_port.ask(method="GET", query=query).text == expected


def test_parameters_of_the_query(shared_port: Port) -> None:
    values = {"param_n": "5", "param_text": "a'b\\c", "param_list": "['x','y']", "param_at": "1719835200.5"}
    sql = "SELECT {n:UInt8} + 1, {text:String}, {list:Array(String)}, {at:DateTime64}"
    assert shared_port.rows(sql, **values) == [[6, "a'b\\c", ["x", "y"], "2024-07-01 12:00:00.500"]]
    answer = shared_port.ask("SELECT {n:UInt8}", param_n="1 OR 1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "457")
    answer = shared_port.ask("SELECT {missing:UInt8}")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "457"


def test_settings_of_the_address(shared_port: Port) -> None:
    assert shared_port.text("SELECT toDateTime(0)", session_timezone="Asia/Tokyo") == "1970-01-01 09:00:00\n"
    # The text's own win.
    sql = "SELECT toDateTime(0) SETTINGS session_timezone = 'UTC'"
    assert shared_port.text(sql, session_timezone="Asia/Tokyo") == "1970-01-01 00:00:00\n"
    harmless = {"max_threads": 4, "date_time_input_format": "best_effort", "log_comment": 5, "readonly": 1}
    assert shared_port.text("SELECT 1", **harmless) == "1\n"
    answer = shared_port.ask("SELECT 1", nonsense=1)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "115")
    answer = shared_port.ask("SELECT number FROM numbers(9)", max_result_rows=5)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "396"


def test_the_head_of_an_answer(shared_port: Port) -> None:
    answer = shared_port.ask(
        "SELECT 1 AS a", query_id="mine", default_format="JSONEachRow", send_progress_in_http_headers=1
    )
    headers = answer.headers
    assert headers["X-ClickHouse-Query-Id"] == "mine"
    assert headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert headers["X-ClickHouse-Timezone"] == "UTC"
    assert headers["X-ClickHouse-Server-Display-Name"] == "annoscope"
    assert re.fullmatch("[a-z]{16}", headers["X-ClickHouse-Exception-Tag"])
    for name in ("X-ClickHouse-Summary", "X-ClickHouse-Progress"):
        assert json.loads(headers[name])["result_rows"] == "1"
    assert headers["Cache-Control"] == "private, no-store"


def test_an_error_has_clickhouses_code_and_the_id_of_its_query(shared_port: Port) -> None:
    cases = {
        "SELEC 1": (403, 497),
        "SELECT (": (400, 62),
        "SELECT nonsense": (404, 47),
        "SELECT nonsense()": (404, 46),
        "SELECT 1 FORMAT Nonsense": (404, 73),
        "SELECT * FROM other": (403, 497),
        "SELECT * FROM system.users": (404, 60),
        "SELECT intDiv(1, number) FROM numbers(2)": (500, 153),
        "DROP TABLE events": (403, 497),
        "TRUNCATE DATABASE IF EXISTS cvat": (403, 497),
        "CREATE TABLE other (a String) ENGINE = Memory": (403, 497),
        "USE other": (404, 81),
    }
    for sql, (status, code) in cases.items():
        answer = shared_port.ask(sql, query_id="q1")
        shown = f"{sql}\n{answer.status_code}: {answer.text}"
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code)), shown
        assert answer.headers["X-ClickHouse-Query-Id"] == "q1"
        assert re.match(rf"Code: {code}\. DB::Exception: .*\([A-Z_]+\) " + VERSION, answer.text), shown
    assert shared_port.ask("SELECT 1", database="other").headers["X-ClickHouse-Exception-Code"] == "81"


def test_answers_are_compressed_as_asked(shared_port: Port) -> None:
    decoders: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
        "lz4": lz4.frame.decompress,
        "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
    }
    sql = "SELECT number, 'a text that is repeated' FROM numbers(20000)"
    plain = shared_port.text(sql).encode()

    def raw(encodings: str, **parameters: object) -> tuple[str | None, bytes]:
        headers = {"Accept-Encoding": encodings, "X-ClickHouse-Key": shared_port.user.token}
        query = {"query": sql, **parameters}
        answer = requests.get(shared_port.url, params=query, headers=headers, timeout=60, stream=True)
        assert answer.status_code == 200, answer.text
        return answer.headers.get("Content-Encoding"), answer.raw.read(decode_content=False)

    for name, decode in decoders.items():
        for wait in (0, 1):
            encoding, packed = raw(name, enable_http_compression=1, wait_end_of_query=wait)
            assert encoding == name
            assert len(packed) < len(plain) / 2
            assert decode(packed) == plain, name
    # As CVAT's clients ask, and where it is not switched on.
    assert raw("lz4,zstd,gzip,deflate", enable_http_compression=1)[0] == "lz4"
    assert raw("br", enable_http_compression=1)[0] == "br"
    assert raw("gzip")[0] is None
    assert raw("identity, gzip;q=0", enable_http_compression=1) == (None, plain)


def test_a_statement_may_come_compressed(shared_port: Port) -> None:
    sql = b"SELECT 'compressed' -- " + b"x" * 100_000
    packers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "lz4": lz4.frame.compress,
        "zstd": zstandard.compress,
    }
    for name, pack in packers.items():
        answer = shared_port.ask(pack(sql), headers={"Content-Encoding": name})
        assert (answer.status_code, answer.text) == (200, "compressed\n"), name
        answer = shared_port.ask(pack(sql)[:-20], headers={"Content-Encoding": name})
        assert answer.status_code in (400, 500), name
    assert shared_port.ask(b"x", headers={"Content-Encoding": "nonsense"}).status_code == 501


def test_a_failure_after_rows_is_told_within_the_body(shared_port: Port) -> None:
    sql = "SELECT number, intDiv(1, 300000 - number) FROM numbers(400000)"
    url, headers = shared_port.url, {"X-ClickHouse-Key": shared_port.user.token}
    answer = requests.get(url, params={"query": sql}, headers=headers, timeout=60, stream=True)
    assert answer.status_code == 200
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    body = b""
    chunks = answer.iter_content(1 << 16)
    is_cut = False
    while not is_cut:
        try:
            body += next(chunks)
        except requests.exceptions.ChunkedEncodingError:
            is_cut = True
    end = re.search(
        rf"\r\n__exception__\r\n{tag}\r\n(Code: 153\..*)\n(\d+) {tag}\r\n__exception__\r\n$".encode(), body, re.S
    )
    assert end, body[-500:]
    assert int(end[2]) == len(end[1]) + 1
    # Whole or not at all.
    answer = shared_port.ask(sql, wait_end_of_query=1)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "153")
    assert answer.text.startswith("Code: 153.")


def test_a_failure_is_not_taken_for_the_interrupt_that_it_causes(shared_port: Port) -> None:
    # DuckDB interrupts the other threads of a query that fails, and told of that instead in 4 of 100.
    sql = "SELECT number, intDiv(1, 300000 - number) FROM numbers(400000)"
    answers = [shared_port.ask(sql, wait_end_of_query=1) for _ in range(60)]
    assert {answer.headers["X-ClickHouse-Exception-Code"] for answer in answers} == {"153"}


def test_an_answer_that_waits_for_its_end_is_bounded(make_server: Callable[..., Server]) -> None:
    server = make_server(clickhouse_listen="127.0.0.1:0", clickhouse_spool_bytes="16MiB").start()
    port = Port(server, server.add_user("root", "admin"))
    sql = "SELECT number, 'some more text for each of the rows' FROM numbers({n})"
    whole = port.ask(sql.format(n=100_000), wait_end_of_query=1)
    assert whole.text == port.text(sql.format(n=100_000))
    assert json.loads(whole.headers["X-ClickHouse-Summary"])["result_rows"] == "100000"
    refused = port.ask(sql.format(n=1_000_000), wait_end_of_query=1)
    assert refused.headers["X-ClickHouse-Exception-Code"] == "396"
    assert "clickhouse.spool_bytes" in refused.text
    assert port.text(sql.format(n=1_000_000)).count("\n") == 1_000_000


def running_queries(server: Server, port: Port) -> list[str]:
    answer = requests.get(f"{server.url}/api/queries", headers=port.user.headers, timeout=10)
    return [query["sql"] for query in answer.json()]


def test_an_id_names_one_query_at_a_time(clickhouse_server: Server, port: Port) -> None:
    crossed = "SELECT max(a.number * b.number) FROM numbers(100000) AS a CROSS JOIN numbers(100000) AS b"
    with ThreadPoolExecutor() as threads:
        running = threads.submit(port.ask, crossed, query_id="same")
        wait_for("the query to run", lambda: crossed in running_queries(clickhouse_server, port))
        answer = port.ask("SELECT 1", query_id="same")
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "216")
        other = Port(clickhouse_server, clickhouse_server.add_user("other", "admin"))
        assert other.text("SELECT 1", query_id="same") == "1\n"
        # Another account's is not ended by its name.
        assert other.ask("KILL QUERY WHERE query_id = 'same'").status_code == 200
        assert not running.done()
        assert port.ask("KILL QUERY WHERE query_id = 'same' SYNC").status_code == 200
        assert running.result().headers["X-ClickHouse-Exception-Code"] == "394"
    assert port.text("SELECT 1", query_id="same") == "1\n"


def test_a_query_ends_at_its_own_time_limit(shared_port: Port) -> None:
    crossed = "SELECT max(a.number * b.number) FROM numbers(100000) AS a CROSS JOIN numbers(100000) AS b"
    answer = shared_port.ask(crossed, max_execution_time=0.5)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (408, "159")
    assert answer.elapsed.total_seconds() < 20


def test_rights_are_those_of_the_query_api(clickhouse_server: Server, port: Port) -> None:
    anna = clickhouse_server.add_user("anna", "user")
    lea = clickhouse_server.add_user("lea", "user")
    org = clickhouse_server.add_org("lab", anna, worker=lea)
    stored = [
        events.server_event(user_id=number, org_id=org if number % 2 else None, obj_name=f"of {number}")
        for number in range(6)
    ]
    assert events.ingest(clickhouse_server, stored).status_code == 200
    assert port.count() == 6
    own, other = Port(clickhouse_server, anna), Port(clickhouse_server, lea)
    # Outside of the organization everybody sees own events.
    known = requests.get(f"{clickhouse_server.url}/api/users/self", auth=anna.basic, timeout=10).json()["id"]
    assert own.text("SELECT groupUniqArray(user_id) FROM events") == f"[{known}]\n"
    assert own.text("SELECT count() FROM events", org="lab") == "3\n"
    assert other.text("SELECT count() FROM events", org="lab") == "0\n"
    assert own.ask("SELECT 1", org="nowhere").status_code in (400, 403)
    # What clients ask on connecting tells of no event: everybody who is known may ask it.
    assert own.text("SELECT version(), timezone()") == "26.9.2.1\tUTC\n"
    assert own.text("SELECT name FROM system.tables WHERE engine = 'MergeTree'") == "events\n"


def test_a_slow_reader_holds_up_nobody(make_server: Callable[..., Server]) -> None:
    server = make_server(clickhouse_listen="127.0.0.1:0", query_timeout_ms="20s").start()
    port = Port(server, server.add_user("root", "admin"))
    other = Port(server, server.add_user("other", "admin"))
    sql = "SELECT number, 'some more text for each of the rows' FROM numbers(10000000)"
    headers = {"X-ClickHouse-Key": port.user.token}
    slow = [requests.get(port.url, params={"query": sql}, headers=headers, timeout=60, stream=True) for _ in range(2)]
    assert {answer.status_code for answer in slow} == {200}
    for _ in range(3):
        assert other.text("SELECT count() FROM numbers(1000)") == "1000\n"
    for answer in slow:
        answer.close()
    wait_for("the queries to end", lambda: not running_queries(server, port))

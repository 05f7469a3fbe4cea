"""What no query may do, end to end: the attacks of `attacks.toml`, sent by an administrator.

The same list tests each layer alone: `crates/sql/src/tests/attacks.rs` the check, `crates/store-duckdb/src/attacks.rs`
DuckDB's locks. Here is the whole server, and what ClickHouse's engine does with them when no check is in the way.
"""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from difference.engines import Answer, ClickHouse
from support import ROOT, events
from support.server import Server, check_log

ATTACKS = tomllib.loads((ROOT / "tests/attacks.toml").read_text(encoding="utf-8"))
PLACES = ATTACKS["places"]

SECRET = "hunter2"

# The limits of the server that is starved. Its memory is for the database; what the process has beside it (two queries'
# trees and texts, the threads' stacks, the pages that allocators keep) is bounded as well.
TIME_LIMIT_S = 2
MEMORY_BYTES = 64 << 20
PEAK_BYTES = 1 << 30


def text_of(starve: dict[str, Any]) -> str:
    def repeated(text: str) -> str:
        numbers = range(1, starve.get("times", 0) + 1)
        return "".join(text.replace("{n}", str(n)).replace("{before}", str(n - 1)) for n in numbers)

    text = starve["sql"].replace("{open}", repeated(starve.get("open", "")))
    return text.replace("{close}", repeated(starve.get("close", "")))


def hide(place: str | dict[str, Any], attack: str) -> dict[str, Any]:
    """The body of a request with the attack at this place."""

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value.items()}
        return value.replace("{attack}", attack)

    return fill(place if isinstance(place, dict) else {"sql": place})


class Target:
    """A server with an event and a secret beside its database."""

    def __init__(self, directory: Path, **flags: object):
        self.secret = directory / "secret.csv"
        self.secret.write_text(SECRET)
        flags = {"clickhouse_listen": "127.0.0.1:0", **flags}
        self.server = Server(directory / "data", directory / "server.log", **flags).start()
        self.admin = self.server.add_user("root", "admin")
        batch = [events.server_event("create:task", "1719835200", obj_name="a task")]
        assert events.ingest(self.server, batch).status_code == 200

    def aimed(self, text: str) -> str:
        return text.replace("{secret}", str(self.secret)).replace("{dir}", str(self.secret.parent))

    def ask(self, body: dict[str, Any], path: str = "/api/query") -> requests.Response:
        return requests.post(f"{self.server.url}{path}", json=body, headers=self.admin.headers, timeout=60)

    def assert_refused(self, body: dict[str, Any], names: str = "") -> None:
        """Refused by both routes, with the construct's name, and nothing of the secret or of what is inside."""
        for path in ("/api/query", "/api/query/explain"):
            answer = self.ask(body, path)
            shown = f"{body}\n{answer.status_code}: {answer.text[:1000]}"
            assert 400 <= answer.status_code < 500, shown
            assert names.lower() in answer.json()["detail"].lower(), shown
            assert SECRET not in answer.text, shown
            assert answer.json()["error"]["kind"] not in ("internal", "execution"), shown

        if set(body) == {"sql"}:
            self.assert_refused_by_port(body["sql"])

    def assert_refused_by_port(self, sql: str) -> None:
        """The same over ClickHouse's interface, in the body and in the address."""
        # What changes no answer is answered as done there: clients set it and expect no error.
        if sql.startswith("SET max_memory_usage"):
            return
        for query, text in (("", sql), (sql, "")):
            parameters = {"query": query} if query else {}
            answer = requests.post(
                self.server.clickhouse_url,
                params=parameters,
                data=text.encode(),
                headers=self.admin.headers,
                timeout=60,
            )
            shown = f"{sql}\n{answer.status_code}: {answer.text[:1000]}"
            assert answer.status_code != 200, shown
            assert SECRET not in answer.text, shown
            assert answer.headers["X-ClickHouse-Exception-Code"] not in ("49", "439"), shown

    def assert_untouched(self) -> None:
        answer = self.ask({"sql": "SELECT obj_name, count() FROM events GROUP BY obj_name"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["rows"] == [["a task", 1]]
        assert sorted(path.name for path in self.secret.parent.iterdir()) == ["data", "secret.csv", "server.log"]

    def close(self) -> None:
        self.server.close()
        print(f"--- {self.server.log_path}\n{self.server.log_tail()}")
        check_log(self.server)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    target = Target(tmp_path_factory.mktemp("target"))
    yield target
    target.close()


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    engine = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    engine.load([])
    yield engine
    engine.close()


def named(kind: str, key: str) -> Any:
    """A test for each attack of that kind."""
    return pytest.mark.parametrize("attack", ATTACKS[kind], ids=[attack[key][:60] for attack in ATTACKS[kind]])


@named("statement", "sql")
def test_statements(target: Target, attack: dict[str, Any]) -> None:
    target.assert_refused({"sql": target.aimed(attack["sql"])}, attack["names"])
    target.assert_untouched()


@named("relation", "from")
def test_relations(target: Target, attack: dict[str, Any]) -> None:
    for place in PLACES["relation"]:
        target.assert_refused(hide(place, target.aimed(attack["from"])), target.aimed(attack["names"]))


@named("call", "call")
def test_calls(target: Target, attack: dict[str, Any]) -> None:
    for place in PLACES["call"]:
        target.assert_refused(hide(place, target.aimed(attack["call"])), attack["names"])


@named("duckdb", "sql")
def test_sql_of_the_store(target: Target, attack: dict[str, Any]) -> None:
    target.assert_refused({"sql": target.aimed(attack["sql"])})
    target.assert_untouched()


@pytest.mark.parametrize("kind", ["relation", "call"])
def test_the_places_are_no_reason_to_refuse(target: Target, kind: str) -> None:
    for place in PLACES[kind]:
        body = hide(place, PLACES[f"harmless_{kind}"])
        answer = target.ask(body)
        assert answer.status_code == 200, f"{body}\n{answer.text}"


@pytest.mark.parametrize("text", ATTACKS["values"]["texts"], ids=ascii)
def test_values_stay_values(target: Target, text: str) -> None:
    """A variable's value that is a list is quoted, a parameter's is a value."""
    value = target.aimed(text)
    answer = target.ask({"sql": "SELECT {x:String} AS x", "params": {"x": value}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"] == [[value]]
    listed = target.ask({"sql": "SELECT x FROM (SELECT arrayJoin([$x]) AS x)", "variables": {"x": [value]}})
    assert listed.status_code == 200, listed.text
    assert listed.json()["rows"] == [[value]]
    target.assert_untouched()


def run_by_clickhouse() -> list[tuple[str, bool]]:
    """The attacks that ClickHouse's engine runs, and whether they show the secret."""
    found = [attack["sql"] for attack in ATTACKS["statement"] if attack.get("clickhouse")]
    found += [f"SELECT * FROM {attack['from']}" for attack in ATTACKS["relation"] if attack.get("clickhouse")]
    found += [f"SELECT {attack['call']}" for attack in ATTACKS["call"] if attack.get("clickhouse")]
    return [(sql, sql.startswith("SELECT") and "{secret}" in sql) for sql in found]


@pytest.mark.parametrize(("sql", "shows"), run_by_clickhouse(), ids=[sql[:60] for sql, _ in run_by_clickhouse()])
def test_clickhouse_runs_it_when_the_check_is_out_of_the_way(
    target: Target, clickhouse: ClickHouse, sql: str, shows: bool
) -> None:
    answer = clickhouse.query(target.aimed(sql))
    assert isinstance(answer, Answer), answer
    if shows:
        assert answer.rows == [[SECRET]]


@pytest.mark.parametrize("place", [place for place in PLACES["relation"] if isinstance(place, str)])
def test_clickhouse_runs_it_at_each_place(target: Target, clickhouse: ClickHouse, place: str) -> None:
    """The places are real: what is hidden there is found by ClickHouse."""
    sql = place.replace("{attack}", f"file('{target.secret}', 'LineAsString')")
    # The front of the tests adds its own format and settings.
    answer = clickhouse.query(re.sub(r"( SETTINGS max_threads = 1)? FORMAT \w+$", "", sql))
    assert isinstance(answer, Answer), answer


@pytest.fixture(scope="module")
def starved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    limits = {"query_timeout_ms": f"{TIME_LIMIT_S}s", "store_memory_bytes": MEMORY_BYTES}
    target = Target(tmp_path_factory.mktemp("starved"), store_spill_bytes="16MiB", **limits)
    yield target
    target.close()


@named("starve", "wants")
def test_starving(starved: Target, attack: dict[str, Any]) -> None:
    answers: list[requests.Response] = []
    asking = threading.Thread(target=lambda: answers.append(starved.ask({"sql": text_of(attack)})))
    asking.start()
    # Others have their answers meanwhile, and afterwards.
    starved.assert_untouched()
    asking.join()
    [answer] = answers
    document = answer.json()
    shown = f"{attack['sql'][:200]}\n{answer.status_code}: {answer.text[:1000]}"
    # An answer that had begun tells its error at its end.
    error = document.get("error")
    assert answer.status_code == (200 if error is None or "rows" in document else 400), shown
    assert (error["kind"] if error else "answer") in attack["ends"], shown
    if error:
        assert error["message"], shown
    assert requests.get(f"{starved.server.url}/readyz", timeout=10).status_code == 200
    starved.assert_untouched()
    assert starved.server.peak_memory_bytes() < PEAK_BYTES, shown


def test_a_text_beyond_any_measure(starved: Target) -> None:
    answer = starved.ask({"sql": f"SELECT '{'x' * (64 << 20)}'"})
    assert answer.status_code == 400, answer.text[:1000]
    assert answer.json()["error"]["field"] == "sql"
    starved.assert_untouched()


def test_two_who_starve_hold_up_a_third_no_longer_than_the_limit(starved: Target) -> None:
    """With both places taken by queries that never end, the third waits for one of them and is answered."""
    endless = next(attack for attack in ATTACKS["starve"] if attack["wants"] == "to count for ever")
    answers: list[requests.Response] = []
    asking = [threading.Thread(target=lambda: answers.append(starved.ask({"sql": text_of(endless)}))) for _ in range(2)]
    for thread in asking:
        thread.start()
    starved.assert_untouched()
    for thread in asking:
        thread.join()
    assert {answer.json()["error"]["kind"] for answer in answers} <= set(endless["ends"])


def test_who_fills_the_memory_costs_others_no_answer(starved: Target) -> None:
    """Whoever asks for memory when there is none fails in DuckDB, the small beside the large; it tries again."""
    large = "SELECT length(groupArray(range(100000 + number % 10))) FROM numbers(10000)"
    small = {"sql": "SELECT length(groupArray(number * 2)) FROM numbers(1500000)"}
    asked = threading.Event()

    def fill() -> None:
        while not asked.is_set():
            starved.ask({"sql": large})

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        for _ in range(40):
            answer = starved.ask(small)
            assert answer.status_code == 200, answer.text
            assert answer.json()["rows"] == [[1500000]]
    finally:
        asked.set()
        filling.join()

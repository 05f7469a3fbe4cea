"""Proof by difference: whatever annoscope answers to a query, ClickHouse answers too.

Each test is one query, run three ways: by annoscope, by ClickHouse's own engine as it is, and by that engine with the
text that annoscope prints for a ClickHouse cluster. `difference/` has the queries, the events and the comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver import ctypes as buffers
from clickhouse_connect.driver.transform import NativeTransform

from difference import compare, corpus, dashboards, data, generate, grammar
from difference.engines import Annoscope, Answer, ClickHouse, Port, Refusal, start_server
from difference.grafana import Context, Value
from support import exports
from support.server import Server, User, check_log

QUERIES = corpus.queries()
DASHBOARDS = list(dashboards.cases())

# For the queries with macros: bounds in the middle of a second, to see what is cut.
VARIABLES: dict[str, Value] = {
    "projects": ["1", "3"],
    "everyone": {"all": "-1"},
    "scopes": ["draw:object", "it's", "back\\slash"],
    "one": "2",
}
CONTEXT = Context(1_783_065_600_123, 1_783_152_000_789, 600_000, VARIABLES)


@pytest.fixture(scope="session")
def events() -> list[data.Event]:
    return data.generate()


@pytest.fixture(scope="session")
def loaded_server(tmp_path_factory: pytest.TempPathFactory, events: list[data.Event]) -> Iterator[Server]:
    """One server with the events, for all queries."""
    directory = tmp_path_factory.mktemp("difference")
    server = start_server(directory, events)
    yield server
    server.close()
    print(f"--- {server.log_path}\n{server.log_tail()}")
    check_log(server)


@pytest.fixture(scope="session")
def loaded_admin(loaded_server: Server) -> User:
    return loaded_server.add_user("root", "admin")


@pytest.fixture(scope="session")
def annoscope(loaded_server: Server, loaded_admin: User) -> Annoscope:
    return Annoscope(loaded_server, loaded_admin)


@pytest.fixture(scope="session")
def port(loaded_server: Server, loaded_admin: User) -> Port:
    return Port(loaded_server, loaded_admin)


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory, events: list[data.Event]) -> Iterator[ClickHouse]:
    engine = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    engine.load(events)
    yield engine
    engine.close()


def check(difference: compare.Difference | None) -> None:
    if difference is not None:
        pytest.fail(str(difference), pytrace=False)


def test_both_hold_the_same_events(
    loaded_server: Server, loaded_admin: User, clickhouse: ClickHouse, events: list[data.Event]
) -> None:
    made = sorted(exported(event) for event in events)
    assert sorted(tuple(row.values()) for row in exports.rows(loaded_server, loaded_admin)) == made
    stored = clickhouse.query("SELECT * EXCEPT (timestamp), toUnixTimestamp64Milli(timestamp) AS timestamp FROM events")
    assert isinstance(stored, Answer), stored
    names = [name for name, _ in stored.columns]
    rows = [dict(zip(names, row, strict=True)) for row in stored.rows]
    assert sorted(exported(row) for row in rows) == made


def exported(event: data.Event) -> tuple[str, ...]:
    """An event as a row of the CSV export."""
    texts = {name: "" if event[name] is None else str(event[name]) for name in data.TYPES}
    text = data.time_text(event["timestamp"])
    return tuple((texts | {"timestamp": csv_time(text)}).values())


def csv_time(text: str) -> str:
    """As the export writes times: with microseconds, or without a fraction."""
    seconds, _, ms = text.partition(".")
    return f"{seconds}+00:00" if ms == "000" else f"{seconds}.{ms}000+00:00"


@pytest.mark.parametrize("query", QUERIES, ids=[query.id for query in QUERIES])
def test_query(query: corpus.Query, annoscope: Annoscope, clickhouse: ClickHouse) -> None:
    check(compare.three_ways(query.id, query.sql, annoscope, clickhouse, tolerance=query.tolerance))


# Those that tools read are compared for the whole corpus, the others for a fifth of it each.
COMMON_FORMATS = ("TabSeparatedWithNamesAndTypes", "CSVWithNames", "JSONCompact", "RowBinaryWithNamesAndTypes")
OTHER_FORMATS = ("JSON", "JSONEachRow", "JSONCompactStrings", "Native", "Values", "Vertical", "Markdown")


@pytest.mark.parametrize("name", COMMON_FORMATS + OTHER_FORMATS)
def test_formats(name: str, port: Port, clickhouse: ClickHouse) -> None:
    """Byte for byte, through ClickHouse's interface, where both give the rows in one order and numbers are exact."""
    n_compared, different = 0, []
    queries = QUERIES if name in COMMON_FORMATS else QUERIES[OTHER_FORMATS.index(name) % 5 :: 5]
    for query in queries:
        if query.tolerance is not None or re.search(r"\b(FORMAT|INTO)\b", query.sql):
            continue
        plain = [engine.content(query.sql, "TabSeparatedWithNamesAndTypes") for engine in (port, clickhouse)]
        if isinstance(plain[0], Refusal) or plain[0] != plain[1]:
            continue
        if name.startswith("RowBinary") and b"nan" in plain[0]:
            # Of nan there are several, and text does not tell them apart.
            continue
        n_compared += 1
        answers = [engine.content(query.sql, name) for engine in (port, clickhouse)]
        if name == "Native":
            # Blocks end elsewhere, and there may be anything behind NULL.
            answers = [native_rows(answer) for answer in answers]
        if answers[0] != answers[1]:
            different.append(query.id)
    assert n_compared > len(queries) / 2
    assert not different


class Source:
    """What clickhouse-connect reads from."""

    def __init__(self, content: bytes):
        self.gen = iter([content])

    def close(self) -> None:
        pass


def native_rows(content: bytes | Refusal) -> str:
    """The rows as clickhouse-connect has them; their text, as no nan is another one."""
    assert isinstance(content, bytes), content
    result = NativeTransform.parse_response(buffers.RespBuffCls(Source(content)))
    types = [column_type.name for column_type in result.column_types]
    return repr((result.column_names, types, result.result_rows))


@pytest.mark.parametrize("query", corpus.macros(), ids=lambda query: query.name)
def test_macros(query: corpus.Query, annoscope: Annoscope, clickhouse: ClickHouse) -> None:
    check(compare.three_ways(query.id, query.sql, annoscope, clickhouse, context=CONTEXT))


@pytest.mark.parametrize("query", corpus.beyond(), ids=lambda query: query.name)
def test_beyond(query: corpus.Query, annoscope: Annoscope, clickhouse: ClickHouse) -> None:
    """What annoscope does not promise may be refused, but not answered wrongly."""
    if isinstance(annoscope.query(query.sql), Answer):
        check(compare.three_ways(query.id, query.sql, annoscope, clickhouse))


@pytest.mark.parametrize("refused", corpus.refused(), ids=lambda refused: f"{refused.construct}: {refused.sql[:50]}")
def test_refused(refused: corpus.Refused, annoscope: Annoscope) -> None:
    for answer in (annoscope.query(refused.sql), annoscope.explain(refused.sql)):
        assert isinstance(answer, Refusal), f"not refused: {refused.sql}"
        assert refused.construct.lower() in answer.message.lower()


@pytest.mark.skipif(not DASHBOARDS, reason=f"there are no dashboards in {dashboards.DIRECTORY}")
@pytest.mark.parametrize("case", DASHBOARDS, ids=[case.id for case in DASHBOARDS])
def test_dashboard(case: dashboards.Case, annoscope: Annoscope, clickhouse: ClickHouse) -> None:
    context = dashboards.choose(case, clickhouse.first_column)
    check(compare.three_ways(case.id, case.sql, annoscope, clickhouse, context=context, ties=True))


def test_the_repositorys_table_of_functions_is_the_servers(annoscope: Annoscope) -> None:
    """Random queries are made from it where no server is asked."""
    rows = [{key: row[key] for key in ("name", "arguments", "result", "aggregate")} for row in annoscope.functions()]
    assert list(grammar.function_table()) == rows


def test_random_queries_are_the_same_for_a_seed() -> None:
    made = list(generate.queries(seed=7, n=200))
    assert made == list(generate.queries(seed=7, n=200))
    assert made != list(generate.queries(seed=8, n=200))
    assert len(made) == 200


def test_random_queries(annoscope: Annoscope, clickhouse: ClickHouse) -> None:
    """A short walk, the same in each run; `make difference N=10000` goes far."""
    tally = generate.run(annoscope, clickhouse, n_queries=150, seed=4)
    assert tally.n_equal > 100, str(tally)
    assert not tally.differences, "\n\n".join(str(difference) for difference in tally.differences)

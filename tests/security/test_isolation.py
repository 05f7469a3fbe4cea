"""Row isolation: whatever a member of an organization asks, the answer is as if no other events existed.

Each query is asked by the member over all events, and by the same member of a server that has the member's events
only; both answers are equal. That holds for counts, orders and errors as for values, so nothing of a foreign row gets
through. The text that is printed for a ClickHouse cluster is run likewise, in ClickHouse's engine. `make isolation`
asks 2,000 random queries.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from difference import compare, data, generate
from difference.compare import Rules
from difference.engines import Annoscope, Answer, ClickHouse, Explained, Port, Refusal, start_server
from difference.grafana import Context
from support.server import Server, check_log

N_QUERIES = int(os.environ.get("ANNOSCOPE_ISOLATION", "150"))
ORG_ID, ORG_SLUG = 1, "acme"
# By role, and the name: ids of users who have events in the organization and elsewhere.
USER_IDS = {"owner": 2, "maintainer": 3, "worker": 4}


@dataclass
class Member:
    """A member of the organization, and the engines that hold the member's events only."""

    name: str
    asks: Annoscope
    # The same server over ClickHouse's interface.
    asks_port: Port
    alone: Annoscope
    alone_in_clickhouse: ClickHouse
    # All texts of those events.
    own: str


def as_member(server: Server, role: str) -> tuple[Annoscope, Port]:
    """The owner has to be the first."""
    user = server.add_user(role, "user", "--id", str(USER_IDS[role]))
    asks, port = Annoscope(server, user), Port(server, user)
    if role == "owner":
        server.cli("org", "add", ORG_SLUG, "--owner", role, "--id", str(ORG_ID))
    else:
        server.cli("org", "member", ORG_SLUG, role, "--role", role)
    for session in (asks.session, port.session):
        session.headers["X-Organization"] = ORG_SLUG
    return asks, port


@pytest.fixture(scope="module")
def events() -> list[data.Event]:
    return data.generate()


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory, events: list[data.Event]) -> Iterator[ClickHouse]:
    engine = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    engine.load(events)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory, events: list[data.Event]) -> Iterator[list[Member]]:
    everything = start_server(tmp_path_factory.mktemp("everything"), events)
    asks = {role: as_member(everything, role) for role in USER_IDS}
    of_organization = [event for event in events if event["org_id"] == ORG_ID]
    of_worker = [event for event in of_organization if event["user_id"] == USER_IDS["worker"]]
    assert 100 < len(of_worker) < len(of_organization) < len(events)
    servers, engines, alone = [everything], [], {}
    for name, some, roles in (
        ("organization", of_organization, ("owner", "maintainer")),
        ("worker", of_worker, ("owner", "worker")),
    ):
        server = start_server(tmp_path_factory.mktemp(name), some)
        engine = ClickHouse(tmp_path_factory.mktemp(f"clickhouse-{name}"))
        engine.load(some)
        servers.append(server)
        engines.append(engine)
        for role in roles:
            # The owner of the worker's server is there for the organization only.
            alone.setdefault(
                role, (as_member(server, role)[0], engine, json.dumps(some, ensure_ascii=False, default=str))
            )
    yield [Member(role, *asks[role], *alone[role]) for role in USER_IDS]
    for engine in engines:
        engine.close()
    for server in servers:
        server.close()
        check_log(server)


def check(member: Member, clickhouse: ClickHouse, sql: str, context: Context | None = None) -> bool:
    """Whether the query was answered; that both answers are equal is asserted."""
    rules = Rules.of(sql, generate.tolerance(sql))
    answer, expected = member.asks.query(sql, context), member.alone.query(sql, context)
    # Whether a row that fails is met at all depends on the order of conditions, which statistics decide; what the
    # error quotes is the member's own.
    for refusal in (answer, expected):
        if isinstance(refusal, Refusal) and json.loads(refusal.message)["error"]["kind"] == "execution":
            quoted = re.findall(r"'([^']*)'", json.loads(refusal.message)["detail"])
            foreign = [value for value in quoted if value not in member.own and value not in sql]
            assert not foreign, f"{member.name}: {refusal.message}\n{sql}"
    # The port knows no range and no variables.
    through_port = member.asks_port.query(sql) if context is None else answer
    if isinstance(answer, Refusal) or isinstance(expected, Refusal):
        assert isinstance(through_port, Refusal) == isinstance(answer, Refusal), f"{member.name}: {through_port}\n{sql}"
        return False
    for found in (answer, through_port):
        assert not isinstance(found, Refusal), f"{member.name}: {found}\n{sql}"
        what = compare.differs(found, expected, rules)
        assert what is None, f"{member.name}: {what}\n{sql}"

    texts = member.asks.explain(sql, context), member.alone.explain(sql, context)
    narrowed, plain = texts
    assert isinstance(narrowed, Explained), narrowed
    assert isinstance(plain, Explained), plain
    answer, expected = clickhouse.query(narrowed.clickhouse), member.alone_in_clickhouse.query(plain.clickhouse)
    # ClickHouse puts the conditions of both SELECTs together: a cast of a foreign row may fail, and returns nothing.
    if isinstance(answer, Answer):
        what = compare.differs(answer, expected, rules)
        assert what is None, f"{member.name}, in ClickHouse: {what}\n{narrowed.clickhouse}"
    return True


# Ways out that somebody might try. `$x` has a hostile value.
HOSTILE = [
    "SELECT count(), uniqExact(org_id), min(user_id), max(user_id) FROM events",
    "SELECT count() FROM cvat.events",
    "SELECT count() FROM events WHERE org_id != 1 OR 1 = 1 OR user_id > 0",
    "SELECT * FROM (SELECT org_id, user_id, count() FROM cvat.events GROUP BY 1, 2) ORDER BY 1, 2",
    "SELECT (SELECT count() FROM events), (SELECT max(user_id) FROM cvat.events)",
    "SELECT count() FROM events AS a JOIN events AS b ON a.user_id = b.user_id AND a.timestamp = b.timestamp",
    "SELECT count() FROM events AS a LEFT JOIN cvat.events AS b ON a.job_id = b.job_id AND a.timestamp = b.timestamp",
    "SELECT org_id, count() FROM events GROUP BY 1 UNION ALL SELECT user_id, count() FROM cvat.events GROUP BY 1",
    "WITH events AS (SELECT * FROM cvat.events) SELECT count(), uniqExact(user_id) FROM events",
    "WITH other AS (SELECT * FROM events WHERE org_id = 2) SELECT count() FROM other",
    "WITH 2 AS org_id SELECT count() FROM events WHERE org_id = 2",
    "SELECT 2 AS org_id, count() AS n FROM events",
    "SELECT 1 AS org_id, user_id AS org_slug, count() FROM events GROUP BY org_slug ORDER BY org_slug",
    "SELECT count() FROM events AS cvat WHERE cvat.org_id = 2",
    "SELECT count() FROM events /* WHERE org_id = 1 */ WHERE 1 -- AND org_id = 1",
    "SELECT uniqExact(user_id) FROM events WHERE user_id IN (SELECT user_id FROM cvat.events WHERE org_id = 2)",
    "SELECT user_id, org_id FROM events ORDER BY org_id DESC, user_id DESC LIMIT 20",
    "SELECT DISTINCT org_slug FROM events ORDER BY org_slug",
    "SELECT count() FROM events WHERE org_slug = '$x'",
    "SELECT count() FROM events WHERE user_name IN ($names)",
    "SELECT toStartOfDay(timestamp) AS t, count() FROM events WHERE $__timeFilter(timestamp) GROUP BY t ORDER BY t",
    "SELECT max(count) OVER (), count() OVER (PARTITION BY org_id) FROM events ORDER BY 1, 2 LIMIT 5",
    "SELECT arrayJoin([org_id, user_id]) AS x, count() FROM events GROUP BY x ORDER BY x",
    "SELECT count() FROM numbers(3) AS n JOIN events AS e ON e.user_id = n.number",
    "SELECT groupUniqArray(org_id), arraySort(groupUniqArray(user_id)) FROM events WHERE org_id IS NULL OR org_id > 0",
]
# What fails on a foreign row only: as if it were not there, so that no error tells what is in it.
FAILING_ELSEWHERE = [
    "SELECT count() FROM events WHERE CAST(if(org_id = 1, '1', concat('x', user_name)) AS Float64) > 0",
    "SELECT count() FROM events WHERE toUInt64(if(assumeNotNull(org_id) = 1, '1', assumeNotNull(user_email))) = 1",
    "SELECT count() FROM (SELECT CAST(if(org_id = 1, '1', org_slug) AS Float64) AS x FROM events) WHERE x > 0",
]
# Numbers, times and texts, of which the store knows the least and the greatest value of all rows.
ORDERED = ["obj_id", "count", "duration", "project_id", "task_id", "job_id", "user_id", "org_id", "timestamp"]
ORDERED += ["scope", "obj_name", "obj_val", "source", "user_name", "user_email", "org_slug", "payload"]
VARIABLES = {
    "x": "acme' OR org_id = 2 OR '1' = '1",
    "names": ["x') OR (1 = 1", "Zoë"],
}
CONTEXT = Context(1_780_272_000_000, 1_788_048_000_000, 600_000, VARIABLES)


@pytest.mark.parametrize("sql", HOSTILE)
def test_ways_out(members: list[Member], clickhouse: ClickHouse, sql: str) -> None:
    for member in members:
        check(member, clickhouse, sql, CONTEXT)


def test_relations(members: list[Member], clickhouse: ClickHouse) -> None:
    """Every relation beside the events is worked out from one's own events: whole, summed, and joined with others."""
    relations = member_relations(members[0])
    assert len(relations) >= 8, relations
    for member in members:
        assert member_relations(member) == relations
        for relation in relations:
            for sql in (
                f"SELECT * FROM {relation}",
                f"SELECT count() FROM cvat.{relation}",
                f"SELECT count() FROM (SELECT user_id FROM events LIMIT 100) AS e CROSS JOIN {relation} AS r",
                f"SELECT count() FROM numbers(3) WHERE number < (SELECT count() FROM {relation})",
            ):
                assert check(member, clickhouse, sql), f"{member.name}: {sql}"


def member_relations(member: Member) -> list[str]:
    answer = member.asks.query("SHOW TABLES")
    assert isinstance(answer, Answer), answer
    return [str(row[0]) for row in answer.rows if row[0] != "events"]


@pytest.mark.parametrize("sql", FAILING_ELSEWHERE)
def test_no_error_tells_of_a_foreign_row(members: list[Member], clickhouse: ClickHouse, sql: str) -> None:
    for member in members:
        assert check(member, clickhouse, sql), f"{member.name} is refused"


def literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.parametrize("column", ORDERED)
def test_no_error_tells_how_far_foreign_values_reach(
    members: list[Member], events: list[data.Event], column: str
) -> None:
    """A condition that no row can fulfil keeps a cast from failing: none may be left out for what others' rows hold."""
    values = sorted({event[column] for event in events if event[column] is not None})
    bounds = {values[0], values[-1], values[len(values) // 2]}
    bounds |= {value + step for value in bounds if isinstance(value, int) for step in (-1, 1) if value + step >= 0}
    for member in members:
        for bound in sorted(bounds):
            for operator in ("<", ">="):
                sql = (
                    "SELECT count() FROM events WHERE toUInt64(concat('x', scope)) = 1 "
                    f"AND {column} {operator} {literal(bound)}"
                )
                answer, expected = member.asks.query(sql), member.alone.query(sql)
                assert isinstance(answer, Refusal) == isinstance(expected, Refusal), f"{member.name}: {sql}"


def test_no_plan_is_told_to_who_does_not_see_all(members: list[Member]) -> None:
    for member in members:
        plan = member.asks.query("EXPLAIN SELECT count() FROM events WHERE obj_id > 5")
        assert isinstance(plan, Refusal)
        assert json.loads(plan.message)["error"]["kind"] == "forbidden"
        plan = member.asks_port.query("EXPLAIN SELECT count() FROM events WHERE obj_id > 5")
        assert isinstance(plan, Refusal)
        assert "(ACCESS_DENIED)" in plan.message


def test_no_position_is_told_to_who_does_not_see_all(members: list[Member]) -> None:
    """The places of their own events would tell how many others came between them."""
    for member in members:
        for sql in (
            "SELECT count(position), max(position) FROM events",
            "SELECT count() FROM events WHERE position > 0",
        ):
            for asks in (member.asks, member.asks_port):
                answer = asks.query(sql)
                assert not isinstance(answer, Refusal), answer
                assert [str(value) for value in answer.rows[0]] in (["0", "None"], ["0"])


def test_random_queries(members: list[Member], clickhouse: ClickHouse) -> None:
    n_answered = 0
    for number, sql in enumerate(generate.queries(seed=5, n=N_QUERIES)):
        n_answered += check(members[number % len(members)], clickhouse, sql)
    assert n_answered > N_QUERIES / 2


def test_cached_results_are_not_shared(members: list[Member]) -> None:
    """A refreshed panel of one is not made of buckets that were kept for another."""
    sql = (
        "SELECT toStartOfDay(timestamp) AS t, count() FROM events WHERE $__timeFilter(timestamp) GROUP BY t ORDER BY t"
    )
    for _ in range(2):
        answers = [member.asks.query(sql, CONTEXT) for member in members]
        expected = [member.alone.query(sql, CONTEXT) for member in members]
        assert answers == expected
    assert answers[0] != answers[2]


def test_outside_of_the_organization_there_are_own_events(members: list[Member], events: list[data.Event]) -> None:
    for member in members:
        own_id = USER_IDS[member.name]
        n_own = sum(event["user_id"] == own_id for event in events)
        sql = f"SELECT countIf(user_id IS NULL OR user_id != {own_id}), count() >= {n_own} FROM events"
        headers = {**member.asks.session.headers, "X-Organization": ""}
        answer = requests.post(f"{member.asks.url}/api/query", json={"sql": sql}, headers=headers, timeout=30)
        assert answer.json()["rows"] in ([[0, 1]], [["0", 1]]), answer.text
        answer = requests.post(member.asks_port.url, data=sql.encode(), headers=headers, timeout=30)
        assert answer.text == "0\t1\n"

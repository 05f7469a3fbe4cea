"""Row isolation without annoscope: who asks ClickHouse itself sees what a row policy of ours leaves.

Each query is asked of an engine that has all events and the policy, and of one that has the events of the member only.
chDB has one user, `default`, and no place for policies that statements make: the policy's condition is in its
configuration. Grants, and policies that are restrictive, are not tried.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from difference import compare, data, generate
from difference.compare import Rules
from difference.engines import Annoscope, Answer, ClickHouse, Explained, Refusal
from support.server import Server, User, run_cli

N_QUERIES = int(os.environ.get("ANNOSCOPE_ISOLATION", "150"))
# What a policy is made of, and the condition of the same rows.
READERS = {"org:1": {"org_id": 1}, "user:4": {"user_id": 4}, "user:4,org:1": {"user_id": 4, "org_id": 1}}
# Ways out that somebody might try, of who asks ClickHouse itself.
HOSTILE = [
    "SELECT count(), uniqExact(org_id), min(user_id), max(user_id) FROM cvat.events",
    "SELECT count() FROM cvat.events WHERE org_id != 1 OR 1 = 1",
    "SELECT count() FROM cvat.events PREWHERE org_id != 1 OR user_id > 0",
    "SELECT * FROM (SELECT org_id, user_id, count() FROM cvat.events GROUP BY 1, 2) ORDER BY 1, 2",
    "SELECT count() FROM cvat.events AS a LEFT JOIN cvat.events AS b USING (job_id, timestamp)",
    "SELECT count() FROM merge('cvat', '^events$')",
    "SELECT count() FROM cvat.events WHERE timestamp > '2026-07-01' SETTINGS optimize_move_to_prewhere = 0",
    "SELECT uniqExact(user_id) FROM cvat.events WHERE user_id IN (SELECT user_id FROM cvat.events WHERE org_id = 2)",
    "SELECT max(timestamp), min(timestamp) FROM cvat.events SETTINGS optimize_use_implicit_projections = 1",
    "SELECT sum(length(payload)) FROM cvat.events FINAL",
    "SELECT count() FROM cvat.events WHERE _part != ''",
]
# What fails on a foreign row only, so that an error would tell what is in it.
FAILING_ELSEWHERE = [
    "SELECT count() FROM cvat.events WHERE CAST(if(org_id = 1, '1', concat('x', user_name)) AS Nullable(Float64)) > 0",
    "SELECT count() FROM cvat.events WHERE toUInt64(if(assumeNotNull(org_id) = 1, '1', assumeNotNull(user_email))) = 1",
    "SELECT count() FROM cvat.events PREWHERE throwIf(ifNull(org_id, 0) != 1) = 0",
]


@dataclass
class Reader:
    """Who sees some rows: of an engine with all events by a policy, and of one that has no others."""

    rights: str
    by_policy: ClickHouse
    alone: ClickHouse


def policy_condition(rights: str, directory: Path) -> str:
    """The condition of the policy that the command prints; the engine reads every statement."""
    engine = ClickHouse(directory / "unused")
    settings = {"ANNOSCOPE_STORE_KIND": "clickhouse", "ANNOSCOPE_STORE_CLICKHOUSE_URLS": engine.url}
    words = ["apply", "--reader", f"default={rights}", "--data-dir", str(directory / "data")]
    printed = run_cli("clickhouse", *words, env=settings)
    assert printed.returncode == 0, printed.stderr
    statements = re.findall(r"^(?:CREATE ROW POLICY|GRANT) .*(?=;$)", printed.stdout, re.MULTILINE)
    assert len(statements) == 3, printed.stdout
    for statement in statements:
        engine.run(f"SELECT formatQuery('{statement}')")
    engine.close()
    return re.search(r"AS RESTRICTIVE USING (.*) TO default$", statements[1])[1]


def with_policy(condition: str, directory: Path) -> ClickHouse:
    """An engine whose configuration has the policy: it has no place for one that a statement makes."""
    users = f"""<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default>
        <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
        <databases><cvat><events><filter>{condition}</filter></events></cvat></databases>
        </default></users></clickhouse>"""
    (directory / "users.xml").write_text(users)
    (directory / "config.xml").write_text(
        f"<clickhouse><users_config>{directory}/users.xml</users_config></clickhouse>"
    )
    return ClickHouse(directory / "all", "--config", str(directory / "config.xml"))


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Reader]]:
    events, made = data.generate(), []
    for rights, condition in READERS.items():
        directory = tmp_path_factory.mktemp("policy")
        by_policy = with_policy(policy_condition(rights, directory), directory)
        alone = ClickHouse(directory / "alone")
        own = [event for event in events if all(event[column] == value for column, value in condition.items())]
        assert 100 < len(own) < len(events)
        by_policy.load(events)
        alone.load(own)
        made.append(Reader(rights, by_policy, alone))
    yield made
    for reader in made:
        reader.by_policy.close()
        reader.alone.close()


def check(reader: Reader, sql: str, rules: Rules) -> bool:
    """Whether the query was answered; that both answers are equal is asserted."""
    answer, expected = reader.by_policy.query(sql), reader.alone.query(sql)
    if isinstance(expected, Refusal):
        assert isinstance(answer, Refusal), f"{reader.rights}: {answer}\n{sql}"
        return False
    assert isinstance(answer, Answer), f"{reader.rights}: {answer}\n{sql}"
    what = compare.differs(answer, expected, rules)
    assert what is None, f"{reader.rights}: {what}\n{sql}"
    return True


@pytest.mark.parametrize("sql", [*HOSTILE, *FAILING_ELSEWHERE])
def test_ways_out(readers: list[Reader], sql: str) -> None:
    for reader in readers:
        check(reader, sql, Rules.of(sql, generate.tolerance(sql)))


def test_random_queries(readers: list[Reader], shared_server: Server, shared_admin: User) -> None:
    """As annoscope prints them for who sees all rows: without a condition of ours."""
    annoscope, n_answered = Annoscope(shared_server, shared_admin), 0
    for number, sql in enumerate(generate.queries(seed=6, n=N_QUERIES)):
        explained = annoscope.explain(sql)
        if not isinstance(explained, Explained):
            continue
        reader = readers[number % len(readers)]
        n_answered += check(reader, explained.clickhouse, Rules.of(sql, generate.tolerance(sql)))
    assert n_answered > N_QUERIES / 2

"""What a query fails of is told in ClickHouse's words or ours, never in those of the database behind it."""

from __future__ import annotations

import random
import re

import requests

from support import events
from support.server import Server, User

# Words that only the database behind it uses.
VOCABULARY = re.compile(
    r"(Binder|Catalog|Parser|Conversion|Invalid Input|Out of Range|Not implemented|INTERNAL|Internal|Constraint) Error"
    r"|INT128|HUGEINT|BIGINT|INTEGER|SMALLINT|TINYINT|VARCHAR|DOUBLE|TIMESTAMP_|struct_|list_|try_cast|strptime|strftime"
    r"|regexp_|make_timestamp|date_part|LINE 1|DuckDB|duckdb|candidate|explicit type casts"
)

ODD = [
    *("'abc'", "''", "'-1'", "'2024-13-45 99:00:00'", "'['", "'*('", "'{\"a\": 1'", "'\\xc3\\xa9'", "'Mars/Olympus'"),
    *("-1", "0", "255", "18446744073709551615", "-9223372036854775808", "1e300", "0.1", "nan", "-inf", "NULL", "true"),
    *("[]", "[1, 2]", "['a', NULL]", "[[1]]", "(1, 'a')", "toDate('2024-01-31')", "toDateTime(0)", "scope", "payload"),
    *("toDateTime64('2299-12-31 23:59:59.999', 3)", "user_id", "timestamp", "duration", "number_of_nothing", "count()"),
    *("INTERVAL 1 MONTH", "INTERVAL 100000000 YEAR", "x -> x + 1", "toDecimal64(1.5, 4)", "(SELECT 1)", "'%'", "'UTC'"),
]
CLAUSES = [
    "SELECT {} FROM events",
    "SELECT scope, {} FROM events GROUP BY scope",
    "SELECT 1 FROM events WHERE {}",
    "SELECT count() FROM events GROUP BY {}",
    "SELECT scope FROM events ORDER BY {} LIMIT 1",
    "SELECT {} OVER (PARTITION BY scope ORDER BY timestamp) FROM events",
    "SELECT CAST({} AS UInt8) FROM events",
    "SELECT toString({}) = {} FROM events",
    "SELECT {} IN (1, 'a', NULL) FROM events",
    "SELECT arrayMap(x -> {}, [1, 2]) FROM events",
    "SELECT 1 FROM events LIMIT {}",
    "SELECT {} UNION ALL SELECT {}",
]
N_STATEMENTS = 700


def statements(names: list[str]) -> list[str]:
    chance = random.Random(14)
    made = []
    for number in range(N_STATEMENTS):
        name = names[number % len(names)]
        arguments = ", ".join(chance.choice(ODD) for _ in range(chance.choice([0, 1, 1, 2, 2, 3, 4])))
        clause = CLAUSES[0] if chance.random() < 0.6 else chance.choice(CLAUSES)
        made.append(clause.replace("{}", f"{name}({arguments})"))
    return made


def test_no_words_of_the_store(server: Server, admin: User) -> None:
    batch = [
        events.server_event("create:task", "1719835200.25", obj_id=1, obj_name="no number", user_id=5),
        events.server_event("create:job", "1719835202", payload='{"a": 1}'),
    ]
    assert events.ingest(server, batch).status_code == 200
    session = requests.Session()
    session.headers.update(admin.headers)
    functions = session.get(f"{server.url}/api/query/functions", timeout=60).json()
    names = sorted({row["name"] for row in functions})
    told = []
    for sql in statements(names):
        answer = session.post(f"{server.url}/api/query", json={"sql": sql}, timeout=60)
        document = answer.json()
        error = document.get("error")
        if answer.status_code == 200 and error is None:
            continue
        assert answer.status_code in (200, 400), f"{sql}\n{answer.text}"
        text = f"{error['message']} {error['hint']} {document.get('detail', '')}"
        # What the query itself says may come back.
        found = VOCABULARY.search(text)
        if found and found[0] not in sql:
            told.append(f"{sql}\n    {text}")
    assert not told, f"{len(told)} statements:\n" + "\n".join(told[:40])

"""One query, three ways: annoscope, ClickHouse, and ClickHouse with the text that annoscope prints for it."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .engines import Annoscope, Answer, ClickHouse, Explained, Refusal, Row
from .grafana import COMMENTS, QUOTED, Context, expand

# How far two floats may differ, relatively, as sums depend on the order of their parts.
FLOAT_TOLERANCE = 1e-9

SET_OPERATION = re.compile(r"\b(UNION|INTERSECT|EXCEPT\s+(?!\())", re.IGNORECASE)
ORDER_BY = re.compile(r"\bORDER\s+BY\b\s*(\w+(?:\(\))?)?", re.IGNORECASE)


@dataclass(frozen=True)
class Difference:
    """What is not equal, and what a reader needs to find out why."""

    name: str
    what: str
    sql: str
    explained: Explained | Refusal | None = None
    # The query before it was made smaller.
    original: str | None = None

    def __str__(self) -> str:
        parts = [f"{self.name}: {self.what}", f"--- the query\n{self.sql.strip()}"]
        if self.original:
            parts.append(f"--- before it was made smaller\n{self.original.strip()}")
        if isinstance(self.explained, Explained):
            parts.append(f"--- as ClickHouse's\n{self.explained.clickhouse}")
            parts.append(f"--- as DuckDB's\n{self.explained.duckdb}")
        return "\n".join(parts)


@dataclass(frozen=True)
class Rules:
    """How two answers are compared."""

    ordered: bool
    # Rows of equal keys may change places, as in dashboards that order by a key with ties: the column that is the key.
    key: str | None = None
    tolerance: float = FLOAT_TOLERANCE

    @classmethod
    def of(cls, sql: str, tolerance: float | None = None, ties: bool = False) -> Rules:
        outermost = outside_of_parentheses(sql)
        # ClickHouse binds the ORDER BY of a union to its last branch.
        order = None if SET_OPERATION.search(outermost) else ORDER_BY.search(outermost)
        key = order[1] if order and ties else None
        return cls(order is not None and not ties, key, tolerance or FLOAT_TOLERANCE)


def outside_of_parentheses(sql: str) -> str:
    """The outermost statement, without comments and strings; whatever is in parentheses becomes `()`."""
    sql = COMMENTS.sub(lambda match: match[1] or " ", sql)
    sql = re.sub(QUOTED, "quoted", sql)
    kept, depth = [], 0
    for part in re.split(r"([()])", sql):
        depth -= part == ")"
        if depth == 0:
            kept.append(part)
        depth += part == "("
    return "".join(kept)


def three_ways(
    name: str,
    sql: str,
    annoscope: Annoscope,
    clickhouse: ClickHouse,
    *,
    context: Context | None = None,
    tolerance: float | None = None,
    ties: bool = False,
    explained: Explained | Refusal | None = None,
    expected: Answer | Refusal | None = None,
) -> Difference | None:
    """The first difference there is. `context`: of a query with macros and variables.

    `explained`, `expected`: what annoscope makes of it and what ClickHouse answers, where that was asked for already.
    """
    explained = explained or annoscope.explain(sql, context)
    expected = expected or clickhouse.query(expand(sql, context) if context else sql)
    answers = {"annoscope": annoscope.query(sql, context)}
    if isinstance(explained, Explained):
        answers["ClickHouse with annoscope's text"] = clickhouse.query(explained.clickhouse)
    rules = Rules.of(sql, tolerance, ties)
    found = {who: differs(answer, expected, rules) for who, answer in answers.items()}
    if not any(found.values()):
        return None
    what = "\n".join(f"{who}: {what or 'as expected'}" for who, what in found.items())
    return Difference(name, what, sql, explained)


def differs(answer: Answer | Refusal, expected: Answer | Refusal, rules: Rules) -> str | None:
    """What is not equal, in words."""
    if isinstance(expected, Refusal):
        return None if isinstance(answer, Refusal) else f"answers, but ClickHouse refuses: {expected.message}"
    if isinstance(answer, Refusal):
        return f"refuses: {answer.message}"
    if answer.columns != expected.columns:
        return "the columns\n" + "\n".join(different_columns(answer, expected))
    if len(answer.rows) != len(expected.rows):
        return f"{len(answer.rows)} rows, expected {len(expected.rows)}{odd_row(answer, expected)}"
    is_float = ["Float" in type_ for _, type_ in expected.columns]
    rows, expected_rows = answer.rows, expected.rows
    if not rules.ordered:
        rows, expected_rows = (sorted(some, key=lambda row: order_key(row, is_float)) for some in (rows, expected_rows))
    for number, (row, expected_row) in enumerate(zip(rows, expected_rows, strict=True)):
        if not equal_rows(row, expected_row, is_float, rules.tolerance):
            return f"row {number} of {len(rows)}\n    is       {row}\n    expected {expected_row}"
    if rules.key is not None and keys(answer, rules.key) != keys(expected, rules.key):
        return f"the rows are not in the order of {rules.key}"
    return None


def different_columns(answer: Answer, expected: Answer) -> Iterator[str]:
    for column, wanted in itertools.zip_longest(answer.columns, expected.columns):
        if column != wanted:
            yield f"    is       {column}\n    expected {wanted}"


def odd_row(answer: Answer, expected: Answer) -> str:
    """The first row that only one of the two has."""
    is_float = ["Float" in type_ for _, type_ in expected.columns]
    for what, some, others in (("only it has", answer, expected), ("it lacks", expected, answer)):
        known = {sort_key(row, is_float) for row in others.rows}
        for row in some.rows:
            if sort_key(row, is_float) not in known:
                return f"; {what} {row}"
    return ""


def keys(answer: Answer, column: str) -> list[Any]:
    """The values of the column that rows are ordered by, if it is one of them."""
    names = [name for name, _ in answer.columns]
    return [row[names.index(column)] for row in answer.rows] if column in names else []


def sort_key(row: Row, is_float: list[bool], n_digits: int = 6) -> str:
    """The same for rows whose floats nearly are."""
    values = [blurred(value, n_digits) if floats else value for value, floats in zip(row, is_float, strict=True)]
    return json.dumps(values, ensure_ascii=False)


def order_key(row: Row, is_float: list[bool]) -> tuple[str, str]:
    """An order in which nearly equal rows come to lie at the same place: by few digits, and then by more."""
    return sort_key(row, is_float), sort_key(row, is_float, 12)


def blurred(value: Any, n_digits: int) -> Any:
    if isinstance(value, list):
        return [blurred(item, n_digits) for item in value]
    if value == "-nan":
        return "nan"
    # A whole Float64 is printed without a point.
    return f"{value + 0.0:.{n_digits}g}" if is_number(value) else value


def equal_rows(row: Row, expected: Row, is_float: list[bool], tolerance: float) -> bool:
    if len(row) != len(expected):
        return False
    return all(
        equal(value, wanted, tolerance if floats or tolerance > FLOAT_TOLERANCE else 0)
        for value, wanted, floats in zip(row, expected, is_float, strict=True)
    )


def equal(value: Any, expected: Any, tolerance: float) -> bool:
    """Exactly, but for numbers where there is a tolerance."""
    if isinstance(value, list) and isinstance(expected, list):
        pairs = itertools.zip_longest(value, expected)
        return len(value) == len(expected) and all(equal(*pair, tolerance) for pair in pairs)
    if tolerance and is_number(value) and is_number(expected):
        return math.isclose(value, expected, rel_tol=tolerance, abs_tol=1e-12)
    # The sign of a NaN is the processor's.
    if value == "nan" and expected == "-nan":
        return True
    return type(value) is type(expected) and value == expected


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

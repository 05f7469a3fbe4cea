"""Differences for which annoscope is not to blame, each recognized by a query that leaves the reason out.

A difference is explained only if it is gone then: what else is wrong with the query still shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from . import compare
from .engines import Annoscope, Answer, ClickHouse, Refusal
from .tree import Node, node

# Whose last binary digit depends on the library that computes it, or on the order of the rows. Within a number it is
# less than the tolerance; but a text shows it, and then the text's length and whatever is compared with it differ.
LAST_DIGITS = re.compile(r"(pow|power|exp|cbrt|log|log2|log10|ln|sum|avg|var|stddev|corr)\w*\(")
# Where rows are compared with each other.
SETS = re.compile(r"\b(DISTINCT|INTERSECT|EXCEPT)\b")

CUTS = re.compile(r"\b(substring|substr|mid|left|right|leftPad|rightPad|lpad|rpad|reverse)\(")
# Columns whose texts are not all ASCII.
NO_ASCII = re.compile(r"\b(user_name|user_email|obj_name|obj_val|org_slug|payload)\b")
WHOLE = {"substr": "substring", "mid": "substring", "lpad": "leftPad", "rpad": "rightPad"}

Compared = Callable[..., bool]


def explanation(query: Node, complete: Callable[[Node], str], equal: Compared, is_refused: bool) -> str | None:
    """Why the engines differ; none if nobody knows.

    `equal` tells whether they answer a query alike, `is_refused` whether annoscope fails while it runs.
    """
    sql = complete(query)
    rounded = changed(query, with_less_digits)
    if rounded != query and equal(complete(rounded)):
        return "the last digit of a float within a text"
    # max(x * 2) becomes max(x) * 2, which is another number beyond 64 bits, and min(t + 60) of no rows is 60.
    if equal(sql, optimize_arithmetic_operations_in_aggregate_functions="0"):
        return "arithmetic that ClickHouse takes out of aggregates"
    # NaN has many bit patterns, and each is a value of its own in ClickHouse's sets.
    for kinds in (("float",), ("float", "int")):
        numbers = changed(query, partial(without_nan, kinds))
        if SETS.search(sql) and numbers != query and equal(complete(numbers)):
            return "NaN in sets of ClickHouse"
    numbered = re.sub(r"\bnan\b", "1", sql)
    if re.search(r"\b(groupUniq|uniq)\w*\(", sql) and numbered != sql and equal(numbered):
        return "NaN in sets of ClickHouse"
    # From now to 18 hours ago ClickHouse counts one week forwards.
    days = sql.replace("age('week'", "age('day'")
    if days != sql and equal(days):
        return "weeks backwards of ClickHouse"
    # ClickHouse folds these to a constant, of another type or without the aggregate that is in them.
    unfolded = re.sub(r"\b([10])( = [10]| BETWEEN)", r"materialize(\1)\2", sql)
    unfolded = re.sub(r" BETWEEN (\d+) AND", r" BETWEEN materialize(\1) AND", unfolded)
    unfolded = re.sub(r"\b(isNull|isNotNull)\(((?:[^()]|\([^()]*\))*)\)", r"\1(materialize(\2))", unfolded)
    unfolded = re.sub(r"( [<>=!]+ )(-\d+)\b", r"\1materialize(\2)", unfolded)
    unfolded = re.sub(r"('[^']*')( [<>=!]+ )", r"materialize(\1)\2", unfolded)
    if unfolded != sql and equal(unfolded):
        return "conditions that ClickHouse folds"
    # It names a constant within if and multiIf by the function that an alias stands for, all else as it is written.
    named = re.sub(r"\bpower(?=\()", "pow", sql)
    named = re.sub(r"\bvisitParam(?=\w+\()", "simpleJSON", named)
    if re.search(r"\b(if|multiIf)\(|\bCASE\b", sql) and named != sql and equal(named):
        return "aliases in constants of ClickHouse"
    # The sign of 0 makes it another value there.
    unsigned = changed(query, without_sign_of_zero)
    if SETS.search(sql) and unsigned != query and equal(complete(unsigned)):
        return "-0 in sets of ClickHouse"
    # Bytes that are no character stand beside others in annoscope as characters of their own.
    whole = CUTS.sub(lambda match: f"{WHOLE.get(match[1], match[1])}UTF8(", sql)
    if whole != sql and (NO_ASCII.search(sql) or not sql.isascii()) and equal(whole):
        return "texts cut within a character"
    # ClickHouse's variances of many digits are documented as unstable, and its stable ones are what annoscope has.
    stable = re.sub(r"\b((?:var|stddev)(?:Pop|Samp)|corr)(?=\w*\()", r"\1Stable", sql)
    if stable != sql and equal(sql, of=stable):
        return "unstable variances of ClickHouse"
    # Nor do they agree with themselves on the correlation of what does not vary: it is no number, or any.
    constant = re.sub(r"\bcorr(?=\w*\()", "uniqExact", sql)
    if constant != sql and equal(constant):
        return "the correlation of what does not vary"
    # Of more than 8,192 values ClickHouse takes a sample, annoscope all.
    exact = re.sub(r"\bquantile(s?)(?!Exact)(\w*)\(", r"quantile\1ExactInclusive\2(", sql)
    exact = re.sub(r"\bmedian(?!Exact)(\w*)\(", r"quantileExactInclusive\1(0.5)(", exact)
    if exact != sql and equal(sql, of=exact):
        return "quantiles of a sample"
    # ClickHouse computes no column that nobody reads, no row of a join whose other side is empty and no part of a
    # tuple behind one that differs, and so fails at none of these.
    safe = re.sub(r"\bintDiv\(", "intDivOrZero(", sql)
    safe = re.sub(r"\bintDivOrZero\((inf|nan),", "intDivOrZero(1,", safe)
    read = changed(query, without_unread)
    if is_refused and read != query and equal(complete(read), of=sql):
        return "an error in what ClickHouse does not compute"
    if is_refused and equal(f"SELECT * FROM ({sql}) LIMIT 0") and equal(f"SELECT * FROM ({sql}) LIMIT 0", of=sql):
        return "an error in what ClickHouse does not compute"
    divided = re.sub(r"\bintDiv(OrZero)?\(", "divide(", sql)
    if is_refused and divided != sql and equal(divided):
        return "an error in what ClickHouse does not compute"
    safe = re.sub(r"(AS |'|::)(String|U?Int\d+|Float64)(\)|'\)|\b)", r"\1Nullable(\2)\3", safe)
    if is_refused and safe != sql and equal(safe, of=sql):
        return "an error in what ClickHouse does not compute"
    return None


def division_explanation(difference: compare.Difference, alike: Callable[[str], bool]) -> str | None:
    """Why ClickHouse fails at annoscope's text alone: it divides by what is no number in rows that are left out.

    Whether it does depends on which condition is a constant to it. `alike` tells whether there is no difference.
    """
    divided = re.sub(r"(\bintDiv(?:OrZero)?\(.*?, )(nan|inf)\)", r"\g<1>1)", difference.sql)
    is_of_text = "annoscope: as expected" in difference.what and "ILLEGAL_DIVISION" in difference.what
    if is_of_text and divided != difference.sql and alike(divided):
        return "an error in what ClickHouse does not compute"
    return None


def changed(query: Node, change: Callable[[Node], Node]) -> Node:
    """The query with a change at each of its nodes, the innermost first."""
    parts = [changed(part, change) if isinstance(part, Node) else part for part in query.parts]
    return change(node(query.kind, *parts))


def with_less_digits(part: Node) -> Node:
    """24 of the 53 binary digits of a float that is not exact."""
    if part.kind != "float" or not LAST_DIGITS.match(str(part)):
        return part
    return node(part.kind, "toFloat64(toFloat32(", part, "))")


def without_nan(kinds: tuple[str, ...], part: Node) -> Node:
    """A column with a number where it has NaN."""
    value = part.parts[0] if part.parts else ""
    if part.kind != "item" or not isinstance(value, Node) or value.kind not in kinds:
        return part
    return node(part.kind, "if(isNaN(", value, "), 0.125, ", value, ")", *part.parts[1:])


def without_unread(part: Node) -> Node:
    """A query of filled times without its other columns."""
    begin = str(part.parts[0]) if part.parts else ""
    if part.kind != "query" or not begin.endswith(" AS t, "):
        return part
    return node("query", begin.removesuffix(", "), *part.parts[2:])


def without_sign_of_zero(part: Node) -> Node:
    """A column with 0 where it has -0."""
    value = part.parts[0] if part.parts else ""
    if part.kind != "item" or not isinstance(value, Node) or value.kind != "float":
        return part
    return node(part.kind, "(", value, " + 0.0)", *part.parts[1:])


def without_nullable(answer: Answer) -> Answer:
    columns = [(name, re.sub(r"Nullable\(([^()]*)\)", r"\1", type_)) for name, type_ in answer.columns]
    return replace(answer, columns=columns)


def comparison(annoscope: Annoscope, clickhouse: ClickHouse, tolerance: Callable[[str], float | None]) -> Compared:
    """Tells whether the engines answer a query alike."""

    def equal(sql: str, of: str | None = None, **settings: str) -> bool:
        """Whether annoscope answers `sql` as ClickHouse answers `of`, which may make less Nullable."""
        expected = clickhouse.query(of or sql, **settings)
        if isinstance(expected, Refusal):
            return False
        answer = annoscope.query(sql)
        if of and isinstance(answer, Answer):
            answer, expected = without_nullable(answer), without_nullable(expected)
        rules = compare.Rules.of(sql, tolerance(sql))
        return isinstance(answer, Answer) and not compare.differs(answer, expected, rules)

    return equal

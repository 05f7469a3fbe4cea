"""Queries that ask for more than a server has, made at random: each in one of the ways that DuckDB's limits miss."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator


def queries(n_queries: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """(kind, SQL): all kinds in turn, their sizes at random."""
    chance = random.Random(seed)
    kinds = list(KINDS.items())
    for number in range(n_queries):
        kind, make = kinds[number % len(kinds)]
        yield kind, make(chance)


def size(chance: random.Random, low: float, high: float) -> int:
    """Of any magnitude between 10^low and 10^high."""
    return int(10 ** chance.uniform(low, high))


def lambdas(chance: random.Random) -> str:
    n = size(chance, 4, 6.5)
    return (
        "SELECT groupArray(number) AS c, arraySum(arrayMap(x -> (x + 1), c)) AS h, "
        f"arrayMap(x -> (x / h), c) AS r FROM numbers({n})"
    )


def nested_lambdas(chance: random.Random) -> str:
    n = size(chance, 1.5, 4.5)
    depth = chance.randint(2, 4)
    names = "xyzw"[:depth]
    body = " + ".join(names)
    for name in reversed(names):
        body = f"arrayMap({name} -> {body}, range({n} + number))"
    return f"SELECT {body} AS r FROM numbers({chance.choice([1, 10, 3000])})"


def invariant_in_lambda(chance: random.Random) -> str:
    n = size(chance, 3, 6)
    return f"SELECT arrayMap(x -> arrayCount(y -> y > x, c), c) AS r, groupArray(number) AS c FROM numbers({n})"


def cumulated(chance: random.Random) -> str:
    return f"SELECT arrayCumSum(groupArray(number)) FROM numbers({size(chance, 3, 6.5)})"


def repeats(chance: random.Random) -> str:
    n, rows = size(chance, 3, 9), size(chance, 0, 6)
    return f"SELECT repeat(toString(number), {n}) AS t, length(concat(t, t, t)) FROM numbers({rows})"


def pads(chance: random.Random) -> str:
    a, b = size(chance, 3, 6), size(chance, 3, 6)
    return f"SELECT length(replaceAll(leftPad('', {a}, 'a'), 'a', leftPad('', {b}, 'b')))"


def concats(chance: random.Random) -> str:
    steps = chance.randint(6, 13)
    text = f"repeat(toString(number), {size(chance, 2, 6)})"
    for _ in range(steps):
        text = f"concat({text}, {text})" if chance.random() < 0.2 else f"hex({text})"
    return f"SELECT length({text}) FROM numbers({size(chance, 0, 5)})"


def splits(chance: random.Random) -> str:
    n, rows = size(chance, 3, 6), size(chance, 0, 5)
    return f"SELECT splitByChar('a', repeat('a', {n} + number)) AS s, length(arrayConcat(s, s, s)) FROM numbers({rows})"


def constants(chance: random.Random) -> str:
    n, rows = size(chance, 3, 6), size(chance, 0, 6)
    return f"SELECT arrayWithConstant({n}, number) AS a FROM numbers({rows})"


def ranges(chance: random.Random) -> str:
    n, rows = size(chance, 3, 6), size(chance, 0, 6)
    return f"SELECT groupArray(range({n} + number % 10)) FROM numbers({rows})"


def quantiles(chance: random.Random) -> str:
    name = chance.choice(["median", "quantile(0.9)", "quantileExact(0.5)", "quantiles(0.1, 0.9)", "medianExact"])
    return f"SELECT {name}(number) FROM numbers({size(chance, 6, 10)})"


def windows(chance: random.Random) -> str:
    name = chance.choice(["quantileExact(0.5)", "median", "groupArray", "uniqExact", "sum", "max"])
    frame = chance.choice(["UNBOUNDED PRECEDING AND CURRENT ROW", "UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"])
    n = size(chance, 4, 6.5)
    return (
        f"SELECT max(r) FROM (SELECT {name}(number) OVER (ORDER BY number ROWS BETWEEN {frame}) AS r FROM numbers({n}))"
    )


def fills(chance: random.Random) -> str:
    n = size(chance, 4, 9)
    text = f"leftPad('', {size(chance, 2, 6)}, 'x')"
    return f"SELECT number AS n, {text} AS t FROM numbers(3) ORDER BY n WITH FILL FROM 0 TO {n}"


def recursion(chance: random.Random) -> str:
    depth = chance.randint(5, 14)
    tables = ["t0 AS (SELECT number AS n FROM numbers(1000))"]
    tables += [f"t{i} AS (SELECT a.n + b.n AS n FROM t{i - 1} AS a, t{i - 1} AS b)" for i in range(1, depth)]
    return f"WITH {', '.join(tables)} SELECT count() FROM t{depth - 1}"


def joins(chance: random.Random) -> str:
    n, m = size(chance, 4, 8), size(chance, 4, 8)
    return (
        f"SELECT a.number % 1000 AS k, groupArray(b.number) FROM numbers({n}) AS a "
        f"JOIN numbers({m}) AS b ON a.number % 100 = b.number % 100 GROUP BY k"
    )


def groups(chance: random.Random) -> str:
    n = size(chance, 6, 9)
    return f"SELECT groupUniqArray(toString(number)) FROM numbers({n})"


KINDS: dict[str, Callable[[random.Random], str]] = {
    "lambdas": lambdas,
    "nested lambdas": nested_lambdas,
    "a part of a lambda": invariant_in_lambda,
    "cumulated": cumulated,
    "repeats": repeats,
    "pads": pads,
    "concats": concats,
    "splits": splits,
    "constants": constants,
    "ranges": ranges,
    "quantiles": quantiles,
    "windows": windows,
    "fills": fills,
    "recursion": recursion,
    "joins": joins,
    "groups": groups,
}

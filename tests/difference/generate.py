"""Random queries, each answered by annoscope and by ClickHouse.

    cd tests && ANNOSCOPE_BIN=… python -m difference.generate 10000 1

Prints what differs, made smaller, and which functions and passes were used. Exits with 1 if anything differs, or if a
function or a pass was never used in 10,000 queries or more.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import compare, data, explanations
from .compare import Difference
from .engines import Annoscope, Answer, ClickHouse, Explained, Refusal, start_server
from .grammar import (
    ARRAY_OF,
    CLASSES,
    COLUMNS,
    LITERALS,
    PLAINEST,
    SCALARS,
    Function,
    Grammar,
    Scope,
    each,
    function_table,
)
from .tree import LIST, OPTIONAL, Node, items, node, shrink

MAX_DEPTH = 3
# Runs of this many queries must have used everything.
N_FOR_ALL = 10_000
N_SHRUNK = 100

EVENTS: Scope = COLUMNS | {"payload": "payload"}

# Slices of the events: few enough rows for exact quantiles, and none.
SLICES = [
    *("scope = 'draw:object'", "project_id = 3", "obj_id < 3000", "toMonth(timestamp) = 6", "user_id IS NULL"),
    *("scope = 'load:cvat'", "scope = 'send:exception'", "duration = 0 AND user_id = 4", "scope = 'no:such'"),
    "project_id = 900",
]
# Of few values each; expression and kind.
KEYS = [
    *(("source", "str"), ("project_id", "int"), ("user_id", "int"), ("user_name", "str"), ("org_slug", "str")),
    *(("toHour(timestamp)", "int"), ("toDate(timestamp)", "date"), ("toMonday(timestamp)", "date")),
    *(("toStartOfDay(timestamp)", "datetime"), ("splitByChar(':', scope)[1]", "str"), ("duration > 1000", "cond")),
]
FILLS = [
    (
        "toDate(timestamp)",
        ["", " STEP INTERVAL 1 DAY", " STEP 2", " FROM toDate('2026-06-01') TO toDate('2026-06-20')"],
    ),
    ("toStartOfHour(timestamp)", [" STEP INTERVAL 1 HOUR", " STEP 3600", " STEP toIntervalHour(6)"]),
    ("toMonday(timestamp)", [" STEP INTERVAL 1 WEEK", " STEP 7"]),
]
JOINS = [
    *("INNER JOIN", "LEFT JOIN", "RIGHT JOIN", "JOIN", "FULL JOIN"),
    *("ANY LEFT JOIN", "LEFT ANY JOIN", "ANY JOIN", "ANY INNER JOIN", "ANY RIGHT JOIN"),
    *("LEFT SEMI JOIN", "SEMI LEFT JOIN", "RIGHT SEMI JOIN", "SEMI JOIN"),
    *("LEFT ANTI JOIN", "ANTI LEFT JOIN", "RIGHT ANTI JOIN", "ANTI JOIN"),
]
FRAMES = [
    *("", " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", " ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING"),
    " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
]
WHOLE_FRAME = FRAMES[-1]

OF_DEFAULT_FRAME = ("cume_dist", "percent_rank", "percentRank")

PARAMETERS = {
    **each(["quantile", "quantileExact"], ["", "(0.5)", "(0.9)", "(0)", "(1)"]),
    "quantiles": ["(0.25, 0.5, 0.9)", "(0.5)"],
    "topK": ["(1)", "(3)"],
    "windowFunnel": ["(60)", "(86400)", "(10000000)"],
}
# What the order of rows decides is asked of a constant.
OF_ANY_ROW = {"any", "any_value", "anyLast"}
LISTS = {"groupArray", "groupUniqArray", "array_agg"}
COUNTS = {"count", "uniq", "uniqExact", "uniqCombined", "uniqCombined64", "uniqHLL12"}
EXACT = {"quantileExact", "medianExact"}
FLAT_COLUMNS = ["user_id", "source", "project_id", "org_slug"]
WITH_SUFFIX = {"sum", "avg", "min", "max", "count", "uniqExact", "median", "quantile", "any", "argMax"}
# Annoscope reads these as what they are other names of, or as no calls at all: they count where they are written.
SPELLED = re.compile(r"\b(array|cast|date_diff|substr|trim|tuple)(?=\()")
# Engines add up squares in different ways. ClickHouse subtracts the square of the sum from the sum of the squares, and
# documents that as unstable: of numbers of many digits that are nearly equal, it gives other spreads from run to run.
SPREADS = {"varPop", "varSamp", "stddevPop", "stddevSamp", "corr"}
FEW_DIGITS = ["duration", "count", "project_id", "user_id", "toHour(timestamp)", "duration / 4"]
FEW_DIGITS += ["7", "0.5", "nan", "inf", "NULL"]
INEXACT = re.compile(r"\b(var|stddev|corr)")
INEXACT_TOLERANCE = 1e-6

STARTS_OF_TIMES = [
    *("toStartOfHour", "toStartOfMinute", "toStartOfFiveMinute", "toStartOfFiveMinutes"),
    *("toStartOfTenMinutes", "toStartOfFifteenMinutes"),
]

# What ClickHouse answers and annoscope refuses by name, for a reason.
REFUSED = {
    # ClickHouse makes a Variant or an Int128, which no client of events knows what to do with.
    "have no common type": "UInt64 beside numbers with a sign, NULL beside arrays",
    "in one branch and": "UInt64 in one branch of UNION, a float in another",
    # ClickHouse joins an array of constants after the groups are made.
    "arrayJoin of groups": "arrayJoin beside GROUP BY",
    # ClickHouse takes some that it has compared for one.
    "is a column of several tables": "a name that several tables of several joins have",
    "a second column called": "columns of one name",
    # ClickHouse folds the key to a constant first, and orders by nothing.
    "a key beside SELECT DISTINCT": "DISTINCT ordered by what becomes a constant",
    "a subquery within a lambda": "IN (SELECT …) within a lambda",
    # Not documented, and an error in ClickHouse as well where the type is not Nullable.
    "toStartOfSecond takes": "toStartOfSecond of what has no fractions",
    # Errors in ClickHouse as well, but only where somebody reads it.
    **dict.fromkeys(
        [
            f"of {name} cannot be Date"
            for name in ("toHour", "toMinute", "toSecond", "toMillisecond", "timeSlot", *STARTS_OF_TIMES)
        ],
        "hours of a Date in rows that nobody reads",
    ),
    # ClickHouse wraps around, also in rows that a later condition leaves out.
    "leaves the range of 64-bit numbers": "arithmetic beyond 64 bits",
    # They are computed with numbers here: `toUnixTimestamp` makes one.
    **dict.fromkeys(
        [f"argument 1 of {name} cannot be Date" for name in ("avg", "median", "quantile", "quantiles")],
        "means and quantiles of times",
    ),
    "a Date has no ": "hours of a Date in a column that nobody reads",
}


# That change answers, and two that do not. Without an order a limit would leave any rows out.
SETTINGS = [
    *(
        "session_timezone = 'Europe/Berlin'",
        "session_timezone = 'America/New_York'",
        "session_timezone = 'Asia/Kolkata'",
    ),
    *("join_use_nulls = 1", "aggregate_functions_null_for_empty = 1", "union_default_mode = 'DISTINCT'"),
    *("date_time_output_format = 'iso'", "date_time_output_format = 'unix_timestamp'"),
    *("output_format_json_quote_64bit_integers = 1", "output_format_json_quote_denormals = 1"),
    *("enable_unaligned_array_join = 1", "max_result_rows = 1000000, result_overflow_mode = 'throw'"),
    *("max_threads = 1, log_comment = 'random'", "group_by_use_nulls = 0, transform_null_in = 0"),
]


@dataclass(frozen=True)
class Made:
    """A query with the names and kinds of its columns."""

    query: Node
    columns: Scope


class Generator(Grammar):
    """Makes whole queries."""

    def query(self) -> Node:
        forms: list[tuple[int, Callable[[], Node]]] = [
            (4, self.constants_only),
            (6, self.rows),
            (5, self.one_row),
            (6, lambda: self.grouped(self.source(), EVENTS).query),
            (3, self.of_subquery),
            (3, self.with_cte),
            (5, self.joined),
            (2, self.nearest),
            (1, self.ordered_extremes),
            (2, self.union),
            (4, self.windowed),
            (2, self.filled),
            (3, self.shadowed),
            (2, self.limited_by),
            (1, self.array_joined),
        ]
        weights = [weight for weight, _ in forms]
        query = self.chance.choices([make for _, make in forms], weights)[0]()
        if self.likely(0.2):
            return node("query", query, node(OPTIONAL, " SETTINGS ", self.one_of(SETTINGS)))
        return query

    def any_kind(self) -> str:
        return self.chance.choice([*SCALARS, "cond", "ints", "strs"])

    def some(self, scope: Scope, n: int = 3) -> list[Node]:
        return [
            self.expression(self.any_kind(), 1 + self.chance.randrange(MAX_DEPTH), scope)
            for _ in range(1 + self.chance.randrange(n))
        ]

    def selected(self, nodes: list[Node], prefix: str = "c") -> Node:
        return items([node("item", item, f" AS {prefix}{number}") for number, item in enumerate(nodes)])

    def source(self) -> Node:
        """FROM and WHERE over the events."""
        more = node(OPTIONAL)
        if self.likely(0.5):
            more = node(OPTIONAL, " AND ", self.expression("cond", 2, EVENTS))
        return node("source", f" FROM events WHERE ({self.one_of(SLICES)})", more)

    def ordered(self, columns: list[str]) -> Node:
        """An order without ties, or none."""
        if not self.likely(0.5):
            return node(OPTIONAL)
        keys = items([node("key", column + self.one_of(["", " DESC", " ASC"])) for column in columns])
        limit = node(OPTIONAL, f" LIMIT {self.chance.randrange(1, 20)}") if self.likely(0.4) else node(OPTIONAL)
        return node(OPTIONAL, " ORDER BY ", keys, limit)

    def constants_only(self) -> Node:
        source = self.one_of(["", " FROM numbers(3)"])
        scope = {"number": "int"} if source else {}
        return node("query", "SELECT ", self.selected(self.some(scope, 4)), source)

    def rows(self) -> Node:
        nodes = self.some(EVENTS)
        order = self.ordered([f"c{number}" for number in range(len(nodes))])
        distinct = self.one_of(["", "", "DISTINCT "])
        return node("query", f"SELECT {distinct}", self.selected(nodes), self.source(), order)

    def aggregate(self, scope: Scope) -> Node:
        """An aggregate of a random function, with or without -If; its kind is that of its value."""
        function = self.aggregates[self.rarest([f.name for f in self.aggregates])]
        conditional = self.likely(0.25)
        arguments, kind = self.aggregated(function, scope)
        if conditional:
            arguments.append(self.expression("cond", 1, scope))
        suffix = self.one_of(["OrNull", "OrDefault"]) if function.name in WITH_SUFFIX and self.likely(0.15) else ""
        name = function.name + suffix + ("If" if conditional else "") + self.one_of(PARAMETERS.get(function.name, [""]))
        text: list[str | Node] = [f"{name}("]
        for number, argument in enumerate(arguments):
            text += [", ", argument] if number else [argument]
        return self.settled(function, node(kind, *text, ")"))

    def aggregated(self, function: Function, scope: Scope) -> tuple[list[Node], str]:
        """The arguments, and the kind of the result."""
        if function.name in OF_ANY_ROW:
            kind = self.one_of(["int", "str", "date"])
            return [node("constant", self.one_of(LITERALS[kind]))], kind
        if function.name in ("argMin", "argMax"):
            kind = self.one_of(SCALARS)
            # Where there are ties, ClickHouse takes the row that it came to first.
            if "obj_id" not in scope:
                return [node("constant", self.one_of(LITERALS[kind])), node("constant", "1")], kind
            return [self.expression(kind, 1, scope), node("constant", "obj_id")], kind
        if function.name == "windowFunnel":
            time = "toDateTime(timestamp)" if "timestamp" in scope else "toDateTime('2026-06-01 00:00:00')"
            steps = [self.expression("cond", 1, scope) for _ in range(1 + self.chance.randrange(3))]
            return [node("constant", time), *steps], "int"
        if function.name in SPREADS:
            numbers = FEW_DIGITS if "duration" in scope else FEW_DIGITS[-5:]
            return [node("constant", self.one_of(numbers)) for _ in function.arguments], "float"
        if function.name in COUNTS or function.name == "topK":
            columns = [column for column in FLAT_COLUMNS if column in scope]
            if not columns:
                # Of a key of the subquery's GROUP BY, ClickHouse counts the rows: then it has another type, too.
                columns = [f"length(toString({next(iter(scope))}))"] if scope else ["1"]
            n_arguments = len(function.arguments)
            return [node("column", self.one_of(columns)) for _ in range(n_arguments)], "int"
        classes = ["num" if function.name in EXACT else argument.kind_class for argument in function.arguments]
        kinds = [self.one_of(CLASSES[class_]) for class_ in classes]
        is_like_first = function.name in {"sum", "min", "max"} | LISTS
        kind = kinds[0] if is_like_first and kinds else "float"
        if function.name == "groupBitAnd":
            # Of no rows all bits are set, and annoscope computes with 63 of them.
            return [node("constant", "duration" if "duration" in scope else "7")], "int"
        return [self.expression(kind, 1 + self.chance.randrange(2), scope) for kind in kinds], kind

    def settled(self, function: Function, aggregate: Node) -> Node:
        """Without what the order of rows decides."""
        if function.name == "quantiles":
            return node("float", aggregate, "[1]")
        if function.name in LISTS:
            if aggregate.kind not in ARRAY_OF:
                return node("int", "length(", aggregate, ")")
            return node(ARRAY_OF[aggregate.kind], "arraySort(", aggregate, ")")
        if function.name == "topK":
            return node("int", "length(", aggregate, ")")
        if function.name == "retention":
            return node("ints", aggregate)
        if function.name == "groupConcat":
            return node("int", "length(", aggregate, ")")
        # Of no rows it is 1970-01-01, before which ClickHouse's dates and times start again at their end, or stay.
        return node("near_1970", aggregate) if aggregate.kind in ("date", "datetime") else aggregate

    def summary(self, scope: Scope) -> Node:
        """An aggregate, or an expression over one."""
        aggregate = self.aggregate(scope)
        if self.likely(0.7):
            return aggregate
        return self.expression(self.any_kind(), 1, {str(aggregate): aggregate.kind})

    def summaries(self, scope: Scope) -> list[Node]:
        return [self.summary(scope) for _ in range(1 + self.chance.randrange(3))]

    def one_row(self) -> Node:
        return node("query", "SELECT ", self.selected(self.summaries(EVENTS)), self.source())

    def grouped(self, source: Node, scope: Scope, n_keys: int | None = None) -> Made:
        """Groups of the events: keys k0, k1 and aggregates a0, a1."""
        chosen = self.chance.sample(KEYS, n_keys or self.chance.randrange(1, 3))
        keys = {f"k{number}": kind for number, (_, kind) in enumerate(chosen)}
        aggregates = self.summaries(scope)
        columns = keys | {f"a{number}": aggregate.kind for number, aggregate in enumerate(aggregates)}
        having = node(OPTIONAL, " HAVING ", self.expression("cond", 1, columns)) if self.likely(0.2) else node(OPTIONAL)
        rollup = self.one_of([" WITH ROLLUP", " WITH CUBE"]) if self.likely(0.05) else ""
        query = node(
            "query",
            "SELECT ",
            self.selected([node("key", text) for text, _ in chosen], "k"),
            node(OPTIONAL, ", ", self.selected(aggregates, "a")),
            source,
            f" GROUP BY {', '.join(keys)}{rollup}",
            having,
            self.ordered(list(columns)) if not rollup else node(OPTIONAL),
        )
        return Made(query, columns)

    def of_subquery(self) -> Node:
        inner = self.grouped(self.source(), EVENTS)
        near_1970 = [node("column", name) for name, kind in inner.columns.items() if kind == "near_1970"]
        if self.likely(0.5):
            select = self.selected(self.some(inner.columns) + near_1970)
        else:
            select = self.selected(self.summaries(inner.columns))
        return node("query", "SELECT ", select, " FROM (", inner.query, ")")

    def with_cte(self) -> Node:
        inner = self.grouped(self.source(), EVENTS)
        share = node(OPTIONAL, ", (SELECT count() FROM t) AS total") if self.likely(0.4) else node(OPTIONAL)
        return node(
            "query", "WITH t AS (", inner.query, ") SELECT ", self.selected(self.some(inner.columns)), share, " FROM t"
        )

    def joined(self) -> Node:
        """Two or three tables that have columns of the same names, joined in all the ways there are."""
        key, kind = self.chance.choice(KEYS)
        kind = "near_1970" if kind in ("date", "datetime") else kind
        n_tables = 3 if self.likely(0.25) else 2
        names = "abc"[:n_tables]
        sides = [self.side(key) for _ in names]
        columns: Scope = {}
        for name, (_, value) in zip(names, sides, strict=True):
            columns |= {f"{name}.k": kind, f"{name}.x": value}
        tables: list[str | Node] = [" FROM ", sides[0][0], f" AS {names[0]}"]
        merged = False
        for name, (side, _) in zip(names[1:], sides[1:], strict=True):
            using = self.likely(0.4)
            merged |= using
            # The key is one of each side's groups, so that there is one partner for each row.
            on = "USING (k)" if using else f"ON a.k = {name}.k"
            tables += [f" {self.one_of(JOINS if n_tables == 2 else JOINS[:5])} ", side, f" AS {name} {on}"]
        if n_tables == 2 and not merged and self.likely(0.2):
            tables.append(node(OPTIONAL, self.one_of([" AND a.k IS NOT NULL", " AND b.k IS NOT NULL"])))
        return node("query", "SELECT ", self.of_joined(columns, merged, n_tables), *tables)

    def of_joined(self, columns: Scope, merged: bool, n_tables: int) -> Node:
        if self.likely(0.3):
            return items([node("star", self.one_of(["*", "b.*", "b.*, a.*", "*, b.x"]))])
        # Without its table a column is the left one's, or the one that USING made.
        bare = ["k"] * merged + ["x"] * (n_tables == 2)
        plain = [node("column", column) for column in self.chance.sample([*columns, *bare], 3)]
        if self.likely(0.5):
            plain += self.some(columns, 1)
        return items(plain) if self.likely(0.5) else self.selected(plain)

    def nearest(self) -> Node:
        """ASOF JOIN, USING as well: a row of a key and a time on the right side, so that one is the nearest."""
        key = self.one_of(["source", "project_id", "user_id", "org_slug"])
        times = [self.one_of(["toDate(timestamp)", "toMonday(timestamp)", "toStartOfDay(timestamp)"])] * 2
        value = self.summary(EVENTS)
        left = node("side", f"(SELECT {key} AS k, {times[0]} AS t, count() AS n", self.source(), " GROUP BY k, t)")
        right = node("side", f"(SELECT {key} AS k, {times[1]} AS t, ", value, " AS x", self.source(), " GROUP BY k, t)")
        compared = self.one_of(["a.t >= b.t", "a.t > b.t", "a.t <= b.t", "a.t < b.t", "b.t < a.t", "b.t <= a.t"])
        condition = self.one_of(["USING (k, t)", *[f"ON a.k = b.k AND {compared}"] * 3])
        join = self.one_of(["ASOF JOIN", "ASOF LEFT JOIN", "LEFT ASOF JOIN", "ASOF INNER JOIN"])
        select = self.one_of(["*", "a.k, a.t, b.t, x", "n, b.x, b.k", "t, count(b.k), max(x)"])
        group = " GROUP BY t" if "count(" in select else ""
        return node("query", f"SELECT {select} FROM ", left, f" AS a {join} ", right, f" AS b {condition}{group}")

    def ordered_extremes(self) -> Node:
        """NULL and NaN in the order of rows, of tuples and of arrays."""
        value = self.one_of(["x", "(x, y)", "tuple(y, x)", "[x]", "[y, x]"])
        direction = self.one_of(["", " DESC"]) + self.one_of(["", " NULLS FIRST", " NULLS LAST"])
        inner = "SELECT number, arrayElement([1.5, NULL, nan, -1, inf, nan, NULL, 2], number % 8 + 1) AS x, "
        inner += f"{self.one_of(['number % 3', 'nullIf(number % 3, 1)', 'x'])} AS y FROM numbers(16)"
        select = self.one_of(
            ["number", "number, toString(x)", f"number, row_number() OVER (ORDER BY {value}{direction}, number)"]
        )
        return node(
            "query", f"SELECT {select} FROM (SELECT {value} AS v, * FROM ({inner})) ORDER BY v{direction}, number"
        )

    def side(self, key: str) -> tuple[Node, str]:
        aggregate = self.summary(EVENTS)
        return node("side", f"(SELECT {key} AS k, ", aggregate, " AS x", self.source(), " GROUP BY k)"), aggregate.kind

    def union(self) -> Node:
        select = self.selected(self.summaries(EVENTS))
        how = self.one_of(["UNION ALL", "UNION DISTINCT", "INTERSECT", "EXCEPT"])
        return node("query", "SELECT ", select, self.source(), f" {how} SELECT ", select, self.source())

    def windowed(self) -> Node:
        """Over groups, as their key gives them an order without ties."""
        key, kind = self.chance.choice(KEYS)
        columns = {"k": kind, "n": "int", "u": "int"}
        over = self.window_function(columns)
        # It goes by the order of the rows, which without ORDER BY is any.
        order = " ORDER BY k" if "runningDifference" in str(over) else ""
        select = f"(SELECT {key} AS k, count() AS n, max(user_id) AS u"
        inner = node("side", select, self.source(), f" GROUP BY k{order})")
        return node("query", "SELECT k, n, ", over, " AS w FROM ", inner)

    def window_function(self, columns: Scope) -> Node:
        names = [f.name for f in self.windows] + ["sum", "min", "max", "count", "avg"]
        name = names[self.rarest(names)]
        order = f"ORDER BY k{self.one_of(['', ' DESC'])}"
        value = self.one_of(["n", "u", "toString(n)"])
        if name == "runningDifference":
            return node("int", "runningDifference(n)")
        if name in ("lag", "lead", "lagInFrame", "leadInFrame"):
            arguments = self.one_of([value, f"{value}, 2"] + (["n, 1, n"] if value == "n" else []))
            frame = "" if name in ("lag", "lead") else WHOLE_FRAME
            return node("int", f"{name}({arguments}) OVER ({order}{frame})")
        if name in ("sum", "min", "max", "count", "avg"):
            value = "n" if name in ("sum", "avg") else value
            partition = self.one_of(["", "PARTITION BY n % 2 "])
            return node("int", f"{name}({value}) OVER ({partition}{order}{self.one_of(FRAMES)})")
        arguments = {"ntile": "3", "nth_value": f"{value}, 2", "first_value": value, "last_value": value}.get(name, "")
        frame = "" if name in OF_DEFAULT_FRAME else WHOLE_FRAME
        return node("int", f"{name}({arguments}) OVER ({order}{frame})")

    def filled(self) -> Node:
        bucket, steps = self.chance.choice(FILLS)
        select = self.selected(self.summaries(EVENTS), "a")
        fill = node(OPTIONAL, " WITH FILL", self.one_of(steps))
        query = node("query", f"SELECT {bucket} AS t, ", select, self.source(), " GROUP BY t ORDER BY t", fill)
        if self.likely(0.3):
            return node("query", "SELECT count() AS n, max(t) AS last FROM (", query, ")")
        return query

    def shadowed(self) -> Node:
        """An alias with the name of a column, which the query also filters and groups by."""
        column = self.one_of(["scope", "duration", "timestamp", "user_id", "project_id", "source"])
        kind = COLUMNS[column]
        key = {"datetime": f"toDate({column})", "str": f"upper({column})", "int": f"({column} + 1) % 7"}[kind]
        more = node(OPTIONAL, " AND ", node("cond", column, " != ", self.one_of(LITERALS[kind])))
        aggregate = self.summary({name: kind for name, kind in EVENTS.items() if name != column})
        select = items([node("item", key, f" AS {column}"), node("item", aggregate, " AS a0")])
        source = node("source", f" FROM events WHERE ({self.one_of(SLICES)})", more)
        return node("query", "SELECT ", select, source, f" GROUP BY {column}", self.ordered([column]))

    def limited_by(self) -> Node:
        n = self.chance.randrange(1, 4)
        by = self.one_of(["project_id", "source", "user_id, source"])
        order = " ORDER BY project_id, user_id, source, obj_id"
        limit = node(OPTIONAL, " LIMIT 10") if self.likely(0.4) else node(OPTIONAL)
        source = node("source", self.source(), " AND obj_id IS NOT NULL")
        return node("query", "SELECT project_id, user_id, source, obj_id", source, order, f" LIMIT {n} BY {by}", limit)

    def array_joined(self) -> Node:
        array = self.expression(self.one_of(["ints", "strs"]), 2, EVENTS)
        return node(
            "query",
            "SELECT x, count() AS n",
            node(LIST),
            " FROM events ARRAY JOIN ",
            array,
            " AS x",
            f" WHERE {self.one_of(SLICES)} GROUP BY x",
        )


def queries(seed: int, n: int) -> Iterator[str]:
    """Random queries over the events as text: the same for the same seed, and no server is asked."""
    generator = Generator(function_table(), seed)
    for _ in range(n):
        yield complete(generator.query())


@dataclass
class Tally:
    """What became of the queries."""

    n_queries: int = 0
    n_equal: int = 0
    n_both_refuse: int = 0
    n_refused: Counter[str] = field(default_factory=Counter)
    n_explained: Counter[str] = field(default_factory=Counter)
    accepts_more: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    functions: Counter[str] = field(default_factory=Counter)
    passes: Counter[str] = field(default_factory=Counter)
    unused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.n_queries} queries: {self.n_equal} equal, {len(self.differences)} different, "
                f"{self.n_both_refuse} refused by both, {len(self.accepts_more)} refused by ClickHouse only",
                f"refused by name: {counts(self.n_refused) or 'none'}",
                f"different for a reason: {counts(self.n_explained) or 'none'}",
                f"functions: {counts(self.functions)}",
                f"passes: {counts(self.passes)}",
                f"never used: {', '.join(sorted(self.unused)) or 'none'}",
                f"skipped, as a class of their arguments is unknown: {', '.join(sorted(self.unknown)) or 'none'}",
                *(f"ClickHouse refuses: {sql}" for sql in self.accepts_more[:20]),
            ]
        )


def counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counter.items()))


def run(annoscope: Annoscope, clickhouse: ClickHouse, n_queries: int, seed: int) -> Tally:
    """Makes and compares queries."""
    generator = Generator(annoscope.functions(), seed)
    tally = Tally(unknown=generator.unknown)
    for number in range(n_queries):
        tally.n_queries += 1
        one(f"query {number} of seed {seed}", generator.query(), annoscope, clickhouse, tally)
    tally.unused = (set(generator.names) - tally.functions.keys()) | (known_passes() - tally.passes.keys())
    return tally


def one(name: str, query: Node, annoscope: Annoscope, clickhouse: ClickHouse, tally: Tally) -> None:
    sql = complete(query)
    explained = annoscope.explain(sql)
    if isinstance(explained, Explained):
        tally.functions.update(explained.functions)
        tally.functions.update(set(SPELLED.findall(sql)))
        tally.passes.update(explained.passes)
    expected = clickhouse.query(sql)
    if isinstance(expected, Refusal):
        if isinstance(annoscope.query(sql), Refusal):
            tally.n_both_refuse += 1
        else:
            tally.accepts_more.append(sql)
        return
    difference = compare.three_ways(
        name, sql, annoscope, clickhouse, tolerance=tolerance(sql), explained=explained, expected=expected
    )
    if difference is None:
        tally.n_equal += 1
        return
    if isinstance(explained, Refusal):
        for words, what in REFUSED.items():
            if words in explained.message:
                tally.n_refused[what] += 1
                return
    else:
        equal = explanations.comparison(annoscope, clickhouse, tolerance)
        is_refused = isinstance(annoscope.query(sql), Refusal)

        def alike(text: str) -> bool:
            return compare.three_ways(name, text, annoscope, clickhouse, tolerance=tolerance(text)) is None

        reason = explanations.explanation(query, complete, equal, is_refused)
        if reason := reason or explanations.division_explanation(difference, alike):
            tally.n_explained[reason] += 1
            return
    if len(tally.differences) < N_SHRUNK:
        difference = made_smaller(difference, query, annoscope, clickhouse)
    tally.differences.append(difference)


def complete(query: Node | str) -> str:
    """The text of a query; ClickHouse wants a setting for what it has deprecated."""
    text = str(query)
    if "runningDifference" not in text:
        return text
    clause = ", " if " SETTINGS " in text else " SETTINGS "
    return f"{text}{clause}allow_deprecated_error_prone_window_functions = 1"


def tolerance(sql: str) -> float | None:
    return INEXACT_TOLERANCE if INEXACT.search(sql) else None


def made_smaller(difference: Difference, query: Node, annoscope: Annoscope, clickhouse: ClickHouse) -> Difference:
    """The same difference in a shorter query: one that annoscope refuses stays one that it refuses."""

    def compared(text: str) -> Difference | None:
        sql = complete(text)
        if not isinstance(clickhouse.query(sql), Answer):
            return None
        return compare.three_ways(difference.name, sql, annoscope, clickhouse, tolerance=tolerance(sql))

    def fails(text: str) -> bool:
        found = compared(text)
        return found is not None and category(found) == category(difference)

    smaller = compared(str(shrink(query, PLAINEST, fails)))
    return replace(smaller, original=difference.sql) if smaller else difference


def category(difference: Difference) -> str:
    """Who differs, and whether it refuses, and with which words, or has other columns, or other values."""
    message = re.search(r'"message":"([^"]*)"', difference.what)
    return " ".join(difference.what.split()[:2]) + (message[1] if message else "")


def known_passes() -> set[str]:
    """The rewrites of the SQL layer: each has an example in its tests."""
    examples = Path(__file__).resolve().parents[2] / "crates" / "sql" / "src" / "tests" / "passes.rs"
    if not examples.is_file():
        return set()
    return set(re.findall(r'^    \("([^"]+)",', examples.read_text(encoding="utf-8"), re.MULTILINE))


def main(arguments: list[str]) -> int:
    n_queries, seed = (int(value) for value in [*arguments, "1"][:2])
    events = data.generate()
    with tempfile.TemporaryDirectory() as directory:
        server = start_server(Path(directory), events)
        clickhouse = ClickHouse(Path(directory) / "clickhouse")
        try:
            clickhouse.load(events)
            annoscope = Annoscope(server, server.add_user("root", "admin"))
            tally = run(annoscope, clickhouse, n_queries, seed)
        finally:
            clickhouse.close()
            server.close()
    for difference in tally.differences:
        print(difference, end="\n\n")
    print(tally)
    return int(bool(tally.differences) or (n_queries >= N_FOR_ALL and bool(tally.unused)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

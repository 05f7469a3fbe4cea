"""Random typed expressions, over columns of known kinds, from the server's table of functions.

Kinds are coarser than types: an expression that ClickHouse refuses is no harm, as annoscope must refuse it, too.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .tree import Node, call, node

FUNCTIONS = Path(__file__).resolve().parents[2] / "crates" / "sql" / "src" / "functions.txt"

SCALARS = ("int", "float", "str", "date", "datetime")
ARRAYS = {"ints": "int", "strs": "str"}
ARRAY_OF = {item: array for array, item in ARRAYS.items()}


T = TypeVar("T")


def each(names: list[str], value: T) -> dict[str, T]:
    """The same for each name."""
    return dict.fromkeys(names, value)


# Which kinds each class of arguments takes.
CLASSES: dict[str, tuple[str, ...]] = {
    "any": SCALARS,
    "T": SCALARS,
    "num": ("int", "float"),
    "int": ("int",),
    "uint": ("int",),
    "float": ("float", "int"),
    "str": ("str",),
    "time": ("datetime", "date"),
    "date": ("date",),
    "datetime": ("datetime",),
    "cond": ("cond",),
    "array": tuple(ARRAYS),
    "interval": ("interval",),
    "lambda": ("lambda",),
}

COLUMNS: dict[str, str] = {
    **dict.fromkeys(["obj_id", "count", "duration", "project_id", "task_id", "job_id", "user_id", "org_id"], "int"),
    **dict.fromkeys(["scope", "obj_name", "obj_val", "source", "user_name", "user_email", "org_slug"], "str"),
    "timestamp": "datetime",
}

LITERALS: dict[str, list[str]] = {
    "int": [
        *("0", "1", "2", "-1", "7", "255", "256", "-300", "70000", "5000000000", "toNullable(3)", "NULL"),
        # Near the ends of their types.
        *("18446744073709551615", "toInt64('9223372036854775807')", "4294967295", "-2147483648"),
    ],
    "float": ["0.5", "1.5", "2.5", "-0.25", "0.1", "1e6", "1 / 3", "nan", "inf", "toFloat64(3)"],
    "str": ["''", "'a'", "'draw:object'", "'it''s'", "'Größe'", "'-7'", "'1.5'", "'a,b'", "'100%'", "'王小明'", "NULL"],
    "date": ["toDate('2026-07-01')", "toDate('2026-02-28')", "toDate('2027-01-01')"],
    "datetime": [
        "toDateTime('2026-07-01 12:34:56')",
        "toDateTime64('2026-06-15 01:02:03.456', 3)",
        "toDateTime('2026-12-31 23:59:59')",
    ],
    "cond": ["1 = 1", "1 = 0", "NULL = 1"],
    "ints": ["[1, 2, 3]", "[3, 1, 3]", "[-1]", "[0, NULL, 2]"],
    "strs": ["['a', 'b']", "['b', 'a', 'b']", "['']", "['x', NULL]"],
    "interval": ["INTERVAL 1 DAY", "INTERVAL 3 HOUR", "INTERVAL 15 MINUTE", "INTERVAL 1 WEEK", "INTERVAL 2 MONTH"],
}

# Times that are moved: those near 1970, as a type's default, ClickHouse moves around the end of the range, to 2106.
LATE = {"late_date": "date", "late_datetime": "datetime"}

# What stands for an expression when a query is made smaller.
PLAINEST = {kind: texts[0] for kind, texts in LITERALS.items()}
SMALL = ["0", "1", "2", "3", "-1", "5"]

ZONES = ["'Europe/Berlin'", "'America/New_York'", "'Asia/Kolkata'", "'UTC'"]
UNITS = ["'second'", "'minute'", "'hour'", "'day'", "'week'", "'month'", "'quarter'", "'year'"]
KEYS = ["'v'", "'working_time'", "'label'", "'platform', 'name'", "'v', 'a', 'b'", "'v', 1", "'no'", "'tags', -1"]
PATTERNS = ["'^d'", "'[0-9]+'", "'o.j'", "'(\\\\w+):'", "'a|e'"]
PATHS = ["'$.v'", "'$.platform.name'", "'$.v[0]'", "'$.no'", "'$.v.a.b'"]

# Literals for constant arguments: by function and position, or else by class.
CONSTANTS: dict[str, dict[int, list[str]]] = {
    **each(["dateDiff", "date_diff", "age", "date_trunc", "dateTrunc"], {0: UNITS}),
    "dateName": {0: ["'month'", "'year'", "'day'", "'weekday'", "'hour'"]},
    **each(
        ["formatDateTime", "date_format"],
        {1: ["'%Y-%m-%d %H:%i:%S'", "'%a %b %e'", "'%j|%V'", "'%M %W'", "'%T.%f'", "'%d.%m.%y'", "'%k %l %g %z'"]},
    ),
    **each(["match", "extract", "extractAll"], {1: PATTERNS}),
    **each(["replaceRegexpAll", "replaceRegexpOne"], {1: PATTERNS, 2: ["''", "'#'", "'<\\\\0>'"]}),
    **each(["like", "notLike", "ilike", "notILike"], {1: ["'%o%'", "'draw:%'", "'_r%'", "'100\\%'", "'A%'"]}),
    **each(["JSON_VALUE", "JSON_QUERY", "JSON_EXISTS"], {1: PATHS}),
    **each(["splitByChar"], {0: ["':'", "','", "'o'"]}),
    "splitByString": {0: ["':'", "', '", "'raw'"]},
    "arrayStringConcat": {1: ["','", "''", "' - '"]},
    "format": {0: ["'{}-{}'", "'{1}{0}'"]},
    **each(["trim", "trimBoth", "trimLeft", "trimRight", "ltrim", "rtrim"], {1: ["' '", "'a'", "'ac'"]}),
    "toDateTime64": {1: ["3", "0", "6"]},
    **each(["toDecimal32", "toDecimal64"], {1: ["2", "0", "4"]}),
    "now64": {0: ["3"]},
    "ntile": {0: ["2", "4"]},
    "nth_value": {1: ["1", "2"]},
    "tupleElement": {1: ["1", "2"]},
    "toDayOfWeek": {1: ["0", "1", "2", "3"]},
    "toWeek": {1: ["0", "1", "3"]},
    "toStartOfWeek": {1: ["0", "1"]},
    "bar": {1: ["0"], 2: ["100", "1000"], 3: ["10", "20"]},
    "formatReadableTimeDelta": {0: ["0", "1", "3661", "90061.5", "86400"]},
    "fromUnixTimestamp": {0: ["86400000", "1780272000", "1785000000"]},
    "FROM_UNIXTIME": {0: ["86400", "1780272000"]},
    "fromUnixTimestamp64Milli": {0: ["86400000000", "1780272000123"]},
    # Where not both are literals, ClickHouse finds 0 for NULL.
    **each(["hasAny", "hasAll"], {key: ["[1, 2, 3]", "[0, 2]", "[3]", "range(3)"] for key in [0, 1]}),
    "range": {0: ["3", "0", "5"], 1: ["5", "9"], 2: ["1", "2"]},
    "repeat": {1: ["0", "1", "3"]},
    # Beyond all floats ClickHouse finds infinity with either sign.
    **each(["pow", "power"], {1: ["2", "3", "0.5", "-1", "0", "NULL"]}),
    **each(
        ["leftPad", "rightPad", "lpad", "rpad", "leftPadUTF8", "rightPadUTF8"],
        {1: ["0", "3", "12"], 2: ["'*'", "'ab'"]},
    ),
    "arrayWithConstant": {0: ["0", "2", "3"]},
    "arrayElement": {1: ["1", "2", "-1", "9"]},
    # Of what is no date ClickHouse guesses one: '7' is January 7th.
    "parseDateTimeBestEffortOrNull": {0: ["'2026-06-01 10:20:30'", "'2026-06-01'", "'x'", "NULL"]},
    **each(
        ["parseDateTimeBestEffort", "parseDateTimeBestEffortOrZero"],
        {0: ["'2026-06-01 10:20:30'", "'2026-06-01'", "'2026-06-01T01:02:03Z'", "'2026-06-01 01:02:03+02:00'"]},
    ),
    "parseDateTime64BestEffort": {0: ["'2026-06-01 01:02:03.5+02:00'", "'2026-06-01'"], 1: ["3", "0", "6"], 2: ZONES},
    **each(
        ["parseDateTime64BestEffortOrNull", "parseDateTime64BestEffortOrZero"],
        {0: ["'12/06/2026 01:02:03'", "'x'"], 1: ["3", "1"], 2: ZONES},
    ),
}

# Where the table's words say less than a generator needs: arguments and result.
OVERRIDES: dict[str, tuple[str, str]] = {
    "multiIf": ("cond, T, cond, T, T", "T"),
    **dict.fromkeys(["ifNull", "nullIf", "coalesce", "least", "greatest"], ("T, T", "T")),
    **dict.fromkeys(["equals", "notEquals", "less", "greater", "lessOrEquals", "greaterOrEquals"], ("T, T", "cond")),
    **dict.fromkeys(["isDistinctFrom", "isNotDistinctFrom"], ("T, T", "cond")),
    **dict.fromkeys(["plus", "minus"], ("num, num", "arg1")),
    **dict.fromkeys(["negate"], ("num", "arg1")),
    **dict.fromkeys(["toDate", "toDate32"], ("time", "Date")),
    "toDateTime": ("time, const str?", "DateTime"),
    "toDateTime64": ("time, const int", "DateTime64"),
    **{f"to{sign}{bits}": ("int", "Int64") for sign in ("Int", "UInt") for bits in (8, 16, 32, 64)},
    **dict.fromkeys(["toFloat32", "toFloat64"], ("num", "Float64")),
    "toString": ("any", "String"),
    "format": ("const str, str, str", "String"),
    "concat": ("str, any, any?", "String"),
    "array": ("int, int", "ints"),
    "arrayConcat": ("ints, ints", "ints"),
    **dict.fromkeys(["hasAny", "hasAll"], ("ints, ints", "cond")),
    **dict.fromkeys(["has"], ("ints, int", "cond")),
    **dict.fromkeys(["indexOf", "countEqual"], ("ints, int", "UInt64")),
    **dict.fromkeys(["arrayPushBack", "arrayPushFront"], ("ints, int", "ints")),
    "arrayDistinct": ("array", "arg1"),
    **dict.fromkeys(["arrayAvg"], ("ints", "Float64")),
    **dict.fromkeys(["arraySum"], ("ints", "Int64")),
    "arrayCumSum": ("ints", "ints"),
    "arrayWithConstant": ("int, int", "ints"),
    "arrayStringConcat": ("strs, const str?", "String"),
    "range": ("int, int?", "ints"),
    "arrayEnumerate": ("array", "ints"),
    "arrayUniq": ("array", "UInt32"),
    **dict.fromkeys(["splitByChar", "splitByString"], ("const str, str", "strs")),
    "extractAll": ("str, const str", "strs"),
    "isZeroOrNull": ("num", "cond"),
    "bitAnd": ("int, int", "Int64"),
    "hex": ("str", "String"),
    "reverse": ("str", "String"),
}
CLASSES |= {"ints": ("ints",), "strs": ("strs",)}

# Calls whose arguments hang together, or whose result has no kind: (kind of the text, text with {kinds} to fill in).
FIXED: dict[str, list[tuple[str, str]]] = {
    "toDecimal32": [("str", "toString(toDecimal32(1.25, 2))"), ("cond", "toDecimal32(project_id, 1) > 2")],
    "toDecimal64": [("str", "toString(toDecimal64(1.125, 2))"), ("float", "toFloat64(toDecimal64(duration, 2))")],
    "tuple": [("cond", "tuple({int}, {str}) = tuple({int}, {str})"), ("str", "toString(tuple({int}, {str}))")],
    "tupleElement": [("int", "tupleElement(tuple({int}, {str}), 1)"), ("str", "tuple({int}, {str}).2")],
    "JSONExtract": [
        ("float", "JSONExtract(payload, 'v', 'Float64')"),
        ("str", "JSONExtract(payload, 'v', 'String')"),
        ("int", "JSONExtract(payload, 'working_time', 'UInt64')"),
        ("int", "JSONExtract(payload, 'v', 'Nullable(Int64)')"),
        ("str", "JSONExtract(payload, 'label', 'Nullable(String)')"),
        ("int", "JSONExtract(payload, 'v', 'UInt8')"),
        ("ints", "JSONExtract(ifNull(payload, ''), 'tags', 'Array(UInt64)')"),
        ("strs", "JSONExtract(ifNull(payload, ''), 'tags', 'Array(String)')"),
    ],
    "JSONExtractKeysAndValues": [
        ("int", "length(JSONExtractKeysAndValues(ifNull(payload, ''), 'UInt64'))"),
        ("strs", "arrayMap(pair -> pair.2, JSONExtractKeysAndValues(ifNull(payload, ''), 'String'))"),
    ],
    "cast": [
        *(("str", "cast({int}, 'String')"), ("int", "cast({int}, 'Nullable(Int32)')")),
        ("float", "cast({int}, 'Float64')"),
    ],
    "accurateCastOrNull": [
        ("str", "accurateCastOrNull({int}, 'String')"),
        ("int", "accurateCastOrNull({float}, 'UInt8')"),
        ("int", "accurateCastOrNull({str}, 'Int64')"),
    ],
    "JSONType": [("str", "toString(JSONType(payload, 'v'))")],
    "JSONExtractKeysAndValuesRaw": [("str", "toString(length(JSONExtractKeysAndValuesRaw(assumeNotNull(payload))))")],
    "JSONArrayLength": [("int", "JSONArrayLength(visitParamExtractRaw(payload, 'v'))")],
    "JSON_ARRAY_LENGTH": [("int", "JSON_ARRAY_LENGTH(payload)")],
    "toDateTime": [
        ("datetime", "toDateTime('2026-06-12T10:11:12+02:00')"),
        ("datetime", "toDateTime('2026-06-12 10:11:12 -0330', 'Asia/Tokyo')"),
        ("datetime", "toDateTime({late_datetime}, 'Europe/Berlin')"),
    ],
    "toDateTime64": [
        ("datetime", "toDateTime64('2026-06-12T10:11:12.345Z', 3)"),
        ("datetime", "toDateTime64('2026-06-12 10:11:12.345678+5', 6, 'America/New_York')"),
        ("datetime", "toDateTime64({late_datetime}, 3)"),
    ],
    "arrayLast": [("int", "arrayLast(x -> {cond:x}, {ints})")],
    "arrayFirstIndex": [("int", "arrayFirstIndex(x -> {cond:x}, {ints})")],
    "arrayLastIndex": [("int", "arrayLastIndex(x -> {cond:x}, {ints})")],
    "arrayDifference": [("ints", "arrayDifference([1, 4, 300])"), ("ints", "arrayDifference(range(3))")],
    "arrayZip": [("int", "length(arrayZip([1, 2], ['a', 'b']))"), ("str", "arrayZip([{int}], [{str}])[1].2")],
    "arrayFlatten": [("ints", "arrayFlatten([{ints}, {ints}])")],
    "arrayMap": [("ints", "arrayMap(x -> {int:x}, {ints})"), ("strs", "arrayMap(x -> {str:x}, {ints})")],
    "arrayFilter": [("ints", "arrayFilter(x -> {cond:x}, {ints})")],
    "arrayCount": [("int", "arrayCount(x -> {cond:x}, {ints})")],
    "arrayExists": [("cond", "arrayExists(x -> {cond:x}, {ints})")],
    "arrayAll": [("cond", "arrayAll(x -> {cond:x}, {ints})")],
    "arrayFirst": [("int", "arrayFirst(x -> {cond:x}, {ints})")],
    "arraySum": [("int", "arraySum(x -> x * 2, {ints})"), ("int", "arraySum({ints})")],
    "arraySort": [("ints", "arraySort(x -> -x, arrayDistinct({ints}))"), ("ints", "arraySort({ints})")],
    "arrayReverseSort": [("ints", "arrayReverseSort({ints})"), ("ints", "arrayReverseSort(x -> -x, [3, 1, 2])")],
    "arrayJoin": [("int", "arrayJoin([1, 2])")],
    "length": [("int", "length({str})"), ("int", "length({ints})")],
    "empty": [("cond", "empty({str})"), ("cond", "empty({ints})")],
    "notEmpty": [("cond", "notEmpty({str})"), ("cond", "notEmpty({strs})")],
    "reverse": [("ints", "reverse({ints})"), ("str", "reverseUTF8({str})")],
    "abs": [("float", "abs({float})"), ("int", "abs({int})")],
    **{
        f"toInterval{unit}": [("datetime", f"{{late_datetime}} + toInterval{unit}(2)")]
        for unit in ("Millisecond", "Second", "Minute", "Hour")
    },
    **{
        f"toInterval{unit}": [
            ("datetime", f"{{late_datetime}} - toInterval{unit}(1)"),
            ("date", f"{{late_date}} + toInterval{unit}(3)"),
        ]
        for unit in ("Day", "Week", "Month", "Quarter", "Year")
    },
    # Their values are not the same for both, but their types are.
    **{name: [("str", f"toTypeName({name}())")] for name in ("now", "now64", "today", "yesterday")},
    "now": [("str", "toTypeName(now())"), ("cond", "now() > toDateTime('2020-01-01 00:00:00')")],
    "timeZone": [("int", "length(timeZone())")],
    **{
        name: [("int", f"length(toTypeName({name}()))")]
        for name in (
            *("version", "timezone", "serverTimezone", "serverTimeZone", "currentDatabase", "current_database"),
            *("currentUser", "current_user", "hostName", "hostname", "displayName"),
        )
    },
}

# Forms of SQL that are no calls.
FORMS: dict[str, list[tuple[str, str]]] = {
    "IN": [
        *(("cond", "{int} IN (1, 7, NULL)"), ("cond", "{int} NOT IN (0, NULL)"), ("cond", "{int} IN ()")),
        *(("cond", "{str} IN ('', 'draw:object', 'a')"), ("cond", "{str} NOT IN ()")),
        ("cond", "{int} IN (SELECT user_id FROM events WHERE duration > 1000)"),
        ("cond", "{int} NOT IN (SELECT project_id FROM events)"),
        *(("cond", "({int}, {str}) IN ((1, 'a'), (NULL, ''), (7, NULL))"), ("cond", "{int} NOT IN (toNullable(3), 7)")),
        ("cond", "({int}, {int}) NOT IN ((0, NULL), (1, 7), (NULL, NULL))"),
        ("cond", "({int}, {int}) IN (SELECT user_id, project_id FROM events WHERE duration > 1000)"),
        ("cond", "({int}, {int}) NOT IN (SELECT user_id, project_id FROM events)"),
    ],
    "CAST": [("str", "CAST({int} AS String)"), ("int", "CAST({int} AS Int64)"), ("float", "{int}::Float64")],
    "CASE": [
        ("str", "CASE WHEN {cond} THEN {str} ELSE {str} END"),
        ("int", "CASE {int} WHEN 1 THEN {int} WHEN 2 THEN 7 END"),
    ],
    "BETWEEN": [
        ("cond", "{int} BETWEEN 1 AND {int}"),
        ("cond", "{late_datetime} NOT BETWEEN {datetime} AND {datetime}"),
    ],
    "numbers as times": [("cond", "{late_datetime} > 1782777600"), ("cond", "{late_datetime} <= 1782777600.5")],
    "time plus number": [("datetime", "{late_datetime} + 3600"), ("date", "{late_date} - 7")],
    "Date beside a time": [
        ("cond", "{date} <= toTimeZone({late_datetime}, 'Europe/Berlin')"),
        ("cond", "toTimeZone({late_datetime}, 'America/New_York') = {date}"),
        ("datetime", "if({cond}, {late_date}, toTimeZone(toDateTime({late_datetime}), 'Asia/Tokyo'))"),
        ("datetime", "greatest({late_date}, toDateTime({late_datetime}, 'Europe/Berlin'))"),
    ],
    "Bool": [("cond", "({cond} AND true)"), ("cond", "({cond} OR false)"), ("cond", "xor({cond}, true)")],
    "bytes": [
        *(("int", "length(substring({str}, 2))"), ("int", "length(reverse({str}))")),
        ("str", "hex(right({str}, 2))"),
    ],
    "decimals": [
        ("str", "toString(toDecimal64('-7.555', 3) / 4)"),
        ("str", "toString(if({cond}, toDecimal32('1.25', 2), 3))"),
        ("str", "toString(10 / toDecimal32('3', 1))"),
        ("float", "toFloat64(toDecimal64('2.5', 1) * toDecimal32('1.25', 2))"),
        ("int", "toInt32(toDecimal64('-1.9', 2))"),
    ],
    "time minus time": [("float", "toFloat64({datetime} - {datetime})"), ("int", "{date} - {date}")],
}

OF_EVENTS = re.compile(r"payload|duration|project_id")
JSON = re.compile(r"(JSON|simpleJSON|visitParam|isValidJSON)")
# ClickHouse knows no hours of a Date.
OF_TIMES_ONLY = re.compile(
    r"toStartOf(Second|Minute|Hour|Five|Ten|Fifteen)|timeSlot|toUnixTimestamp|toTimeZone|toMillisecond"
)
NEED_NO_NULL = ("JSONExtractArrayRaw", "JSONExtractKeys")
WINDOW_ONLY = {
    *(
        "row_number",
        "rank",
        "dense_rank",
        "denseRank",
        "percent_rank",
        "percentRank",
        "cume_dist",
        "ntile",
        "nth_value",
    ),
    *("lag", "lead", "lagInFrame", "leadInFrame", "runningDifference", "first_value", "last_value"),
}
OPERATORS = {
    "plus": "+",
    "minus": "-",
    "multiply": "*",
    "divide": "/",
    "modulo": "%",
    "equals": "=",
    "notEquals": "!=",
    "less": "<",
    "greater": ">",
    "lessOrEquals": "<=",
    "greaterOrEquals": ">=",
    "and": "AND",
    "or": "OR",
}


@dataclass(frozen=True)
class Argument:
    """One argument: `classes` says what it may be."""

    kind_class: str
    is_constant: bool
    is_optional: bool
    is_repeated: bool


@dataclass(frozen=True)
class Function:
    """One signature of a function."""

    name: str
    arguments: tuple[Argument, ...]
    result: str
    is_aggregate: bool

    def kinds(self) -> tuple[str, ...]:
        """The kinds that its result may have."""
        word = re.sub(r"^(never|always) ", "", self.result).removesuffix(" nan")
        first = self.arguments[0].kind_class if self.arguments else "any"
        if word in ("arg1", "T", "rounded"):
            return CLASSES[first]
        return RESULTS.get(word, ("str",) if word == "String" else ())


RESULTS: dict[str, tuple[str, ...]] = {
    **{f"{sign}{bits}": ("int",) for sign in ("Int", "UInt") for bits in (8, 16, 32, 64)},
    **dict.fromkeys(["Float32", "Float64"], ("float",)),
    **dict.fromkeys(["Date", "Date32"], ("date",)),
    **dict.fromkeys(["DateTime", "DateTime64", "bucket"], ("datetime",)),
    **dict.fromkeys(["cond", "Bool"], ("cond",)),
    "wider": ("int",),
    "sum": ("int",),
    "interval": ("interval",),
    "item": ("int", "str"),
    "Array(String)": ("strs",),
    "Array(UInt32)": ("ints",),
    "ints": ("ints",),
    "strs": ("strs",),
}


def parse_argument(text: str) -> Argument:
    """`const int?`, `any...`."""
    is_constant = text.startswith("const ")
    text = text.removeprefix("const ")
    is_optional, text = text.endswith("?"), text.removesuffix("?")
    is_repeated, text = text.endswith("..."), text.removesuffix("...")
    return Argument(text.strip(), is_constant, is_optional, is_repeated)


def parse_function(row: dict[str, Any]) -> Function:
    arguments, result = row["arguments"], row["result"]
    if row["name"] in OVERRIDES and not row["aggregate"]:
        arguments, result = OVERRIDES[row["name"]]
    texts = [text.strip() for text in arguments.split(",") if text.strip()]
    return Function(row["name"], tuple(map(parse_argument, texts)), result, row["aggregate"])


def function_table() -> Iterator[dict[str, Any]]:
    """The rows that `GET /api/query/functions` answers, from the file that the server has them from."""
    section = ""
    for line in FUNCTIONS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif row := re.match(r"(\w+)\((.*?)\) +(?:(?:never|always) +)?(\S+) ", line):
            yield {"name": row[1], "arguments": row[2], "result": row[3], "aggregate": section == "[aggregates]"}


Scope = dict[str, str]


class Grammar:
    """Makes expressions. Functions that were used least are taken first, so that each has its turn."""

    def __init__(self, rows: Iterable[dict[str, Any]], seed: int):
        self.chance = random.Random(seed)
        self.used: Counter[str] = Counter()
        self.unknown: set[str] = set()
        self.names: list[str] = []
        self.functions: list[Function] = []
        for row in rows:
            function = parse_function(row)
            self.names.append(function.name)
            if all(argument.kind_class in CLASSES for argument in function.arguments):
                self.functions.append(function)
            else:
                self.unknown.add(function.name)
        plain = [f for f in self.functions if not f.is_aggregate and f.name not in WINDOW_ONLY | FIXED.keys()]
        self.aggregates = [f for f in self.functions if f.is_aggregate and f.name not in WINDOW_ONLY]
        self.windows = [f for f in self.functions if f.name in WINDOW_ONLY]
        self.unknown |= {f.name for f in plain if not f.kinds()}
        self.by_kind = {kind: [f for f in plain if kind in f.kinds()] for kind in (*CLASSES, "interval")}
        known = set(self.names)
        fixed = {name: texts for name, texts in FIXED.items() if name in known} | FORMS
        self.fixed = {
            kind: [(name, text) for name, texts in fixed.items() for k, text in texts if k == kind] for kind in CLASSES
        }

    def one_of(self, choices: Iterable[str]) -> str:
        return self.chance.choice(list(choices))

    def likely(self, probability: float) -> bool:
        return self.chance.random() < probability

    def rarest(self, names: list[str]) -> int:
        """The index of a name: the one that was used least, or any."""
        index = self.chance.randrange(len(names))
        if self.likely(0.6):
            index = min(range(len(names)), key=lambda i: (self.used[names[i]], self.chance.random()))
        self.used[names[index]] += 1
        return index

    def expression(self, kind: str, depth: int, scope: Scope) -> Node:
        """An expression of a kind over the columns of `scope`."""
        if kind in LATE:
            return self.late(LATE[kind], scope)
        choices = self.by_kind.get(kind, []) if depth > 0 else []
        fixed = self.fixed.get(kind, []) if depth > 0 else []
        # Some name columns of the events.
        fixed = [(name, text) for name, text in fixed if "payload" in scope or not OF_EVENTS.search(text)]
        if not (choices or fixed) or self.likely(0.15):
            return self.leaf(kind, scope)
        index = self.rarest([f.name for f in choices] + [name for name, _ in fixed])
        if index >= len(choices):
            return self.fill(kind, fixed[index - len(choices)][1], depth - 1, scope)
        return self.apply(choices[index], kind, depth - 1, scope)

    def late(self, kind: str, scope: Scope) -> Node:
        columns = ["timestamp"] if kind == "datetime" and scope.get("timestamp") == kind else []
        return node(kind, self.one_of(LITERALS[kind] + columns))

    def leaf(self, kind: str, scope: Scope) -> Node:
        columns = [name for name, column_kind in scope.items() if column_kind == kind]
        if columns and self.likely(0.75):
            return node(kind, self.one_of(columns))
        if kind == "cond" and self.likely(0.8):
            operand = self.one_of(["int", "str", "datetime"])
            left, right = self.leaf(operand, scope), node(operand, self.one_of(LITERALS[operand]))
            return node(kind, left, self.one_of([" > ", " = ", " != ", " <= "]), right)
        return node(kind, self.one_of(LITERALS[kind]))

    def fill(self, kind: str, text: str, depth: int, scope: Scope) -> Node:
        """A text with places for expressions: {int}, and {int:x} for one that may use the variable x of a lambda."""
        parts: list[str | Node] = []
        for part in re.split(r"(\{\w+(?::\w+)?\})", text):
            if not part.startswith("{"):
                parts.append(part)
                continue
            wanted, _, variable = part.strip("{}").partition(":")
            inner = {variable: "int"} | ({} if self.likely(0.7) else scope) if variable else scope
            parts.append(self.expression(wanted, depth, inner))
        return node(kind, *parts)

    def apply(self, function: Function, kind: str, depth: int, scope: Scope) -> Node:
        """A call whose result is of the kind."""
        if JSON.match(function.name):
            return self.json(function, kind, scope)
        arguments = self.arguments(function, kind, depth, scope)
        operator = OPERATORS.get(function.name)
        if operator and len(arguments) == 2 and self.likely(0.7):
            return node(kind, "(", arguments[0], f" {operator} ", arguments[1], ")")
        return call(kind, function.name, arguments)

    def arguments(self, function: Function, kind: str, depth: int, scope: Scope) -> list[Node]:
        common = kind if self.is_common(function) else self.one_of(SCALARS)
        made: list[Node] = []
        for position, argument in enumerate(function.arguments):
            if argument.is_optional and not self.likely(0.3):
                break
            for _ in range(1 + argument.is_repeated * self.chance.randrange(2)):
                first_kind = kind if position == 0 else None
                made.append(self.argument(function, position, argument, common, first_kind, depth, scope))
        return made

    def is_common(self, function: Function) -> bool:
        return function.result.split()[-1] == "T"

    def argument(
        self,
        function: Function,
        position: int,
        argument: Argument,
        common: str,
        first: str | None,
        depth: int,
        scope: Scope,
    ) -> Node:
        kinds = ("datetime",) if OF_TIMES_ONLY.match(function.name) else CLASSES[argument.kind_class]
        constants = CONSTANTS.get(function.name, {}).get(position)
        if constants or argument.is_constant:
            return node("constant", self.one_of(constants or self.constants(function, argument)))
        if re.match("(add|subtract)", function.name):
            if argument.kind_class == "num":
                return node("small", self.one_of(SMALL))
            return self.late(first if first in kinds else "datetime", scope)
        if function.name == "assumeNotNull":
            # Of NULL that was computed, ClickHouse has what was computed of the default.
            return self.leaf(first or "int", scope if "source" in scope else {})
        if argument.kind_class == "T":
            return self.expression(common, depth, scope)
        if argument.kind_class == "interval":
            return node("interval", self.one_of(LITERALS["interval"]))
        if function.result.split()[-1] in ("arg1", "rounded") and first in kinds:
            return self.expression(first, depth, scope)
        if function.result == "item" and position == 0:
            return self.expression(ARRAY_OF[first or "int"], depth, scope)
        return self.expression(self.one_of(kinds), depth, scope)

    def constants(self, function: Function, argument: Argument) -> list[str]:
        if argument.kind_class == "int":
            return ["0", "1", "2", "-1"]
        is_zone = any(other.kind_class in ("time", "datetime") for other in function.arguments)
        is_zone |= function.name.startswith("parseDateTime")
        return ZONES if is_zone else ["'a'", "'o'"]

    def json(self, function: Function, kind: str, scope: Scope) -> Node:
        """A call over the payload, or over a JSON text where there is none."""
        payload = "payload" if "payload" in scope else '\'{"v": [1, "2", {"a": 3.5}], "label": "x"}\''
        if function.name in NEED_NO_NULL:
            payload = f"assumeNotNull({payload})"
        if function.name == "isValidJSON":
            return node(kind, f"isValidJSON({payload})")
        if function.name.startswith("JSON_"):
            return node(kind, f"{function.name}({payload}, {self.one_of(PATHS)})")
        if not function.name.startswith("JSON"):
            text = payload if self.likely(0.5) else '\'{"v":12,"label":"x","f":1.5}\''
            return node(kind, f"{function.name}({text}, {self.one_of(KEYS[:3])})")
        path = self.one_of(KEYS)
        return node(kind, f"{function.name}({payload}, {path})")

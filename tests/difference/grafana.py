"""What Grafana and its ClickHouse data source make of a query's text; independent of annoscope's own expander.

One difference on purpose: a value's quotes and backslashes are escaped, where Grafana sends broken SQL.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field

# The current value of a variable, as requests to annoscope carry it: a text for a single-value variable, a list for a
# multi-value one, {"all": text} for "All" with the dashboard's own text for it.
Value = str | list[str] | dict[str, str]


@dataclass(frozen=True)
class Context:
    """What a panel is asked with. Times are in ms since the epoch."""

    from_ms: int
    to_ms: int
    interval_ms: int
    variables: dict[str, Value] = field(default_factory=dict)

    @property
    def interval_s(self) -> int:
        return max(self.interval_ms // 1000, 1)


# Strings, quoted names and comments: what macros do not look into.
QUOTED = r"'(?:\\.|''|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`[^`]*`"
COMMENT = r"--[^\n]*|/\*.*?\*/"
COMMENTS = re.compile(f"({QUOTED})|{COMMENT}", re.DOTALL)

VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+)(?::([^\]]+))?\]\]|\$\{(\w+)(?::([^}]+))?\}")
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def expand(sql: str, context: Context) -> str:
    """The text that the data source sends to ClickHouse."""
    sql = COMMENTS.sub(lambda match: match[1] or " ", sql)
    sql = conditional_all(sql, context)
    sql = VARIABLE.sub(lambda match: interpolate(match, context), sql)
    return expand_macros(sql, context)


def conditional_all(sql: str, context: Context) -> str:
    """`$__conditionalAll(condition, $variable)`: the condition, but where all are chosen; the last one first."""
    while (start := sql.rfind("$__conditionalAll(")) >= 0:
        arguments, end = read_arguments(sql, start + len("$__conditionalAll"))
        condition, variable = arguments
        value = context.variables[variable.strip("${}[]")]
        sql = sql[:start] + ("1=1" if isinstance(value, dict) or value in ("", "$__all") else condition) + sql[end:]
    return sql


def interpolate(match: re.Match[str], context: Context) -> str:
    """The text of a variable; a name that is not known stays."""
    name = match[1] or match[2] or match[4]
    form = match[3] or match[5]
    built_in = {
        "__from": str(context.from_ms),
        "__to": str(context.to_ms),
        "__interval_ms": str(context.interval_ms),
        "__interval": f"{context.interval_s}s",
    }
    if name in built_in:
        return built_in[name]
    if name not in context.variables:
        return match[0]
    return write_value(context.variables[name], form)


def write_value(value: Value, form: str | None) -> str:
    if isinstance(value, dict):
        return value["all"]
    values = value if isinstance(value, list) else [value]
    if form in ("csv", "raw"):
        return ",".join(values)
    if form in ("singlequote", "sqlstring") or isinstance(value, list):
        return ",".join("'" + text.replace("\\", "\\\\").replace("'", "''") + "'" for text in values) or "''"
    return value


def expand_macros(sql: str, context: Context) -> str:
    """The data source's macros, the longest name first."""
    for name, macro in sorted(MACROS.items(), key=lambda item: -len(item[0])):
        while match := re.search(rf"\${name}\b", sql):
            arguments, end = read_arguments(sql, match.end())
            sql = sql[: match.start()] + macro(context, *arguments) + sql[end:]
    return sql


def read_arguments(sql: str, start: int) -> tuple[list[str], int]:
    """The arguments in the parentheses that begin at `start`, if they do, and where they end."""
    if sql[start : start + 1] != "(":
        return [], start
    arguments, depth, begin = [], 0, start + 1
    for token in re.finditer(rf"{QUOTED}|[(),]", sql[start:]):
        at = start + token.start()
        if token[0] == "(":
            depth += 1
        elif token[0] == ")":
            depth -= 1
        if depth == 0 or (depth == 1 and token[0] == ","):
            arguments.append(sql[begin:at].strip())
            begin = at + 1
        if depth == 0:
            return [argument for argument in arguments if argument], begin
    raise ValueError(f"unclosed parenthesis: {sql[start:]}")


def seconds(ms: int) -> str:
    return f"toDateTime({ms // 1000})"


def millis(ms: int) -> str:
    return f"fromUnixTimestamp64Milli({ms})"


def day(ms: int) -> str:
    return f"toDate('{dt.datetime.fromtimestamp(ms // 1000, dt.UTC):%Y-%m-%d}')"


def between(context: Context, column: str, at: Callable[[int], str]) -> str:
    return f"{column} >= {at(context.from_ms)} AND {column} <= {at(context.to_ms)}"


def days_and_times(context: Context, date: str, time: str) -> str:
    return f"({between(context, date, day)}) AND ({between(context, time, seconds)})"


def bucket(column: str, width_s: int) -> str:
    return f"toStartOfInterval(toDateTime({column}), INTERVAL {width_s} second)"


def bucket_ms(column: str, width_ms: int) -> str:
    return f"toStartOfInterval(toDateTime64({column}, 3), INTERVAL {width_ms} millisecond)"


def duration_s(text: str) -> int:
    """Of a duration as Go writes it: 90m, 1h30m."""
    return sum(int(number) * UNITS_S[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))


MACROS: dict[str, Callable[..., str]] = {
    "__timeFilter": lambda context, c: between(context, c, seconds),
    "__timeFilter_ms": lambda context, c: between(context, c, millis),
    "__dateFilter": lambda context, c: between(context, c, day),
    "__dateTimeFilter": days_and_times,
    "__dt": days_and_times,
    "__timeFrom": lambda context, c: f"{c} >= {seconds(context.from_ms)}",
    "__timeTo": lambda context, c: f"{c} <= {seconds(context.to_ms)}",
    "__fromTime": lambda context: seconds(context.from_ms),
    "__toTime": lambda context: seconds(context.to_ms),
    "__fromTime_ms": lambda context: millis(context.from_ms),
    "__toTime_ms": lambda context: millis(context.to_ms),
    "__timeInterval": lambda context, c: bucket(c, context.interval_s),
    "__timeInterval_ms": lambda context, c: bucket_ms(c, max(context.interval_ms, 1)),
    "__timeGroup": lambda context, c, width: bucket(c, duration_s(width)),
    "__interval_s": lambda context: str(context.interval_s),
}

"""The queries in `queries/*.sql` and what is said about them.

    -- busiest-hours: the three hours of the day with most events
    -- approximate: 2%
    SELECT …;

A query begins with its name and what it shows; further comments may carry marks. It ends with a `;` at a line's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TITLE = re.compile(r"-- ([a-z0-9-]+): (.+)")
APPROXIMATE = re.compile(r"-- approximate: ([\d.]+)%")


@dataclass(frozen=True)
class Query:
    """One query of the corpus. `tolerance`: how far numbers may differ, relatively, where it is documented."""

    group: str
    name: str
    shows: str
    sql: str
    tolerance: float | None = None

    @property
    def id(self) -> str:
        return f"{self.group}/{self.name}"


def statements(path: Path) -> Iterator[tuple[list[str], str]]:
    """Each statement of a file: the comment lines right before it, and its text with the `;`."""
    comments: list[str] = []
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not lines and line.startswith("--"):
            comments.append(line)
        elif not lines and not line.strip():
            comments = []
        else:
            lines.append(line)
            if line.endswith(";"):
                yield comments, "\n".join(lines)
                comments, lines = [], []
    assert not lines, f"{path}: the last statement does not end with a semicolon"


def parse(path: Path) -> Iterator[Query]:
    for comments, sql in statements(path):
        title = TITLE.fullmatch(comments[0]) if comments else None
        assert title, f"{path}: this query has no line `-- name: what it shows`:\n{sql}"
        tolerance = None
        for comment in comments[1:]:
            if mark := APPROXIMATE.fullmatch(comment):
                tolerance = float(mark[1]) / 100
        yield Query(path.stem, title[1], title[2], sql, tolerance)


def queries() -> list[Query]:
    """The whole corpus, which both engines take as it is."""
    found = [query for path in sorted((HERE / "queries").glob("*.sql")) for query in parse(path)]
    ids = [query.id for query in found]
    twice = {id_ for id_ in ids if ids.count(id_) > 1}
    assert not twice, f"names that occur twice: {sorted(twice)}"
    return found


def macros() -> list[Query]:
    """Queries with Grafana's macros: chDB gets them expanded by `grafana.py`."""
    return list(parse(HERE / "macros.sql"))


def beyond() -> list[Query]:
    """Queries beyond what annoscope promises: it may refuse them, but it must not answer them wrongly."""
    return list(parse(HERE / "beyond.sql"))


@dataclass(frozen=True)
class Refused:
    """A query that must be refused with a message that names the construct."""

    construct: str
    sql: str


def refused() -> list[Refused]:
    found = []
    for comments, sql in statements(HERE / "refused.sql"):
        assert comments, f"this query has no line `-- refused: construct`:\n{sql}"
        assert comments[0].startswith("-- refused: "), comments
        found.append(Refused(comments[0].removeprefix("-- refused: "), sql))
    return found

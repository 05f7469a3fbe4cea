"""How long the queries of CVAT's dashboards take, on annoscope and on ClickHouse's engine, with the same events.

    ANNOSCOPE_BIN=target/release/annoscope .venv/bin/python bench/query.py [--events N] [--days D] [--runs R]

Each query is asked of both in turn over HTTP on a kept connection, once unmeasured and then `--runs` times: first
cold, with annoscope's cache and ClickHouse's query condition cache off, then refreshing, as an open dashboard asks: the
window moves on by ten seconds each time, and both get new events before each question. ClickHouse is asked a third time
with its condition cache on, as is its default, and the report counts the queries that are then slower. A time is from
the request to the last byte of the JSON, at the client. bench/README.md says what is measured and how.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import requests
from engines import DEADLINE_S, REPOSITORY, Annoscope, ClickHouse, Refused

DAY_MS = 86_400_000
SEED = 3001
# Longer than the five seconds without events after which annoscope makes a checkpoint.
QUIET_S = 8

# Ranges as Grafana asks for them: the width of a bucket for a panel of some 1,000 points.
WEEK_INTERVAL_MS = 600_000
WHOLE_INTERVAL_MS = 7_200_000

# How a dashboard refreshes, and what both get meanwhile.
REFRESH_MS = 10_000
EVENTS_A_REFRESH = 100


@dataclass
class Measured:
    """One query with one range, and what both took for it."""

    id: str
    annoscope_ms: list[float] = field(default_factory=list)
    clickhouse_ms: list[float] = field(default_factory=list)
    # The very same query again, with ClickHouse's query condition cache.
    clickhouse_cached_ms: list[float] = field(default_factory=list)
    annoscope_refreshing_ms: list[float] = field(default_factory=list)
    clickhouse_refreshing_ms: list[float] = field(default_factory=list)
    # Rows of the last refresh that annoscope had kept.
    cached_rows: int = 0
    annoscope_rows: int = 0
    clickhouse_rows: int = 0
    annoscope_bytes: int = 0
    clickhouse_bytes: int = 0
    # What DuckDB is asked, for those who look into a slow query.
    duckdb: str = ""
    error: str = ""

    @property
    def ratio(self) -> float:
        """How many times faster annoscope is."""
        return statistics.median(self.clickhouse_ms) / statistics.median(self.annoscope_ms)

    @property
    def cached_ratio(self) -> float:
        """The same where ClickHouse remembers which granules have no row for the query."""
        return statistics.median(self.clickhouse_cached_ms) / statistics.median(self.annoscope_ms)

    @property
    def refreshing_ratio(self) -> float:
        """The same for a refresh."""
        return statistics.median(self.clickhouse_refreshing_ms) / statistics.median(self.annoscope_refreshing_ms)

    @property
    def flag(self) -> str:
        if self.error:
            return self.error
        if self.clickhouse_ms and self.annoscope_rows != self.clickhouse_rows:
            return f"ROWS DIFFER: {self.annoscope_rows} and {self.clickhouse_rows}"
        return ""


def main() -> None:
    options = read_options()
    # It is read when `server` is imported.
    if options.bin:
        os.environ["ANNOSCOPE_BIN"] = str(options.bin.absolute())
    os.environ.setdefault("ANNOSCOPE_BIN", str(REPOSITORY / "target/release/annoscope"))
    directory = Path(tempfile.mkdtemp(prefix="annoscope-bench-", dir=options.dir))
    try:
        run(options, directory)
    finally:
        if options.keep:
            print(f"kept: {directory}", file=sys.stderr)
        else:
            shutil.rmtree(directory)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help="parts of `make bench`; any list of them runs this one")
    parser.add_argument("--events", type=int, help="events in both stores [default: 10,000,000]")
    parser.add_argument(
        "--days",
        type=int,
        default=90,
        help="days that they are spread over [default: 90]",
    )
    parser.add_argument("--runs", type=int, default=3, help="measured runs of each query [default: 3]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all numbers and DuckDB's texts")
    parser.add_argument(
        "--dir",
        type=Path,
        help="where the data directories go while it runs [default: the system's]",
    )
    parser.add_argument("--keep", action="store_true", help="leave the data directories there")
    parser.add_argument(
        "--bin",
        type=Path,
        metavar="FILE",
        help="the annoscope to measure [default: $ANNOSCOPE_BIN]",
    )
    parser.add_argument("--no-clickhouse", action="store_true", help="leave the peer out")
    parser.add_argument("--quick", action="store_true", help="few events; the numbers mean nothing")
    options, others = parser.parse_known_args()
    if others:
        print(
            f"options of other benchmarks, left out: {' '.join(others)}",
            file=sys.stderr,
        )
    options.events = options.events or (20_000 if options.quick else 10_000_000)
    return options


def run(options: argparse.Namespace, directory: Path) -> None:
    from difference import dashboards
    from support.server import Server

    if not list(dashboards.DIRECTORY.glob("cvat-*.json")):
        print(f"| queries of the dashboards | not measured: there are none in {dashboards.DIRECTORY} |")
        return
    # The end of the data, whole minutes, so that panels of the last minutes have some.
    end = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    server = Server(directory / "data", directory / "server.log")
    annoscope = clickhouse = None
    try:
        server.start()
        admin = server.add_user("root", "admin")
        load_annoscope(options, server, end)
        # A new process, whose caches hold nothing of the load.
        server.stop()
        annoscope_disk = disk_bytes(directory / "data")
        server.start()
        annoscope = Annoscope(server.url, server.ingest_url, admin.headers)
        clickhouse_disk = 0
        if not options.no_clickhouse:
            clickhouse = ClickHouse(directory / "clickhouse")
            export = directory / "events.parquet"
            with step("the same rows to ClickHouse, by a Parquet file"):
                export_parquet(server, admin, export)
                clickhouse.load(export)
            export.unlink()
            assert clickhouse.n_rows == options.events, f"ClickHouse has {clickhouse.n_rows} rows"
            clickhouse_disk = clickhouse.bytes_on_disk()
        results = list(measure(options, annoscope, clickhouse, end))
        report(options, results, clickhouse, annoscope_disk, clickhouse_disk, end)
    finally:
        server.close()
        if clickhouse:
            clickhouse.close()


def load_annoscope(options: argparse.Namespace, server: object, end: dt.datetime) -> None:
    """The demo's events: 200 annotators and 5,000 jobs for 10 million in 90 days."""
    from support.server import BINARY, clean_environment

    with step(f"annoscope demo sends {options.events:,} events"):
        arguments = [
            "--events",
            str(options.events),
            "--days",
            str(options.days),
            "--seed",
            str(SEED),
        ]
        arguments += ["--end", f"{end:%Y-%m-%dT%H:%M:%SZ}", "--url", server.ingest_url]
        subprocess.run(
            [BINARY, "demo", *arguments],
            check=True,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
        )
    time.sleep(QUIET_S)


def export_parquet(server: object, admin: object, path: Path) -> None:
    from support import exports

    query_id = exports.start(server, admin, **exports.ALL, format="parquet")
    exports.finish(server, admin, query_id, DEADLINE_S)
    parameters = {"query_id": query_id, "action": "download"}
    url = f"{server.url}/api/events"
    with requests.get(url, params=parameters, headers=admin.headers, stream=True, timeout=DEADLINE_S) as answer:
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        with path.open("wb") as out:
            for chunk in answer.iter_content(1 << 20):
                out.write(chunk)


def measure(
    options: argparse.Namespace,
    annoscope: Annoscope,
    clickhouse: ClickHouse | None,
    end: dt.datetime,
) -> Iterator[Measured]:
    from difference import dashboards
    from difference.grafana import Context, expand

    end_ms = int(end.timestamp()) * 1000
    # The cases are those of the tests, with ranges of our own.
    dashboards.RANGES.clear()
    dashboards.RANGES |= {
        "7 days": Context(end_ms - 7 * DAY_MS, end_ms, WEEK_INTERVAL_MS),
        f"{options.days} days": Context(end_ms - options.days * DAY_MS, end_ms, WHOLE_INTERVAL_MS),
    }
    choices = remembered(clickhouse.first_column if clickhouse else annoscope_choices(annoscope))
    seen: set[tuple[str, str, str]] = set()
    for case in dashboards.cases():
        if case.selection != "all":
            continue
        context = dashboards.choose(case, choices)
        text = expand(case.sql, context)
        # Some panels do not look at the range.
        if (case.dashboard, case.title, text) in seen:
            continue
        is_ranged = len({expand(case.sql, range_) for range_ in dashboards.RANGES.values()}) > 1
        seen.add((case.dashboard, case.title, text))
        name = f"{case.dashboard.removeprefix('cvat-')}: {case.title}"
        measured = Measured(f"{name}, {case.range}" if is_ranged else name)
        try:
            in_turn(options.runs, measured, case.sql, text, context, annoscope, clickhouse)
            refreshing(options.runs, measured, case.sql, context, annoscope, clickhouse)
        except Refused as refused:
            measured.error = str(refused)
        print(row(measured), file=sys.stderr, flush=True)
        yield measured


def in_turn(
    n_runs: int,
    measured: Measured,
    sql: str,
    text: str,
    context: object,
    annoscope: Annoscope,
    clickhouse: ClickHouse | None,
) -> None:
    """annoscope expands the macros itself; ClickHouse gets the text that Grafana sends."""
    for n in range(-1, n_runs):
        took_ms, content = annoscope.query(sql, context)
        if n < 0:
            answer = json.loads(content)
            if "error" in answer:
                raise Refused(f"annoscope: {answer['error']}")
            measured.annoscope_rows, measured.annoscope_bytes = (
                len(answer["rows"]),
                len(content),
            )
        else:
            measured.annoscope_ms.append(took_ms)
        if clickhouse:
            took_ms, content = clickhouse.query(text, use_query_condition_cache=0)
            cached_ms, _ = clickhouse.query(text, use_query_condition_cache=1)
            if n < 0:
                measured.clickhouse_rows, measured.clickhouse_bytes = (
                    len(json.loads(content)["data"]),
                    len(content),
                )
            else:
                measured.clickhouse_ms.append(took_ms)
                measured.clickhouse_cached_ms.append(cached_ms)
    measured.duckdb = annoscope.explain(sql, context)


def refreshing(
    n_runs: int,
    measured: Measured,
    sql: str,
    context: object,
    annoscope: Annoscope,
    clickhouse: ClickHouse | None,
) -> None:
    """The same query again and again, each time ten seconds later."""
    from difference.grafana import expand

    for n in range(-1, n_runs):
        offset_ms = (n + 2) * REFRESH_MS
        moved = replace(
            context,
            from_ms=context.from_ms + offset_ms,
            to_ms=context.to_ms + offset_ms,
        )
        step_ms = REFRESH_MS // EVENTS_A_REFRESH
        times_ms = [moved.to_ms - step_ms * n for n in range(EVENTS_A_REFRESH)]
        annoscope.send_events(times_ms)
        took_ms, content = annoscope.query(sql, moved, cache=True)
        if n >= 0:
            measured.annoscope_refreshing_ms.append(took_ms)
            measured.cached_rows = json.loads(content)["stats"]["cached_rows"]
        if clickhouse:
            clickhouse.send_events(times_ms)
            took_ms, _ = clickhouse.query(expand(sql, moved))
            if n >= 0:
                measured.clickhouse_refreshing_ms.append(took_ms)


def annoscope_choices(annoscope: Annoscope) -> Callable[[str], list[object]]:
    from difference.grafana import Context

    nothing = Context(0, 1, 1)
    return lambda text: [row[0] for row in json.loads(annoscope.query(text, nothing)[1])["rows"]]


def remembered(choices: Callable[[str], list[object]]) -> Callable[[str], list[object]]:
    """Many panels have the same variables."""
    known: dict[str, list[object]] = {}

    def look_up(text: str) -> list[object]:
        if text not in known:
            known[text] = choices(text)
        return known[text]

    return look_up


def row(measured: Measured) -> str:
    cells = [measured.id, f"{measured.annoscope_rows:,}"]
    cells.append(f"{statistics.median(measured.annoscope_ms):.1f}" if measured.annoscope_ms else "")
    cells.append(f"{statistics.median(measured.clickhouse_ms):.1f}" if measured.clickhouse_ms else "")
    cells.append(f"{measured.ratio:.2f}" if measured.clickhouse_ms and measured.annoscope_ms else "")
    refreshing_cells = [
        f"{statistics.median(times):.1f}" if times else ""
        for times in (
            measured.annoscope_refreshing_ms,
            measured.clickhouse_refreshing_ms,
        )
    ]
    cells.append(f"{statistics.median(measured.clickhouse_cached_ms):.1f}" if measured.clickhouse_cached_ms else "")
    cells += [f"{measured.cached_rows:,}", *refreshing_cells]
    cells.append(f"{measured.refreshing_ratio:.2f}" if all(refreshing_cells) else "")
    return f"| {' | '.join(cells)} | {measured.flag} |"


def report(
    options: argparse.Namespace,
    results: list[Measured],
    clickhouse: ClickHouse | None,
    annoscope_disk: dict[str, int],
    clickhouse_disk: int,
    end: dt.datetime,
) -> None:
    print(
        "| query | rows | annoscope, ms | ClickHouse, ms | ratio | with its condition cache, ms "
        "| rows kept | annoscope refreshing, ms | ClickHouse, ms | ratio | |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for measured in results:
        print(row(measured))
    compared = [measured for measured in results if measured.annoscope_ms and measured.clickhouse_ms]
    if compared:
        mean = geometric_mean([measured.ratio for measured in compared])
        slower = sum(measured.ratio < 1 for measured in compared)
        slower_cached = sum(measured.cached_ratio < 1 for measured in compared)
        again = [measured for measured in compared if measured.clickhouse_refreshing_ms]
        mean_again = geometric_mean([measured.refreshing_ratio for measured in again])
        print(
            f"| **geometric mean of {len(compared)}** | | | | {mean:.2f} | | | | | {mean_again:.2f} "
            f"| cold, annoscope is slower in {slower}; in {slower_cached} with ClickHouse's query condition cache |"
        )
        by_time = [measured.refreshing_ratio for measured in again if measured.cached_rows]
        if by_time:
            print(f"| **of the {len(by_time)} by time** | | | | | | | | | {geometric_mean(by_time):.2f} | |")
    flagged = [measured for measured in results if measured.flag]
    database = annoscope_disk.get("events.duckdb", 0)
    total = sum(annoscope_disk.values())
    print(
        f"\n{options.events:,} events of {options.days} days up to {end:%Y-%m-%d %H:%M} UTC. On disk: annoscope "
        f"{database / 1e6:.0f} MB (events.duckdb; {total / 1e6:.0f} MB with all files)"
        + (f", ClickHouse {clickhouse_disk / 1e6:.0f} MB after OPTIMIZE FINAL" if clickhouse else "")
        + f". Flagged: {len(flagged)}."
    )
    version = clickhouse.version if clickhouse else "not measured"
    print(
        f"Median of {options.runs} runs after one that is not counted; both over HTTP on a kept connection, JSON read "
        f"to its last byte. ClickHouse {version} as chDB behind tests/support/clickhouse_http.py, default settings "
        f"both but for the caches; "
        f"{os.cpu_count()} cores, Linux {platform.release()}."
        + (" QUICK FORM: the numbers mean nothing." if options.quick else "")
    )
    if options.json:
        numbers = {
            "events": options.events,
            "days": options.days,
            "end": end.isoformat(),
            "annoscope_disk": annoscope_disk,
            "clickhouse_disk": clickhouse_disk,
            "clickhouse": version,
            "queries": [asdict(measured) for measured in results],
        }
        options.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")


def geometric_mean(ratios: list[float]) -> float:
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))


def disk_bytes(directory: Path) -> dict[str, int]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.stat().st_size for path in files}


class step:
    """Says what is done and how long it took."""

    def __init__(self, what: str):
        self.what = what

    def __enter__(self) -> None:
        self.begin = time.monotonic()

    def __exit__(self, *_: object) -> None:
        print(
            f"{self.what}: {time.monotonic() - self.begin:.1f} s",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    main()

"""The page in Chromium over 10 million events: how long dashboards take, what a filter and scrolling cost, its size.

Run by `make bench ARGS=page`. The browser runs on the same machine as the server. Each figure is the median of RUNS
loads with new ranges, so that no answer is kept from one to the next."""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright  # noqa: E402
from support.server import BINARY, Server, User, clean_environment  # noqa: E402

UIDS = [
    "all-events",
    "management",
    "monitoring",
    "timesheet",
    "project",
    "job",
    "team",
    "my-hours",
    "data-quality",
]
RUNS = 5
DAY_MS = 86_400_000
# What a laptop shows, and high enough for every panel of a dashboard to be in sight: those out of sight wait.
LAPTOP = {"width": 1440, "height": 900}
WHOLE = {"width": 1440, "height": 4000}

# Milliseconds since the navigation began at which the first panel, and all panels, had their answers drawn. With `true`
# the first is enough.
WATCH = """
(firstOnly) => new Promise((resolve) => {
  let first = null;
  const look = () => {
    const panels = [...document.querySelectorAll('article')];
    const isReady = (p) => {
      const shown = p.querySelector('.body').firstElementChild;
      const says = shown?.matches('.state') ? shown.textContent.trim() : 'drawn';
      return p.getAttribute('aria-busy') === 'false' && shown !== null && says !== '';
    };
    const ready = panels.filter(isReady);
    if (ready.length && first === null) first = performance.now();
    const isDone = panels.length && ready.length === panels.length;
    if (firstOnly && first !== null) resolve([first, first]);
    else if (isDone) requestAnimationFrame(() => resolve([first, performance.now()]));
    else requestAnimationFrame(look);
  };
  look();
})
"""


class Board:
    """A logged-in browser on the server."""

    def __init__(self, browser: Browser, server: Server, user: User, last_ms: int) -> None:
        self.context: BrowserContext = browser.new_context(viewport=WHOLE)
        self.server = server
        self.last_ms = last_ms
        page = self.context.new_page()
        page.goto(f"{server.url}/analytics/")
        page.get_by_label("Name or e-mail").fill(user.name)
        page.get_by_label("Password").fill(user.password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Dashboards", exact=True).wait_for()
        page.close()

    def open(self, uid: str, days: int, run: int, viewport: dict | None = None) -> tuple[Page, float, float]:
        page = self.context.new_page()
        if viewport:
            page.set_viewport_size(viewport)
        # Some seconds apart: no answer of the run before can be used again.
        to = self.last_ms - 7_000 * run
        page.goto(
            f"{self.server.url}/analytics/d/{uid}?from={to - days * DAY_MS}&to={to}&refresh=",
            wait_until="commit",
        )
        first, complete = page.evaluate(WATCH, viewport is not None)
        return page, first, complete


def loads(board: Board) -> list[tuple[str, str]]:
    rows = []
    for uid in UIDS:
        cells = []
        for days in (7, 90):
            firsts, completes = [], []
            for run in range(RUNS):
                page, _, complete = board.open(uid, days, run)
                completes.append(complete)
                page.close()
                page, first, _ = board.open(uid, days, RUNS + run, LAPTOP)
                firsts.append(first)
                # What else it asked for is not the next one's burden.
                page.wait_for_load_state("networkidle")
                page.close()
            first, complete = statistics.median(firsts), statistics.median(completes)
            cells.append(f"{days} days: first panel {first:.0f} ms, complete {complete:.0f} ms")
        rows.append((uid, "; ".join(cells)))
    return rows


def filter_change(board: Board) -> str:
    """From the click on a value of a filter to every panel's new answer, 7 days."""
    times = []
    for run in range(RUNS):
        page, _, _ = board.open("management", 7, 100 + run)
        page.get_by_role("group", name="Filters").get_by_role("button", name="User: all").click()
        option = page.get_by_role("option").nth(run)
        option.hover()
        page.evaluate(
            "() => addEventListener('click', () => (globalThis.clicked = performance.now()), {capture: true})"
        )
        option.get_by_role("button", name="only").click()
        page.wait_for_function("() => location.search.includes('var-users')")
        _, complete = page.evaluate(WATCH, False)
        times.append(complete - page.evaluate("() => globalThis.clicked"))
        page.close()
    return f"{statistics.median(times):.0f} ms"


SCRIPT_AND_LAYOUT = {
    "FunctionCall",
    "EvaluateScript",
    "TimerFire",
    "FireAnimationFrame",
    "EventDispatch",
    "UpdateLayoutTree",
    "Layout",
    "Layerize",
    "PrePaint",
}


def scrolling(board: Board) -> str:
    """Script and layout in each frame while the events table is scrolled by a wheel notch (120 px) a frame."""
    page, _, _ = board.open("all-events", 7, 200)
    page.set_viewport_size({"width": 1440, "height": 1000})
    grid = page.get_by_role("grid", name="All events")
    grid.scroll_into_view_if_needed()
    grid.hover()
    session = board.context.new_cdp_session(page)
    events: list[dict] = []
    session.on("Tracing.dataCollected", lambda chunk: events.extend(chunk["value"]))
    session.send(
        "Tracing.start",
        {"traceConfig": {"includedCategories": ["devtools.timeline"]}},
    )
    for _ in range(120):
        page.mouse.wheel(0, 120)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    done: list[bool] = []
    session.on("Tracing.tracingComplete", lambda _: done.append(True))
    session.send("Tracing.end")
    while not done:
        page.wait_for_timeout(50)
    frames = sorted(event["ts"] for event in events if event["name"] == "FireAnimationFrame")
    spans = [
        (event["ts"], event.get("dur", 0))
        for event in events
        if event["name"] in SCRIPT_AND_LAYOUT and event["ph"] == "X"
    ]
    page.close()
    return summarized(frames, spans)


def questions(board: Board) -> str:
    """All Events, 90 days: the next thousand events, the counts of a column's values, and a text that is nowhere."""
    more, counts, searches = [], [], []
    for run in range(RUNS):
        page, _, _ = board.open("all-events", 90, 300 + run, LAPTOP)
        events = page.get_by_role("article", name="All events")
        status = events.get_by_role("status")
        # The count of all comes last.
        status.filter(has_text=re.compile(r"^1,000 of \d")).wait_for()
        begin = time.perf_counter()
        events.get_by_role("button", name="Load more").click()
        status.filter(has_text=re.compile("^2,000 of")).wait_for()
        more.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        events.get_by_role("button", name="Column scope").click()
        events.get_by_role("group", name="Values").get_by_role("checkbox").first.wait_for()
        counts.append(time.perf_counter() - begin)
        page.keyboard.press("Escape")
        events.get_by_label("Search all events").fill(f"nowhere {run}")
        begin = time.perf_counter()
        events.get_by_label("Search all events").press("Enter")
        status.filter(has_text=re.compile("^0 events")).wait_for()
        searches.append(time.perf_counter() - begin)
        page.close()
    more_ms, counts_ms, search_ms = (1000 * statistics.median(times) for times in (more, counts, searches))
    return (
        f"1,000 earlier events {more_ms:.0f} ms, values of scope with their counts {counts_ms:.0f} ms,"
        f" a text that is nowhere {search_ms:.0f} ms"
    )


def summarized(frames: list[int], spans: list[tuple[int, int]]) -> str:
    spent = [0.0] * len(frames)
    covered_to = 0
    at = 0
    for begin, duration in sorted(spans):
        # Spans within spans count once.
        begin, end = max(begin, covered_to), begin + duration
        if end <= begin:
            continue
        covered_to = end
        while at + 1 < len(frames) and frames[at + 1] <= begin:
            at += 1
        spent[at] += (end - begin) / 1000
    spent.sort()
    p95 = spent[int(0.95 * len(spent))]
    median = statistics.median(spent)
    return f"median {median:.1f} ms, p95 {p95:.1f} ms of script and layout a frame ({len(spent)} frames)"


def sizes() -> str:
    files = [path for path in (ROOT / "web/dist").rglob("*") if path.is_file()]
    if not files:
        return "not measured: web/dist is missing, `make page` builds it"
    total = sum(len(gzip.compress(path.read_bytes(), 6)) for path in files)
    without = sum(len(gzip.compress(path.read_bytes(), 6)) for path in files if "PanelEditor" not in path.name)
    editor = (total - without) / 1000
    return f"{total / 1000:.0f} kB compressed, of which {editor:.0f} kB are the editor, fetched when it is opened"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="annoscope-bench-page-") as directory:
        server = Server(Path(directory) / "data", Path(directory) / "server.log").start()
        user = server.add_user("lena", "admin")
        demo = [
            "demo",
            "--url",
            server.ingest_url,
            "--events",
            str(options.events),
            "--days",
            str(options.days),
            "--seed",
            "1",
        ]
        subprocess.run(
            [BINARY, *demo],
            check=True,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        last_ms = int(time.time() * 1000)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            board = Board(browser, server, user, last_ms)
            print(f"## The page over {options.events:,} events of {options.days} days\n")
            print("| what | measured |\n| --- | --- |")
            for uid, text in loads(board):
                print(f"| {uid} | {text} |", flush=True)
            print(
                f"| a filter's change, Management, 7 days | {filter_change(board)} |",
                flush=True,
            )
            print(
                f"| scrolling the events table by 120 px a frame | {scrolling(board)} |",
                flush=True,
            )
            print(f"| All Events, 90 days, from the click on | {questions(board)} |", flush=True)
            print(f"| the page | {sizes()} |", flush=True)
            browser.close()
        server.close()


if __name__ == "__main__":
    main()

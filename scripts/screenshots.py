"""Pictures of every view of the page, with demo data: at three widths, light and dark, and on paper.

Run by `make screenshots`. All of them go to `target/screenshots`, to be looked at; the README's are made anew.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright  # noqa: E402
from support.page import Person, Site, launched  # noqa: E402
from support.server import BINARY, Server, clean_environment, wait_for  # noqa: E402

# Width and height, px: a screen, a tablet, a phone.
SIZES = {"1440": (1440, 900), "768": (768, 1024), "390": (390, 844)}
SCHEMES = ["light", "dark"]
# A4 lying within its margins, as `web/src/app.css` has it.
PAPER_PX = 1030
# Longer than that no picture is.
MOST_PX = 4_000
README = ["start", "all-events", "management", "monitoring", "timesheet"]


def by_scope(as_: str) -> str:
    sql = (
        "SELECT $__timeInterval(timestamp) AS time, scope, count() AS events\nFROM events\n"
        "WHERE $__timeFilter(timestamp)\nGROUP BY time, scope\nORDER BY time"
    )
    return "explore?" + urlencode({"from": "now-7d", "to": "now", "as": as_, "sql": sql})


def of_a_person() -> str:
    sql = (
        "SELECT timestamp, scope, user_id, user_name, job_id, duration, payload\nFROM events\n"
        "WHERE $__timeFilter_ms(timestamp) AND user_id = (SELECT max(user_id) FROM events)\nORDER BY timestamp"
    )
    return "explore?" + urlencode({"from": "now-7d", "to": "now", "as": "timeline", "sql": sql})


def open_settings(page: Page) -> None:
    page.get_by_role("button", name="Dashboard", exact=True).click()
    page.get_by_role("menuitem", name="Settings").click()
    expect(page.get_by_role("dialog", name="Settings of this dashboard")).to_be_visible()


def open_time(page: Page) -> None:
    page.keyboard.press("t")
    page.get_by_role("combobox", name="Search all time zones").fill("new")


def open_cell(page: Page) -> None:
    page.get_by_role("grid").first.get_by_role("gridcell").first.dblclick()
    expect(page.get_by_role("dialog").filter(has_text="The whole row")).to_be_visible()


def open_sessions(page: Page) -> None:
    page.locator(".hours-grid .cell button").first.click()
    expect(page.get_by_role("dialog").get_by_role("row").nth(1)).to_be_visible()


def open_editor(page: Page) -> None:
    page.get_by_role("article").first.focus()
    page.keyboard.press("e")
    expect(page.get_by_role("dialog").filter(has_text="Apply")).to_be_visible()


def open_row(page: Page) -> None:
    page.get_by_role("link", name="omar", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


@dataclass
class View:
    name: str
    path: str
    # What is opened before the picture is taken.
    act: Callable[[Page], None] | None = None
    # Whether it has a form of its own on paper.
    is_printed: bool = False


VIEWS = [
    View("start", ""),
    View("all-events", "d/all-events", is_printed=True),
    View("cell", "d/all-events", open_cell),
    View("management", "d/management", is_printed=True),
    View("monitoring", "d/monitoring", is_printed=True),
    View("timesheet", "d/timesheet", is_printed=True),
    View("project", "d/project", is_printed=True),
    View("team", "d/team"),
    View("job", "d/job", is_printed=True),
    View("my-hours", "d/my-hours"),
    View("timesheet-projects", "d/timesheet?by.1=projects"),
    View("sessions", "d/timesheet", open_sessions),
    View("time-range", "d/timesheet", open_time),
    View("settings", "d/management", open_settings),
    View("editor", "d/management", open_editor),
    View("explore", "explore"),
    View("explore-table", by_scope("table")),
    View("explore-chart", by_scope("chart")),
    View("explore-timeline", of_a_person()),
    View("users", "admin"),
    View("user", "admin", open_row),
    View("organizations", "admin/organizations"),
    View("webhooks", "admin/webhooks"),
    View("status", "admin/status"),
    View("account", "account"),
]


class Pictures:
    def __init__(self, browser: Browser, folder: Path, views: list[str]) -> None:
        self.browser = browser
        self.folder = folder
        self.views = views
        folder.mkdir(parents=True, exist_ok=True)

    def wants(self, name: str) -> bool:
        return not self.views or name in self.views

    @contextmanager
    def context(self, width: str, scheme: str) -> Iterator[BrowserContext]:
        size = dict(zip(("width", "height"), SIZES[width], strict=True))
        context = self.browser.new_context(viewport=size, color_scheme=scheme, has_touch=width == "390")
        # A browser that is driven has no dialog to print from.
        context.add_init_script("window.print = () => { window.isPrinted = true; }")
        yield context
        context.close()

    def take(self, page: Page, name: str, width: str, scheme: str) -> None:
        if scheme in SCHEMES and width == "1440" and name in README:
            page.screenshot(path=ROOT / f"docs/screenshots/{name}-{scheme}.png")
        # What is only asked for when it is in sight, and then all of it.
        least = SIZES[width][1]
        for height in (MOST_PX, least):
            page.set_viewport_size({"width": int(width), "height": height})
            settle(page)
        height = min(max(page.evaluate("document.documentElement.scrollHeight"), least), MOST_PX)
        page.set_viewport_size({"width": int(width), "height": height})
        settle(page)
        page.screenshot(path=self.folder / f"{name}-{width}-{scheme}.png")
        page.set_viewport_size({"width": int(width), "height": least})

    def take_login(self, server: Server) -> None:
        for width in SIZES:
            for scheme in SCHEMES:
                with self.context(width, scheme) as context:
                    page = context.new_page()
                    page.goto(f"{server.url}/analytics/")
                    page.get_by_label("Password").wait_for()
                    self.take(page, "login", width, scheme)

    def take_views(self, site: Site, views: list[View]) -> None:
        for width in SIZES:
            for scheme in SCHEMES:
                with self.context(width, scheme) as context:
                    page = Person(site, context, site.lena).log_in().page
                    for view in views:
                        if self.wants(view.name):
                            show(page, site, view)
                            self.take(page, view.name, width, scheme)

    def take_paper(self, site: Site) -> None:
        with self.context("1440", "dark") as context:
            page = Person(site, context, site.lena).log_in().page
            for view in VIEWS:
                if self.wants(view.name) and view.act is None:
                    show(page, site, view)
                    self.print(page, view)

    def print(self, page: Page, view: View) -> None:
        if view.is_printed:
            page.keyboard.press("Control+p")
            wait_for("the print", lambda: page.evaluate("window.isPrinted === true"), 60, 0.1)
        page.emulate_media(media="print", color_scheme="light")
        page.set_viewport_size({"width": PAPER_PX, "height": 900})
        settle(page)
        height = min(page.evaluate("document.documentElement.scrollHeight"), MOST_PX)
        clip = {"x": 0, "y": 0, "width": PAPER_PX, "height": height}
        page.screenshot(path=self.folder / f"{view.name}-print.png", full_page=True, clip=clip)
        # The last, since a page that was printed is a screen again.
        page.pdf(path=self.folder / f"{view.name}-print.pdf", prefer_css_page_size=True)
        page.emulate_media(media="screen", color_scheme="dark")
        page.set_viewport_size({"width": 1440, "height": 900})


def show(page: Page, site: Site, view: View) -> None:
    page.goto(f"{site.server.url}/analytics/{view.path}")
    settle(page)
    if view.act is not None:
        view.act(page)
        settle(page)


def settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=30_000)
    # What is drawn a frame after its data.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("views", nargs="*", help="names of views; all by default")
    parser.add_argument("--events", default="200000", help="of the demo")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/screenshots")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="annoscope-screenshots-") as directory,
        sync_playwright() as playwright,
    ):
        pictures = Pictures(launched(playwright), options.folder, options.views)
        empty, full = (
            Server(Path(directory) / name, Path(directory) / f"{name}.log").start() for name in ("empty", "full")
        )
        demo = [
            "demo",
            "--url",
            full.ingest_url,
            "--events",
            options.events,
            "--days",
            "30",
            "--seed",
            "1",
        ]
        subprocess.run([BINARY, *demo], check=True, env=clean_environment(), capture_output=True)
        if pictures.wants("login"):
            pictures.take_login(empty)
        if pictures.wants("start-guide"):
            pictures.take_views(Site(empty), [View("start-guide", "")])
        site = Site(full)
        pictures.take_views(site, VIEWS)
        pictures.take_paper(site)
        for server in (empty, full):
            server.close()
    print(f"screenshots: {len(list(options.folder.glob('*.png')))} pictures in {options.folder}")


if __name__ == "__main__":
    main()

"""A person with a browser who annotates on the example's page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from support.events import expected_hours
from support.example import ADMIN, Example
from support.server import wait_for

# What a failed request logs by itself, what the logger says of it, and what the button for it throws.
EXPECTED_ERRORS = ("Failed to load resource", "Failed to fetch", "This is what an error of the page looks like")

Point = tuple[float, float]


class Annotator:
    """One browser, with tabs on the page; events are looked up as this person's."""

    def __init__(self, example: Example, context: BrowserContext) -> None:
        self.example = example
        self.context = context
        self.session = example.session()
        self.errors: list[str] = []
        # Every event that a request had, whatever became of the request; but Playwright does not always hear of the
        # request that a page makes while it goes away.
        self.sent: list[dict] = []
        context.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/events"):
            self.sent += json.loads(request.post_data)["events"]

    def open(self, script: str | None = None, path: str = "/") -> Page:
        """A tab; `script` runs before the page's own."""
        page = self.context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("console", lambda message: message.type in ("error", "warning") and self._complain(message.text))
        if script:
            page.add_init_script(script)
        page.goto(self.example.url + path)
        return page

    def _complain(self, text: str) -> None:
        if not any(expected in text for expected in EXPECTED_ERRORS):
            self.errors.append(text)

    def log_in(self, page: Page) -> Page:
        page.get_by_label("Name").fill(ADMIN[0])
        page.get_by_label("Password").fill(ADMIN[1])
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("button", name="New task")).to_be_visible()
        return page

    def new_task(self, page: Page) -> None:
        page.get_by_role("button", name="New task").click()
        self.shows(page, 0)

    def shows(self, page: Page, frame: int) -> None:
        expect(page.locator("#frame-number")).to_contain_text(f"frame {frame} of")

    def rows(self, columns: str, where: str = "source = 'client'") -> list[list]:
        self.example.annoscope.wait_until_applied()
        sql = f"SELECT {columns} FROM events WHERE user_name = '{ADMIN[0]}' AND {where} ORDER BY timestamp"
        return self.example.query(self.session, sql)

    def wait_for_scope(self, scope: str, n: int = 1) -> list[list]:
        found = f"scope = '{scope}'"
        rows = wait_for(scope, lambda: len(rows := self.rows("payload", found)) >= n and rows, interval_s=0.1)
        assert len(rows) == n
        return rows

    def undisturbed_hours_ms(self) -> int:
        """What one request with every event would have counted."""
        texts = dict.fromkeys(json.dumps(event) for event in self.sent)
        return sum(expected_hours(json.loads(text) for text in texts).values())

    def hours_ms(self) -> int:
        return sum(int(ms) for (ms,) in self.rows("duration", "scope = 'send:working_time'"))


class Tab:
    """What hands do on the page: tools by name, and the pointer at points of the picture."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def tool(self, name: str) -> None:
        self.page.locator(f"[data-tool={name}]").click()

    def _at(self, point: Point) -> Point:
        found = self.page.evaluate("([x, y]) => toScreen(x, y)", list(point))
        return found["x"], found["y"]

    def drag(self, begin: Point, end: Point) -> None:
        middle = ((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2)
        self.page.mouse.move(*self._at(begin))
        self.page.mouse.down()
        for point in (middle, end):
            self.page.mouse.move(*self._at(point))
        self.page.mouse.up()

    def box(self, begin: Point, end: Point) -> None:
        self.tool("draw")
        self.drag(begin, end)

    def choose(self, *points: Point) -> None:
        """Selects the objects there."""
        for number, point in enumerate(points):
            if number:
                self.page.keyboard.down("Shift")
            self.page.mouse.click(*self._at(point))
            if number:
                self.page.keyboard.up("Shift")

    def save(self) -> None:
        self.tool("save")
        expect(self.page.locator("#notice")).to_have_text("Saved.")


@pytest.fixture
def annotator(example: Example, browser: Browser) -> Iterator[Annotator]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    annotator = Annotator(example, context)
    yield annotator
    context.close()
    assert annotator.errors == []

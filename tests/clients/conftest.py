"""A page with the browser's logger, in Chromium, before a real server."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from support import query
from support.events import expected_hours
from support.front import Front
from support.server import Server, User, wait_for

# Runs before the page: `passed` is what a test lets pass (`Host.tick`), `set` by how much the system's clock was set,
# by which no time passes.
CLOCK = """
{
  const now = performance.now.bind(performance), system = Date.now;
  window.moved = { passed: 0, set: 0 };
  performance.now = () => now() + moved.passed;
  Date.now = () => system() + moved.passed + moved.set;
}
"""
# The same, where the system's clock has been wrong since before the page was opened.
WRONG_CLOCK = f"""
{CLOCK}
{{
  const wrong = -3 * 3_600_000, now = Date.now, origin = performance.timeOrigin;
  Date.now = () => now() + wrong;
  Object.defineProperty(performance, 'timeOrigin', {{ value: origin + wrong }});
}}
"""


class Host:
    """An annotation page of one user in one browser: its tabs, what they sent, what was stored."""

    def __init__(self, front: Front, context: BrowserContext, user: User, admin: User) -> None:
        self.front = front
        self.context = context
        self.user = user
        self.admin = admin
        self.pages: list[Page] = []
        self.passed_ms = 0
        # A condition of queries.
        self.mine = f"user_name = '{user.name}'"

    def open(self, script: str = CLOCK, begin: bool = True, **options: object) -> Page:
        """A tab with a logger. `script` runs before the page's own."""
        page = self.context.new_page()
        page.set_default_timeout(15_000)
        page.add_init_script(f"{script}; if (window.moved) moved.passed = {self.passed_ms};")
        page.on("crash", lambda page: self.pages.remove(page))
        page.on("close", lambda page: page in self.pages and self.pages.remove(page))
        self.pages.append(page)
        page.goto(f"{self.front.url}/host/")
        page.wait_for_function("window.begin")
        if begin:
            self.begin(page, **options)
        return page

    def begin(self, page: Page, **options: object) -> None:
        page.evaluate(
            """([token, options]) => void begin({
              headers: () => ({ Authorization: `Token ${token}`, 'X-Passed-Ms': window.moved?.passed ?? 0 }),
              ...options,
            })""",
            [self.user.token, {"user": self.user.name, **options}],
        )

    def tick(self, ms: int) -> None:
        """Lets time pass, in all tabs."""
        self.passed_ms += ms
        for page in self.pages:
            page.evaluate("(ms) => void (moved.passed = ms)", self.passed_ms)

    def log(self, page: Page, first: int, n: int = 1, gap_ms: int = 0) -> list[int]:
        """Logs events by number, one after another with time after each; all are on the disk when it returns."""
        ids = list(range(first, first + n))
        for obj_id in ids:
            page.evaluate(
                "(obj_id) => void (window.kept ??= []).push(logger.log('draw:object', { obj_id, job_id: 7 }))", obj_id
            )
            if gap_ms:
                self.tick(gap_ms)
        are_kept = page.evaluate("Promise.all(kept.splice(0).map((event) => event.persisted))")
        assert are_kept == [True] * n
        return ids

    def rows(self, columns: str = "scope, obj_id, count, duration, payload") -> list[list]:
        """What is stored of the user's events, without working time."""
        return self.ask(f"SELECT {columns} FROM events WHERE source = 'client' AND {self.mine}")

    def ids(self) -> list[int]:
        """The obj_id of each stored event, sorted: tests number what they log."""
        return sorted(int(row[0]) for row in self.rows("obj_id") if row[0] is not None)

    def wait_for_ids(self, expected: list[int]) -> None:
        wait_for(f"{len(expected)} events", lambda: len(self.ids()) >= len(expected), interval_s=0.1)
        assert self.ids() == expected

    def hours_ms(self) -> int:
        sql = f"SELECT sum(duration) FROM events WHERE scope = 'send:working_time' AND {self.mine}"
        return int(self.ask(sql)[0][0] or 0)

    def undisturbed_hours_ms(self) -> int:
        """What one request with every event would have counted."""
        return sum(expected_hours(self.front.sent()).values())

    def span_ms(self) -> int:
        """From the first to the last event, by the pages' clocks."""
        times = [dt.datetime.fromisoformat(event["timestamp"]) for event in self.front.sent()]
        return (max(times) - min(times)) // dt.timedelta(milliseconds=1)

    def ask(self, sql: str) -> list[list]:
        return query.rows(self.front.server, self.admin, sql)


def send(page: Page) -> bool:
    return page.evaluate("logger.send()")


def settle(page: Page) -> None:
    """Has a first event through. From then on nothing is sent but when a test says so, or 90 s have passed."""
    page.evaluate("logger.log('load:job', { job_id: 7 }).persisted")
    assert send(page)


def crash(page: Page) -> None:
    with page.expect_event("crash"), contextlib.suppress(Error):
        page.goto("chrome://crash", timeout=2000)


@pytest.fixture
def front(shared_server: Server) -> Iterator[Front]:
    front = Front(shared_server)
    yield front
    front.close()


@pytest.fixture
def host(front: Front, browser: Browser, shared_server: Server, shared_admin: User) -> Iterator[Host]:
    """One user's own browser; the server has those of other tests as well."""
    user = shared_server.add_user(f"u{uuid.uuid4().hex[:8]}")
    context = browser.new_context()
    yield Host(front, context, user, shared_admin)
    context.close()

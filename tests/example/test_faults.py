"""The example's page while tabs crash, the network is away, clocks are wrong and jump: events arrive once, and hours
are those of an undisturbed run."""

from __future__ import annotations

from email.utils import formatdate, parsedate_to_datetime

from playwright.sync_api import Page, Route, expect

from clients.conftest import CLOCK, WRONG_CLOCK, crash
from example.conftest import Annotator, Tab
from support.server import wait_for

HOUR_MS = 3_600_000
# Two pages of one system differ by what the system's clock is set by meanwhile; some milliseconds.
CLOCKS_MS = 50


class Day:
    """Work in several tabs, with time that passes when the test says so."""

    def __init__(self, annotator: Annotator, script: str) -> None:
        self.annotator = annotator
        self.script = script
        self.passed_ms = 0
        self.is_offline = False
        self.pages: list[Page] = []
        self.n_drawn = self.n_dragged = 0
        annotator.context.route("**/api/events", self._pass_on)

    def _pass_on(self, route: Route) -> None:
        """Time that has passed in the page has passed at the server, too."""
        if self.is_offline:
            route.abort("internetdisconnected")
            return
        answer = route.fetch()
        said = parsedate_to_datetime(answer.headers["date"]).timestamp() + self.passed_ms / 1000
        route.fulfill(response=answer, headers={**answer.headers, "date": formatdate(said, usegmt=True)})

    def open(self, path: str = "/") -> Tab:
        script = f"{self.script}; moved.passed = {self.passed_ms};"
        page = self.annotator.open(script, path)
        page.on("crash", lambda page: self.pages.remove(page))
        self.pages.append(page)
        return Tab(page)

    def tick(self, ms: int) -> None:
        self.passed_ms += ms
        for page in self.pages:
            page.evaluate("(ms) => void (moved.passed = ms)", self.passed_ms)

    def draw(self, tab: Tab, n: int, gap_ms: int) -> None:
        """Boxes in a row, with time after each; all are on the disk when it returns."""
        objects = tab.page.locator("#objects > div")
        for _ in range(n):
            n_before = objects.count()
            left = 40 + 70 * (self.n_drawn % 12)
            tab.box((left, 20), (left + 50, 70))
            expect(objects).to_have_count(n_before + 1)
            self.n_drawn += 1
            self.tick(gap_ms)
        tab.page.evaluate("allPersisted()")

    def drag(self, tab: Tab, n: int, gap_ms: int) -> None:
        """One box there and back."""
        for number in range(n):
            way = [(320, 200), (360, 240)]
            tab.drag(*(way if number % 2 == 0 else way[::-1]))
            self.n_dragged += 1
            self.tick(gap_ms)
        tab.page.evaluate("allPersisted()")

    def set_offline(self, is_offline: bool) -> None:
        self.is_offline = is_offline
        self.annotator.context.set_offline(is_offline)

    def n_stored(self, scope: str) -> int:
        return len(self.annotator.rows("scope", f"scope = '{scope}'"))

    def wait_until_stored(self, scope: str, n: int) -> None:
        def are_stored() -> bool:
            # Requests pass through this test, which has to look at them meanwhile.
            self.pages[0].wait_for_timeout(20)
            return self.n_stored(scope) >= n

        wait_for(f"{n} of {scope}", are_stored)
        assert self.n_stored(scope) == n

    def log_out(self, tab: Tab) -> None:
        tab.page.get_by_role("button", name="Log out").click()
        expect(tab.page.get_by_role("button", name="Log in")).to_be_visible()

    def check(self) -> None:
        assert self.n_stored("draw:object") == self.n_drawn
        assert self.n_stored("drag:object") == self.n_dragged
        assert abs(self.annotator.hours_ms() - self.annotator.undisturbed_hours_ms()) <= CLOCKS_MS


def test_a_crash_an_hour_without_network_and_two_tabs(annotator: Annotator) -> None:
    day = Day(annotator, CLOCK)
    tab = day.open()
    annotator.log_in(tab.page)
    annotator.new_task(tab.page)
    tab.box((300, 180), (340, 220))
    day.n_drawn += 1
    day.draw(tab, 3, gap_ms=20_000)
    tab.save()
    address = tab.page.url.removeprefix(annotator.example.url)

    # What was not saved is lost to the crash; what was recorded is not.
    day.draw(tab, 4, gap_ms=30_000)
    crash(tab.page)
    tab.page.close()
    tab = day.open(address)
    annotator.shows(tab.page, 0)
    expect(tab.page.locator("#objects > div")).to_have_count(4)
    day.wait_until_stored("draw:object", day.n_drawn)

    tab.page.get_by_text("Box 1").click()
    day.set_offline(True)
    day.drag(tab, 45, gap_ms=80_000)
    assert day.n_stored("drag:object") == 0
    day.set_offline(False)
    day.wait_until_stored("drag:object", day.n_dragged)

    other = day.open(address)
    annotator.shows(other.page, 0)
    for _ in range(3):
        day.draw(other, 1, gap_ms=5_000)
        day.draw(tab, 1, gap_ms=5_000)
    other.save()
    other.page.close()
    day.pages.remove(other.page)
    day.log_out(tab)
    day.check()
    assert annotator.hours_ms() > HOUR_MS


def test_a_clock_that_is_wrong_and_jumps(annotator: Annotator) -> None:
    day = Day(annotator, WRONG_CLOCK)
    tab = day.open()
    annotator.log_in(tab.page)
    annotator.new_task(tab.page)
    tab.box((300, 180), (340, 220))
    day.n_drawn += 1
    day.draw(tab, 3, gap_ms=20_000)
    tab.save()
    for jump_ms in (2 * HOUR_MS, -HOUR_MS):
        tab.page.evaluate("(ms) => void (moved.set += ms)", jump_ms)
        day.draw(tab, 3, gap_ms=20_000)
        tab.save()
    day.log_out(tab)
    day.check()
    # Each save's events are of the time when it was made, by the server's clock.
    sql = "SELECT dateDiff('second', min(timestamp), now()) FROM events WHERE scope = 'draw:object'"
    [[age_s]] = annotator.example.query(annotator.session, sql)
    assert 60 <= int(age_s) < 300

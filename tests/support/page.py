"""The page as a person has it: a browser of their own, logged in to a server with some days of activity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Playwright, expect, sync_playwright

from support import ROOT
from support.server import Server, User, check_log, run_cli

CHROMIUM = "/usr/bin/chromium"
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
UIDS = ["all-events", "management", "monitoring", "timesheet"]
# What a failed request logs by itself; the page says it in words.
EXPECTED_ERRORS = re.compile(r"Failed to load resource")


# A whole number of hours ahead of UTC, behind it, and half an hour beside; two of them change their clocks.
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata"]


def accessibility_problems(page: Page) -> list[str]:
    """What axe finds on a page, in words."""
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for violation in result["violations"]
        for node in violation["nodes"][:3]
    ]


class Site:
    """A server with made-up activity of the last days, and its people."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.lena = server.add_user("lena", "admin")
        self.omar = server.add_user("omar", "admin")
        self.bea = server.add_user("bea", "business")
        self.carla = server.add_user("carla", "user")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("page")
    server = Server(directory / "data", directory / "server.log").start()
    sent = run_cli("demo", "--events", "20000", "--days", "7", "--seed", "1", "--url", server.ingest_url)
    assert sent.returncode == 0, sent.stderr
    yield Site(server)
    server.close()
    check_log(server)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


def launched(playwright: Playwright, n_tries: int = 3) -> Browser:
    """Debian's Chromium crashes now and then before it has begun."""
    try:
        return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    except Error:
        if n_tries == 1:
            raise
        return launched(playwright, n_tries - 1)


class Person:
    """Somebody with a browser of their own, logged in."""

    def __init__(self, site: Site, context: BrowserContext, user: User) -> None:
        self.site = site
        self.user = user
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._logged)

    def _logged(self, message) -> None:
        if message.type in ("error", "warning") and not EXPECTED_ERRORS.search(message.text):
            self.errors.append(message.text)

    def log_in(self) -> Person:
        self.page.goto(f"{self.site.server.url}/analytics/")
        self.page.get_by_label("Name or e-mail").fill(self.user.name)
        self.page.get_by_label("Password").fill(self.user.password)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
        return self

    def open(self, uid: str, query: str = "") -> Page:
        self.page.goto(f"{self.site.server.url}/analytics/d/{uid}{query}")
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        self.settled()
        return self.page

    def settled(self) -> None:
        """Every panel in sight has its answer, and its component is there to show it."""
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator("article[aria-busy=true]")).to_have_count(0)
        expect(self.page.locator("article").first).to_be_visible()

    def panel(self, title: str) -> Locator:
        panel = self.page.get_by_role("article", name=title, exact=True)
        panel.scroll_into_view_if_needed()
        expect(panel).to_have_attribute("aria-busy", "false")
        return panel

    def choose(self, filter_name: str, text: str) -> None:
        """Shows one value of a filter alone."""
        self.page.get_by_role("group", name="Filters").get_by_role(
            "button", name=re.compile(f"^{filter_name}:")
        ).click()
        self.page.get_by_role("combobox", name=f"Search values of {filter_name}").fill(text)
        option = self.page.get_by_role("option").filter(has_text=text).first
        option.hover()
        option.get_by_role("button", name="only").click()
        self.page.keyboard.press("Escape")
        self.settled()

    def options(self, filter_name: str) -> list[str]:
        self.page.get_by_role("group", name="Filters").get_by_role(
            "button", name=re.compile(f"^{filter_name}:")
        ).click()
        expect(self.page.get_by_role("listbox")).to_have_attribute("aria-busy", "false")
        texts = self.page.get_by_role("option").locator(".text").all_inner_texts()
        self.page.keyboard.press("Escape")
        return texts

    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlparse(self.page.url).query)

    def entries(self) -> list[str]:
        """Of the dashboard's menu."""
        self.page.get_by_role("button", name="Dashboard", exact=True).click()
        texts = self.page.get_by_role("menuitem").locator("span").all_inner_texts()
        self.page.keyboard.press("Escape")
        return texts

    def menu(self, entry: str) -> None:
        self.page.get_by_role("button", name="Dashboard", exact=True).click()
        self.page.get_by_role("menuitem", name=entry).click()

    def panel_menu(self, title: str, entry: str) -> None:
        self.panel(title).get_by_role("button", name=f"Panel {title}").click()
        self.page.get_by_role("menuitem", name=entry).click()

    def save(self, note: str) -> None:
        dialog = self.page.get_by_role("dialog", name="Save the dashboard")
        dialog.get_by_label("What for?").fill(note)
        dialog.get_by_role("button", name="Save", exact=True).click()


@pytest.fixture
def person(site: Site, browser: Browser) -> Iterator[Person]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, timezone_id="Europe/Berlin")
    person = Person(site, context, site.lena).log_in()
    yield person
    context.close()
    assert person.errors == []


def import_text(page: Page, text: str) -> Locator:
    page.get_by_role("button", name="Import…").click()
    dialog = page.get_by_role("dialog", name="Import a dashboard")
    dialog.get_by_label("JSON of the dashboard").fill(text)
    return dialog

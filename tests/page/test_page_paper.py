"""Dashboards on paper: light, whole, with a head that says what they are of."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.page import UIDS, Person, Site
from support.server import wait_for

# A4 lying within its margins, as `web/src/app.css` has it.
WIDTH_PX = 1030
# What scrolls or hides more than it shows.
CUT = """panel => [panel, ...panel.querySelectorAll('*')]
    .filter(one => /auto|scroll|hidden/.test(getComputedStyle(one).overflowY) && one.offsetParent !== null)
    .filter(one => !one.classList.contains('visually-hidden') && one.scrollHeight > one.clientHeight + 2)
    .map(one => one.className)"""
RIGHTMOST = """Math.max(...[...document.querySelectorAll('article *')].map(one => one.getBoundingClientRect().right))"""


@pytest.fixture
def reader(any_zone: str, site: Site, browser: Browser) -> Iterator[Person]:
    """Somebody who works in the dark."""
    viewport = {"width": 1440, "height": 900}
    context = browser.new_context(viewport=viewport, timezone_id=any_zone, color_scheme="dark")
    # A browser that is driven has no dialog to print from.
    context.add_init_script("window.print = () => { window.isPrinted = true; }")
    person = Person(site, context, site.lena).log_in()
    yield person
    context.close()
    assert person.errors == []


def printed(page: Page) -> None:
    """Until the page asks its browser to print. What polls within the page is not let by its policy."""
    wait_for("the print", lambda: page.evaluate("window.isPrinted === true"), 60, 0.1)


def test_a_dashboard_on_paper(reader: Person) -> None:
    for uid in UIDS:
        page = reader.open(uid, "?from=now-7d/d&to=now/d&var-users=1000004")
        reader.menu("Print")
        printed(page)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        head = page.locator(".head", has=page.get_by_role("heading", level=1)).first
        expect(head).to_contain_text(
            re.compile(
                r"Time range\s*20\d\d-\d\d-\d\d – 20\d\d-\d\d-\d\d \((Europe/Berlin|America/New_York|Asia/Kolkata)\)"
            )
        )
        expect(head).to_contain_text("User: ")
        expect(head).to_contain_text(re.compile(r"Made\s*20\d\d-"))
        expect(page.locator("header")).to_be_hidden()
        expect(page.locator("article[aria-busy=true]")).to_have_count(0)
        for panel in page.locator("article").all():
            # Nothing scrolls and nothing is cut.
            cut = panel.evaluate(CUT)
            assert cut == [], panel.get_attribute("aria-label")
            rows = panel.locator(".count")
            if rows.count() == 1:
                # Of a list of events those that are loaded, and it says of how many.
                n_rows = int(re.match(r"[\d,]+", rows.inner_text().strip())[0].replace(",", ""))
                assert panel.locator("tbody:not(.footer) tr:not(.more)").count() == n_rows
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440
        assert page.evaluate(RIGHTMOST) <= WIDTH_PX
        pdf = page.pdf(prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF")
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 1
        # Then the screen is as it was.
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        expect(page.locator("header")).to_be_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"


def test_paper_waits_for_what_was_never_in_sight(reader: Person) -> None:
    page = reader.open("monitoring", "?from=now-7d&to=now")
    page.keyboard.press("Control+p")
    printed(page)
    expect(page.locator("article .state").filter(has_text="Loading")).to_have_count(0)
    for panel in page.locator("article").all():
        assert panel.locator(".body :is(canvas, tbody, svg, .stat, .bars, .state)").count() > 0, panel.get_attribute(
            "aria-label"
        )


def test_who_changes_their_mind_prints_nothing(reader: Person) -> None:
    page = reader.open("management")
    with page.expect_request("**/api/query"):
        page.route("**/api/query", lambda route: None)
        page.keyboard.press("r")
    page.keyboard.press("Control+p")
    expect(page.get_by_role("status")).to_contain_text("Preparing to print")
    page.get_by_role("button", name="Stop", exact=True).last.click()
    expect(page.locator("header")).to_be_visible()
    assert page.evaluate("window.isPrinted") is None
    page.unroute_all(behavior="ignoreErrors")

"""No failure on the page is silent, and nothing that works leaves a word in the console."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, expect

from support.page import UIDS, Person, Site, import_text

# What a browser says that has no clipboard to give, and one whose disk is full.
NO_CLIPBOARD = """Object.defineProperty(navigator, 'clipboard', {
  value: { writeText: () => Promise.reject(new Error('Write permission denied.')) } })"""
NO_FILE = "void (URL.createObjectURL = () => { throw new Error('Out of memory.') })"


@pytest.mark.parametrize("uid", UIDS)
def test_dashboards_leave_the_console_empty(person: Person, uid: str) -> None:
    page = person.open(uid, "?from=now-7d&to=now")
    for panel in page.locator("article").all():
        panel.scroll_into_view_if_needed()
        expect(panel).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert person.errors == []


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("", "Dashboards"),
        ("admin/users", "Users"),
        ("admin/organizations", "Organizations"),
        ("admin/status", "Status"),
        ("account", "Account"),
    ],
)
def test_pages_leave_the_console_empty(person: Person, address: str, heading: str) -> None:
    person.page.goto(f"{person.site.server.url}/analytics/{address}")
    expect(person.page.get_by_role("heading", name=heading).first).to_be_visible()
    person.page.wait_for_load_state("networkidle")
    expect(person.page.get_by_role("alert")).to_have_count(0)
    assert person.errors == []


def test_login_leaves_the_console_empty(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    person = Person(site, context, site.lena)
    person.log_in()
    context.close()
    assert person.errors == []


def test_who_copies_in_vain_is_told(person: Person) -> None:
    page = person.open("all-events")
    page.evaluate(NO_CLIPBOARD)
    person.panel("All events").get_by_role("gridcell").filter(
        has_text=re.compile(r"^[a-z_]+:[a-z_]+$")
    ).first.dblclick()
    page.get_by_role("button", name="Copy", exact=True).click()
    told = page.get_by_role("alert")
    expect(told).to_have_text("Nothing was copied: Write permission denied.")
    told.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_who_saves_a_file_in_vain_is_told(person: Person) -> None:
    page = person.open("timesheet", "?from=now-7d&to=now")
    page.evaluate(NO_FILE)
    told = page.get_by_role("alert")
    panel = page.locator("article").filter(has=page.get_by_role("treegrid")).first
    for entry, words in [
        ("CSV", "The file could not be made: Out of memory."),
        ("Excel (XLSX)", "The workbook could not be made: Out of memory."),
        ("CSV of minutes by job", "The file could not be made: Out of memory."),
    ]:
        panel.get_by_role("button", name="Download hours").click()
        page.get_by_role("menuitem", name=entry, exact=True).click()
        expect(told).to_contain_text(words)
        told.get_by_role("button", name="Dismiss").click()
        expect(told).to_have_count(0)
    person.menu("Export as a file")
    expect(told).to_contain_text("The file could not be made: Out of memory.")


def test_what_nobody_catches_is_told(person: Person) -> None:
    page = person.open("management")
    page.evaluate("void Promise.reject(new Error('The part of the page is gone.'))")
    expect(page.get_by_role("alert")).to_contain_text("Something went wrong: The part of the page is gone.")
    # The test itself is the one that failed here.
    assert person.errors == ["The part of the page is gone."]
    person.errors.clear()


@pytest.mark.parametrize("uid", UIDS)
def test_a_server_that_is_down_is_said_once_and_all_comes_back(person: Person, uid: str) -> None:
    page = person.open(uid, "?from=now-7d&to=now")
    panel = page.locator("article").first
    before = panel.inner_text()
    person.site.server.stop()
    page.keyboard.press("r")
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    expect(panel).to_have_attribute("aria-busy", "false")
    # What was there stays, dimmed.
    assert panel.inner_text() == before
    expect(panel.locator(".body")).to_have_css("opacity", "0.55")
    person.site.server.start()
    with page.expect_response("**/api/query", timeout=20_000):
        expect(page.get_by_role("alert")).to_have_count(0, timeout=20_000)
    person.settled()
    expect(panel.locator(".body")).to_have_css("opacity", "1")


def test_pages_begun_without_a_server_come_by_themselves(person: Person) -> None:
    page = person.page
    page.route("**/analytics/api/**", lambda route: route.abort("connectionrefused"))
    page.goto(f"{person.site.server.url}/analytics/d/management")
    expect(page.get_by_role("heading", name="annoscope cannot be reached")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")
    expect(page.get_by_role("heading", level=1, name="Management")).to_be_visible(timeout=20_000)
    page.goto(f"{person.site.server.url}/analytics/")
    expect(page.get_by_role("link", name="People active")).to_be_visible()


def test_a_missing_dashboard_asks_nothing(person: Person) -> None:
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url))
    person.page.goto(f"{person.site.server.url}/analytics/d/nowhere?refresh=1s")
    expect(person.page.get_by_role("heading", name="There is no dashboard nowhere")).to_be_visible()
    person.page.get_by_role("link", name="All dashboards").wait_for()
    assert not [url for url in asked if url.endswith("/api/query")]


def test_a_slow_query_is_counted_and_stopped(person: Person) -> None:
    slow = "SELECT sum(a.number * b.number) AS n FROM numbers(3000000) AS a CROSS JOIN numbers(1000000) AS b"
    target = {"refId": "A", "format": 1, "rawSql": slow}
    place = {"x": 0, "y": 0, "w": 24, "h": 6}
    panel = {"id": 1, "type": "stat", "title": "Slow", "gridPos": place, "targets": [target]}
    dialog = import_text(person.page, json.dumps({"title": "Slow to stop", "panels": [panel]}))
    dialog.get_by_role("button", name="Import", exact=True).click()
    article = person.page.get_by_role("article", name="Slow", exact=True)
    expect(article.locator(".notice")).to_have_text("3 s", timeout=15_000)
    with person.page.expect_event("requestfailed"):
        article.get_by_role("button", name="Stop").click()
    expect(article).to_have_attribute("aria-busy", "false")
    expect(article).to_contain_text("Stopped after")
    with person.page.expect_request("**/api/query"):
        article.get_by_role("button", name="Ask again").click()
    expect(article).to_have_attribute("aria-busy", "true")


def test_an_export_that_cannot_be_made_says_so(person: Person) -> None:
    page = person.open("timesheet", "?from=now-7d&to=now")
    panel = page.locator("article").filter(has=page.get_by_role("treegrid")).first
    # The addresses are asked for with the workbook.
    page.route("**/api/query", lambda route: route.fulfill(status=400, json={"detail": "too much at once"}))
    panel.get_by_role("button", name="Download hours").click()
    page.get_by_role("menuitem", name="Excel (XLSX)").click()
    expect(page.get_by_role("alert")).to_contain_text("The workbook could not be made: too much at once")
    page.unroute_all(behavior="ignoreErrors")


def test_today_is_compared_up_to_the_same_time(person: Person) -> None:
    with person.page.expect_request(lambda request: "is_before" in (request.post_data or "")) as asked:
        person.page.goto(f"{person.site.server.url}/analytics/")
    minutes = asked.value.post_data_json["params"]["minutes"]
    words = rf"(by {minutes // 60:02}:{minutes % 60:02} on a usual \w+day|no such weekday before)"
    expect(person.page.get_by_role("link", name=re.compile("^Events "))).to_contain_text(re.compile(words))

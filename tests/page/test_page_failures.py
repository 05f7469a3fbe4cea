"""No failure on the page is silent, and nothing that works leaves a word in the console."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from support.page import UIDS, Person, Site

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
    person.panel("All events").get_by_role("gridcell").filter(has_text="draw:object").first.dblclick()
    page.get_by_role("button", name="Copy", exact=True).click()
    told = page.get_by_role("alert")
    expect(told).to_have_text("Nothing was copied: Write permission denied. ×")
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

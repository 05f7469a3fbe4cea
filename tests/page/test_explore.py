"""Explore: a question of one's own, its address, its history, and the panel that is made of it."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from support.page import Person, Site

SQL = "SELECT scope, count() AS n FROM events WHERE $__timeFilter(timestamp) GROUP BY scope ORDER BY n DESC"


def write(page: Page, sql: str) -> None:
    editor = page.get_by_label("SQL", exact=True)
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(sql)
    page.keyboard.press("Escape")


def explore(person: Person, query: str = "") -> Page:
    person.page.goto(f"{person.site.server.url}/analytics/explore{query}")
    expect(person.page.get_by_role("heading", level=1, name="Explore")).to_be_visible()
    return person.page


def test_a_question_its_address_and_its_history(person: Person, site: Site, browser: Browser) -> None:
    page = person.page
    page.get_by_role("link", name="Explore").click()
    expect(page.get_by_role("heading", level=1, name="Explore")).to_be_visible()
    write(page, SQL)
    page.keyboard.press("Control+Enter")
    result = person.panel("Result")
    expect(result.get_by_role("grid")).to_contain_text("draw:object")
    assert person.query()["sql"] == [SQL]
    # As others see it.
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    other = Person(site, context, site.omar).log_in()
    other.page.goto(page.url)
    expect(other.panel("Result").get_by_role("grid")).to_contain_text("draw:object")
    context.close()
    assert other.errors == []
    # What was asked before comes back, and back is back.
    write(page, "SELECT 41 + 1 AS answer")
    page.get_by_role("button", name="Run").click()
    expect(result.get_by_role("grid")).to_contain_text("42")
    page.get_by_role("button", name="History").click()
    history = page.get_by_role("list", name="What was asked before").get_by_role("button")
    expect(history).to_have_count(2)
    history.nth(1).click()
    expect(result.get_by_role("grid")).to_contain_text("draw:object")
    page.go_back()
    expect(result.get_by_role("grid")).to_contain_text("42")
    expect(page.get_by_label("SQL", exact=True)).to_contain_text("41 + 1")


def test_an_error_is_at_its_place(person: Person) -> None:
    page = explore(person)
    write(page, "SELECT scopes FROM events")
    page.keyboard.press("Control+Enter")
    expect(person.panel("Result").get_by_role("alert")).to_contain_text("scopes")
    expect(page.locator(".cm-lintRange-error").first).to_be_attached()


def test_columns_are_sorted_and_cells_open(person: Person) -> None:
    page = explore(person, f"?sql={SQL}")
    result = person.panel("Result")
    result.get_by_role("button", name="Column scope").click()
    page.get_by_role("button", name="Ascending").click()
    scopes = result.locator("[role=rowgroup] [role=gridcell]:first-child").all_inner_texts()
    assert scopes == sorted(scopes)
    result.get_by_role("gridcell").first.dblclick()
    expect(page.get_by_role("dialog").filter(has_text="The whole row")).to_be_visible()


def test_a_chart_becomes_a_panel(person: Person) -> None:
    page = explore(person)
    page.get_by_role("button", name="Run").click()
    # By buckets of time, so it is a chart.
    expect(person.panel("Result").locator(".u-over")).to_be_visible()
    page.get_by_role("button", name="Table", exact=True).click()
    expect(person.panel("Result").get_by_role("grid")).to_be_visible()
    page.get_by_role("button", name="Chart", exact=True).click()
    expect(person.panel("Result").locator(".u-over")).to_be_visible()
    page.get_by_role("button", name="Make a panel of it…").click()
    dialog = page.get_by_role("dialog", name="Make a panel")
    dialog.get_by_role("button", name=re.compile("^Monitoring")).click()
    editor = page.get_by_role("dialog", name="Edit New panel")
    expect(editor.locator(".u-over")).to_be_visible()
    editor.get_by_label("Title").fill("By scope")
    editor.get_by_role("button", name="Apply").click()
    expect(person.panel("By scope").locator(".u-over")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Monitoring")).to_be_visible()
    expect(page.get_by_role("button", name="Save…")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())


def test_events_of_a_person_are_a_timeline(person: Person) -> None:
    page = explore(person)
    page.get_by_role("button", name="Events of").click()
    page.get_by_label("Id", exact=True).fill("1000001")
    page.get_by_role("button", name="Show", exact=True).click()
    lanes = person.panel("Result").get_by_role("list", name="Result").get_by_role("listitem")
    expect(lanes.filter(has=page.locator("button")).first).to_be_visible()
    assert person.query()["as"] == ["timeline"]
    lanes.first.get_by_role("button", include_hidden=True).first.click()
    expect(page.get_by_role("dialog").filter(has_text="The whole row")).to_be_visible()
    page.keyboard.press("Escape")
    # By keys: one stop of Tab, arrows along a lane and between lanes, Enter opens, Escape comes back.
    bars = lanes.locator("button")
    assert bars.and_(page.locator("[tabindex='0']")).count() == 1
    bars.first.focus()
    page.keyboard.press("End")
    focused = page.locator(".bar:focus")
    expect(focused).to_have_attribute("data-bar", re.compile("^0-[1-9]"))
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_attribute("data-bar", re.compile("^1-"))
    said = focused.get_attribute("aria-label")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").filter(has_text="The whole row")).to_be_visible()
    page.keyboard.press("Escape")
    expect(focused).to_have_accessible_name(said)
    # A part of it is looked at more closely.
    box = person.panel("Result").locator(".area").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 10, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    expect(lanes.first).to_be_visible()


def test_phone_width(site: Site, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    person = Person(site, context, site.lena).log_in()
    page = explore(person, f"?sql={SQL}")
    expect(person.panel("Result").get_by_role("grid")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert person.errors == []

"""Hours to hand on: the timesheet's views, what of them the address keeps, and a workbook to pay from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.page import ZONES, Person, Site, accessibility_problems
from support.workbook import read_workbook

TITLE = "Hours per person and day"


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def of(zone: str) -> Person:
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, timezone_id=zone)
        people.append(Person(site, context, site.lena).log_in())
        return people[-1]

    yield of
    for person in people:
        person.page.context.close()
        assert person.errors == []


def seconds(text: str) -> int:
    hours, rest = text.split(":")
    return 3600 * int(hours) + 60 * int(rest)


@pytest.mark.parametrize("zone", ZONES)
def test_a_workbook_can_be_paid_from(visit: Callable[..., Person], zone: str) -> None:
    person = visit(zone)
    page = person.open("timesheet", "?from=now-7d/d&to=now/d")
    person.choose("Organization", person.options("Organization")[0])
    panel = person.panel(TITLE)
    shown_s = seconds(panel.locator(".total .sum").inner_text())
    panel.get_by_role("button", name="Download hours").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Excel (XLSX)").click()
    name = download.value.suggested_filename
    assert name.startswith("Hours-per-person-and-day-20")
    assert "-to-20" in name
    assert "Organization" in name
    book = read_workbook(Path(download.value.path()))
    assert list(book) == ["Days", "Projects", "Details"]
    for sheet in book.values():
        # Title, range with its zone, filters, when it was made, nothing, and the head.
        assert [sheet.rows[n]["A"].value for n in (1, 2, 3, 4)] == [TITLE, "Time range", "Filters", "Made"]
        assert sheet.rows[2]["B"].value.endswith(f"({zone})")
        assert sheet.rows[3]["B"].value.startswith("Organization: ")
        assert (sheet.frozen_rows, sheet.frozen_columns) == (6, 1)
        assert all(width >= 9 for width in sheet.widths)
    *rows, sums = book["Details"].table("Day")
    assert rows
    for row in rows:
        assert row["Day"].format == "yyyy-mm-dd"
        day = dt.date(1899, 12, 30) + dt.timedelta(days=row["Day"].value)
        assert abs((day - dt.date.today()).days) <= 8
        for column in ("Person id", "Project id", "Task id", "Job id"):
            assert column not in row or row[column].value == int(row[column].value)
        assert row["Time"].format == "[h]:mm:ss"
        assert row["Time"].value * 24 == pytest.approx(row["Hours"].value)
        assert row["Hours"].value * 60 == pytest.approx(row["Minutes"].value)
        assert isinstance(row["Person"].value, str)
    assert any("@" in str(row["E-mail"].value) for row in rows if "E-mail" in row)
    assert sum(row["Hours"].value for row in rows) == pytest.approx(sums["Hours"].value)
    # All three sheets and the page have the same sum.
    assert sums["Hours"].value * 3600 == pytest.approx(shown_s, abs=31)
    for name in ("Days", "Projects"):
        *people, total = book[name].table("Person")
        assert total["Sum"].value * 24 == pytest.approx(sums["Hours"].value)
        assert sum(row["Sum"].value for row in people) == pytest.approx(total["Sum"].value)


def test_people_by_projects(visit: Callable[..., Person]) -> None:
    person = visit("Europe/Berlin")
    page = person.open("timesheet", "?from=now-7d/d&to=now/d")
    panel = person.panel(TITLE)
    total = panel.locator(".total .sum").inner_text()
    panel.get_by_role("button", name="Projects", exact=True).click()
    assert person.query()["by.1"] == ["projects"]
    grid = panel.get_by_role("grid", name="Hours by person and project")
    expect(grid.locator(".total .sum")).to_have_text(total)
    headers = grid.get_by_role("columnheader").all_inner_texts()
    assert headers[0] == "Person"
    assert len(headers) > 3
    # A figure opens into its days.
    figure = grid.locator(".cell button").first
    text = figure.inner_text()
    figure.click()
    rows = panel.locator("[role=row][aria-level='2']")
    expect(rows.first).to_be_visible()
    assert text in [row.locator(".sum").inner_text() for row in rows.all()]
    # So it is from its address.
    page.reload()
    expect(rows.first).to_be_visible()


def test_what_is_open_is_in_the_address(visit: Callable[..., Person]) -> None:
    person = visit("Asia/Kolkata")
    page = person.open("timesheet", "?from=now-7d/d&to=now/d")
    panel = person.panel(TITLE)
    closed = panel.locator("[role=row][aria-level]").count()
    panel.get_by_role("button", name="Open all").click()
    expect(panel.locator("[role=row][aria-level='4']").first).to_be_visible()
    opened = panel.locator("[role=row][aria-level]").count()
    assert opened > closed
    assert person.query()["open.1"] == ["*"]
    panel.get_by_role("button", name="h:mm").click()
    panel.locator(".fold").first.click()
    fewer = panel.locator("[role=row][aria-level]").count()
    assert fewer < opened
    page.reload()
    expect(panel.get_by_role("button", name="Decimal hours")).to_have_attribute("aria-pressed", "true")
    expect(panel.locator("[role=row][aria-level]")).to_have_count(fewer)
    panel.get_by_role("button", name="Open all").click()
    panel.get_by_role("button", name="Close all").click()
    expect(panel.locator("[role=row][aria-level]")).to_have_count(closed)
    assert "open.1" not in person.query()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_session_says_why_it_was_counted(site: Site, browser: Browser, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": 1440, "height": 1000}, timezone_id="Europe/Berlin", color_scheme=scheme
    )
    person = Person(site, context, site.lena).log_in()
    page = person.open("timesheet", "?from=now-7d&to=now&timezone=utc")
    person.panel(TITLE).locator("[aria-level='1'] .cell button").first.click()
    sheet = page.get_by_role("dialog").last
    session = sheet.locator("tbody tr").first
    worked = session.locator(".right").inner_text()
    # By the keyboard as well.
    session.get_by_role("button", name="Why").press("Enter")
    steps = sheet.get_by_role("list", name="Events and gaps")
    expect(steps.locator(".gap").first).to_be_attached()
    expect(steps.locator(".event").first).to_be_attached()
    explained = sheet.locator(".rule").inner_text()
    assert f"Of this stretch {worked} are counted" in explained
    assert {"counted"} >= set(steps.locator(".gap:not(.odd) .note").all_text_contents())
    assert accessibility_problems(page) == []
    # The day has what was not counted, too.
    sheet.get_by_role("button", name="Explain the day").click()
    expect(steps.locator(".gap.odd").first).to_contain_text("not counted", timeout=20_000)
    page.get_by_role("button", name="Hide the explanation").click()
    expect(steps).to_have_count(0)
    context.close()
    assert person.errors == []

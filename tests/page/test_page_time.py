"""Time that holds: zones, steps over days, weeks and months, links to hand on, and whose clock counts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from support.page import ZONES, Person, Site

# The day before each change of the clocks in 2026, and one of a zone that has none.
BEFORE_CHANGES = [
    ("Europe/Berlin", dt.date(2026, 3, 28)),
    ("Europe/Berlin", dt.date(2026, 10, 24)),
    ("America/New_York", dt.date(2026, 3, 7)),
    ("America/New_York", dt.date(2026, 10, 31)),
    ("Asia/Kolkata", dt.date(2026, 3, 28)),
]


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Person]]:
    """Somebody in a zone, whose browser's console stays empty."""
    people: list[Person] = []

    def of(zone: str, **options) -> Person:
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, timezone_id=zone, **options)
        people.append(Person(site, context, site.lena).log_in())
        return people[-1]

    yield of
    for person in people:
        person.page.context.close()
        assert person.errors == []


def range_button(page: Page):
    return page.get_by_role("button", name=re.compile("^Time range: "))


def exact(page: Page) -> str:
    return range_button(page).get_attribute("title")


def ends(person: Person) -> tuple[int, int]:
    query = person.query()
    return int(query["from"][0]), int(query["to"][0])


def day_ms(day: dt.date, zone: str) -> int:
    return int(dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize("zone", ZONES)
def test_any_zone_is_found_and_stays(visit: Callable[..., Person], zone: str) -> None:
    person = visit(zone)
    page = person.open("timesheet", "?from=2026-10-20&to=2026-10-27")
    for typed, chosen, city in [("kolkata", "Asia/Kolkata", "Kolkata"), ("new york", "America/New_York", "New York")]:
        page.keyboard.press("t")
        page.get_by_role("combobox", name="Search all time zones").fill(typed)
        page.get_by_role("option").filter(has_text=city).first.click()
        assert person.query()["timezone"] == [chosen]
        page.keyboard.press("Escape")
        expect(range_button(page)).to_contain_text(city)
    page.reload()
    expect(range_button(page)).to_contain_text("New York")
    # The dates are days of the zone, wherever the browser is.
    assert exact(page) == "2026-10-20 00:00:00 – 2026-10-27 23:59:59"
    page.keyboard.press("t")
    page.get_by_role("radio", name=re.compile("Browser: ")).check()
    assert person.query()["timezone"] == ["browser"]


def test_all_zones_are_there(visit: Callable[..., Person]) -> None:
    page = visit("Europe/Berlin").open("management")
    page.keyboard.press("t")
    search = page.get_by_role("combobox", name="Search all time zones")
    search.focus()
    expect(page.get_by_role("listbox", name="Time zones")).to_contain_text(re.compile(r"and \d{3} more"))
    search.fill("india kolkata")
    page.keyboard.press("Enter")
    page.wait_for_url("**timezone=Asia%2FKolkata**")
    search.fill("atlantis")
    expect(page.get_by_role("listbox", name="Time zones")).to_have_text("There is no zone of this name.")


@pytest.mark.parametrize(("zone", "before"), BEFORE_CHANGES)
def test_days_stay_days_where_the_clocks_change(visit: Callable[..., Person], zone: str, before: dt.date) -> None:
    person = visit(zone)
    page = person.open("timesheet", f"?from={before}&to={before}")
    for step in (1, 2, 3):
        page.get_by_role("button", name="Later").click()
        day = before + dt.timedelta(days=step)
        page.wait_for_url(f"**from={day_ms(day, zone)}**")
        assert ends(person) == (day_ms(day, zone), day_ms(day + dt.timedelta(days=1), zone) - 1)
    for step in (2, 1, 0):
        page.get_by_role("button", name="Earlier").click()
        day = before + dt.timedelta(days=step)
        page.wait_for_url(f"**from={day_ms(day, zone)}**")
        assert ends(person) == (day_ms(day, zone), day_ms(day + dt.timedelta(days=1), zone) - 1)


@pytest.mark.parametrize("zone", ZONES)
def test_weeks_and_months_stay_what_they_are(visit: Callable[..., Person], zone: str) -> None:
    person = visit(zone)
    page = person.open("timesheet", "?from=2026-11-02&to=2026-11-08")
    for monday in ["2026-10-26", "2026-10-19"]:
        page.get_by_role("button", name="Earlier").click()
        first = dt.date.fromisoformat(monday)
        page.wait_for_url(f"**from={day_ms(first, zone)}**")
        assert ends(person)[1] == day_ms(first + dt.timedelta(days=7), zone) - 1
    page = person.open("timesheet", "?from=2026-03-01&to=2026-03-31")
    page.get_by_role("button", name="Earlier").click()
    page.wait_for_url(f"**from={day_ms(dt.date(2026, 2, 1), zone)}**")
    assert ends(person)[1] == day_ms(dt.date(2026, 3, 1), zone) - 1
    page.get_by_role("button", name="Later").click()
    page.wait_for_url(f"**from={day_ms(dt.date(2026, 3, 1), zone)}**")
    assert ends(person)[1] == day_ms(dt.date(2026, 4, 1), zone) - 1


@pytest.mark.parametrize(("locale", "first"), [("de-DE", 0), ("en-US", 6)])
def test_weeks_begin_as_the_language_says_or_as_one_likes(
    visit: Callable[..., Person], locale: str, first: int
) -> None:
    page = visit("Europe/Berlin", locale=locale).open("timesheet", "?from=now/w&to=now/w")

    def first_day() -> int:
        return dt.date.fromisoformat(exact(page)[:10]).weekday()

    assert first_day() == first
    page.keyboard.press("t")
    choice = page.get_by_label("Weeks begin on")
    choice.select_option("saturday")
    page.keyboard.press("Escape")
    assert first_day() == 5
    page.reload()
    expect(range_button(page)).to_be_visible()
    assert first_day() == 5


def test_a_link_shows_the_same_days_in_another_zone(visit: Callable[..., Person]) -> None:
    berlin = visit("Europe/Berlin", permissions=["clipboard-read", "clipboard-write"])
    page = berlin.open("timesheet", "?from=now-1d/d&to=now-1d/d")
    shown = exact(page)
    links = []
    for entry in ("Copy link, dates move on", "Copy link, dates stay"):
        berlin.menu(entry)
        links.append(page.evaluate("navigator.clipboard.readText()"))
    moving, fixed = links
    assert "from=now-1d%2Fd" in moving
    assert "now" not in fixed
    other = visit("America/New_York").page
    for link in links:
        assert "timezone=Europe%2FBerlin" in link
        other.goto(link)
        expect(range_button(other)).to_have_attribute("title", shown)
    # Dates that do not move have one link.
    page.goto(fixed)
    berlin.settled()
    assert [text for text in berlin.entries() if text.startswith("Copy link")] == ["Copy link"]


def test_the_server_has_the_time(site: Site, browser: Browser) -> None:
    context = browser.new_context(timezone_id="Europe/Berlin")
    context.add_init_script("""(() => {
        const now = Date.now, late = 3 * 3600_000;
        window.Date = class extends Date {
          constructor(...parts) { if (parts.length === 0) super(now() - late); else super(...parts); }
          static now() { return now() - late; }
        };
    })()""")
    person = Person(site, context, site.lena).log_in()
    with person.page.expect_request("**/api/query") as asked:
        page = person.open("management", "?from=now-1h&to=now")
    expect(page.get_by_role("status")).to_contain_text("clock is 3 hours behind the server’s")
    body = asked.value.post_data_json
    assert abs(body["to"] - dt.datetime.now(dt.UTC).timestamp() * 1000) < 20_000
    assert body["to"] - body["from"] == 3_600_000
    context.close()
    assert person.errors == []


def test_a_clock_that_is_right_is_no_matter(visit: Callable[..., Person]) -> None:
    page = visit("Asia/Kolkata").open("management")
    expect(page.get_by_text("This browser’s clock")).to_have_count(0)


def test_what_an_address_asks_in_vain_is_said(visit: Callable[..., Person]) -> None:
    page = visit("Europe/Berlin").open("management", "?timezone=Mars/Olympus&refresh=banana")
    alerts = page.get_by_role("alert")
    expect(alerts.filter(has_text="no time zone Mars/Olympus")).to_be_visible()
    expect(alerts.filter(has_text="Every banana is no interval")).to_be_visible()
    expect(page.get_by_role("button", name="Refresh: off")).to_be_visible()


def test_a_dashboard_is_not_saved_with_nonsense(visit: Callable[..., Person]) -> None:
    person = visit("Europe/Berlin")
    page = person.open("management")
    person.menu("Settings")
    settings = page.get_by_role("dialog", name="Settings of this dashboard")
    for field, nonsense, words in [
        ("Refresh", "banana", "Every banana is no interval"),
        ("Time zone", "Mars/Olympus", "There is no time zone Mars/Olympus"),
        ("Opens with, from", "tomorrow", "cannot be read"),
    ]:
        before = settings.get_by_label(field).input_value()
        settings.get_by_label(field).fill(nonsense)
        settings.get_by_role("button", name="Apply").click()
        expect(settings.get_by_role("alert")).to_contain_text(words)
        settings.get_by_label(field).fill(before)
    settings.get_by_label("Time zone").fill("Asia/Kolkata")
    settings.get_by_role("button", name="Apply").click()
    expect(range_button(page)).to_contain_text("Kolkata")

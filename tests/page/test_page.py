"""The page in a real browser: Debian's Chromium, driven as a person who looks at dashboards."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, expect

from support.events import event, ingest, now, send, server_event
from support.page import UIDS, Person, Site, accessibility_problems, import_text
from support.server import Server

MILLISECONDS = re.compile(r"\d\d:\d\d:\d\d\.\d")
# Signs that look otherwise in each font.
TEXT_ICONS = re.compile("[×✕▾▸◂▼↑↓⧉⊖●✓👁]")
# Of all that is no data: document, scripts, styles and icons, as they are transferred.
MOST_BYTES = 250_000


def test_log_in_and_out(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.server.url}/")
    page.get_by_label("Name or e-mail").fill("lena")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    page.get_by_label("Password").fill(site.lena.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="People active")).to_be_visible()
    page.get_by_role("button", name="Account lena").click()
    page.get_by_role("menuitem", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    context.close()


def test_others_see_their_own_events(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.server.url}/analytics/d/management")
    page.get_by_label("Name or e-mail").fill("carla")
    page.get_by_label("Password").fill(site.carla.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1, name="Management")).to_be_visible()
    page.get_by_role("link", name="annoscope", exact=True).click()
    expect(page.get_by_role("heading", name="No events of yours were recorded yet")).to_be_visible()
    context.close()


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_shows_something(person: Person, uid: str) -> None:
    page = person.open(uid)
    for panel in page.locator("article").all():
        panel.scroll_into_view_if_needed()
        expect(panel).to_have_attribute("aria-busy", "false")
        # The demo has no other tools that report anything.
        is_empty = "Reported by other tools" in panel.inner_text()
        expect(panel.locator(".state")).to_have_count(int(is_empty))
        # Events of a second are told apart in All Events alone.
        assert uid == "all-events" or not MILLISECONDS.search(panel.inner_text())
    assert not TEXT_ICONS.search(page.locator("body").inner_text())


def test_the_page_is_light(site: Site, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    person = Person(site, context, site.lena)
    wire = context.new_cdp_session(person.page)
    urls: dict[str, str] = {}
    n_bytes: dict[str, int] = {}
    wire.on("Network.responseReceived", lambda told: urls.update({told["requestId"]: told["response"]["url"]}))
    wire.on("Network.loadingFinished", lambda told: n_bytes.update({told["requestId"]: told["encodedDataLength"]}))
    wire.send("Network.enable")
    person.log_in()
    for uid in UIDS:
        for panel in person.open(uid).locator("article").all():
            panel.scroll_into_view_if_needed()
        person.settled()
    person.open("all-events")
    person.panel("All events").get_by_role("gridcell").first.dblclick()
    expect(person.page.get_by_role("dialog")).to_be_visible()
    # What a view has again is asked again and costs nothing: each request counts, not each address.
    own = [
        (url, n_bytes.get(request, 0)) for request, url in urls.items() if "/analytics/" in url and "/api/" not in url
    ]
    for kind in (".js", ".css"):
        assert sum(n for url, n in own if url.endswith(kind)) > 1_000
    assert sum(n for _, n in own) < MOST_BYTES, sorted(own)
    context.close()
    assert person.errors == []


def test_filters_are_a_chain_and_in_the_address(person: Person) -> None:
    page = person.open("management", "?from=now-7d&to=now")
    before = person.options("Task")
    project = next(text for text in person.options("Project"))
    person.choose("Project", project)
    value = person.query()["var-projects"]
    assert value == [project.rpartition("#")[2]]
    expect(page.get_by_role("button", name=f"Project: {project}")).to_be_visible()
    assert 0 < len(person.options("Task")) < len(before)
    cells = person.panel("Working time").get_by_role("gridcell").filter(has_text=project)
    expect(cells.first).to_be_visible()
    # The link shows another person what its sender saw.
    address = page.url
    page.go_back()
    expect(page.get_by_role("button", name="Project: all")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("button", name=f"Project: {project}")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("button", name=f"Project: {project}")).to_be_visible()
    page.get_by_role("button", name="Show all of Project").click()
    expect(page.get_by_role("button", name="Project: all")).to_be_visible()


def test_an_id_that_no_event_has_can_be_typed(person: Person) -> None:
    page = person.open("all-events")
    page.get_by_role("button", name="User: all").click()
    page.get_by_role("combobox", name="Search values of User").fill("987654")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.wait_for_url("**var-users=987654**")
    expect(person.panel("All events").locator(".state")).to_contain_text("Nothing between")


def test_columns_are_sorted_and_filtered(person: Person) -> None:
    page = person.open("monitoring")
    table = person.panel("Number of events")
    table.get_by_role("button", name="Column Scope").click()
    page.get_by_role("button", name="Ascending").click()
    page.wait_for_url(re.compile(r"sort\.\d+=scope", re.IGNORECASE))
    scopes = table.locator("[role=rowgroup] [role=gridcell]:first-child").all_inner_texts()
    assert scopes == sorted(scopes)
    table.get_by_role("button", name="Column Scope").click()
    page.get_by_label("Value of the condition").fill("draw:object")
    page.keyboard.press("Escape")
    expect(table.locator("[role=rowgroup] [role=gridcell]:first-child")).to_have_text(["draw:object"])
    expect(table).to_contain_text(re.compile(r"1 of \d+"))
    table.get_by_role("button", name="Clear filters").click()
    expect(table.locator("[role=rowgroup] [role=gridcell]:first-child").nth(3)).to_be_visible()


def test_a_cell_opens_in_full(person: Person) -> None:
    page = person.open("all-events", "?var-scopes=load:cvat")
    table = person.panel("All events")
    grid = table.get_by_role("grid")
    grid.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog").filter(has_text="The whole row")
    expect(sheet).to_be_visible()
    assert person.query()["cell"]
    sheet.get_by_role("button", name="payload").click()
    expect(sheet.get_by_role("heading", name="payload")).to_be_visible()
    expect(sheet.locator("details").first).to_be_visible()
    # Again from its address.
    page.reload()
    expect(page.get_by_role("dialog").get_by_role("heading", name="payload")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_table_is_one_stop_of_tab(person: Person) -> None:
    page = person.open("management", "?from=now-7d&to=now")
    grid = person.panel("Working time").get_by_role("grid")
    expect(grid.get_by_role("link").first).to_be_visible()

    def active() -> str:
        expect(grid).to_have_attribute("aria-activedescendant", re.compile("^cell-"))
        return page.locator(f"#{grid.get_attribute('aria-activedescendant')}").inner_text().strip()

    def is_at(place: str) -> None:
        expect(grid).to_have_attribute("aria-activedescendant", re.compile(rf"^cell-\d+-{place}$"))

    grid.evaluate("grid => grid.closest('article').focus()")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(grid).to_be_focused()
    first = active()
    page.keyboard.press("Tab")
    assert grid.evaluate("grid => grid.contains(document.activeElement)") is False
    page.keyboard.press("Shift+Tab")
    expect(grid).to_be_focused()
    # Within it, arrows lead to every cell.
    page.keyboard.press("Control+End")
    is_at(rf"\d+-{grid.get_by_role('columnheader').count() - 1}")
    page.keyboard.press("Control+Home")
    assert active() == first
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowRight")
    is_at(r"([2-9]|\d\d)-1")
    page.keyboard.press("PageUp")
    page.keyboard.press("Home")
    assert active() == first
    # A cell opens, and Escape gives the focus back.
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog").filter(has_text="The whole row")
    expect(sheet).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(grid).to_be_focused()
    is_at(r"\d+-0")
    # So do the heads, above the first row.
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowUp")
    assert active() == "User"
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Column User")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Column User")).to_have_count(0)
    expect(grid).to_be_focused()
    head = grid.get_by_role("columnheader").first
    width = head.bounding_box()["width"]
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert head.bounding_box()["width"] == width + 32
    page.keyboard.press("Shift+ArrowLeft")
    assert head.bounding_box()["width"] == width + 16
    # What a cell leads to.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1, name="All Events")).to_be_visible()
    assert person.query()["var-users"]


def test_the_first_column_stays(person: Person) -> None:
    page = person.open("all-events")
    table = person.panel("All events")
    grid = table.get_by_role("grid")

    def first_px() -> list[int]:
        found = [grid.get_by_role("columnheader").first, grid.locator("[data-row='0'] [data-at='0']")]
        return [round(one.bounding_box()["x"] - grid.bounding_box()["x"]) for one in found]

    table.get_by_role("button", name="Column user_name").click()
    page.get_by_role("button", name="Freeze").click()
    grid.evaluate("grid => grid.scrollLeft = 900")
    expect(grid.locator("[data-row='0'] [data-at='0']")).to_be_in_viewport()
    assert first_px() == [0, 0]
    # It is the person's, as widths are.
    page.reload()
    person.settled()
    grid.evaluate("grid => grid.scrollLeft = 900")
    assert first_px() == [0, 0]
    # Keys bring into sight what is below it.
    grid.focus()
    page.keyboard.press("End")
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    box = grid.locator(".active").bounding_box()
    head = grid.get_by_role("columnheader").first.bounding_box()
    assert box["x"] >= head["x"] + head["width"] - 1
    table.get_by_role("button", name="Column user_name").click()
    page.get_by_role("button", name="Unfreeze").click()
    assert grid.get_by_role("columnheader").first.bounding_box()["x"] < 0


def test_a_request_is_seen_whole(person: Person) -> None:
    request, at = str(uuid.uuid4()), now() - dt.timedelta(minutes=30)
    payload = json.dumps({"request": {"id": request}, "message": "division by zero"})
    fault = {"user_id": 7, "user_name": "Mira", "payload": payload}
    events = [
        server_event("update:task", at, task_id=41, payload=payload),
        server_event("send:exception", at + dt.timedelta(seconds=2), **fault),
        server_event("update:task", at + dt.timedelta(seconds=2), user_id=7, task_id=42),
    ]
    assert ingest(person.site.server, events).status_code == 200
    page = person.open("monitoring", "?from=now-1h&to=now")
    table = person.panel("Exceptions")
    table.get_by_role("gridcell").filter(has_text="division by zero").first.dblclick()
    sheet = page.get_by_role("dialog").filter(has_text="The whole row")
    around = sheet.get_by_role("link", name="This user around this time")
    ends = parse_qs(urlparse(around.get_attribute("href")).query)
    assert ends["var-users"] == ["7"]
    assert int(ends["to"][0]) - int(ends["from"][0]) == 10 * 60_000
    sheet.get_by_role("link", name="All events of this request").click()
    whole = page.get_by_role("dialog", name="All events of a request")
    expect(whole).to_contain_text("2 events")
    expect(whole.locator("summary .scope")).to_have_text(["update:task", "send:exception"])
    # The link shows another person the same.
    page.reload()
    whole.get_by_text("send:exception").click()
    expect(whole.locator("dl")).to_contain_text("Mira")
    expect(whole.get_by_text("division by zero")).to_be_visible()
    # Esc closes one sheet at a time.
    page.keyboard.press("Escape")
    expect(whole).to_have_count(0)
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


def test_a_batch_of_the_editor_is_a_request(person: Person) -> None:
    site = person.site
    at = now() - dt.timedelta(minutes=3)
    batch = [event("zoom:image", at), event("draw:object", at + dt.timedelta(seconds=1), count=3)]
    assert send(site.server, site.carla, batch).status_code == 201
    assert send(site.server, site.carla, [event("fit:image", at)]).status_code == 201
    page = person.open("all-events", "?from=now-1h&to=now&var-scopes=zoom:image")
    person.panel("All events").get_by_role("gridcell").filter(has_text="zoom:image").first.dblclick()
    page.get_by_role("dialog").get_by_role("link", name="All events of this request").click()
    scopes = page.get_by_role("dialog", name="All events of a request").locator("summary .scope")
    # Of one instant by name: working time bears the time of the first event.
    expect(scopes).to_have_text(["send:working_time", "zoom:image", "draw:object"])


def test_a_series_is_shown_alone(person: Person) -> None:
    person.open("management")
    legend = person.panel("User activity").get_by_role("list", name="Series").get_by_role("button")
    expect(legend.nth(2)).to_be_visible()
    legend.nth(1).click()
    pressed = [entry.get_attribute("aria-pressed") for entry in legend.all()]
    assert pressed == ["true" if i == 1 else "false" for i in range(len(pressed))]
    legend.nth(1).click()
    assert {entry.get_attribute("aria-pressed") for entry in legend.all()} == {"true"}
    legend.nth(0).click(modifiers=["Control"])
    assert legend.nth(0).get_attribute("aria-pressed") == "false"


def test_dragging_zooms_and_back_goes_back(person: Person) -> None:
    page = person.open("all-events", "?from=now-7d&to=now")
    plot = person.panel("Overall activity").locator(".u-over")
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40, steps=5)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    query = person.query()
    width_days = (int(query["to"][0]) - int(query["from"][0])) / 86_400_000
    assert width_days == pytest.approx(7 * 0.25, rel=0.05)
    page.get_by_role("button", name="Zoom out").click()
    page.wait_for_url(lambda url: parse_qs(urlparse(url).query) != query)
    page.go_back()
    page.go_back()
    expect(page.get_by_role("button", name=re.compile("^Time range: Last 7 days"))).to_be_visible()


def test_what_a_view_begins_with_is_asked_ahead_and_once(person: Person) -> None:
    page = person.open("management")
    asked = page.evaluate("""() => performance.getEntriesByType("resource")
        .filter(({ name }) => /users.self$|dashboards.management$/.test(name))
        .map(({ name, initiatorType }) => [name.split("/").pop(), initiatorType])""")
    assert sorted(asked) == [["management", "link"], ["self", "link"]]
    # With an organization, requests have a header, which the document cannot name.
    organization = page.request.get(f"{person.site.server.url}/analytics/d/management?org=shop")
    assert "link" not in organization.headers


def test_another_range_ends_what_was_asked_for_the_one_before(person: Person) -> None:
    page, held = person.page, []
    # Nobody answers: a question ends only if its panel gives it up.
    page.route("**/api/query", lambda route: held.append(route.request))
    with page.expect_request("**/api/query"):
        page.goto(f"{person.site.server.url}/analytics/d/management?from=now-7d&to=now")
    earlier = page.get_by_role("button", name="Earlier")
    earlier.wait_for()
    with page.expect_event("requestfailed", lambda request: request == held[0]):
        earlier.click()
    page.unroute_all(behavior="ignoreErrors")


def test_the_time_range_is_typed(person: Person) -> None:
    page = person.open("all-events")
    page.keyboard.press("t")
    page.get_by_label("From", exact=True).fill("tomorrow")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    page.get_by_label("From", exact=True).fill("now-2d/d")
    page.get_by_label("To", exact=True).fill("now")
    page.get_by_role("button", name="Apply").click()
    assert person.query()["from"] == ["now-2d/d"]
    page.goto(f"{page.url.partition('?')[0]}?from=nonsense&to=now")
    expect(page.get_by_role("alert")).to_contain_text("cannot be read")


def test_a_table_has_pages_where_its_panel_says_so(person: Person) -> None:
    target = {"refId": "A", "format": 1, "rawSql": "SELECT number AS n FROM numbers(100) ORDER BY n"}
    panel = {
        "id": 1,
        "type": "table",
        "title": "Numbers",
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 10},
        "options": {"footer": {"show": True, "enablePagination": True, "reducer": ["sum"]}},
        "targets": [target],
    }
    dialog = import_text(person.page, json.dumps({"title": "Pages", "panels": [panel]}))
    dialog.get_by_role("button", name="Import", exact=True).click()
    table = person.panel("Numbers")
    first = table.locator("[role=rowgroup] [role=gridcell]").first
    expect(first).to_have_text("0")
    pages = table.get_by_role("group", name="Pages")
    pages.get_by_role("button", name="Next").click()
    expect(first).not_to_have_text("0")
    expect(pages).to_contain_text(re.compile(r"2 of \d+"))
    # The sum is of all of them.
    expect(table.locator(".footer")).to_contain_text("4,950")


def test_a_filter_of_a_hundred_thousand_values(person: Person) -> None:
    page = person.page
    sql = "SELECT number AS value, concat('value ', toString(number)) AS text, 7 AS events FROM numbers(100000)"
    variable = {"name": "many", "label": "Many", "type": "query", "query": sql, "multi": True}
    variable |= {"includeAll": True, "allValue": "0"}
    target = {"refId": "A", "format": 1, "rawSql": "SELECT toString($many) AS chosen"}
    panel = {
        "id": 1,
        "type": "table",
        "title": "Chosen",
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 6},
        "targets": [target],
    }
    model = {"title": "Many", "panels": [panel], "templating": {"list": [variable]}}
    dialog = import_text(page, json.dumps(model))
    dialog.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("button", name="Many: all").click()
    search = page.get_by_role("combobox", name="Search values of Many")
    expect(search).to_have_attribute("placeholder", "Search 100,000 values")
    # Only those in sight are drawn.
    assert 0 < page.get_by_role("option").count() < 50
    search.fill("value 99999")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.wait_for_url("**var-many=99999**")
    expect(person.panel("Chosen").locator("[role=rowgroup] [role=gridcell]")).to_have_text(["99999"])


def test_a_slow_query_ends_in_words(make_server: Callable[..., Server], browser: Browser) -> None:
    site = Site(make_server(query_timeout_ms="1s").start())
    context = browser.new_context()
    person = Person(site, context, site.lena).log_in()
    sql = "SELECT sum(a.number * b.number) AS n FROM numbers(1000000) AS a CROSS JOIN numbers(1000000) AS b"
    target = {"refId": "A", "format": 1, "rawSql": sql}
    panel = {
        "id": 1,
        "type": "stat",
        "title": "Slow",
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 6},
        "targets": [target],
    }
    dialog = import_text(person.page, json.dumps({"title": "Slow", "panels": [panel]}))
    dialog.get_by_role("button", name="Import", exact=True).click()
    alert = person.page.get_by_role("article", name="Slow").get_by_role("alert")
    expect(alert).to_contain_text("1 s", timeout=15_000)
    expect(alert.get_by_role("button", name="Try again")).to_be_visible()
    context.close()


def minutes(text: str) -> int:
    hours, rest, *_ = text.split(":")
    return int(hours) * 60 + int(rest)


def test_the_timesheet_and_the_table_and_the_files_agree(person: Person) -> None:
    # One range for both: "now" moves on between them.
    to_ms = int(now().timestamp() * 1000)
    week = f"?from={to_ms - 7 * 86_400_000}&to={to_ms}&timezone=utc"
    page = person.open("timesheet", week)
    panel = person.panel("Hours per person and day")
    shown = minutes(panel.locator(".total .sum").inner_text())
    panel.get_by_role("button", name="Download hours").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV", exact=True).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    # Spreadsheets know the encoding by it.
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0][0] == "Hours"
    assert rows[-1][0] == "Sum"
    assert float(rows[-1][-1]) * 60 == pytest.approx(shown, abs=0.51)
    assert sum(float(row[-1]) for row in rows[1:-1]) == pytest.approx(float(rows[-1][-1]), abs=1e-4)
    panel.get_by_role("button", name="Download hours").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Excel").click()
    with zipfile.ZipFile(download.value.path()) as book:
        assert sum("worksheets/sheet" in name for name in book.namelist()) == 3
    # The same range again, by the table of another dashboard.
    person.open("management", week)
    footer = person.panel("Working time").locator(".footer .cell").nth(4).inner_text()
    assert float(footer.replace(",", "")) * 60 == pytest.approx(shown, abs=1)


def test_the_timesheet_keeps_its_days_and_sums_in_sight(person: Person) -> None:
    page = person.open("timesheet", "?from=now-7d&to=now")
    panel = person.panel("Hours per person and day")
    page.evaluate("document.querySelector('article').style.height = '150px'")
    scroller = panel.get_by_role("group", name="Hours per person and day")
    for top in (0, 1000):
        scroller.evaluate("(element, top) => element.scrollTop = top", top)
        expect(panel.get_by_role("columnheader", name="Sum")).to_be_in_viewport()
        expect(panel.locator(".total .sum")).to_be_in_viewport()
    assert scroller.evaluate("element => element.scrollTop") > 0


def test_a_cell_of_the_timesheet_opens_to_its_sessions(person: Person) -> None:
    page = person.open("timesheet", "?from=now-7d&to=now&timezone=utc")
    panel = person.panel("Hours per person and day")
    panel.locator(".fold").first.click()
    expect(panel.locator("[aria-level='2']").first).to_be_visible()
    # Of a person, and of a project of theirs alone.
    for level in (1, 2):
        cell = panel.locator(f"[aria-level='{level}'] .cell button").first
        hours = minutes(cell.inner_text())
        cell.click()
        sheet = page.get_by_role("dialog").last
        expect(sheet.get_by_role("row").nth(1)).to_be_visible()
        worked_s = [60 * minutes(text) + int(text[-2:]) for text in sheet.locator("tbody td.right").all_inner_texts()]
        assert sum(worked_s) / 60 == pytest.approx(hours, abs=1)
        events = sheet.get_by_role("link", name="events").first.get_attribute("href")
        assert events.startswith("/analytics/d/all-events")
        assert ("var-projects" in events) == (level == 2)
        # The address shows the same.
        page.reload()
        expect(sheet.get_by_role("row").nth(1)).to_be_visible()
        sheet.get_by_role("button", name="Close").click()
        expect(sheet).to_have_count(0)
        expect(panel.locator("[aria-level='2']").first).to_be_visible()


def test_sessions_stay_while_the_panel_behind_them_refreshes(person: Person) -> None:
    page = person.open("timesheet", "?from=now-7d&to=now&timezone=utc&refresh=5s")
    person.panel("Hours per person and day").locator("[aria-level='1'] .cell button").first.click()
    rows = page.get_by_role("dialog").get_by_role("row")
    expect(rows.nth(1)).to_be_visible()
    # The day is cut by a range that moves on, so its sessions are asked again, here without an answer.
    page.route(
        "**/api/query", lambda route: None if "counted_until_ms" in route.request.post_data else route.continue_()
    )
    with page.expect_request(lambda request: "counted_until_ms" in (request.post_data or "")):
        pass
    expect(rows.nth(1)).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")


def test_hours_have_no_empty_room_and_are_one_stop_of_tab(person: Person) -> None:
    page = person.open("timesheet", "?from=now-7d&to=now")
    person.choose("User", person.options("User")[0].split(" #")[0])
    panel = person.panel("Hours per person and day")
    total = panel.locator(".total")
    expect(panel.locator("[role=row][aria-level]")).to_have_count(1)
    expect(person.panel("Days").get_by_role("grid")).to_be_visible()

    def room() -> float:
        outer, inner = panel.bounding_box(), total.bounding_box()
        return outer["y"] + outer["height"] - inner["y"] - inner["height"]

    assert room() < 70
    # What is below comes nearer, and gives way to what is opened.
    below = person.panel("Days").bounding_box()["y"]
    panel.get_by_role("button", name="Open all").click()
    assert room() < 70
    assert person.panel("Days").bounding_box()["y"] > below
    grid = panel.get_by_role("treegrid")
    assert grid.locator("[tabindex='0']").count() == 1
    grid.locator("[tabindex='0']").focus()
    page.keyboard.press("Home")
    expect(grid.get_by_role("button", expanded=True).first).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.locator("[role=row][aria-level]")).to_have_count(1)
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    assert grid.locator("[tabindex='0']").count() == 1
    # Every column of the table below is seen.
    days = person.panel("Days").get_by_role("grid")
    assert days.evaluate("grid => grid.scrollWidth <= grid.clientWidth")


def test_a_panel_is_inspected(person: Person) -> None:
    page = person.open("monitoring")
    person.panel_menu("Number of events", "Inspect")
    sheet = page.get_by_role("dialog", name="Inspect: Number of events")
    expect(sheet.get_by_role("row").nth(1)).to_be_visible()
    sheet.get_by_role("tab", name="Data").focus()
    page.keyboard.press("ArrowRight")
    expect(sheet.get_by_role("tab", name="Query")).to_have_attribute("aria-selected", "true")
    # As it was sent, and with the range filled in.
    expect(sheet.locator("pre").first).to_contain_text("$__timeFilter")
    expect(sheet.locator("pre").nth(1)).not_to_contain_text("$__timeFilter")
    sheet.get_by_role("tab", name="Timing").click()
    expect(sheet).to_contain_text("On the server")
    expect(sheet).to_contain_text("Rows read")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    with page.expect_download() as download:
        person.panel_menu("Number of events", "Download CSV")
    assert Path(download.value.path()).read_text().startswith("\ufeffScope,Source,Events")


def test_go_anywhere_by_key(person: Person) -> None:
    page = person.open("management", "?from=now-2d&to=now")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to a dashboard").fill("monit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Monitoring")).to_be_visible()
    assert person.query()["from"] == ["now-2d"]


@pytest.mark.parametrize("uid", ["", "explore", *UIDS])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(site: Site, browser: Browser, uid: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 1000})
    person = Person(site, context, site.lena).log_in()
    if uid == "explore":
        person.page.goto(f"{site.server.url}/analytics/explore?sql=SELECT+scope,+count()+FROM+events+GROUP+BY+scope")
        person.settled()
    elif uid:
        person.open(uid)
    assert accessibility_problems(person.page) == []
    context.close()


def test_accessibility_of_what_opens(person: Person) -> None:
    page = person.open("all-events")
    page.keyboard.press("t")
    page.get_by_role("combobox", name="Search all time zones").fill("new")
    expect(page.get_by_role("option").nth(2)).to_be_visible()
    assert accessibility_problems(person.page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    grid = person.panel("All events").get_by_role("grid")
    grid.focus()
    page.keyboard.press("ArrowUp")
    assert accessibility_problems(person.page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Values").get_by_role("checkbox").first).to_be_visible()
    assert accessibility_problems(person.page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").filter(has_text="The whole row")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert accessibility_problems(person.page) == []


# Who and when, or how much: seen without scrolling.
FIRST_COLUMNS = {
    "all-events": ("All events", ["user_name", "timestamp"]),
    "management": ("Working time", ["User", "Working time"]),
    "monitoring": ("Exceptions", ["user_name", "timestamp"]),
    "timesheet": ("Days", ["User", "Day"]),
}


@pytest.mark.parametrize("uid", ["", *UIDS])
def test_phone_width(site: Site, browser: Browser, uid: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    person = Person(site, context, site.lena).log_in()
    if uid:
        person.open(uid)
    assert person.page.evaluate("document.documentElement.scrollWidth") <= 390
    if uid in FIRST_COLUMNS:
        title, names = FIRST_COLUMNS[uid]
        heads = person.panel(title).get_by_role("columnheader")
        for head, name in zip(heads.all(), names, strict=False):
            expect(head).to_contain_text(name)
            expect(head).to_be_in_viewport(ratio=0.9)
    context.close()
    assert person.errors == []

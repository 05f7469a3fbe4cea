"""Lists of events: searched, filtered, counted and saved as a whole, and each event known by what it is."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Locator, expect

from support.events import event, ingest, now, send, server_event
from support.page import ZONES, Person, Site
from support.server import Server, check_log

# Of one hour, the newest a minute ago: more than two pages of the list.
N_EVENTS = 2_600
BASE = now().replace(microsecond=0) - dt.timedelta(minutes=1)
NEEDLE = "a needle of 100%"


def made(n: int) -> dict:
    """The event number n, counted from the newest: many of the same second, some of the same millisecond."""
    at = BASE - dt.timedelta(seconds=n // 2)
    user = 11 + n % 3
    payload = {"request": {"id": str(uuid.UUID(int=n // 4))}, "n": n}
    if n == 2_345:
        payload["note"] = NEEDLE
    scope = "update:job" if n % 10 else "create:label"
    named = {"user_id": user, "user_name": ["Mira", "Nils", "Olga"][n % 3], "project_id": 70 + n % 2}
    return server_event(scope, at, **named, obj_id=n, payload=json.dumps(payload))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("events")
    server = Server(directory / "data", directory / "server.log").start()
    at = BASE - dt.timedelta(days=3)
    names = [
        server_event("create:project", at, project_id=70 + n, obj_id=70 + n, obj_name=name)
        for n, name in enumerate(["Roads", "Rivers"])
    ]
    assert ingest(server, names).status_code == 200
    for first in range(0, N_EVENTS, 500):
        batch = [made(n) for n in range(first, min(first + 500, N_EVENTS))]
        assert ingest(server, batch).status_code == 200
    yield Site(server)
    server.close()
    check_log(server)


@pytest.fixture
def anywhere(any_zone: str, site: Site, browser: Browser) -> Iterator[Person]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, timezone_id=any_zone)
    person = Person(site, context, site.lena).log_in()
    yield person
    context.close()
    assert person.errors == []


FROM, TO = BASE - dt.timedelta(hours=2), BASE + dt.timedelta(hours=1)
RANGE = f"from={int(FROM.timestamp() * 1000)}&to={int(TO.timestamp() * 1000)}"


def opened(person: Person, query: str = "") -> Locator:
    """The list of all events: those of the batch, and nothing that the server says of itself."""
    person.open("all-events", f"?{RANGE}&var-sources=server&var-users=11&var-users=12&var-users=13{query}")
    return person.panel("All events")


def cells(table: Locator, name: str) -> Locator:
    """Those in sight of a column."""
    heads = table.get_by_role("columnheader").all_inner_texts()
    at = next(i for i, head in enumerate(heads) if head.split()[0] == name)
    return table.locator(f"[role=rowgroup] [data-at='{at}']")


def test_a_text_is_found_wherever_it_is(anywhere: Person) -> None:
    table = opened(anywhere)
    status = table.get_by_role("status")
    expect(status).to_have_text("1,000 of 2,600 events, newest first")
    table.get_by_label("Search all events").fill(NEEDLE)
    expect(status).to_have_text("1 event, newest first")
    expect(cells(table, "obj_id")).to_have_text(["2345"])
    assert anywhere.query()["find.2"] == [NEEDLE]
    # The link shows another person the same.
    anywhere.page.reload()
    expect(status).to_have_text("1 event, newest first")
    expect(table.get_by_label("Search all events")).to_have_value(NEEDLE)
    # An id, and the name of a project, which no event has.
    table.get_by_label("Search all events").fill("2001")
    expect(cells(table, "obj_id")).to_have_text(["2001"])
    table.get_by_label("Search all events").fill("rivers")
    expect(status).to_have_text("1,000 of 1,300 events, newest first")
    table.get_by_label("Search all events").fill("no such text")
    expect(status).to_have_text("0 events, newest first")


def test_values_are_counted_of_all_events(anywhere: Person) -> None:
    page = anywhere.page
    table = opened(anywhere)
    table.get_by_role("button", name="Column scope").click()
    values = table.get_by_role("group", name="Values").get_by_role("checkbox")
    expect(values).to_have_count(2)
    texts = table.get_by_role("group", name="Values").locator("label").all_inner_texts()
    assert [text.split() for text in texts] == [["update:job", "2,340"], ["create:label", "260"]]
    table.get_by_label("create:label").check()
    status = table.get_by_role("status")
    expect(status).to_have_text("260 events, newest first")
    page.keyboard.press("Escape")
    assert anywhere.query()["value.2.scope"] == ["create:label"]
    # Names of projects are beside the events, and counted with the other filters.
    table.get_by_role("button", name="Column project_name").click()
    expect(table.get_by_role("group", name="Values").locator("label")).to_have_count(1)
    expect(table.get_by_role("group", name="Values").locator("label")).to_contain_text("260")
    page.keyboard.press("Escape")
    table.get_by_role("button", name="Column user_name").click()
    page.get_by_label("Search values").fill("ol")
    expect(table.get_by_role("group", name="Values").locator("label")).to_have_count(1)
    page.keyboard.press("Escape")
    page.go_back()
    expect(status).to_have_text("1,000 of 2,600 events, newest first")


@pytest.mark.parametrize("any_zone", ZONES)
def test_a_time_is_filtered_as_it_is_shown(anywhere: Person) -> None:
    """In whatever zone: what the column shows is what one types."""
    table = opened(anywhere)
    shown = cells(table, "timestamp").nth(8).inner_text()[:19]
    table.get_by_role("button", name="Column timestamp").click()
    anywhere.page.get_by_label("Condition", exact=True).select_option("=")
    anywhere.page.get_by_label("Value of the condition").fill(shown + ".000")
    anywhere.page.keyboard.press("Escape")
    expect(table.get_by_role("status")).to_have_text("2 events, newest first")
    assert {text[:19] for text in cells(table, "timestamp").all_inner_texts()} == {shown}


def test_scrolling_loads_on_to_the_last(anywhere: Person) -> None:
    table = opened(anywhere)
    grid, status = table.get_by_role("grid"), table.get_by_role("status")
    expect(status).to_have_text("1,000 of 2,600 events, newest first")
    for loaded in ("2,000 of 2,600 events", "2,600 events"):
        grid.evaluate("grid => grid.scrollTop = grid.scrollHeight")
        expect(status).to_have_text(f"{loaded}, newest first")
    grid.evaluate("grid => grid.scrollTop = grid.scrollHeight")
    expect(cells(table, "obj_id").filter(has_text="2599")).to_be_visible()


def test_a_column_sorts_all_events(anywhere: Person) -> None:
    table = opened(anywhere)
    table.get_by_role("button", name="Column obj_id").click()
    anywhere.page.get_by_role("button", name="Descending").click()
    expect(table.get_by_role("status")).to_have_text("1,000 of 2,600 events, by obj_id")
    expect(cells(table, "obj_id").first).to_have_text("2599")
    grid = table.get_by_role("grid")
    grid.evaluate("grid => grid.scrollTop = grid.scrollHeight")
    expect(table.get_by_role("status")).to_have_text("2,000 of 2,600 events, by obj_id")
    table.get_by_role("button", name="Load more").click()
    expect(table.get_by_role("status")).to_have_text("2,600 events, by obj_id")
    grid.evaluate("grid => grid.scrollTop = grid.scrollHeight")
    expect(cells(table, "obj_id").filter(has_text=re.compile("^0$"))).to_be_visible()


def test_a_download_has_all_that_the_filters_say(anywhere: Person) -> None:
    page = anywhere.page
    opened(anywhere, "&value.2.user_name=Mira")
    with page.expect_download() as download:
        anywhere.panel_menu("All events", "Download CSV")
    text = Path(download.value.path()).read_text(encoding="utf-8").removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["obj_id"]) for row in rows] == sorted(
        (n for n in range(N_EVENTS) if n % 3 == 0), key=lambda n: (n // 2, -n)
    )
    assert {row["user_name"] for row in rows} == {"Mira"}
    assert "position" not in rows[0]
    assert re.fullmatch(r"All-events-\d{4}-\d\d-\d\d.*\.csv", download.value.suggested_filename)
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_what_is_cut_says_so(anywhere: Person) -> None:
    sql = "SELECT number AS n FROM numbers(150000) ORDER BY n"
    panel = {"id": 1, "type": "table", "title": "Numbers", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 10}}
    panel["targets"] = [{"refId": "A", "format": 1, "rawSql": sql}]
    page = anywhere.page
    page.get_by_role("button", name="Import…").click()
    dialog = page.get_by_role("dialog", name="Import a dashboard")
    dialog.get_by_label("JSON of the dashboard").fill(json.dumps({"title": f"Cut {uuid.uuid4()}", "panels": [panel]}))
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(anywhere.panel("Numbers")).to_contain_text("The first 20,000 rows")
    with page.expect_download() as download:
        anywhere.panel_menu("Numbers", "Download CSV")
    # As many as the server gives, and no word less of it.
    assert len(Path(download.value.path()).read_text().splitlines()) == 100_001
    assert "first-100000-rows" in download.value.suggested_filename
    expect(page.get_by_role("status").filter(has_text="query.max_rows")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("status").filter(has_text="query.max_rows")).to_have_count(0)


def test_what_is_open_stays_what_it_is(anywhere: Person) -> None:
    page, server = anywhere.page, anywhere.site.server
    user = uuid.uuid4().int % 1_000_000 + 1_000
    at = now() - dt.timedelta(minutes=10)

    def more(n: int, first: int) -> None:
        events = [
            server_event("update:task", at + dt.timedelta(seconds=number), user_id=user, obj_id=number)
            for number in range(first, first + n)
        ]
        assert ingest(server, events).status_code == 200

    more(40, 0)
    person = anywhere
    person.open("all-events", f"?from=now-1h&to=now&var-users={user}")
    table = person.panel("All events")
    cells(table, "obj_id").filter(has_text=re.compile("^30$")).dblclick()
    sheet = page.get_by_role("dialog").filter(has_text="The whole row")
    expect(sheet.get_by_role("heading", name="obj_id")).to_be_visible()
    expect(sheet.locator(".whole")).to_have_text("30")
    key = person.query()["cell"][0]
    assert re.fullmatch(r"2\.\d+_[0-9a-f-]{36}_\d+\.obj_id", key)
    address = page.url
    # Others come in, and a refresh shows them; what was open is open.
    more(20, 40)
    page.get_by_role("button", name="Close").last.click()
    page.goto(address)
    expect(sheet.locator(".whole")).to_have_text("30")
    page.keyboard.press("Escape")
    grid = table.get_by_role("grid")
    expect(grid).to_contain_text("59")
    page.go_back()
    more(5, 60)
    page.keyboard.press("r")
    expect(grid).to_contain_text("64")
    expect(sheet.locator(".whole")).to_have_text("30")
    # Though a filter leaves it out, and the range is another one.
    page.goto(address.replace("now-1h", "now-2m").replace("to=now&", "to=now-1m&"))
    expect(sheet.locator(".whole")).to_have_text("30")
    # Nobody's event.
    page.goto(re.sub(r"_\d+\.obj_id", "_999999999.obj_id", address))
    expect(page.get_by_role("dialog", name="Not here")).to_be_visible()


def test_a_refresh_keeps_the_place(anywhere: Person) -> None:
    page = anywhere.page
    table = opened(anywhere)
    grid = table.get_by_role("grid")
    grid.evaluate("grid => grid.scrollTop = 3000")
    seen = cells(table, "obj_id").filter(has_text=re.compile("^106$"))
    expect(seen).to_be_visible()
    grid.evaluate("grid => grid.scrollTop = grid.scrollHeight")
    expect(table.get_by_role("status")).to_have_text("2,000 of 2,600 events, newest first")
    top = grid.evaluate("grid => grid.scrollTop")
    with page.expect_response("**/api/query"):
        page.keyboard.press("r")
    anywhere.settled()
    expect(table.get_by_role("status")).to_have_text("2,000 of 2,600 events, newest first")
    assert grid.evaluate("grid => grid.scrollTop") == top


def test_columns_are_hidden_in_the_address_and_wide_in_the_browser(anywhere: Person) -> None:
    page = anywhere.page
    table = opened(anywhere)
    table.get_by_role("button", name="Column obj_val").click()
    page.get_by_role("button", name="Hide", exact=True).click()
    expect(table.get_by_role("button", name="Column obj_val")).to_have_count(0)
    assert anywhere.query()["hide.2"] == ["obj_val"]
    handle = table.get_by_role("button", name="Width of user_name")
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    # Wherever one looks from, the person and the time come first.
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert [head.strip() for head in heads[:2]] == ["user_name", "timestamp"]
    width = table.get_by_role("columnheader").first.bounding_box()["width"]
    page.reload()
    anywhere.settled()
    expect(table.get_by_role("button", name="Column obj_val")).to_have_count(0)
    assert table.get_by_role("columnheader").first.bounding_box()["width"] == width
    assert "width" not in page.url
    table.get_by_role("button", name="Show 1 hidden column").click()
    expect(table.get_by_role("button", name="Column obj_val")).to_be_visible()


def test_a_choice_of_series_is_in_the_address(anywhere: Person) -> None:
    anywhere.open("management", f"?{RANGE}&var-users=11&var-users=12&var-users=13")
    legend = anywhere.panel("User activity").get_by_role("list", name="Series").get_by_role("button")
    expect(legend).to_have_count(3)

    def pressed() -> list[bool]:
        return [entry.get_attribute("aria-pressed") == "true" for entry in legend.all()]

    legend.nth(1).click()
    assert pressed() == [False, True, False]
    assert [key for key in anywhere.query() if key.startswith("only.")]
    anywhere.page.reload()
    anywhere.settled()
    expect(legend).to_have_count(3)
    assert pressed() == [False, True, False]
    legend.nth(2).click(modifiers=["Control"])
    assert pressed() == [False, True, True]
    assert [key for key in anywhere.query() if key.startswith("hide.")]


def test_events_of_many_people_are_no_request(anywhere: Person) -> None:
    """A server sends what it has together; what its payloads name is the request."""
    table = opened(anywhere, "&filter.2.obj_id=eq.101")
    cells(table, "obj_id").first.dblclick()
    page = anywhere.page
    sheet = page.get_by_role("dialog").filter(has_text="The whole row")
    sheet.get_by_role("link", name="All events of this request").click()
    whole = page.get_by_role("dialog", name="All events of a request")
    expect(whole).to_contain_text("4 events")
    # The one that led here is marked.
    marked = whole.locator("[aria-current=true]")
    expect(marked).to_have_count(1)
    marked.locator("summary").click()
    expect(marked.locator("dl")).to_contain_text("101")
    # Again from its address.
    page.reload()
    expect(whole.locator("[aria-current=true]")).to_have_count(1)


@pytest.mark.parametrize("source", ["server", "client"])
def test_a_batch_without_a_request_is_none(anywhere: Person, source: str) -> None:
    at, mark = now() - dt.timedelta(minutes=5), str(uuid.uuid4())
    events = [server_event("update:task", at, user_id=600 + n, obj_name=mark, obj_id=n) for n in range(3)]
    for one in events:
        one["source"] = source
    assert ingest(anywhere.site.server, events).status_code == 200
    page = anywhere.open("all-events", f"?from=now-1h&to=now&find.2={mark}")
    table = anywhere.panel("All events")
    with page.expect_response("**/api/query"):
        cells(table, "obj_id").first.dblclick()
    sheet = page.get_by_role("dialog").filter(has_text="The whole row")
    expect(sheet.get_by_role("link", name="This user around this time")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(sheet.get_by_role("link", name="All events of this request")).to_have_count(0)


def test_an_exception_leads_on(anywhere: Person) -> None:
    at, message = now() - dt.timedelta(minutes=20), f"broken {uuid.uuid4()}"
    payload = json.dumps({"message": message, "request": {"id": str(uuid.uuid4())}})
    events = [
        server_event("send:exception", at - dt.timedelta(days=12), user_id=21, user_name="Mira", payload=payload),
        server_event("send:exception", at, user_id=22, user_name="Nils", payload=payload),
        server_event("send:exception", at + dt.timedelta(seconds=5), user_id=22, user_name="Nils", payload=payload),
        server_event("update:job", at - dt.timedelta(seconds=30), user_id=22, user_name="Nils", job_id=5),
    ]
    assert ingest(anywhere.site.server, events).status_code == 200
    page = anywhere.open("monitoring", "?from=now-1h&to=now")
    table = anywhere.panel("Exceptions")
    table.get_by_role("gridcell").filter(has_text=message).last.dblclick()
    sheet = page.get_by_role("dialog").filter(has_text="The whole row")
    # Since when: also before the range of the dashboard, in the zone of the page.
    first_ms = (at - dt.timedelta(days=12)).timestamp() * 1000
    first = page.evaluate("at => new Date(at).toLocaleString('sv-SE').slice(0, 16)", first_ms)
    expect(sheet).to_contain_text(f"3 times, 2 people, since {first}", use_inner_text=True)
    before = parse_qs(urlparse(sheet.get_by_role("link", name="What Nils did before it").get_attribute("href")).query)
    assert before["var-users"] == ["22"]
    assert int(before["to"][0]) - int(before["from"][0]) == 5 * 60_000
    sheet.get_by_role("link", name="The same message elsewhere").click()
    expect(anywhere.panel("Exceptions").get_by_role("status")).to_have_text("3 events, newest first")


def test_a_browsers_request_is_what_it_sent_together(anywhere: Person) -> None:
    site = anywhere.site
    at = now() - dt.timedelta(minutes=2)
    mark = str(uuid.uuid4())
    batch = [event("zoom:image", at, obj_name=mark), event("draw:object", at + dt.timedelta(seconds=1), obj_name=mark)]
    assert send(site.server, site.carla, batch).status_code == 201
    assert send(site.server, site.carla, [event("fit:image", at, obj_name=mark)]).status_code == 201
    page = anywhere.open("all-events", f"?from=now-1h&to=now&find.2={mark}")
    anywhere.panel("All events").get_by_role("gridcell").filter(has_text="zoom:image").first.dblclick()
    page.get_by_role("dialog").get_by_role("link", name="All events of this request").click()
    whole = page.get_by_role("dialog", name="All events of a request")
    expect(whole.locator("summary .scope")).to_have_text(["send:working_time", "zoom:image", "draw:object"])
    expect(whole.locator("[aria-current=true] .scope")).to_have_text("zoom:image")

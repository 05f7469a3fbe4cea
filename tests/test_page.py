"""The page in a real browser: Debian's Chromium, driven as a person does."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from conftest import check_log
from server import Server, User, run_cli

ROOT = Path(__file__).parent.parent
CVAT_DASHBOARDS = ROOT.parent / "shared/fixtures/dashboards"
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
CHROMIUM = "/usr/bin/chromium"
UIDS = ["all-events", "management", "monitoring", "timesheet"]
# What a failed request logs by itself; the page says it in words.
EXPECTED_ERRORS = re.compile(r"Failed to load resource")


class Site:
    """A server with made-up activity of the last days, and its administrators."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.lena = server.add_user("lena", "admin")
        self.omar = server.add_user("omar", "admin")
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
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


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
        if message.type == "error" and not EXPECTED_ERRORS.search(message.text):
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


def test_others_are_told_why_not(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.server.url}/analytics/d/management")
    page.get_by_label("Name or e-mail").fill("carla")
    page.get_by_label("Password").fill(site.carla.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="No dashboards for this account")).to_be_visible()
    context.close()


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_shows_something(person: Person, uid: str) -> None:
    page = person.open(uid)
    for panel in page.locator("article").all():
        panel.scroll_into_view_if_needed()
        expect(panel).to_have_attribute("aria-busy", "false")
        expect(panel.locator(".state")).to_have_count(0)


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
    page.get_by_role("button", name="↑ Ascending").click()
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


def test_edit_apply_save_restart_restore(person: Person) -> None:
    page = person.open("monitoring")
    person.panel_menu("Exceptions over time", "Edit")
    editor = page.get_by_role("dialog", name="Edit Exceptions over time")
    text = editor.get_by_label("SQL of query A")
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nLIMIT nonsense(")
    page.keyboard.press("Control+Enter")
    expect(editor.get_by_role("alert")).to_be_visible()
    expect(editor.locator(".cm-lintRange-error, .cm-lint-marker-error").first).to_be_attached()
    for _ in range(len("\nLIMIT nonsense()")):
        page.keyboard.press("Control+End")
        page.keyboard.press("Backspace")
    page.keyboard.press("Control+Enter")
    expect(editor.get_by_role("alert")).to_have_count(0)
    editor.get_by_label("Title").fill("Faults over time")
    editor.get_by_role("button", name="Apply").click()
    # For this session only: marked, and asked about.
    expect(person.panel("Faults over time").get_by_title("Not saved")).to_be_visible()
    assert page.title().startswith("●")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("dialog", name="Save the dashboard")).to_contain_text("title was Exceptions over time")
    person.save("call them faults")
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)

    person.site.server.stop()
    person.site.server.start()
    person.open("monitoring")
    expect(person.panel("Faults over time")).to_be_visible()

    person.menu("History")
    history = page.get_by_role("dialog", name="History")
    expect(history.get_by_role("listitem").first).to_contain_text("call them faults")
    expect(history.get_by_role("listitem").first).to_contain_text("lena")
    history.get_by_role("listitem").last.get_by_role("button", name="Show").click()
    expect(page.get_by_role("article", name="Exceptions over time")).to_be_attached()
    history.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Save…").click()
    person.save("back again")
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)
    person.open("monitoring")
    expect(person.panel("Exceptions over time")).to_be_visible()


def test_two_people_save_the_same_dashboard(person: Person, site: Site, browser: Browser) -> None:
    context = browser.new_context()
    other = Person(site, context, site.omar).log_in()
    for who, entry in ((person, "Duplicate"), (other, "Remove")):
        page = who.open("management")
        who.panel_menu("Overall activity", entry)
        page.get_by_role("button", name="Save…").click()
    other.save("omar's")
    expect(other.page.get_by_role("button", name="Save…")).to_have_count(0)
    person.save("lena's")
    dialog = person.page.get_by_role("dialog", name="Save the dashboard")
    expect(dialog.get_by_role("alert")).to_contain_text("omar saved version")
    dialog.get_by_role("button", name="Save mine as a copy").click()
    expect(person.page.get_by_role("heading", name="Management (copy)")).to_be_visible()
    expect(person.page.get_by_role("article", name="Overall activity (copy)")).to_be_attached()
    context.close()


def test_a_reset_is_the_built_in_one_again(person: Person) -> None:
    page = person.open("timesheet")
    person.panel_menu("Projects", "Remove")
    expect(page.get_by_role("article", name="Projects")).to_have_count(0)
    page.get_by_role("button", name="Save…").click()
    person.save("less")
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)
    page.on("dialog", lambda dialog: dialog.accept())
    person.menu("Reset to built-in")
    expect(page.get_by_role("article", name="Projects")).to_have_count(1)


def import_text(page: Page, text: str) -> Locator:
    page.get_by_role("button", name="Import…").click()
    dialog = page.get_by_role("dialog", name="Import a dashboard")
    dialog.get_by_label("JSON of the dashboard").fill(text)
    return dialog


@pytest.mark.parametrize("name", ["all_events", "management", "monitoring"])
def test_cvats_files_are_imported(person: Person, name: str) -> None:
    path = CVAT_DASHBOARDS / f"cvat-{name}.json"
    if not path.exists():
        pytest.skip(f"CVAT's dashboards are not there: {path}")
    model = json.loads(path.read_text())
    dialog = import_text(person.page, path.read_text())
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(person.page.get_by_role("heading", level=1, name=model["title"])).to_be_visible()
    for panel in person.page.locator("article").all():
        panel.scroll_into_view_if_needed()
        expect(panel).to_have_attribute("aria-busy", "false")
        expect(panel.get_by_role("alert")).to_have_count(0)


def test_unknown_panels_are_named_and_kept(person: Person, tmp_path: Path) -> None:
    page = person.page
    odd = {"id": 1, "type": "heatmap", "title": "Heat", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 5}, "odd": [1.50]}
    model = {"title": "From elsewhere", "schemaVersion": 39, "panels": [odd], "unknown": {"kept": True}}
    dialog = import_text(page, json.dumps(model)[:-1])
    expect(dialog.get_by_role("alert")).to_contain_text("line 1, column")
    dialog.get_by_label("JSON of the dashboard").fill(json.dumps(model))
    expect(dialog).to_contain_text("Panels of the type heatmap are not shown here")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("article", name="Heat")).to_contain_text("The file keeps this one as it is")
    with page.expect_download() as download:
        person.menu("Export as a file")
    exported = json.loads(Path(download.value.path()).read_text())
    assert exported["panels"] == [odd]
    assert exported["unknown"] == model["unknown"]


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
    page = person.open("timesheet", "?from=now-7d&to=now&timezone=utc")
    panel = person.panel("Hours per person and day")
    shown = minutes(panel.locator(".total .sum").inner_text())
    panel.get_by_role("button", name="Download hours").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV", exact=True).click()
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text())))
    assert rows[0][0] == "Hours"
    assert rows[-1][0] == "Sum"
    assert float(rows[-1][-1]) * 60 == pytest.approx(shown, abs=0.51)
    assert sum(float(row[-1]) for row in rows[1:-1]) == pytest.approx(float(rows[-1][-1]), abs=1e-4)
    panel.get_by_role("button", name="Download hours").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Excel").click()
    with zipfile.ZipFile(download.value.path()) as book:
        assert sum("worksheets/sheet" in name for name in book.namelist()) == 2
    # The same range again, by the table of another dashboard.
    person.open("management", "?from=now-7d&to=now&timezone=utc")
    footer = person.panel("Working time").locator(".footer .cell").nth(4).inner_text()
    assert float(footer.replace(",", "")) * 60 == pytest.approx(shown, abs=1)


def test_a_cell_of_the_timesheet_opens_to_its_sessions(person: Person) -> None:
    page = person.open("timesheet", "?from=now-7d&to=now&timezone=utc")
    panel = person.panel("Hours per person and day")
    panel.locator(".fold").first.click()
    expect(panel.locator("[aria-level='2']").first).to_be_visible()
    cell = panel.locator("[aria-level='1'] .cell button").first
    hours = minutes(cell.inner_text())
    cell.click()
    sheet = page.get_by_role("dialog").last
    expect(sheet.get_by_role("row").nth(1)).to_be_visible()
    worked_s = [60 * minutes(text) + int(text[-2:]) for text in sheet.locator("tbody td.right").all_inner_texts()]
    assert sum(worked_s) / 60 == pytest.approx(hours, abs=1)
    expect(sheet.get_by_role("link", name="events").first).to_have_attribute(
        "href", re.compile("/analytics/d/all-events")
    )


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
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    with page.expect_download() as download:
        person.panel_menu("Number of events", "Download CSV")
    assert Path(download.value.path()).read_text().startswith("Scope,Source,Events")


def test_a_new_dashboard_with_a_panel_and_a_filter(person: Person) -> None:
    page = person.page
    page.get_by_role("button", name="New dashboard").click()
    expect(page.get_by_role("heading", level=1, name="New dashboard")).to_be_visible()
    person.menu("Settings")
    settings = page.get_by_role("dialog", name="Settings of this dashboard")
    settings.get_by_label("Title").fill("Ours")
    settings.get_by_label("Folder").fill("Team A")
    settings.get_by_role("button", name="Add a filter").click()
    settings.get_by_role("button", name="Apply").click()
    person.menu("Add a panel")
    person.settled()
    expect(person.panel("New panel").locator(".u-over")).to_be_visible()
    expect(page.get_by_role("button", name="User: all")).to_be_visible()
    page.get_by_role("button", name="Save…").click()
    person.save("")
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)
    page.goto(f"{person.site.server.url}/analytics/")
    expect(page.get_by_role("heading", name="Team A")).to_be_visible()
    page.get_by_role("link", name="Ours", exact=True).click()
    person.panel_menu("New panel", "Remove")
    page.on("dialog", lambda dialog: dialog.accept())
    person.menu("Discard changes")
    expect(page.get_by_role("article", name="New panel")).to_be_visible()
    person.menu("Remove")
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    expect(page.get_by_role("link", name="Ours", exact=True)).to_have_count(0)


def test_go_anywhere_by_key(person: Person) -> None:
    page = person.open("management", "?from=now-2d&to=now")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to a dashboard").fill("monit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Monitoring")).to_be_visible()
    assert person.query()["from"] == ["now-2d"]


def test_a_server_that_is_down_is_said_and_comes_back(person: Person) -> None:
    page = person.open("all-events")
    person.site.server.stop()
    page.keyboard.press("r")
    expect(person.panel("Overall activity").get_by_role("alert")).to_contain_text("does not answer")
    person.site.server.start()
    person.panel("Overall activity").get_by_role("button", name="Try again").click()
    expect(person.panel("Overall activity").get_by_role("alert")).to_have_count(0)


def test_a_login_that_ends_loses_no_work(person: Person) -> None:
    page = person.open("management")
    person.panel_menu("User activity", "Duplicate")
    page.context.clear_cookies()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Refresh now").click()
    expect(page.get_by_text("Your login has ended")).to_be_visible()
    page.get_by_label("Name or e-mail").fill("lena")
    page.get_by_label("Password").fill(person.user.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Password")).to_have_count(0)
    expect(person.panel("User activity (copy)").get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("button", name="Save…")).to_be_visible()


def test_a_broken_file_is_named_and_the_built_in_one_shown(person: Person) -> None:
    directory = person.site.server.data_dir / "dashboards"
    directory.mkdir(exist_ok=True)
    (directory / "all-events.json").write_text('{\n "title": x')
    person.page.goto(f"{person.site.server.url}/analytics/")
    expect(person.page.get_by_text("all-events.json")).to_be_visible()
    expect(person.page.get_by_text(re.compile("line 2 column"))).to_be_visible()
    person.open("all-events")
    (directory / "all-events.json").unlink()


@pytest.mark.parametrize("uid", ["", *UIDS])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(site: Site, browser: Browser, uid: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 1000})
    person = Person(site, context, site.lena).log_in()
    if uid:
        person.open(uid)
    person.page.evaluate(AXE.read_text())
    result = person.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    found = [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:3]
    ]
    assert found == []
    context.close()


@pytest.mark.parametrize("uid", ["", *UIDS])
def test_phone_width(site: Site, browser: Browser, uid: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    person = Person(site, context, site.lena).log_in()
    if uid:
        person.open(uid)
    assert person.page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert person.errors == []

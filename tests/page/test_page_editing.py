"""Dashboards changed in the page: panels edited and arranged, saved, restored, imported, and what others may not do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support import ROOT
from support.page import Person, Site, import_text

CVAT_DASHBOARDS = ROOT.parent / "shared/fixtures/dashboards"


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


def test_a_legend_says_sums_on_request(person: Person) -> None:
    page = person.open("management")
    person.panel_menu("Overall activity", "Edit")
    editor = page.get_by_role("dialog", name="Edit Overall activity")
    editor.get_by_label("Legend", exact=True).check()
    editor.get_by_role("checkbox", name="Sum").check()
    editor.get_by_role("checkbox", name="Max").check()
    editor.get_by_role("button", name="Apply").click()
    expect(person.panel("Overall activity").get_by_role("list", name="Series")).to_contain_text(
        re.compile(r"Sum [\d,]+.*Max [\d,]+", re.DOTALL)
    )
    page.on("dialog", lambda dialog: dialog.accept())


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
    if name == "management":
        # A click in a legend of long ago is in the file, as "all except: User 1".
        lines = person.panel("User Activity").get_by_role("application", name=re.compile(r": [2-9]\d* series"))
        expect(lines).to_be_visible()


def test_unknown_panels_are_named_and_kept(person: Person, tmp_path: Path) -> None:
    page = person.page
    odd = {"id": 1, "type": "geomap", "title": "Heat", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 5}, "odd": [1.50]}
    model = {"title": "From elsewhere", "schemaVersion": 39, "panels": [odd], "unknown": {"kept": True}}
    dialog = import_text(page, json.dumps(model)[:-1])
    expect(dialog.get_by_role("alert")).to_contain_text("line 1, column")
    dialog.get_by_label("JSON of the dashboard").fill(json.dumps(model))
    expect(dialog).to_contain_text("Panels of the type geomap are not shown here")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("article", name="Heat")).to_contain_text("The file keeps this one as it is")
    with page.expect_download() as download:
        person.menu("Export as a file")
    exported = json.loads(Path(download.value.path()).read_text())
    assert exported["panels"] == [odd]
    assert exported["unknown"] == model["unknown"]


def test_a_new_dashboard_with_a_panel_and_a_filter(person: Person) -> None:
    page = person.page
    page.get_by_role("button", name="New dashboard").click()
    expect(page.get_by_role("heading", level=1, name="New dashboard")).to_be_visible()
    # Nobody else sees it before it is saved.
    listed = page.request.get(f"{person.site.server.url}/api/dashboards").json()["dashboards"]
    assert "New dashboard" not in [entry["title"] for entry in listed]
    person.menu("Settings")
    settings = page.get_by_role("dialog", name="Settings of this dashboard")
    settings.get_by_label("Title").fill("Ours")
    settings.get_by_label("Folder").fill("Team A")
    settings.get_by_role("button", name="Add a filter").click()
    settings.get_by_role("button", name="Apply").click()
    person.menu("Add a panel")
    editor = page.get_by_role("dialog", name=re.compile("New panel"))
    expect(editor).to_be_visible()
    editor.get_by_role("button", name="Discard").click()
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


def boxes(person: Person) -> dict[str, dict[str, float]]:
    """Where panels are on the page, in whole pixels."""
    found = {}
    for panel in person.page.locator("article").all():
        box = panel.bounding_box()
        found[panel.get_attribute("aria-label")] = {key: round(value) for key, value in box.items()}
    return found


def drag(page: Page, handle: Locator, by: tuple[float, float]) -> None:
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 40)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] / 2, y + by[1] / 2, steps=3)
    page.mouse.move(x + by[0], y + by[1], steps=3)


def test_panels_are_dragged_and_sized(person: Person) -> None:
    page = person.open("monitoring")
    before = boxes(person)
    person.menu("Arrange panels")
    now = page.get_by_role("button", name=re.compile("^Active users \\(now\\): column 1, line 1, 4 wide"))
    over_time = page.get_by_role("button", name=re.compile("^Active users: column"))
    # To the right of its neighbour, which gives way.
    drag(page, now, (before["Active users"]["width"] + 12, 0))
    expect(page.locator(".target")).to_be_visible()
    page.mouse.up()
    expect(page.locator(".target")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Active users \\(now\\): column 21, line 1,"))).to_be_visible()
    expect(over_time).to_have_attribute("aria-label", re.compile("column 5, line 8, 20 wide, 7 high"))
    # Narrower and lower by the corner: what is below follows.
    drag(
        page,
        page.get_by_role("button", name="Size of Active users", exact=True),
        (-before["Active users"]["width"] / 2, 76),
    )
    page.mouse.up()
    expect(over_time).to_have_attribute("aria-label", re.compile("column 5, line 1, 10 wide, 9 high"))
    # Esc lets it go where it was.
    drag(page, over_time, (300, 0))
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(over_time).to_have_attribute("aria-label", re.compile("column 5, line 1, 10 wide, 9 high"))
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Discard changes").click()
    page.get_by_role("button", name="Done").click()
    expect(now).to_have_count(0)
    assert boxes(person) == before


def test_panels_are_arranged_with_keys_and_kept(person: Person) -> None:
    page = person.open("timesheet")
    page.keyboard.press("a")
    days = page.get_by_role("button", name=re.compile("^Days: column 1, line 17, 14 wide"))
    days.focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    moved = page.get_by_role("button", name=re.compile("^Days: column 1, line 17, 12 wide, 13 high"))
    expect(moved).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name=re.compile("^Projects: column 15, line 17,"))).to_be_attached()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save…").click()
    expect(page.get_by_role("dialog", name="Save the dashboard")).to_contain_text("Days: moved")
    person.save("narrower")
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)
    file = json.loads((person.site.server.data_dir / "dashboards/timesheet.json").read_text())
    places = {panel["title"]: panel["gridPos"] for panel in file["panels"]}
    assert places["Days"] == {"x": 1, "y": 16, "w": 12, "h": 13}
    assert places["Rows of working time"]["y"] == 29
    page.on("dialog", lambda dialog: dialog.accept())
    person.menu("Reset to built-in")
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)


def test_business_applies_and_cannot_save(site: Site, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    person = Person(site, context, site.bea).log_in()
    page = person.page
    expect(page.get_by_role("button", name="New dashboard")).to_have_count(0)
    person.open("management")
    entries = person.entries()
    assert "Arrange panels" in entries
    assert not {"Save…", "Save as a copy", "Remove", "Reset to built-in"} & set(entries)
    person.panel_menu("User activity", "Edit")
    editor = page.get_by_role("dialog", name="Edit User activity")
    expect(editor).to_contain_text("administrators save for all")
    expect(editor.get_by_role("button", name="Save…")).to_have_count(0)
    editor.get_by_label("Title").fill("All of it")
    editor.get_by_role("button", name="Apply").click()
    expect(person.panel("All of it")).to_be_visible()
    expect(page.get_by_text("Changed for this session")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Discard", exact=True).click()
    expect(person.panel("User activity")).to_be_visible()
    context.close()
    assert person.errors == []


def test_a_json_cell_and_what_is_not_done_are_shown(person: Person) -> None:
    sql = """SELECT '{"a": {"b": [1, 2]}}' AS json, 5 AS n"""
    cell = {"id": "custom.cellOptions", "value": {"type": "json-view"}}
    odd = {"id": "custom.odd", "value": {"fill": "dash"}}
    panel = {
        "type": "table",
        "title": "Cells",
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 6},
        "fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "json"}, "properties": [cell, odd]}]},
        "targets": [{"refId": "A", "format": 1, "rawSql": sql}],
    }
    dialog = import_text(person.page, json.dumps({"title": "Cells", "panels": [panel]}))
    expect(dialog).to_contain_text("The field option custom.odd is not applied here.")
    dialog.get_by_role("button", name="Import", exact=True).click()
    json_cell = person.panel("Cells").locator(".json")
    expect(json_cell).to_have_text('{ "a": { "b": [ 1, 2 ] } }')
    expect(person.panel("Cells").get_by_label("The field option custom.odd is not applied here.")).to_be_visible()
    # The file names no id, and its panel is edited all the same.
    person.panel_menu("Cells", "Edit")
    expect(person.page.get_by_role("dialog", name="Edit Cells")).to_be_visible()
    person.page.keyboard.press("Escape")


def test_links_lead_where_grafanas_lead(person: Person) -> None:
    page = person.page
    model = {
        "title": "With links",
        "time": {"from": "now-2d", "to": "now"},
        "templating": {"list": [{"name": "word", "type": "textbox", "query": "a b"}]},
        "panels": [{"id": 1, "type": "text", "title": "Text", "options": {"content": "x"}}],
        "links": [
            {"type": "link", "title": "Hours of $word", "url": "/d/timesheet/its-slug", "keepTime": True},
            {"type": "link", "title": "Manual", "url": "https://docs.example/?q=${word}", "targetBlank": True},
            {"type": "link", "title": "Run", "url": "javascript:alert(1)"},
            {"type": "dashboards", "title": "More", "tags": [], "asDropdown": True, "includeVars": True},
        ],
    }
    import_text(page, json.dumps(model)).get_by_role("button", name="Import", exact=True).click()
    links = page.get_by_role("navigation", name="Links of this dashboard")
    expect(links.get_by_role("link")).to_have_text(["Hours of a b", "Manual"])
    manual = links.get_by_role("link", name="Manual")
    expect(manual).to_have_attribute("href", "https://docs.example/?q=a%20b")
    expect(manual).to_have_attribute("target", "_blank")
    links.get_by_role("button", name="More").click()
    # Others of that name may have been imported.
    expect(links.locator('a[href="/analytics/d/management?var-word=a+b"]')).to_have_text("Management")
    page.keyboard.press("Escape")
    links.get_by_role("link", name="Hours of a b").click()
    expect(page.get_by_role("heading", level=1, name="Timesheet")).to_be_visible()
    assert person.query() == {"from": ["now-2d"], "to": ["now"]}

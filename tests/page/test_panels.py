"""Bar gauges, state timelines, heat maps, histograms, annotations and data links: as files say, by pointer and keys."""

from __future__ import annotations

import csv
import json
import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from support.charts import custom, import_board, panel
from support.page import Person, Site, accessibility_problems, import_text

WEEK = {"time": {"from": "now-7d", "to": "now"}}
DAYS = {"time": {"from": "2026-06-01", "to": "2026-06-04"}, "timezone": "utc"}

PEOPLE = (
    "SELECT user_name AS person, user_id, count() AS events FROM events "
    "WHERE $__timeFilter(timestamp) AND user_name != '' GROUP BY person, user_id ORDER BY events DESC LIMIT 4"
)
STATES = """SELECT t AS time, job, state FROM (
  SELECT toDateTime('2026-06-01 06:00:00') AS t, 'job 1' AS job, 'annotation' AS state
  UNION ALL SELECT toDateTime('2026-06-02 12:00:00'), 'job 1', 'validation'
  UNION ALL SELECT toDateTime('2026-06-01 18:00:00'), 'job 2', 'annotation'
) ORDER BY time"""
CELLS = """SELECT toDateTime('2026-06-01 00:00:00') + number * 86400 AS time,
  concat('room ', toString(number % 2)) AS room, number + 1 AS events FROM numbers(3) ORDER BY time"""
LINE = "SELECT toDateTime('2026-06-01 12:00:00') + number * 86400 AS time, 5 + number AS n FROM numbers(3)"
SIZES = "SELECT arrayJoin([1, 2, 2, 3, 12]) AS size"


def by_row(**options: object) -> dict:
    return {"options": {"reduceOptions": {"values": True}, **options}}


def with_links(url: str, title: str = "Behind it", **custom_options: object) -> dict:
    config = custom(**custom_options)
    config["defaults"]["links"] = [{"title": title, "url": url}]
    return {"fieldConfig": config}


def hidden(name: str) -> dict:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": "custom.hideFrom", "value": {"viz": True}}],
    }


def gauge(title: str) -> dict:
    links = with_links("/d/all-events?var-users=${__data.fields.user_id}&${__url_time_range}")
    links["fieldConfig"]["overrides"] = [hidden("user_id")]
    return panel(title, PEOPLE, "bargauge", **by_row(displayMode="basic"), **links)


def lanes(title: str) -> dict:
    by_job = [{"id": "partitionByValues", "options": {"fields": ["job"]}}]
    links = with_links("/d/all-events?job=${__field.labels.job}&state=${__value.raw}")
    return panel(title, STATES, "state-timeline", transformations=by_job, **links)


def heat(title: str) -> dict:
    return panel(title, CELLS, "heatmap", targets=[{"refId": "A", "format": 0, "rawSql": CELLS}])


def histogram(title: str) -> dict:
    return panel(title, SIZES, "histogram", options={"bucketSize": 5})


def tooltip(of: Locator) -> Locator:
    return of.locator(".tooltip")


def test_a_bar_gauge_is_as_full_as_its_values_and_leads_on(person: Person) -> None:
    import_board(person, "Gauges", [gauge("Events")], **WEEK)
    bars = person.panel("Events").get_by_role("list", name="Events").get_by_role("listitem")
    expect(bars).to_have_count(4)
    shares = bars.locator(".fill").evaluate_all("bars => bars.map(bar => bar.style.clipPath)")
    # The largest of all is the end of the bar.
    assert shares[0] == "inset(0px 0%)" or "0%" in shares[0]
    assert len(set(shares)) > 1
    link = bars.first.get_by_role("link")
    assert re.search(r"/analytics/d/all-events\?var-users=\d+&from=\d+&to=\d+$", link.get_attribute("href") or "")
    link.focus()
    person.page.keyboard.press("Enter")
    expect(person.page.get_by_role("heading", level=1, name="All Events")).to_be_visible()
    assert len(person.query()["var-users"]) == 1


@pytest.mark.parametrize("options", [{"orientation": "vertical"}, {"displayMode": "lcd"}, {"displayMode": "gradient"}])
def test_a_bar_gauge_has_grafanas_looks(person: Person, options: dict) -> None:
    steps = [{"color": "green", "value": None}, {"color": "red", "value": 50}]
    config = {"defaults": {"thresholds": {"mode": "percentage", "steps": steps}}, "overrides": []}
    import_board(person, "Looks", [panel("Look", PEOPLE, "bargauge", **by_row(**options), fieldConfig=config)], **WEEK)
    expect(person.panel("Look").locator(".fill").first).to_be_visible()
    expect(person.panel("Look").get_by_role("button", name=re.compile("not done|not applied"))).to_have_count(0)


def test_states_are_read_and_followed_by_keys(person: Person) -> None:
    import_board(person, "States", [lanes("Jobs")], **DAYS)
    chart = person.panel("Jobs")
    first = chart.get_by_role("link", name=re.compile("^job 1: annotation"))
    expect(first).to_have_accessible_name(re.compile(r"Mon 1 Jun 06:00 – Tue 2 Jun 12:00 · 1 d 6 h"))
    first.focus()
    expect(tooltip(chart)).to_contain_text("annotation")
    person.page.keyboard.press("ArrowRight")
    # The last state lasts to the end of the range.
    expect(tooltip(chart)).to_contain_text("Tue 2 Jun 12:00 – Thu 4 Jun 23:59")
    person.page.keyboard.press("ArrowDown")
    expect(tooltip(chart)).to_contain_text("job 2")
    expect(chart.get_by_role("list", name="States")).to_contain_text("validation")
    link = chart.get_by_role("link", name=re.compile("^job 2: annotation"))
    assert (link.get_attribute("href") or "").endswith("?job=job%202&state=annotation")
    person.page.keyboard.press("Enter")
    expect(person.page.get_by_role("heading", level=1, name="All Events")).to_be_visible()


def test_a_drag_over_states_zooms(person: Person) -> None:
    import_board(person, "States", [lanes("Jobs")], **DAYS)
    box = person.panel("Jobs").locator(".area").bounding_box()
    assert box
    mouse = person.page.mouse
    mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40, steps=4)
    mouse.up()
    expect(person.page).to_have_url(re.compile(r"from=178\d+&to=178\d+"))
    assert "state" not in person.query()
    hours = (int(person.query()["to"][0]) - int(person.query()["from"][0])) / 3_600_000
    assert hours == pytest.approx(24, abs=2)


def test_cells_of_a_heat_map_are_read_by_keys_and_by_pointer(person: Person) -> None:
    import_board(person, "Heat", [heat("Rooms")], **DAYS)
    chart = person.panel("Rooms")
    cells = chart.get_by_role("application")
    cells.focus()
    person.page.keyboard.press("ArrowRight")
    # The upper row, its first column: nothing is there.
    expect(tooltip(chart)).to_contain_text("room 1")
    expect(tooltip(chart)).to_contain_text("–")
    person.page.keyboard.press("ArrowDown")
    person.page.keyboard.press("End")
    expect(tooltip(chart)).to_contain_text("Wed 3 Jun")
    expect(chart.locator("[aria-live]")).to_have_text(re.compile(r"room 0.*: 3$"))
    person.page.keyboard.press("Escape")
    expect(tooltip(chart)).to_have_count(0)
    box = cells.bounding_box()
    assert box
    person.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 10)
    expect(tooltip(chart)).to_contain_text("2")


def test_buckets_of_a_histogram_are_read_by_keys(person: Person) -> None:
    import_board(person, "Sizes", [histogram("Sizes")], **WEEK)
    chart = person.panel("Sizes")
    buckets = chart.get_by_role("list", name="Sizes").get_by_role("button")
    expect(buckets).to_have_count(3)
    buckets.first.focus()
    expect(tooltip(chart)).to_contain_text("4 · 80.0%")
    person.page.keyboard.press("End")
    expect(tooltip(chart)).to_contain_text("10 – 15")
    expect(buckets.last).to_have_accessible_name("10 – 15: Count 1 · 20.0%")


def test_nothing_is_said_where_there_is_nothing(person: Person) -> None:
    none = [
        panel(f"No {kind}", "SELECT 'x' AS name", kind)
        for kind in ("bargauge", "state-timeline", "heatmap", "histogram")
    ]
    empty = [one | {"title": one["title"].replace("No", "Empty")} for one in none]
    for one in empty:
        one["targets"] = [{"refId": "A", "format": 1, "rawSql": "SELECT now() AS time, 1 AS n WHERE n > 1"}]
    import_board(person, "Nothing", none + empty, **WEEK)
    for one in none:
        expect(person.panel(one["title"])).to_contain_text(re.compile("needed for|returns no number"))
    for one in empty:
        expect(person.panel(one["title"])).to_contain_text("Widen the range")


def test_a_point_of_a_chart_leads_on(person: Person) -> None:
    sql = LINE.replace("AS time,", "AS time, 'Lena' AS who,")
    links = with_links("/d/all-events?who=${__field.labels.who}&n=${__value.raw}", "Events of ${__field.labels.who}")
    import_board(person, "Points", [panel("Points", sql, **links)], **DAYS)
    chart = person.panel("Points")
    chart.get_by_role("application").focus()
    person.page.keyboard.press("ArrowRight")
    person.page.keyboard.press("ArrowRight")
    expect(tooltip(chart)).to_contain_text("Tue 2 Jun 12:00")
    person.page.keyboard.press("Enter")
    link = chart.get_by_role("link", name="Lena: Events of Lena")
    expect(link).to_be_focused()
    assert (link.get_attribute("href") or "").endswith("?who=Lena&n=6")
    person.page.keyboard.press("Escape")
    expect(link).to_have_count(0)


def test_figures_bars_and_shares_lead_on(person: Person) -> None:
    links = with_links("/d/all-events?person=${__data.fields.person}&n=${__value.raw}")
    sql = PEOPLE.replace("user_id, ", "", 1).replace(", user_id ORDER", " ORDER")
    kinds = ("stat", "barchart", "piechart")
    own = {"links": [{"title": "All events", "url": "/d/all-events?${__url_time_range}"}]}
    import_board(person, "Leading", [panel(kind, sql, kind, **links, **own) for kind in kinds], **WEEK)
    for kind in kinds:
        link = person.panel(kind).get_by_role("link", name=re.compile("Behind it|[0-9]")).first
        assert re.search(r"all-events\?person=[\w.%]+&n=\d+$", link.get_attribute("href") or ""), kind
        head = person.panel(kind).get_by_role("link", name="All events")
        assert (head.get_attribute("href") or "").startswith("/analytics/d/all-events?from=")


def test_bars_of_a_chart_are_stacked(person: Person) -> None:
    sql = "SELECT arrayJoin(['a', 'b']) AS name, 3 AS x, if(name = 'a', 1, 5) AS y"
    import_board(person, "Stacks", [panel("Stack", sql, "barchart", options={"xField": "name", "stacking": "normal"})])
    parts = person.panel("Stack").locator(".part")
    expect(parts).to_have_count(4)
    widths = parts.evaluate_all("parts => parts.map(part => parseFloat(part.style.width))")
    assert widths == pytest.approx([37.5, 12.5, 37.5, 62.5])
    expect(person.panel("Stack").locator(".value")).to_have_text(["4", "8"])


def test_rows_that_were_parted_are_one_file(person: Person) -> None:
    import_board(person, "Parted", [lanes("Jobs")], **DAYS)
    with person.page.expect_download() as download:
        person.panel_menu("Jobs", "Download CSV")
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["time", "job", "state"]
    assert [row[1:] for row in rows[1:]] == [["job 1", "annotation"], ["job 2", "annotation"], ["job 1", "validation"]]


ANNOTATIONS = {
    "list": [
        {"name": "Alerts", "builtIn": 1, "enable": True, "hide": True},
        {
            "name": "Holidays",
            "iconColor": "purple",
            "dates": [{"time": "2026-06-02", "text": "Founders’ day"}, {"time": "2026-06-03 14:00", "text": "v2.4"}],
        },
        {
            "name": "Deploys",
            "enable": False,
            "iconColor": "red",
            "target": {
                "refId": "Anno",
                "format": 1,
                "rawSql": "SELECT toDateTime('2026-06-01 12:00:00') AS time, 'v1' AS text, 'prod, eu' AS tags",
            },
        },
    ]
}


def test_annotations_are_on_charts_and_can_be_switched_off(person: Person) -> None:
    charts = [panel("Line", LINE), lanes("Jobs"), heat("Rooms")]
    import_board(person, "Annotated", charts, annotations=ANNOTATIONS, **DAYS)
    page = person.page
    switches = page.get_by_role("group", name="Annotations").get_by_role("switch")
    expect(switches).to_have_text(["Holidays", "Deploys"])
    marks = {chart["title"]: person.panel(chart["title"]).get_by_role("list", name="Annotations") for chart in charts}
    for title, found in marks.items():
        expect(found.get_by_role("button"), title).to_have_count(2)
    day = marks["Line"].get_by_role("button", name="Holidays · Tue 2 Jun: Founders’ day")
    day.focus()
    expect(tooltip(person.panel("Line"))).to_contain_text("Founders’ day")
    page.keyboard.press("ArrowRight")
    expect(tooltip(person.panel("Line"))).to_contain_text("v2.4")
    switches.nth(1).click()
    tagged = marks["Line"].get_by_role("button", name="Deploys · Mon 1 Jun 12:00: v1, prod, eu")
    expect(tagged).to_have_count(1)
    switches.nth(0).click()
    for found in marks.values():
        expect(found.get_by_role("button")).to_have_count(1)
    # The address has both; what is as the file says is not in it.
    assert person.query()["annotations.Holidays"] == ["off"]
    assert person.query()["annotations.Deploys"] == ["on"]
    page.reload()
    person.settled()
    expect(marks["Line"].get_by_role("button")).to_have_count(1)
    switches.nth(0).click()
    assert "annotations.Holidays" not in person.query()


def test_annotations_are_edited_with_the_dashboard(person: Person) -> None:
    import_board(person, "Annotate", [panel("Line", LINE)], **DAYS)
    page = person.page
    person.menu("Settings")
    settings = page.get_by_role("dialog", name="Settings of this dashboard")
    settings.get_by_role("button", name="Add annotations").click()
    dates = settings.get_by_label(re.compile("^Dates, one a line"))
    dates.fill("2026-06-02 – 2026-06-03 Days off\nsoon")
    dates.blur()
    expect(settings.get_by_role("alert")).to_contain_text("soon")
    dates.fill("2026-06-02 – 2026-06-03 Days off")
    dates.blur()
    expect(settings.get_by_role("alert")).to_have_count(0)
    settings.get_by_role("button", name="Apply").click()
    mark = person.panel("Line").get_by_role("list", name="Annotations").get_by_role("button")
    expect(mark).to_have_accessible_name("Holidays · Tue 2 Jun – Wed 3 Jun: Days off")
    page.get_by_role("button", name="Save…").click()
    person.save("days off")
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)
    uid = page.url.rpartition("/d/")[2].partition("?")[0]
    stored = json.loads((person.site.server.data_dir / f"dashboards/{uid}.json").read_text())
    [written] = stored["annotations"]["list"]
    assert written["dates"] == [{"time": "2026-06-02", "timeEnd": "2026-06-03", "text": "Days off"}]


def test_a_query_of_annotations_that_fails_says_so(person: Person) -> None:
    broken = {"list": [{"name": "Broken", "target": {"refId": "Anno", "rawSql": "SELECT nothing FROM events"}}]}
    import_board(person, "Broken", [histogram("Sizes")], annotations=broken, **WEEK)
    switch = person.page.get_by_role("switch", name="Broken")
    expect(switch).to_have_attribute("title", re.compile("nothing"))


def test_the_editor_offers_the_new_kinds_with_their_options(person: Person) -> None:
    import_board(person, "Made", [panel("Sizes", SIZES, "table")], **WEEK)
    page = person.page
    person.panel_menu("Sizes", "Edit")
    editor = page.get_by_role("dialog", name="Edit Sizes")
    for kind in ("Bar gauge", "State timeline", "Heatmap", "Histogram"):
        expect(editor.get_by_label("Visualization").locator("option", has_text=kind)).to_have_count(1)
    editor.get_by_label("Visualization").select_option("Histogram")
    editor.get_by_label("Bucket size").fill("10")
    editor.get_by_label("Bucket size").blur()
    expect(editor.get_by_role("list", name="Sizes").get_by_role("button")).to_have_count(2)
    editor.get_by_label("Visualization").select_option("Bar gauge")
    editor.get_by_label("A bar for each row").check()
    expect(editor.get_by_role("list", name="Sizes").get_by_role("listitem")).to_have_count(5)
    editor.get_by_role("button", name="Discard").click()
    page.on("dialog", lambda dialog: dialog.accept())


def test_importing_names_nothing_of_them(person: Person) -> None:
    panels = [gauge("a"), lanes("b"), heat("c"), histogram("d")]
    board = {"title": "Import", "panels": panels, "annotations": ANNOTATIONS}
    person.page.goto(f"{person.site.server.url}/analytics/")
    dialog = import_text(person.page, json.dumps(board))
    expect(dialog.get_by_role("button", name="Import", exact=True)).to_be_enabled()
    expect(dialog).not_to_contain_text(re.compile("not shown|not applied|not done"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_accessible_and_within_the_window(site: Site, browser: Browser, scheme: str, width: int) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    person = Person(site, context, site.lena).log_in()
    panels = [gauge("Gauge"), lanes("Lanes"), heat("Heat"), histogram("Histogram"), panel("Line", LINE)]
    import_board(person, f"All of them {scheme} {width}", panels, annotations=ANNOTATIONS, **DAYS)
    page = person.page
    page.set_viewport_size({"width": width, "height": 2600})
    person.settled()
    person.panel("Lanes").get_by_role("link").first.focus()
    assert accessibility_problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert person.errors == []


def test_paper_has_all_of_them(person: Person) -> None:
    panels = [gauge("Gauge"), lanes("Lanes"), heat("Heat"), histogram("Histogram")]
    import_board(person, "On paper", panels, **DAYS)
    page = person.page
    page.evaluate("window.print = () => { window.isPrinted = true; }")
    page.keyboard.press("Control+p")
    page.wait_for_function("window.isPrinted === true")
    page.emulate_media(media="print")
    for title, part in (("Lanes", ".bar"), ("Heat", ".cells svg path"), ("Histogram", ".bar")):
        box = page.get_by_role("article", name=title).locator(part).first.bounding_box()
        assert box, title
        assert box["height"] > 5, title

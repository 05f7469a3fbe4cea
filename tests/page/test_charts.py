"""Charts as their files say: styles, thresholds, stacks, ranges of their own, repeats; one plot below each other."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, expect

from support.charts import custom, has_color, import_board, panel, plot_box
from support.page import Person, Site

COUNTS = (
    "SELECT $__timeInterval(timestamp) AS time, count() AS events FROM events "
    "WHERE $__timeFilter(timestamp) GROUP BY time ORDER BY time"
)
BY_SCOPE = COUNTS.replace("count() AS", "scope, count() AS").replace("GROUP BY time", "GROUP BY time, scope")
WEEK = {"time": {"from": "now-7d", "to": "now"}}


def test_charts_below_each_other_have_one_plot(person: Person) -> None:
    legend = {"legend": {"displayMode": "table", "placement": "right", "calcs": ["sum"]}}
    charts = [
        panel("With a legend", BY_SCOPE, options=legend),
        panel("Small numbers", COUNTS.replace("count()", "1")),
        panel("Large numbers", COUNTS.replace("count()", "123456789.5")),
    ]
    import_board(person, "One plot", charts, **WEEK)
    boxes = {plot_box(person.panel(chart["title"])) for chart in charts}
    assert len(boxes) == 1, boxes


def test_series_have_the_same_colours_on_each_visit(person: Person, site: Site, browser: Browser) -> None:
    def colors(who: Person) -> dict[str, str]:
        who.open("management")
        legend = who.panel("User activity").get_by_role("list", name="Series")
        expect(legend.get_by_role("button").nth(5)).to_be_visible()
        return dict(
            legend.evaluate(
                """list => [...list.querySelectorAll('button')].map(button =>
                    [button.querySelector('.label').textContent, button.querySelector('.dot').style.background])"""
            )
        )

    first = colors(person)
    assert len(set(first.values())) == min(len(first), 24)
    # In another order, among fewer, and after others were given colours.
    person.open("management", "?from=now-2d&to=now")
    assert colors(person) == first
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    other = Person(site, context, site.omar).log_in()
    same = [name for name, color in colors(other).items() if first[name] == color]
    context.close()
    assert len(same) == len(first)


def test_thresholds_are_lines_and_areas(person: Person) -> None:
    steps = [{"color": "transparent", "value": None}, {"color": "#aa0011", "value": 5}]

    def field(mode: str) -> dict:
        config = custom(thresholdsStyle={"mode": mode})
        config["defaults"] |= {"thresholds": {"mode": "absolute", "steps": steps}, "max": 10}
        return config

    flat = COUNTS.replace("count()", "1")
    import_board(person, "Thresholds", [panel(mode, flat, fieldConfig=field(mode)) for mode in ("line", "off")], **WEEK)
    assert has_color(person.panel("line"), (0xAA, 0, 0x11))
    assert not has_color(person.panel("off"), (0xAA, 0, 0x11))
    for mode in ("line", "off"):
        expect(person.panel(mode).get_by_role("button", name=re.compile("not drawn|not applied"))).to_have_count(0)


def test_what_is_not_drawn_is_named_on_the_panel(person: Person) -> None:
    odd = custom(gradientMode="hue", fillBelowTo="x")
    odd["defaults"]["unit"] = "currencyEUR"
    import_board(person, "Odd", [panel("Odd chart", COUNTS, fieldConfig=odd)], **WEEK)
    said = person.panel("Odd chart").get_by_role("button", name=re.compile("gradientMode is hue"))
    expect(said).to_have_accessible_name(re.compile("custom.fillBelowTo is not applied.*", re.DOTALL))
    expect(said).to_have_accessible_name(re.compile("currencyEUR is not known"))


@pytest.mark.parametrize(
    "options",
    [
        {"stacking": {"mode": "percent", "group": "A"}},
        {"scaleDistribution": {"type": "log", "log": 10}},
        {"scaleDistribution": {"type": "log", "log": 2}, "drawStyle": "bars"},
        {"lineInterpolation": "smooth", "fillOpacity": 30},
        {"lineInterpolation": "stepAfter"},
        {"axisPlacement": "right", "axisLabel": "Events"},
    ],
)
def test_styles_are_drawn_without_a_word(person: Person, options: dict) -> None:
    import_board(person, "Styles", [panel("Styled", BY_SCOPE, fieldConfig=custom(**options))], **WEEK)
    chart = person.panel("Styled")
    expect(chart.locator(".u-over")).to_be_visible()
    expect(chart.get_by_role("button", name=re.compile("not drawn|not applied"))).to_have_count(0)


def test_a_panel_has_a_range_of_its_own(person: Person) -> None:
    sql = "SELECT toString($__fromTime) AS begins"
    length = "SELECT toUnixTimestamp($__fromTime) AS s, toUnixTimestamp($__toTime) - s AS length"
    panels = [
        panel("Own", length, "table", timeFrom="2h"),
        panel("Shifted", sql, "table", timeShift="1d"),
        panel("Plain", sql, "table"),
    ]
    import_board(person, "Ranges", panels, time={"from": "2026-06-02", "to": "2026-06-03"}, timezone="utc")
    expect(person.panel("Plain")).to_contain_text("2026-06-02 00:00:00")
    expect(person.panel("Shifted")).to_contain_text("2026-06-01 00:00:00")
    expect(person.panel("Shifted")).to_contain_text("1d earlier")
    # Fixed dates are what somebody wanted to see.
    expect(person.panel("Own")).to_contain_text("172,799")
    person.page.goto(f"{person.page.url.partition('?')[0]}?from=now-7d&to=now")
    expect(person.panel("Own")).to_contain_text("7,200")
    expect(person.panel("Own")).to_contain_text("Last 2 hours")


def test_panels_and_rows_are_repeated_with_titles(person: Person) -> None:
    people = {
        "name": "who",
        "type": "custom",
        "query": "Lena : 1,Omar : 2,Mira : 3",
        "multi": True,
        "includeAll": True,
        "current": {"value": ["1", "3"]},
    }
    row = {"type": "row", "title": "Row of $who", "repeat": "who", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}}
    panels = [
        panel("Of $who", "SELECT toString($who) AS chosen", "table", repeat="who", repeatDirection="h"),
        row,
        panel("In ${who}", "SELECT toString($who) AS chosen", "table"),
    ]
    import_board(person, "Repeated", panels, templating={"list": [people]})
    page = person.page
    for title, value in (("Of Lena", "1"), ("Of Mira", "3"), ("In Lena", "1"), ("In Mira", "3")):
        expect(person.panel(title).locator("[role=rowgroup] [role=gridcell]")).to_have_text([value])
    expect(page.get_by_role("article")).to_have_count(4)
    expect(page.get_by_role("button", name="Row of Mira")).to_be_visible()
    first, second = person.panel("Of Lena").bounding_box(), person.panel("Of Mira").bounding_box()
    assert first
    assert second
    assert first["y"] == second["y"]
    assert second["x"] > first["x"] + first["width"]
    # One copy alone has an address.
    person.panel_menu("Of Mira", "View")
    expect(page.get_by_role("article")).to_have_count(1)
    page.reload()
    expect(person.panel("Of Mira")).to_be_visible()
    page.goto(f"{page.url.partition('?')[0]}?var-who=$__all")
    expect(person.panel("Of Omar").locator("[role=rowgroup] [role=gridcell]")).to_have_text(["2"])
    # Editing one is editing what all are made from.
    person.panel_menu("Of Omar", "Edit")
    page.get_by_role("dialog", name="Edit Of $who").get_by_label("Title").fill("For $who")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("article", name=re.compile("^For "))).to_have_count(3)
    page.on("dialog", lambda dialog: dialog.accept())


def test_a_figure_has_its_course(person: Person) -> None:
    stat = panel("Figure", COUNTS, "stat", options={"graphMode": "area", "reduceOptions": {"calcs": ["sum"]}})
    plain = panel("Plain", COUNTS, "stat", options={"graphMode": "none", "reduceOptions": {"calcs": ["sum"]}})
    import_board(person, "Figures", [stat, plain], **WEEK)
    expect(person.panel("Figure").locator("svg path.line")).to_have_attribute("d", re.compile(r"^M.*L"))
    expect(person.panel("Plain").locator("svg path.line")).to_have_count(0)


def test_a_chart_never_keeps_the_oldest_rows_alone(person: Person) -> None:
    buckets = """SELECT $__timeInterval(t) AS time, concat('series ', toString(n)) AS name, count() AS rows
        FROM (SELECT toDateTime64(toUnixTimestamp($__fromTime) + intDiv(number, 100) * 600, 3) AS t, number % 100 AS n
              FROM numbers(100800)) WHERE $__timeFilter(t) GROUP BY time, n ORDER BY time"""
    rows = """SELECT toDateTime(toUnixTimestamp($__fromTime) + number * 10) AS time, number AS n
        FROM numbers(60480) ORDER BY time"""
    import_board(person, "Many", [panel("Buckets", buckets), panel("Rows", rows)], **WEEK)
    for title, said in (("Buckets", "finer is more than 20,000 rows"), ("Rows", "The newest 20,000 rows")):
        chart = person.panel(title)
        expect(chart).to_contain_text(said)
        person.panel_menu(title, "Inspect")
        sheet = person.page.get_by_role("dialog", name=f"Inspect: {title}")
        expect(sheet.get_by_role("row").nth(1)).to_be_visible()
        person.page.keyboard.press("Escape")
    # Its last point is of the last hours.
    box = person.panel("Rows").locator(".u-over").bounding_box()
    assert box
    person.page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 40)
    expect(person.panel("Rows").locator(".tooltip .value")).to_have_text(re.compile(r"^60,[34]\d\d"))


def test_what_comes_after_a_folded_row_is_seen(person: Person) -> None:
    page = person.page
    inner = panel("Inside", "SELECT 1 AS n", "table") | {"id": 7}
    grid = {"x": 0, "y": 0, "w": 24, "h": 1}
    row = {"type": "row", "title": "Folded", "collapsed": True, "gridPos": grid, "panels": [inner]}
    import_board(person, "Rows", [row, panel("After", "SELECT 2 AS n", "table")])
    expect(person.panel("After")).to_be_visible()
    expect(page.get_by_role("article", name="Inside")).to_have_count(0)
    page.get_by_role("button", name="Folded").click()
    expect(person.panel("Inside")).to_be_visible()
    # Who looks changes nothing; who arranges does.
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)
    person.menu("Arrange panels")
    page.get_by_role("button", name="Folded").click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Save…").click()
    person.save("unfolded")
    expect(page.get_by_role("button", name="Save…")).to_have_count(0)
    uid = page.url.rpartition("/d/")[2].partition("?")[0]
    stored = json.loads((person.site.server.data_dir / f"dashboards/{uid}.json").read_text())
    assert [(one["type"], one.get("collapsed"), one.get("title")) for one in stored["panels"]] == [
        ("row", False, "Folded"),
        ("table", None, "Inside"),
        ("table", None, "After"),
    ]


def test_what_is_chosen_of_bars_and_pies_is_in_the_address(person: Person) -> None:
    sql = (
        "SELECT scope, count() AS events, uniqExact(user_id) AS people FROM events GROUP BY scope ORDER BY events DESC"
    )
    pie = "SELECT scope, count() AS events FROM events GROUP BY scope ORDER BY events DESC LIMIT 3"
    options = {"xField": "scope", "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"}}
    charts = [panel("Bars", sql, "barchart", options=options), panel("Shares", pie, "piechart")]
    import_board(person, "Chosen", charts, **WEEK)
    page = person.page
    bars = person.panel("Bars")
    legend = bars.get_by_role("list", name="Series").get_by_role("button")
    expect(legend).to_have_text(["events", "people"])
    n_groups = bars.get_by_role("list", name="Bars").get_by_role("listitem").count()
    drawn = bars.locator(".line")
    expect(drawn).to_have_count(2 * n_groups)
    legend.nth(1).click()
    expect(drawn).to_have_count(n_groups)
    assert person.query()["only.1"] == ["people"]
    shares = person.panel("Shares")
    parts = shares.get_by_role("row").get_by_role("button")
    expect(parts).to_have_count(3)
    parts.nth(0).click(modifiers=["Control"])
    hidden = person.query()["hide.2"]
    expect(shares.locator("circle")).to_have_count(2)
    # Shares are of what is left.
    percents = [float(text.rstrip("%")) for text in shares.locator(".share").all_inner_texts() if text != "–"]
    assert sum(percents) == pytest.approx(100, abs=0.2)
    page.reload()
    person.settled()
    expect(person.panel("Bars").locator(".line")).to_have_count(n_groups)
    expect(parts.nth(0)).to_have_attribute("aria-pressed", "false")
    assert person.query()["hide.2"] == hidden
    parts.nth(0).click(modifiers=["Control"])
    expect(shares.locator("circle")).to_have_count(3)
    assert "hide.2" not in person.query()

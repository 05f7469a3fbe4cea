"""Charts of the page: dashboards with one made-up query, and what is drawn of it."""

from __future__ import annotations

import json

from playwright.sync_api import Locator, expect

from support.page import Person, import_text


def panel(title: str, sql: str, panel_type: str = "timeseries", **more: object) -> dict:
    """A panel of the whole width, with one query."""
    target = {"refId": "A", "format": 0 if panel_type == "timeseries" else 1, "rawSql": sql}
    grid = {"x": 0, "y": 0, "w": 24, "h": 8}
    return {"type": panel_type, "title": title, "gridPos": grid, "targets": [target]} | more


def custom(**options: object) -> dict:
    return {"defaults": {"custom": options}, "overrides": []}


def import_board(person: Person, title: str, panels: list[dict], **more: object) -> None:
    """Imports a dashboard whose panels lie below each other, and opens it."""
    line = 0
    for number, one in enumerate(panels, 1):
        one["id"] = one.get("id", number)
        one["gridPos"] = one["gridPos"] | {"y": line}
        line += one["gridPos"]["h"]
    person.page.goto(f"{person.site.server.url}/analytics/")
    dialog = import_text(person.page, json.dumps({"title": title, "panels": panels, **more}))
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(person.page.get_by_role("heading", level=1, name=title)).to_be_visible()
    if panels:
        person.settled()


def plot_box(chart: Locator) -> tuple[int, int]:
    """Where the plot of a chart begins and how wide it is, px."""
    box = chart.locator(".u-over").bounding_box()
    assert box
    return round(box["x"]), round(box["width"])


def has_color(chart: Locator, rgb: tuple[int, int, int]) -> bool:
    """Whether the canvas has a pixel of a colour, more or less."""
    return chart.locator("canvas").evaluate(
        """(canvas, [r, g, b]) => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const near = (a, b) => Math.abs(a - b) < 5;
            for (let i = 0; i < data.length; i += 4)
                if (data[i + 3] > 200 && near(data[i], r) && near(data[i + 1], g) && near(data[i + 2], b)) return true;
            return false;
        }""",
        list(rgb),
    )

"""A dashboard that is made here, as a file for Grafana."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from support.charts import import_board
from support.page import Person


def exported(person: Person) -> dict:
    with person.page.expect_download() as download:
        person.menu("Export as a file")
    return json.loads(Path(download.value.path()).read_text(encoding="utf-8"))


def test_what_is_made_here_is_whole_for_grafana(person: Person) -> None:
    page = person.page
    import_board(person, "Made here", [])
    person.menu("Add a panel")
    page.get_by_role("dialog", name="Edit New panel").get_by_role("button", name="Discard").click()
    person.settled()
    person.menu("Settings")
    settings = page.get_by_role("dialog", name="Settings of this dashboard")
    settings.get_by_role("button", name="Add a filter").click()
    settings.get_by_role("button", name="Apply").click()
    file = exported(person)
    [asked] = file["__inputs"]
    assert (asked["type"], asked["pluginId"]) == ("datasource", "grafana-clickhouse-datasource")
    assert {one["id"] for one in file["__requires"]} == {"grafana", "grafana-clickhouse-datasource", "timeseries"}
    assert isinstance(file["schemaVersion"], int)
    source, users = file["templating"]["list"]
    assert (source["type"], source["current"]["value"]) == ("datasource", f"${{{asked['name']}}}")
    assert users["allValue"] == "-1"
    [panel] = file["panels"]
    [target] = panel["targets"]
    assert target["format"] == 0
    uids = {one["datasource"]["uid"] for one in (target, panel, users)}
    assert uids == {f"${{{source['name']}}}"}
    page.on("dialog", lambda dialog: dialog.accept())


def test_dashboards_of_one_title_are_told_apart(person: Person) -> None:
    page = person.page
    for _ in range(2):
        import_board(person, "Twins", [])
    uids = {page.url.rpartition("/d/")[2].partition("?")[0]}
    page.goto(f"{person.site.server.url}/analytics/")
    cards = page.get_by_role("link").filter(has_text="Twins")
    expect(cards).to_have_count(2)
    uids |= {one.get_attribute("href").rpartition("/d/")[2] for one in cards.all()}
    assert len(uids) == 2
    for uid in uids:
        assert any(uid in text for text in cards.all_inner_texts())

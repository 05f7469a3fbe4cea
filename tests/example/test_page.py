"""The example's page: what it shows of the events and the hours that it makes."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from example.conftest import Annotator, Tab


def test_the_page_shows_what_annoscope_counted(annotator: Annotator) -> None:
    page = annotator.log_in(annotator.open())
    annotator.new_task(page)
    tab = Tab(page)
    tab.box((100, 20), (200, 80))
    expect(page.locator("#waiting-events")).to_contain_text("draw:object")
    tab.tool("next")
    annotator.shows(page, 1)
    tab.save()
    # Of the browser and of the server, and what annoscope made of them.
    stored = page.locator("#stored-events")
    for scope in ("draw:object", "change:frame", "create:task", "create:shapes", "send:working_time"):
        expect(stored).to_contain_text(scope)
    expect(page.locator("#hours")).to_have_text(re.compile(r"^[1-9]\d*(\.\d)? s$|^0\.[1-9] s$"))
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("#waiting")).to_have_text("0")


def test_who_is_logged_in_at_the_tool_is_at_annoscope(annotator: Annotator) -> None:
    page = annotator.log_in(annotator.open())
    with annotator.context.expect_page() as opened:
        page.get_by_role("link", name="Dashboards").click()
    expect(opened.value.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()


def test_a_wrong_password_is_said(annotator: Annotator) -> None:
    page = annotator.open()
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Unable to log in with provided credentials.")

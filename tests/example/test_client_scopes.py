"""Every scope of a client, each by what a person does on the example's page, found among all events."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from example.conftest import Annotator, Tab
from support import ROOT

SCOPES = set(re.findall(r"'([a-z]+:[a-z_]+)'", (ROOT / "clients/browser/src/scopes.ts").read_text()))


def test_every_scope_of_a_client(annotator: Annotator) -> None:
    page = annotator.log_in(annotator.open())
    annotator.new_task(page)
    tab = Tab(page)
    objects = page.locator("#objects > div")

    # Boxes: drawn, moved, made larger, given another label, copied.
    tab.box((100, 20), (200, 80))
    tab.drag((150, 50), (300, 60))
    tab.drag((350, 90), (400, 120))
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(objects).to_have_count(2)
    objects.first.get_by_label("parked").check()
    objects.first.get_by_label("Label").select_option("person")
    tab.tool("undo")
    tab.tool("redo")
    tab.tool("detect")
    expect(objects).to_have_count(3)

    # Several at once.
    tab.box((500, 20), (560, 80))
    tab.box((600, 20), (660, 80))
    tab.choose((530, 50), (630, 50))
    tab.tool("group")
    tab.tool("join")
    tab.choose((580, 50))
    tab.tool("slice")
    tab.choose((540, 50))
    tab.tool("propagate")
    tab.tool("next")
    annotator.shows(page, 1)
    expect(objects).to_have_count(1)
    tab.tool("previous")
    annotator.shows(page, 0)
    tab.choose((540, 50))
    tab.tool("next")
    annotator.shows(page, 1)
    page.keyboard.down("Shift")
    tab.choose((540, 50))
    page.keyboard.up("Shift")
    tab.tool("merge")
    expect(objects).to_contain_text("Track")
    tab.tool("split")
    tab.choose((540, 50))
    tab.tool("lock")
    tab.tool("lock")
    tab.tool("remove")
    expect(objects).to_have_count(0)
    tab.tool("tidy")

    # The picture.
    page.locator("#canvas").hover()
    page.mouse.wheel(0, -300)
    tab.tool("rotate")
    tab.tool("fit")

    # The job.
    tab.save()
    tab.tool("statistics")
    tab.tool("measure")
    page.get_by_label("Workspace").select_option("Review")
    annotations = '{"version": 0, "tags": [], "shapes": [], "tracks": []}'
    page.locator("#file").set_input_files(
        {"name": "none.json", "mimeType": "application/json", "buffer": annotations.encode()}
    )
    expect(page.locator("#waiting-events")).to_contain_text("upload:annotations")
    # Until it is on the disk, a page that goes away may take it along.
    page.evaluate("allPersisted()")
    page.reload()
    annotator.shows(page, 0)
    tab.tool("fail")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()

    stored = {scope for (scope,) in annotator.rows("scope")}
    # It counts as working time, and is never stored.
    assert stored == SCOPES - {"user:activity"}
    assert "user:activity" in {event["scope"] for event in annotator.sent}
    assert annotator.hours_ms() > 0

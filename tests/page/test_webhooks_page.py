"""Webhooks of other tools, as administrators make and remove them."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import expect

from support import cvat_webhooks as cvat
from support.office import Office

SHOTS = os.environ.get("ANNOSCOPE_SCREENSHOTS")


def test_a_webhook_is_made_its_secret_shown_once_and_removed(office: Office, visit) -> None:
    page = visit(office.lena)
    page.get_by_role("navigation").get_by_role("link", name="Webhooks").click()
    expect(page.get_by_role("main")).to_contain_text("There are none yet.")
    page.keyboard.press("n")
    form = page.get_by_role("form", name="New webhook")
    form.get_by_label("Name").fill("a zoo")
    form.get_by_label("Tool").select_option("cvat")
    form.get_by_role("button", name="Make the webhook").click()
    expect(form.get_by_role("alert")).to_contain_text("letters, digits")
    form.get_by_label("Name").fill("zoo")
    page.keyboard.press("Enter")
    secret = page.get_by_role("textbox", name="Secret of zoo").input_value()
    expect(page.get_by_role("main")).to_contain_text(f"{office.server.url}/api/webhooks/zoo")
    content = cvat.body("create:task", cvat.TASK)
    assert cvat.deliver(office.server, "zoo", secret, content).status_code == 200
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / "webhooks.png")
    page.reload()
    row = page.get_by_role("row", name="zoo")
    expect(row).to_contain_text("20")
    expect(page.get_by_role("textbox", name="Secret of zoo")).to_have_count(0)
    row.get_by_role("button", name="Remove zoo").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove zoo").click()
    expect(page.get_by_role("main")).to_contain_text("There are none yet.")
    assert cvat.deliver(office.server, "zoo", secret, content).status_code == 404
    page = visit(office.carla, "admin/webhooks")
    expect(page.get_by_role("heading", name="Only for administrators")).to_be_visible()


def test_phone_width(office: Office, visit) -> None:
    office.server.cli("webhook", "add", "a-name-of-thirty-two-characters-", "--kind", "label-studio")
    for scheme in ("light", "dark"):
        page = visit(office.lena, "admin/webhooks", viewport={"width": 390, "height": 700}, color_scheme=scheme)
        expect(page.get_by_role("row", name="a-name-of")).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"webhooks-phone-{scheme}.png")
        assert width <= 390, width

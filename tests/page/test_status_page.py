"""How the server is, as administrators see it, and what everybody sees of a database that is behind."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from support.disk import DatabaseAway
from support.events import ingest, server_event
from support.office import Office, fill_login
from support.server import Server

# Longer than that the oldest has to wait to be told of.
BEHIND_S = 10


@pytest.fixture
def busy(make_server: Callable[..., Server]) -> Office:
    """An office whose queries do not wait for what the database has not taken."""
    office = Office(make_server(query_max_visibility_wait_ms="100ms"))
    assert ingest(office.server, [server_event(obj_id=1, task_id=1)]).status_code == 200
    return office


def figure(page: Page, section: str, name: str) -> str:
    region = page.get_by_role("region", name=section)
    return region.locator(f"dt:text-is('{name}') + dd").inner_text()


def test_the_status_is_a_tab_for_administrators(office: Office, visit) -> None:
    page = visit(office.lena)
    page.get_by_role("navigation").get_by_role("link", name="Status").click()
    expect(page.get_by_role("status").filter(has_text="Everything works.")).to_be_visible()
    assert page.url.endswith("/analytics/admin/status")
    assert re.fullmatch(r"[\d.]+ [KMG]iB\s+of [\d.]+ [MG]iB", figure(page, "Events", "Journal"))
    assert re.fullmatch(r"[\d.]+ [KMG]iB", figure(page, "Database", "File"))
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"DuckDB\s+\d+\.\d+\.\d+, serving"))
    # Known with the second answer.
    arriving = page.get_by_role("region", name="Events").locator("dt:text-is('Arriving') + dd")
    expect(arriving).to_have_text(re.compile(r"^[\d.]+ / s\s*$"), timeout=15_000)
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"serving\s+since 20\d\d-\d\d-\d\d"))
    page.reload()
    expect(page.get_by_role("status").filter(has_text="Everything works.")).to_be_visible()
    # By keys: asked at once, not in some seconds.
    with page.expect_request(lambda request: request.url.endswith("/api/admin/status"), timeout=3_000):
        page.keyboard.press("r")
    page = visit(office.carla, "admin/status")
    expect(page.get_by_role("heading", name="Only for administrators")).to_be_visible()
    expect(page.get_by_role("link", name="Status")).to_have_count(0)


def test_the_doctor_says_what_to_do(office: Office, visit) -> None:
    page = visit(office.lena, "admin/status")
    doctor = page.get_by_role("region", name="Doctor")
    expect(doctor.get_by_text("Nothing has to be looked at.")).to_be_visible(timeout=30_000)
    doctor.get_by_text(re.compile(r"\d+ parts as they should be")).click()
    expect(doctor.get_by_text("annoscope backup was never used here")).to_be_visible()
    dashboards = office.server.data_dir / "dashboards"
    dashboards.mkdir(exist_ok=True)
    (dashboards / "broken.json").write_text("{")
    doctor.get_by_role("button", name="Look again").click()
    expect(doctor).to_contain_text("dashboards/broken.json")
    expect(doctor).to_contain_text("Mend the file")
    # Not all works where there is something to mend.
    expect(page.get_by_role("status").first).to_contain_text("The doctor, below, has found 1 thing to look at.")
    expect(page.get_by_text("Everything works.")).to_have_count(0)
    assert figure(page, "Room", "Last backup") == "none"


def test_a_database_that_is_behind_is_told_of(busy: Office, visit) -> None:
    page = visit(busy.lena, "admin/status", at=busy)
    expect(page.get_by_role("status").filter(has_text="Everything works.")).to_be_visible()
    stored = figure(page, "Events", "In the database")
    database = DatabaseAway(busy.server)
    database.take()
    n_events = 1_234
    events = [server_event(obj_id=2 + number) for number in range(n_events)]
    assert ingest(busy.server, events).status_code == 200
    # It is asked for again by itself.
    expect(page.get_by_role("status")).to_contain_text(
        re.compile(r"The database is 1,23\d events behind; the oldest waits for 1\d s\."), timeout=BEHIND_S * 3_000
    )
    assert figure(page, "Events", "In the database") == stored

    database.put_back()
    expect(page.get_by_role("status")).to_have_text("Everything works.", timeout=30_000)


def test_what_may_lack_the_latest_events_says_so(busy: Office, visit) -> None:
    # The database takes nothing where there is that little room, and answers queries all the same.
    busy.server.stop()
    busy.server.start(store_min_free_bytes="1000TiB")
    assert ingest(busy.server, [server_event(obj_id=2)]).status_code == 200
    page = visit(busy.lena, "", at=busy)
    told = page.get_by_role("status").filter(has_text="The latest events may be missing here")
    expect(told).to_be_visible()
    page.goto(f"{busy.server.url}/analytics/d/all-events")
    panel = page.get_by_role("article", name="All events")
    mark = panel.get_by_role("button", name=re.compile("^The latest events"))
    expect(mark).to_have_text("behind")
    mark.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("the database takes them in late")
    page.keyboard.press("Escape")
    expect(mark).to_be_focused()
    page.goto(f"{busy.server.url}/analytics/")
    told.get_by_role("link", name="See the server's status").click()
    expect(page.get_by_role("status")).to_contain_text("the database takes no events", timeout=15_000)


def test_a_server_that_does_not_answer_is_told_of(visit, make_server: Callable[..., Server]) -> None:
    office = Office(make_server())
    page = visit(office.lena, "admin/status", at=office)
    expect(page.get_by_role("status")).to_have_text("Everything works.")
    office.server.stop()
    page.keyboard.press("r")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    # What was told last is still there.
    expect(page.get_by_role("region", name="Database")).to_be_visible()
    office.server.start()
    # It comes back by itself.
    expect(page.get_by_role("alert")).to_have_count(0, timeout=20_000)


def test_a_login_that_ends_ends_the_questions(office: Office, visit) -> None:
    page = visit(office.lena, "admin/status")
    expect(page.get_by_role("region", name="Database")).to_be_visible()
    page.context.clear_cookies()
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Log in again")).to_be_visible()
    fill_login(page, "lena", office.lena.password)
    with page.expect_response(lambda answer: answer.url.endswith("/api/admin/status")) as told:
        expect(page.get_by_role("dialog", name="Log in again")).to_have_count(0)
    assert told.value.status == 200
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_answer(office: Office) -> None:
    answer = requests.get(f"{office.server.url}/api/admin/status", headers=office.lena.headers, timeout=10)
    assert answer.status_code == 200, answer.text
    status = answer.json()
    # The page shows what the database did not tell as unknown: that has to be the exception.
    assert all(value is not None for value in status["database"].values()), status
    assert status["refused_because"] is None
    assert status["journal"]["position"] == status["journal"]["applied_position"]
    assert status["memory_bytes"] > 10 << 20
    assert status["restarts"] == {"count": 0, "latest": []}
    assert status["dead_letters"]["bytes"] == 0
    assert status["disk"]["free_bytes"] > status["disk"]["min_free_bytes"]
    assert office.get(office.carla, "/api/admin/status").status_code == 403

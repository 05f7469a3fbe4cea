"""Users and organizations in the page, as administrators manage them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Browser, expect

from support.events import event, now, send
from support.office import Office, confirm, fill_login, make_token, sheet_of
from support.page import Person, accessibility_problems
from support.server import Server, User

VIEWS = ["admin", "admin/users/{user}", "admin/users/new", "admin/organizations", "admin/organizations/{organization}"]
VIEWS += ["admin/organizations/new", "admin/status", "account"]


def test_a_user_is_made_and_the_password_shown_once(office: Office, visit) -> None:
    page = visit(office.lena, "")
    page.get_by_role("button", name="Account lena").click()
    page.get_by_role("menuitem", name="Administration").click()
    page.get_by_role("button", name="New user").click()
    sheet = page.get_by_role("dialog", name="New user")
    sheet.get_by_label("Name", exact=True).fill("carla")
    sheet.get_by_label("E-mail").fill("nina@example.com")
    sheet.get_by_role("button", name="Make the user").click()
    # The name is taken, and the field says so.
    expect(sheet.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(sheet.get_by_role("alert")).not_to_be_empty()
    sheet.get_by_label("Name", exact=True).fill("nina")
    sheet.get_by_label("Last name").fill("Okafor")
    sheet.get_by_role("button", name="Make the user").click()
    secret = page.get_by_role("textbox", name="Password of nina")
    password = secret.input_value()
    assert len(password) >= 12
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog", name=re.compile(r"^nina #\d+$"))).to_be_visible()
    expect(secret).to_have_count(0)
    page.reload()
    expect(page.get_by_role("dialog").get_by_label("Last name")).to_have_value("Okafor")
    assert password not in page.content()

    nina = visit(User("nina", password, "", ""), "")
    expect(nina.get_by_role("heading", name="No events of yours were recorded yet")).to_be_visible()
    nina.get_by_role("button", name="Account nina").click()
    nina.get_by_role("menuitem", name="Account").click()
    expect(nina.get_by_role("heading", name="Tokens")).to_be_visible()
    expect(nina.get_by_role("main")).to_contain_text("Okafor")


def test_a_user_keeps_the_id_of_another_system(office: Office, visit) -> None:
    page = visit(office.lena)
    page.get_by_role("button", name="New user").click()
    sheet = page.get_by_role("dialog", name="New user")
    sheet.get_by_label("Name", exact=True).fill("rosa")
    sheet.get_by_label("Id", exact=True).fill(str(office.id_of(office.lena)))
    sheet.get_by_label("Password").fill("a good password 7")
    sheet.get_by_role("button", name="Make the user").click()
    # It is another's, and the field says so.
    expect(sheet.get_by_label("Id", exact=True)).to_have_attribute("aria-invalid", "true")
    sheet.get_by_label("Id", exact=True).fill("4711")
    sheet.get_by_role("button", name="Make the user").click()
    expect(page.get_by_role("dialog", name="rosa #4711")).to_be_visible()


def test_the_start_guide_stays_until_work_is_recorded(make_server: Callable[..., Server], browser: Browser) -> None:
    server = make_server(audit="true")
    office = Office(server)
    context = browser.new_context()
    person = Person(office, context, office.lena)
    page = person.page
    page.goto(f"{server.url}/analytics/")
    fill_login(page, office.lena.name, office.lena.password)
    expect(page.get_by_role("heading", name="Nothing was recorded yet")).to_be_visible()
    # The audit trail is, and the guide has the port that is open.
    server.wait_until_applied()
    page.reload()
    port = server.ingest_url.rstrip("/").rpartition(":")[2]
    expect(page.get_by_text(f"DJANGO_LOG_SERVER_PORT={port}")).to_be_visible()
    assert send(server, office.carla, [event(at=now(), job_id=7)]).status_code == 201
    page.reload()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    context.close()
    assert person.errors == []


def test_an_untrusted_proxy_is_shown(office: Office, visit) -> None:
    headers = {"X-Forwarded-For": "198.51.100.1"}
    requests.get(f"{office.server.url}/healthz", headers=headers, timeout=10)
    page = visit(office.lena)
    note = page.get_by_role("note")
    expect(note).to_contain_text("127.0.0.1")
    expect(note).to_contain_text("proxy.trusted")


def test_a_token_may_no_more_than_it_says(office: Office, visit) -> None:
    finn = office.server.add_user("finn")
    page = visit(office.lena)
    token = make_token(sheet_of(page, "finn"), "camera", "send")
    camera = User("finn", "", "", token)
    assert send(office.server, camera, [event(at=now())]).status_code == 201
    assert office.get(camera, "/api/tokens").status_code == 403
    # The command line made the other one.
    sheet = page.get_by_role("dialog", name=re.compile("^finn #"))
    expect(sheet.get_by_role("row").filter(has_text="camera")).to_contain_text("send")
    sheet.get_by_role("button", name="Revoke camera").click()
    confirm(page, "Revoke the token camera?", "Revoke camera")
    expect(sheet.get_by_role("row").filter(has_text="camera")).to_have_count(0)
    assert send(office.server, camera, [event(at=now())]).status_code == 401
    assert office.get(finn, "/api/users/self").status_code == 200


def test_a_new_password_for_somebody_else(office: Office, visit) -> None:
    hugo = office.server.add_user("hugo")
    page = visit(office.lena, "admin?q=hugo")
    sheet = sheet_of(page, "hugo")
    sheet.get_by_role("button", name="Set the password").click()
    password = sheet.get_by_role("textbox", name="Password of hugo").input_value()
    me = f"{office.server.url}/api/users/self"
    assert requests.get(me, auth=("hugo", password), timeout=10).status_code == 200
    assert requests.get(me, auth=hugo.basic, timeout=10).status_code == 401


def test_rights_change_at_once(office: Office, visit) -> None:
    ivo = office.server.add_user("ivo")
    theirs = visit(ivo, "")
    expect(theirs.get_by_role("heading", name="No events of yours were recorded yet")).to_be_visible()
    page = visit(office.lena)
    form = sheet_of(page, "ivo").get_by_role("form", name="User")
    save = form.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    form.get_by_label("Analytics access").check()
    save.click()
    expect(form.get_by_role("status")).to_contain_text("Saved")
    theirs.reload()
    expect(theirs.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    expect(theirs.get_by_role("heading", name="No events of yours were recorded yet")).to_have_count(0)
    form.get_by_label("May log in").uncheck()
    save.click()
    expect(save).to_be_disabled()
    expect(page.get_by_role("row").filter(has_text="ivo@")).to_contain_text("inactive")
    assert office.get(ivo, "/api/users/self").status_code == 401
    theirs.reload()
    expect(theirs.get_by_label("Password")).to_be_visible()


def count_events(office: Office, user: User, organization: str) -> int:
    answer = requests.post(
        f"{office.server.url}/api/query",
        json={"sql": "SELECT count() AS n FROM events WHERE scope = 'click:element'", "from": "now-1d"},
        headers=user.headers | {"X-Organization": organization},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["rows"][0][0])


def test_an_organization_with_members_and_roles(office: Office, visit) -> None:
    jana = office.server.add_user("jana")
    page = visit(office.lena, "admin/organizations")
    page.get_by_role("button", name="New organization").click()
    sheet = page.get_by_role("dialog", name="New organization")
    sheet.get_by_label("Name").fill("Acme Roads")
    expect(sheet.get_by_label("Slug")).to_have_value("acme-roads")
    expect(sheet.get_by_label("Owner")).to_have_value("lena")
    sheet.get_by_role("button", name="Make the organization").click()
    sheet = page.get_by_role("dialog", name=re.compile("^acme-roads #"))
    expect(sheet.get_by_label("Role of lena")).to_have_value("owner")

    sheet.get_by_label("Add a user").fill("nobody")
    expect(sheet.get_by_role("alert").filter(has_text="no user nobody")).to_be_visible()
    sheet.get_by_label("Add a user").fill("jana")
    sheet.get_by_role("button", name="Add").click()
    expect(sheet.get_by_label("Role of jana")).to_have_value("worker")
    within = {"X-Organization": "acme-roads"}
    for user in (office.lena, jana):
        url = f"{office.server.url}/api/events"
        body = {"events": [event(at=now())], "timestamp": event(at=now())["timestamp"]}
        assert requests.post(url, json=body, headers=user.headers | within, timeout=10).status_code == 201
    assert count_events(office, jana, "acme-roads") == 1
    sheet.get_by_label("Role of jana").select_option("maintainer")
    expect(sheet.get_by_role("heading", name="Members 2")).to_be_visible()
    expect(sheet.get_by_label("Role of jana")).to_be_enabled()
    assert count_events(office, jana, "acme-roads") == 2

    sheet.get_by_role("link", name="jana").click()
    sheet = page.get_by_role("dialog", name=re.compile("^jana #"))
    expect(sheet.get_by_label("Role of acme-roads")).to_have_value("maintainer")
    sheet.get_by_role("button", name="Remove acme-roads").click()
    confirm(page, "Remove jana from acme-roads?", "Remove acme-roads")
    expect(sheet.get_by_label("Role of acme-roads")).to_have_count(0)
    refused = requests.post(url, json=body, headers=jana.headers | within, timeout=10)
    assert refused.status_code == 403

    page.get_by_role("navigation").get_by_role("link", name="Organizations").click()
    sheet = sheet_of(page, "acme-roads")
    sheet.get_by_label("Slug").fill("acme")
    sheet.get_by_role("button", name="Save").click()
    sheet = page.get_by_role("dialog", name=re.compile("^acme #"))
    sheet.get_by_role("button", name="Remove acme…").click()
    expect(page.get_by_role("dialog", name="Remove acme?")).to_contain_text("1 member")
    confirm(page, "Remove acme?", "Remove acme")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="acme", exact=True)).to_have_count(0)


def test_administrators_look_into_any_organization(office: Office, visit) -> None:
    office.server.add_org("south", office.lena)
    mia = office.server.add_user("mia", "admin")
    page = visit(mia, "admin/organizations")
    expect(page.get_by_role("button", name=re.compile("^Organization:"))).to_have_count(0)
    sheet_of(page, "south").get_by_role("link", name="Look at the events of south").click()
    page.get_by_role("button", name="Organization: south").click()
    expect(page.get_by_role("menuitemradio", name="south")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")
    # Neither another slug nor its end leaves one in an organization that is not there.
    page.get_by_role("button", name="Account mia").click()
    page.get_by_role("menuitem", name="Administration").click()
    page.get_by_role("navigation").get_by_role("link", name="Organizations").click()
    sheet = sheet_of(page, "south")
    sheet.get_by_label("Slug").fill("southern")
    sheet.get_by_role("button", name="Save").click()
    page.wait_for_url("**org=southern**")
    page.get_by_role("button", name="Remove southern…").click()
    confirm(page, "Remove southern?", "Remove southern")
    expect(page.get_by_role("button", name=re.compile("^Organization:"))).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="organization")).to_be_visible()


def test_the_last_administrator_is_kept(visit, make_server: Callable[..., Server]) -> None:
    office = Office(make_server())
    page = visit(office.lena, at=office)
    form = sheet_of(page, "lena").get_by_role("form", name="User")
    form.get_by_label("Privilege").select_option("user")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("admin")
    form.get_by_label("Privilege").select_option("admin")
    form.get_by_label("May log in").uncheck()
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("admin")
    form.get_by_label("May log in").check()
    page.get_by_role("button", name="Remove lena…").click()
    dialog = confirm(page, "Remove lena?", "Remove lena")
    expect(dialog.get_by_role("alert")).to_contain_text("admin")
    dialog.get_by_role("button", name="Cancel").click()
    assert office.get(office.lena, "/api/users/self").json()["privilege"] == "admin"

    # With a second one it goes, and whoever did it to themselves is out.
    sheet = page.get_by_role("dialog", name=re.compile("^lena #"))
    sheet.get_by_role("button", name="Close").click()
    form = sheet_of(page, "carla").get_by_role("form", name="User")
    form.get_by_label("Privilege").select_option("admin")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_contain_text("Saved")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    sheet_of(page, "lena").get_by_role("button", name="Remove lena…").click()
    expect(page.get_by_role("dialog", name="Remove lena?")).to_contain_text("your own account")
    confirm(page, "Remove lena?", "Remove lena")
    expect(page.get_by_label("Name or e-mail")).to_be_visible()


def test_users_are_found_and_opened_by_keys(office: Office, visit) -> None:
    for name in ("otto", "olga"):
        office.server.add_user(name, "worker")
    page = visit(office.lena)
    expect(page.get_by_role("button", name="New user")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("worker o")
    expect(page.get_by_role("status").filter(has_text=re.compile(r"^2 of \d+ users"))).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name=re.compile("^otto #"))
    expect(sheet).to_be_visible()
    page.reload()
    expect(sheet).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("worker o")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.get_by_role("button", name="Name").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
    expect(page.locator("tbody tr").first).to_contain_text("otto")
    page.keyboard.press("n")
    expect(page.get_by_role("dialog", name="New user").get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("from entry to entry")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Go to a dashboard")).to_be_visible()


def test_unsaved_changes_are_asked_about_once(office: Office, visit) -> None:
    page = visit(office.lena)
    sheet = sheet_of(page, "carla")
    sheet.get_by_label("First name").fill("Carla")
    asked: list[str] = []

    def stay(dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", stay)
    page.keyboard.press("Escape")
    expect(sheet.get_by_label("First name")).to_have_value("Carla")
    assert asked == ["Leave the changes of carla unsaved?"]
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    # Nothing is left to ask about.
    page.get_by_role("navigation").get_by_role("link", name="Organizations").click()
    expect(page.get_by_role("button", name="New organization")).to_be_visible()


def test_a_login_that_ends_keeps_what_was_typed(office: Office, visit) -> None:
    page = visit(office.lena)
    sheet = sheet_of(page, "carla")
    sheet.get_by_label("Last name").fill("Nguyen")
    page.context.clear_cookies()
    # Over a dialog that leaves nothing else to click.
    sheet.get_by_role("button", name="Remove carla…").click()
    removal = confirm(page, "Remove carla?", "Remove carla")
    again = page.get_by_role("dialog", name="Log in again")
    expect(again).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    fill_login(page, "lena", office.lena.password)
    expect(again).to_have_count(0)
    removal.get_by_role("button", name="Cancel").click()
    expect(sheet.get_by_label("Last name")).to_have_value("Nguyen")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_role("form", name="User").get_by_role("status")).to_contain_text("Saved")


def test_names_are_texts_whatever_they_hold(office: Office, visit) -> None:
    hostile = '<img src=x onerror="window.ran = 1">'

    def make(path: str, body: dict[str, str]) -> dict:
        url = f"{office.server.url}/api/{path}"
        answer = requests.post(url, json=body, headers=office.lena.headers, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.json()

    names = {"first_name": hostile, "last_name": "{{7*7}}", "email": "javascript:window.ran=1@x"}
    user = make("admin/users", {"username": "<svg onload=window.ran=1>", **names})
    make(f"admin/users/{user['id']}/tokens", {"name": hostile, "scope": "read"})
    organization = make("admin/organizations", {"slug": "hostile", "name": hostile, "owner": "lena"})
    make("tokens", {"name": hostile})
    page = visit(office.lena, "admin")
    shown = {"user": user["id"], "organization": organization["id"]}
    for view in [*VIEWS, "?org=hostile"]:
        page.goto(f"{office.server.url}/analytics/{view.format(**shown)}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.ran") is None, view
        assert page.locator("img[src=x], svg[onload]").count() == 0, view
    page.goto(f"{office.server.url}/analytics/{VIEWS[1].format(**shown)}")
    expect(page.get_by_text("<svg onload=window.ran=1>").first).to_be_visible()


@pytest.fixture(scope="module")
def furnished(office: Office) -> dict[str, int]:
    """A user and an organization that have everything there is to show."""
    petra = office.server.add_user("petra", "worker")
    organization = office.server.add_org("full-house", office.lena, worker=petra, supervisor=office.carla)
    return {"user": office.id_of(petra), "organization": organization}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(office: Office, visit, furnished: dict[str, int], scheme: str) -> None:
    page = visit(office.lena, color_scheme=scheme)
    for view in VIEWS:
        page.goto(f"{office.server.url}/analytics/{view.format(**furnished)}")
        page.wait_for_load_state("networkidle")
        assert accessibility_problems(page) == [], view
    make_token(page, f"shown {scheme}")
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="Copy").hover()
    assert accessibility_problems(page) == []
    page.get_by_role("button", name=f"Revoke shown {scheme}").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert accessibility_problems(page) == []
    page = visit(office.server.add_user(f"lone-{scheme}"), "", color_scheme=scheme)
    expect(page.get_by_role("heading", name="No events of yours were recorded yet")).to_be_visible()
    assert accessibility_problems(page) == []


def test_phone_width(office: Office, visit, furnished: dict[str, int]) -> None:
    page = visit(office.lena, viewport={"width": 390, "height": 844}, has_touch=True)
    for view in VIEWS:
        page.goto(f"{office.server.url}/analytics/{view.format(**furnished)}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
        sheet = page.get_by_role("dialog")
        if sheet.count():
            assert sheet.evaluate("e => e.querySelector('.content').scrollWidth - e.clientWidth") <= 0, view

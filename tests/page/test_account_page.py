"""One's own account in the page: tokens, the password, and the organization that one looks at."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, expect

from support.office import Office, confirm, fill_login, make_token
from support.server import Server, User
from support.small_cvat import CvatUser, SmallCvat


def test_a_token_is_shown_once_works_and_stops_at_once(office: Office, visit) -> None:
    ella = office.server.add_user("ella")
    page = visit(ella, "account", permissions=["clipboard-read", "clipboard-write"])
    token = make_token(page, "nightly")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    page.get_by_role("button", name="Done").click()
    holder = User("ella", "", "", token)
    assert office.get(holder, "/api/users/self").json()["username"] == "ella"
    page.reload()
    row = page.get_by_role("row").filter(has_text="nightly")
    expect(row).to_contain_text("used within a day")
    assert token not in page.content()
    row.get_by_role("button", name="Revoke nightly").click()
    dialog = page.get_by_role("dialog", name="Revoke the token nightly?")
    expect(dialog).to_contain_text("refused from its next request on")
    # Enter alone removes nothing.
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert office.get(holder, "/api/users/self").status_code == 200
    row.get_by_role("button", name="Revoke nightly").click()
    confirm(page, "Revoke the token nightly?", "Revoke nightly")
    expect(row).to_have_count(0)
    assert office.get(holder, "/api/users/self").status_code == 401


def test_ones_own_password(office: Office, visit) -> None:
    gwen = office.server.add_user("gwen")
    page, elsewhere = visit(gwen, "account"), visit(gwen, "account")
    form = page.get_by_role("form", name="Change the password")
    form.get_by_label("Password until now").fill("not mine")
    form.get_by_label("New password", exact=True).fill("quite another 42")
    form.get_by_label("New password again").fill("quite another")
    expect(form.get_by_role("alert")).to_have_text("The two are not the same.")
    expect(form.get_by_role("button")).to_be_disabled()
    form.get_by_label("New password again").fill("quite another 42")
    form.get_by_role("button").click()
    expect(form.get_by_label("Password until now")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Password until now").fill(gwen.password)
    form.get_by_role("button").click()
    expect(form.get_by_role("status")).to_have_text("Changed. Other logins have ended.")
    page.reload()
    expect(form).to_be_visible()
    elsewhere.reload()
    fill_login(elsewhere, "gwen", gwen.password)
    expect(elsewhere.get_by_role("alert")).not_to_be_empty()
    fill_login(elsewhere, "gwen", "quite another 42")
    expect(elsewhere.get_by_role("heading", name="Password")).to_be_visible()


def test_only_for_administrators(office: Office, visit) -> None:
    page = visit(office.carla, "admin/users/1")
    expect(page.get_by_role("heading", name="Only for administrators")).to_be_visible()
    page.get_by_role("button", name="Account carla").click()
    expect(page.get_by_role("menuitem", name="Account")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Administration")).to_have_count(0)
    assert office.get(office.carla, "/api/admin/users").status_code == 403


def test_the_organization_is_chosen_in_the_header(office: Office, visit) -> None:
    kim = office.server.add_user("kim")
    office.server.add_org("north", office.lena, maintainer=kim)
    # Who sees own events alone outside of organizations begins in one of them.
    page = visit(kim, "")
    expect(page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    assert page.url.endswith("/analytics/?org=north")
    expect(page.get_by_role("heading", name="Nothing was recorded in north yet")).to_be_visible()
    with page.expect_request(lambda request: request.url.endswith("/api/query")) as asked:
        page.get_by_role("link", name="Management").click()
    assert asked.value.headers["x-organization"] == "north"
    expect(page.get_by_role("heading", level=1, name="Management")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Organization: north")).to_be_visible()
    page.get_by_role("link", name="annoscope", exact=True).click()
    expect(page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    page.get_by_role("button", name="Organization: north").click()
    page.get_by_role("menuitemradio", name="Outside of organizations").click()
    expect(page.get_by_role("heading", name="No events of yours were recorded yet")).to_be_visible()
    assert "org=" not in page.url
    page.go_back()
    expect(page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    page.goto(f"{office.server.url}/analytics/?org=south")
    expect(page.get_by_role("heading", name="You are not a member of south")).to_be_visible()
    page.get_by_role("button", name="Go on outside of organizations").click()
    expect(page.get_by_role("heading", name="No events of yours were recorded yet")).to_be_visible()


def test_behind_cvat_the_page_says_whose_accounts_they_are(
    make_server: Callable[..., Server], browser: Browser
) -> None:
    root = CvatUser(31, "root", ["admin"], is_superuser=True)
    cvat = SmallCvat([root], {"acme": 71})
    server = make_server(auth="cvat", cvat_url=cvat.url).start()
    context = browser.new_context()
    context.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in root.cookies.items()])
    page = context.new_page()
    for path in ("account", "admin"):
        page.goto(f"{server.url}/analytics/{path}")
        expect(page.get_by_role("main")).to_contain_text("Accounts are CVAT's here")
        expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    with page.expect_event("dialog") as told:
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Account root").click()
        page.get_by_role("menuitem", name="Log out").click()
    assert "Accounts are CVAT's here" in told.value.message
    context.close()
    cvat.go_down()

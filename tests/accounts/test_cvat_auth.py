"""`auth = "cvat"`: CVAT says who somebody is, and the page and the API need no login of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from cvat_sdk import models
from cvat_sdk.api_client import ApiClient, Configuration
from playwright.sync_api import Browser, expect

from support import events, exports
from support.server import Server, User, wait_for
from support.small_cvat import CvatUser, SmallCvat


class Site:
    """annoscope beside a CVAT with two organizations."""

    def __init__(self, cvat: SmallCvat, server: Server) -> None:
        self.cvat = cvat
        self.server = server
        self.root, self.bea, self.max, self.olga, self.wim, self.nora = cvat.users

    def get(self, path: str, user: CvatUser | None = None, **headers: str) -> requests.Response:
        headers = {**(user.token if user else {}), **headers}
        return requests.get(self.server.url + path, headers=headers, timeout=30)

    def send(self, user: CvatUser, org: str = "", n: int = 1, **fields: object) -> requests.Response:
        body = events.body([events.event(obj_id=number, **fields) for number in range(n)])
        headers = {**user.token, "X-Organization": org}
        return requests.post(f"{self.server.url}/api/events", json=body, headers=headers, timeout=30)

    def seen(self, user: CvatUser, org: str = "") -> set[str] | int:
        """Whose events a query shows, or the status of a refusal."""
        sql = "SELECT DISTINCT concat(ifNull(user_name, ''), '@', ifNull(org_slug, '')) AS who FROM events"
        headers = {**user.token, "X-Organization": org}
        answer = requests.post(f"{self.server.url}/api/query", json={"sql": sql}, headers=headers, timeout=30)
        return {who for (who,) in answer.json()["rows"]} if answer.status_code == 200 else answer.status_code


@pytest.fixture
def cvat() -> Iterator[SmallCvat]:
    users = [
        CvatUser(31, "root", ["admin"], is_superuser=True),
        CvatUser(32, "bea", ["business"]),
        CvatUser(33, "max", ["worker"], has_analytics_access=True),
        CvatUser(34, "olga", ["user"], roles={"acme": "owner"}),
        CvatUser(35, "wim", ["worker"], roles={"acme": "worker"}),
        CvatUser(36, "nora", ["user"], roles={"other": "owner"}),
    ]
    cvat = SmallCvat(users, {"acme": 71, "other": 72})
    yield cvat
    cvat.go_down()


@pytest.fixture
def site(cvat: SmallCvat, make_server) -> Site:
    """Everything is asked anew, so that no test has to wait for what is remembered."""
    flags = {"auth": "cvat", "cvat_url": cvat.url, "cvat_cache_ms": 0, "cvat_refusal_cache_ms": 0}
    return Site(cvat, make_server(**flags).start())


def test_a_browser_s_session_at_cvat_works_here(site: Site) -> None:
    url, wim = site.server.url, site.wim
    me = requests.get(f"{url}/api/users/self", cookies=wim.cookies, timeout=30)
    assert me.status_code == 200, me.text
    assert (me.json()["id"], me.json()["username"]) == (35, "wim")
    assert me.json()["organizations"] == [{"id": 71, "slug": "acme", "name": "Acme", "role": "worker"}]
    body = events.body([events.event()])
    for headers, status in (
        ({}, 403),
        ({"X-CSRFToken": "wrong"}, 403),
        ({"X-CSRFToken": wim.cookies["csrftoken"]}, 201),
    ):
        sent = requests.post(f"{url}/api/events", json=body, cookies=wim.cookies, headers=headers, timeout=30)
        assert sent.status_code == status, sent.text
    assert requests.get(f"{url}/api/users/self", cookies={"sessionid": "stolen?"}, timeout=30).status_code == 401
    # CVAT is shown the session and nothing else of what the browser has.
    shown = [headers for _, headers in site.cvat.asked]
    assert {headers.get("cookie") for headers in shown} == {"sessionid=wim-session", "sessionid=stolen?"}
    assert not [headers for headers in shown if "x-csrftoken" in headers]


def test_cvat_sdk_with_every_kind_of_credentials(site: Site) -> None:
    kinds = {
        "Basic": {"username": "wim", "password": "wim-password"},
        "Token": {"api_key": {"tokenAuth": "wim-token"}, "api_key_prefix": {"tokenAuth": "Token"}},
        "Bearer": {"access_token": "wim-token"},
    }
    for kind, credentials in kinds.items():
        client = ApiClient(Configuration(host=site.server.url, **credentials))
        now = events.now()
        event = models.EventRequest(scope="click:element", timestamp=now, obj_name=kind)
        body = models.ClientEventsRequest(timestamp=now, events=[event])
        answer, response = client.events_api.create(body, org="acme")
        assert response.status == 201
        assert [(one.user_id, one.org_slug) for one in answer.events] == [(35, "acme")], kind
    wrong = ApiClient(Configuration(host=site.server.url, username="wim", password="wrong"))
    _, response = wrong.events_api.create(body, _check_status=False, _parse_response=False)
    assert response.status == 401


def test_events_are_sent_as_cvat_s_user_within_cvat_s_organization(site: Site) -> None:
    theirs = {"user_id": 31, "user_name": "root", "org_id": 72, "org_slug": "other"}
    for user, org, status in (
        *((site.wim, "acme", 201), (site.wim, "", 201), (site.olga, "acme", 201), (site.root, "other", 201)),
        # CVAT shows organizations to their members only: there is none of that name.
        *((site.wim, "other", 404), (site.nora, "acme", 404), (site.bea, "acme", 404), (site.wim, "nowhere", 404)),
    ):
        assert site.send(user, org, **theirs).status_code == status, (user.name, org)
    root = User("root", "", "", "root-token")
    rows = exports.rows(site.server, root)
    names = ("user_id", "user_name", "user_email", "org_id", "org_slug")
    assert sorted(tuple(row[name] for name in names) for row in rows) == [
        ("31", "root", "root@cvat.example.org", "72", "other"),
        ("34", "olga", "olga@cvat.example.org", "71", "acme"),
        ("35", "wim", "wim@cvat.example.org", "", ""),
        ("35", "wim", "wim@cvat.example.org", "71", "acme"),
    ]
    acme = {"olga@acme", "wim@acme"}
    for user, org, expected in (
        (site.root, "", {*acme, "wim@", "root@other"}),
        (site.bea, "", {*acme, "wim@", "root@other"}),
        (site.max, "", {*acme, "wim@", "root@other"}),
        (site.root, "acme", acme),
        (site.olga, "acme", acme),
        (site.wim, "acme", {"wim@acme"}),
        (site.wim, "", {"wim@acme", "wim@"}),
        (site.nora, "acme", 404),
    ):
        assert site.seen(user, org) == expected, (user.name, org)


def test_what_changes_in_cvat_counts_here(site: Site) -> None:
    for user in (site.olga, site.wim):
        assert site.send(user, "acme").status_code == 201
    assert site.seen(site.wim, "acme") == {"wim@acme"}
    site.wim.roles["acme"], site.wim.groups = "maintainer", ["user"]
    assert site.seen(site.wim, "acme") == {"wim@acme", "olga@acme"}
    del site.wim.roles["acme"]
    assert site.seen(site.wim, "acme") == 404
    site.wim.is_known = False
    assert site.get("/api/users/self", site.wim).status_code == 401


def test_forward_auth(site: Site) -> None:
    for user, status in (
        *((site.root, 200), (site.bea, 200), (site.max, 200)),
        *((site.olga, 403), (site.wim, 403), (None, 401)),
    ):
        assert site.get("/analytics/auth", user).status_code == status
        if user:
            # As Traefik passes a browser's request on.
            asked = requests.get(f"{site.server.url}/analytics/auth", cookies=user.cookies, timeout=30)
            assert asked.status_code == status
    assert site.get("/analytics/auth", Authorization="Token unknown").status_code == 401


def test_accounts_are_cvat_s(site: Site) -> None:
    login = {"username": "wim", "password": "wim-password"}
    url, root = site.server.url, site.root.token
    for method, path, body in (
        ("POST", "/api/auth/login", login),
        ("POST", "/api/auth/password/change", {}),
        ("GET", "/api/tokens", None),
        ("POST", "/api/tokens", {"name": "x"}),
        ("GET", "/api/admin/users", None),
        ("POST", "/api/admin/users", {"username": "x"}),
        ("GET", "/api/admin/organizations", None),
    ):
        answer = requests.request(method, url + path, json=body, headers=root, timeout=30)
        assert answer.status_code == 409, (path, answer.text)
        assert "CVAT" in answer.json()["detail"]
        assert "Set-Cookie" not in answer.headers
    # None is made up for the first start, whose password would open nothing.
    assert "password" not in site.server.log().lower()
    # Those in the data directory, from before, get in by nothing.
    local = site.server.add_user("local", "admin")
    assert site.get("/api/users/self", **local.headers).status_code == 401
    assert requests.get(f"{url}/api/users/self", auth=local.basic, timeout=30).status_code == 401


def test_while_cvat_is_down_who_was_known_goes_on(site: Site) -> None:
    assert site.send(site.wim, "acme").status_code == 201
    assert site.seen(site.bea) == {"wim@acme"}
    site.cvat.go_down()
    assert site.send(site.wim, "acme", n=2).status_code == 201
    assert site.seen(site.bea) == {"wim@acme"}
    # Somebody new, also one with wrong credentials: nobody can say.
    for headers in (site.olga.token, {"Authorization": "Token unknown"}):
        refused = site.get("/api/users/self", **headers)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
    # An organization that was not asked for before is as new.
    assert site.send(site.wim, "other").status_code == 503
    assert site.get("/api/users/self").status_code == 401
    assert site.get("/healthz").status_code == 200
    site.cvat.come_up()
    assert site.get("/api/users/self", site.olga).status_code == 200
    assert site.get("/api/users/self", Authorization="Token unknown").status_code == 401


def test_the_grace_has_an_end(cvat: SmallCvat, make_server) -> None:
    flags = {"cvat_cache_ms": 0, "cvat_grace_ms": "1s"}
    site = Site(cvat, make_server(auth="cvat", cvat_url=cvat.url, **flags).start())
    assert site.get("/api/users/self", site.wim).status_code == 200
    cvat.go_down()
    wait_for("the grace to end", lambda: site.get("/api/users/self", site.wim).status_code == 503, interval_s=0.1)


def test_cvat_is_not_asked_for_every_request(cvat: SmallCvat, make_server) -> None:
    site = Site(
        cvat, make_server(auth="cvat", cvat_url=cvat.url, cvat_cache_ms="1h", cvat_refusal_cache_ms="1h").start()
    )
    for _ in range(5):
        assert site.send(site.wim, "acme").status_code == 201
        assert site.get("/api/users/self", Authorization="Token unknown").status_code == 401
    paths = [path.partition("?")[0] for path, _ in cvat.asked]
    assert sorted(paths) == ["/api/memberships", "/api/organizations", "/api/users/self", "/api/users/self"]


def test_the_ingest_port_asks_cvat(cvat: SmallCvat, make_server) -> None:
    server = make_server(auth="cvat", cvat_url=cvat.url, ingest_listen="0.0.0.0:0").start()
    site = Site(cvat, server)
    for headers, status in (({}, 401), (site.wim.token, 403), (site.bea.token, 403), (site.root.token, 200)):
        assert events.ingest(server, [events.server_event()], headers=headers).status_code == status


def test_without_a_session_the_page_leads_to_cvat(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.server.url}/analytics/")
    expect(page.get_by_role("link", name="Log in to CVAT")).to_have_attribute("href", "/auth/login")
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_role("button", name="I am logged in").click()
    expect(page.get_by_role("alert")).to_contain_text("nobody is logged in")
    cookies = [{"name": name, "value": value, "url": site.server.url} for name, value in site.bea.cookies.items()]
    context.add_cookies(cookies)
    page.get_by_role("button", name="I am logged in").click()
    expect(page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    context.close()


def test_the_page_needs_no_login_of_its_own(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    cookies = [{"name": name, "value": value, "url": site.server.url} for name, value in site.bea.cookies.items()]
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{site.server.url}/analytics/")
    expect(page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    expect(page.get_by_label("Password")).to_have_count(0)
    context.close()


def test_programs_have_accounts_of_their_own_at_clickhouse_s_port(cvat: SmallCvat, make_server) -> None:
    """CVAT's server makes its table while it starts: before it can say who anybody is."""
    server = make_server(auth="cvat", cvat_url=cvat.url, clickhouse_listen="127.0.0.1:0").start()
    server.add_user("cvat", "admin", password="its own")
    cvat.go_down()

    def ask(user: str, password: str, sql: str) -> int:
        credentials = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
        return requests.post(server.clickhouse_url, data=sql, headers=credentials, timeout=30).status_code

    assert ask("cvat", "its own", "CREATE DATABASE IF NOT EXISTS cvat") == 200
    assert ask("cvat", "its own", "SELECT count() FROM cvat.events") == 200
    assert ask("cvat", "another", "SELECT 1") == 403
    assert ask("lena", "lena", "SELECT 1") == 503
    # At the API the accounts are CVAT's alone.
    answer = requests.get(f"{server.url}/api/users/self", auth=("cvat", "its own"), timeout=30)
    assert answer.status_code == 503

"""Who may send, see and export, with cvat-sdk and curl's kinds of credentials; every change counts at the next request.

`rights/tests.rs` has every route for every kind of caller. Here a few of them go all the way to the rows.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Iterator

import pytest
import requests
from cvat_sdk import models
from cvat_sdk.api_client import ApiClient, Configuration

from support import events, exports
from support.server import Server, User, check_log, wait_for

NUMBERS = itertools.count()
KINDS = ["basic", "token", "bearer"]
BOARD = {"dashboard": {"title": "Mine", "panels": []}}


def sdk(server: Server, user: User, kind: str, org: str = "") -> ApiClient:
    """cvat-sdk with one kind of credentials, for an organization."""
    credentials = {
        "basic": {"username": user.name, "password": user.password},
        "token": {"api_key": {"tokenAuth": user.token}, "api_key_prefix": {"tokenAuth": "Token"}},
        "bearer": {"access_token": user.token},
    }
    client = ApiClient(Configuration(host=server.url, **credentials[kind]))
    client.set_default_header("X-Organization", org)
    return client


def push(client: ApiClient) -> int:
    """Sends an event; returns the status."""
    now = events.now()
    event = models.EventRequest(scope="click:element", timestamp=now, obj_id=next(NUMBERS))
    body = models.ClientEventsRequest(timestamp=now, events=[event])
    _, response = client.events_api.create(body, _check_status=False, _parse_response=False)
    return response.status


def export(client: ApiClient, **query: object) -> set[str] | int:
    """Whose events are exported, as `name@organization`; or the status of a refusal."""
    more = {"_check_status": False, "_parse_response": False}
    _, response = client.events_api.list(**query, **more)
    if response.status != 202:
        return response.status
    query["query_id"] = response.json()["query_id"]
    wait_for("the export", lambda: client.events_api.list(**query, **more)[1].status == 201)
    _, response = client.events_api.list(action="download", **query, **more)
    assert response.status == 200
    return {f"{row['user_name']}@{row['org_slug']}" for row in exports.parse(response.data)}


def statuses(server: Server, headers: dict[str, str], org: str = "") -> dict[str, int]:
    """What somebody gets who sends, exports and asks a query."""
    headers = {**headers, "X-Organization": org}
    body = events.body([events.event(obj_id=next(NUMBERS))])
    ways = {
        "send": ("POST", "/api/events", body),
        "export": ("GET", "/api/events", None),
        "query": ("POST", "/api/query", {"sql": "SELECT count() FROM events"}),
    }
    return {
        name: requests.request(method, server.url + path, json=body, headers=headers, timeout=30).status_code
        for name, (method, path, body) in ways.items()
    }


def seen(server: Server, user: User, org: str = "") -> set[str] | int:
    """Whose events a query of the user shows, or the status of a refusal."""
    sql = "SELECT DISTINCT concat(ifNull(user_name, ''), '@', ifNull(org_slug, '')) AS who FROM events"
    headers = {**user.headers, "X-Organization": org}
    answer = requests.post(f"{server.url}/api/query", json={"sql": sql}, headers=headers, timeout=30)
    return {who for (who,) in answer.json()["rows"]} if answer.status_code == 200 else answer.status_code


class World:
    """Two organizations, and events of everybody within them and outside."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.root = server.add_user("root", "admin")
        self.bea = server.add_user("bea", "business")
        self.olga, self.mia, self.sam, self.nora = (server.add_user(name) for name in ("olga", "mia", "sam", "nora"))
        self.wim = server.add_user("wim", "worker")
        self.acme = server.add_org("acme", self.olga, maintainer=self.mia, supervisor=self.sam, worker=self.wim)
        self.other = server.add_org("other", self.nora)
        for user, org in (
            *((self.olga, "acme"), (self.mia, "acme"), (self.sam, "acme"), (self.wim, "acme"), (self.nora, "other")),
            *((self.olga, ""), (self.wim, ""), (self.bea, ""), (self.root, "")),
        ):
            assert push(sdk(server, user, "token", org)) == 201

    def id_of(self, name: str) -> int:
        user: User = getattr(self, name)
        return requests.get(f"{self.server.url}/api/users/self", headers=user.headers, timeout=10).json()["id"]


ACME = {"olga@acme", "mia@acme", "sam@acme", "wim@acme"}
EVERYTHING = {*ACME, "nora@other", "olga@", "wim@", "bea@", "root@"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("rights")
    server = Server(directory / "data", directory / "server.log").start()
    yield World(server)
    server.close()
    check_log(server)


@pytest.mark.parametrize("kind", KINDS)
def test_events_are_sent_within_own_organizations_only(make_server, kind: str) -> None:
    server = make_server().start()
    olga, wim, nora = server.add_user("olga"), server.add_user("wim", "worker"), server.add_user("nora")
    server.add_org("acme", olga, worker=wim)
    server.add_org("other", nora)
    root = server.add_user("root", "admin")
    for user, org, status in (
        *((olga, "acme", 201), (wim, "acme", 201), (wim, "", 201)),
        *((olga, "other", 403), (wim, "other", 403), (nora, "acme", 403), (wim, "nowhere", 404)),
        (root, "other", 201),
    ):
        assert push(sdk(server, user, kind, org)) == status, (user.name, org)
    rows = exports.rows(server, root)
    sent = sorted((row["user_name"], row["org_slug"]) for row in rows)
    assert sent == [("olga", "acme"), ("root", "other"), ("wim", ""), ("wim", "acme")]


EXPORTS = [
    # Who, for which organization, with which filter; whose events come out, or the status.
    ("wim", "acme", {}, {"wim@acme"}),
    ("wim", "", {}, {"wim@acme", "wim@"}),
    ("sam", "acme", {}, {"sam@acme"}),
    ("mia", "acme", {}, ACME),
    ("olga", "acme", {}, ACME),
    ("olga", "", {}, {"olga@acme", "olga@"}),
    ("olga", "acme", {"user_id": "wim"}, {"wim@acme"}),
    ("olga", "acme", {"user_id": "nora"}, set()),
    ("olga", None, {"org_id": "acme"}, ACME),
    ("bea", "", {}, {"bea@"}),
    ("root", "", {}, EVERYTHING),
    ("root", "acme", {}, ACME),
    ("root", "", {"user_id": "olga"}, {"olga@acme", "olga@"}),
    # What asks for more than one's own is refused, never narrowed in silence.
    ("wim", "acme", {"user_id": "olga"}, 403),
    ("wim", "", {"user_id": "olga"}, 403),
    ("sam", "acme", {"user_id": "wim"}, 403),
    ("bea", "", {"user_id": "wim"}, 403),
    ("olga", "", {"user_id": "wim"}, 403),
    ("olga", "other", {}, 403),
    ("olga", None, {"org_id": "other"}, 403),
    ("bea", "acme", {}, 403),
    ("olga", "acme", {"org_id": "other"}, 400),
]


@pytest.mark.parametrize("kind", KINDS)
def test_exports(world: World, kind: str) -> None:
    for name, org, query, expected in EXPORTS:
        client = sdk(world.server, getattr(world, name), kind, org or "")
        if org is None:
            client.default_headers.pop("X-Organization")
        ids = {"user_id": world.id_of, "org_id": lambda slug: getattr(world, slug)}
        query = {key: ids[key](value) for key, value in query.items()}
        assert export(client, **query) == expected, (name, org, query)


def test_the_newer_export_has_the_same_rules(world: World) -> None:
    for name, org, query, expected in EXPORTS:
        if org is None:
            continue
        ids = {"user_id": world.id_of, "org_id": lambda slug: getattr(world, slug)}
        query = {key: ids[key](value) for key, value in query.items()}
        client = sdk(world.server, getattr(world, name), "token", org)
        _, response = client.events_api.create_export(**query, _check_status=False, _parse_response=False)
        assert response.status == (expected if isinstance(expected, int) else 202), (name, org, query)


QUERIES = [
    ("root", "", EVERYTHING),
    ("root", "acme", ACME),
    ("bea", "", EVERYTHING),
    ("bea", "acme", 403),
    ("olga", "acme", ACME),
    ("olga", "", {"olga@acme", "olga@"}),
    ("olga", "other", 403),
    ("sam", "acme", {"sam@acme"}),
    ("wim", "acme", {"wim@acme"}),
    ("wim", "", {"wim@acme", "wim@"}),
]


@pytest.mark.parametrize(("name", "org", "expected"), QUERIES)
def test_queries(world: World, name: str, org: str, expected: set[str] | int) -> None:
    user: User = getattr(world, name)
    assert seen(world.server, user, org) == expected
    # What a proxy asks before it lets somebody to another analytics page, which has no rows of one's own.
    headers = {**user.headers, "X-Organization": org}
    asked = requests.get(f"{world.server.url}/analytics/auth", headers=headers, timeout=10)
    sees_own_alone = not org and name not in ("root", "bea")
    assert asked.status_code == (403 if sees_own_alone else expected if isinstance(expected, int) else 200)


@pytest.mark.parametrize(
    ("name", "org", "sees_all"), [("root", "", True), ("root", "acme", False), ("wim", "acme", False)]
)
def test_how_many_events_there_are_is_told_to_who_sees_them(world: World, name: str, org: str, sees_all: bool) -> None:
    user: User = getattr(world, name)

    def ask(sql: str) -> dict:
        headers = {**user.headers, "X-Organization": org}
        return requests.post(f"{world.server.url}/api/query", json={"sql": sql}, headers=headers, timeout=30).json()

    sql = "SELECT scope, count() FROM events GROUP BY scope"
    n_read = ask(sql)["stats"]["rows_read"]
    assert (n_read is not None and n_read > 0) if sees_all else n_read is None
    # The store's plan tells it, too, and the least and greatest values of all rows beside it.
    plan = ask(f"EXPLAIN {sql}")
    assert ("rows" in plan) if sees_all else plan["error"]["kind"] == "forbidden", plan
    assert ask(f"EXPLAIN SYNTAX {sql}")["rows"]


def test_fields_of_the_body_do_not_say_who_somebody_is(server: Server, admin: User) -> None:
    olga, wim = server.add_user("olga"), server.add_user("wim", "worker")
    acme = server.add_org("acme", olga, worker=wim)
    theirs = {"user_id": 1, "user_name": "root", "user_email": "root@example.com", "source": "server"}
    org = {"org_id": acme + 1, "org_slug": "other"}
    begin = events.now()
    for slug in ("acme", ""):
        day = [events.event(obj_id=next(NUMBERS), **theirs, **org, job_id=1) for _ in range(2)]
        body = events.body(day, previous=events.event("draw:object", begin, **theirs, **org, job_id=1))
        headers = {**wim.headers, "X-Organization": slug}
        answer = requests.post(f"{server.url}/api/events", json={**body, **theirs, **org}, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
    rows = exports.rows(server, admin)
    assert {row["user_name"] for row in rows} == {"wim"}
    assert {row["user_email"] for row in rows} == {"wim@example.com"}
    assert {(row["org_id"], row["org_slug"]) for row in rows} == {(str(acme), "acme"), ("", "")}
    assert {row["source"] for row in events.without_working_time(rows)} == {"client"}


def test_an_expired_token_stops(server: Server, admin: User) -> None:
    text = server.cli("user", "token", admin.name, "--name", "soon", "--expires-in-days", "1").strip()
    headers = {"Authorization": f"Token {text}"}
    assert set(statuses(server, headers).values()) == {201, 202, 200}
    # A day later, as the server sees it.
    with sqlite3.connect(server.data_dir / "state.sqlite", timeout=10) as state:
        expired = state.execute("UPDATE tokens SET expires_ms = ? WHERE name = 'soon'", [time.time_ns() // 1_000_000])
        assert expired.rowcount == 1
    state.close()
    assert set(statuses(server, headers).values()) == {401}
    listed = requests.get(f"{server.url}/api/tokens", headers=admin.headers, timeout=10).json()["results"]
    assert [token["name"] for token in listed] == ["token"]
    # The others of the same user are none the worse.
    assert set(statuses(server, admin.headers).values()) == {201, 202, 200}


@pytest.mark.parametrize("by", ["owner", "administrator", "command line"])
def test_a_revoked_token_stops_at_once(server: Server, admin: User, by: str) -> None:
    bea = server.add_user("bea", "business")
    own = f"{server.url}/api/tokens"
    made = requests.post(own, json={"name": "laptop"}, headers=bea.headers, timeout=10)
    assert made.status_code == 201, made.text
    token, headers = made.json(), {"Authorization": f"Bearer {made.json()['token']}"}
    assert set(statuses(server, headers).values()) == {201, 202, 200}
    bea_id = requests.get(f"{server.url}/api/users/self", headers=headers, timeout=10).json()["id"]
    if by == "command line":
        server.cli("user", "token", "bea", "--revoke", "laptop")
    else:
        url = f"{own}/{token['id']}"
        if by == "administrator":
            url = f"{server.url}/api/admin/users/{bea_id}/tokens/{token['id']}"
        who = admin if by == "administrator" else bea
        assert requests.delete(url, headers=who.headers, timeout=10).status_code == 204
        assert requests.delete(url, headers=who.headers, timeout=10).status_code == 404
    assert set(statuses(server, headers).values()) == {401}
    assert set(statuses(server, bea.headers).values()) == {201, 202, 200}


def test_nobody_revokes_the_tokens_of_others(server: Server, admin: User, anna: User) -> None:
    bea = server.add_user("bea", "business")
    url = f"{server.url}/api/tokens"
    [token] = requests.get(url, headers=bea.headers, timeout=10).json()["results"]
    for other in (anna, admin):
        assert requests.delete(f"{url}/{token['id']}", headers=other.headers, timeout=10).status_code == 404
    assert set(statuses(server, bea.headers).values()) == {201, 202, 200}


def test_memberships_and_roles_count_at_once(server: Server) -> None:
    olga, wim = server.add_user("olga"), server.add_user("wim")
    server.add_org("acme", olga, worker=wim)
    for user in (olga, wim):
        assert push(sdk(server, user, "token", "acme")) == 201
    assert seen(server, wim, "acme") == {"wim@acme"}
    server.cli("org", "member", "acme", "wim", "--role", "maintainer")
    assert seen(server, wim, "acme") == {"wim@acme", "olga@acme"}
    assert export(sdk(server, wim, "token", "acme")) == {"wim@acme", "olga@acme"}
    server.cli("org", "member", "acme", "wim", "--role", "supervisor")
    assert seen(server, wim, "acme") == {"wim@acme"}
    server.cli("org", "member", "acme", "wim", "--remove")
    assert set(statuses(server, wim.headers, "acme").values()) == {403}
    # What was sent as a member is the user's own, and stays so.
    assert export(sdk(server, wim, "token")) == {"wim@acme"}
    server.cli("org", "remove", "acme")
    assert set(statuses(server, olga.headers, "acme").values()) == {404}


def test_a_file_is_no_longer_ones_own_when_the_rights_to_its_events_end(server: Server) -> None:
    olga, mia = server.add_user("olga"), server.add_user("mia")
    server.add_org("acme", olga, maintainer=mia)
    for user in (olga, mia):
        assert push(sdk(server, user, "token", "acme")) == 201
    within = {**mia.headers, "X-Organization": "acme"}

    def finished(**query: object) -> str:
        """The address of a file of events of the organization."""
        address = f"{server.url}/api/events/export"
        started = requests.post(address, params=query, headers=within, timeout=10).json()["rq_id"]
        request = f"{server.url}/api/requests/{started}"
        wait_for("the file", lambda: requests.get(request, headers=within, timeout=10).json()["status"] == "finished")
        return requests.get(request, headers=within, timeout=10).json()["result_url"]

    me = requests.get(f"{server.url}/api/users/self", headers=mia.headers, timeout=10).json()
    of_all, of_mia = finished(), finished(user_id=me["id"])
    query_id = exports.start(server, mia, org="acme")
    exports.finish(server, mia, query_id)
    by_query = {"query_id": query_id, "action": "download"}

    def statuses_of_files() -> list[int]:
        files = [(of_all, {}), (of_mia, {}), (f"{server.url}/api/events", by_query)]
        # HEAD answers as GET, and forgets no file.
        return [requests.head(url, params=more, headers=mia.headers, timeout=10).status_code for url, more in files]

    assert statuses_of_files() == [200, 200, 403]
    server.cli("org", "member", "acme", "mia", "--role", "worker")
    assert statuses_of_files() == [403, 200, 403]
    server.cli("org", "member", "acme", "mia", "--role", "maintainer")
    by_query["org"] = "acme"
    assert statuses_of_files() == [200, 200, 200]
    server.cli("org", "member", "acme", "mia", "--remove")
    assert statuses_of_files() == [403, 403, 403]
    # One's own events are, outside of the organization.
    assert requests.get(of_mia.partition("&org_id")[0], headers=mia.headers, timeout=10).status_code == 200


def test_privileges_and_activity_count_at_once(server: Server) -> None:
    server.add_user("root", "admin")
    wim = server.add_user("wim", "worker")
    with requests.Session() as session:
        login = session.post(
            f"{server.url}/api/auth/login", json={"username": "wim", "password": wim.password}, timeout=10
        )
        assert login.status_code == 200
        ways = {"token": wim.headers, "login": {"Authorization": f"Token {login.json()['key']}"}}
        assert requests.get(f"{server.url}/api/users/self", auth=wim.basic, timeout=10).status_code == 200

        assert requests.get(f"{server.url}/api/admin/users", headers=wim.headers, timeout=10).status_code == 403
        server.cli("user", "set", "wim", "--privilege", "admin")
        assert seen(server, wim) == set()
        assert requests.get(f"{server.url}/api/admin/users", headers=wim.headers, timeout=10).status_code == 200
        server.cli("user", "set", "wim", "--privilege", "worker")
        assert requests.get(f"{server.url}/api/admin/users", headers=wim.headers, timeout=10).status_code == 403

        server.cli("user", "set", "wim", "--active", "false")
        for name, headers in ways.items():
            assert set(statuses(server, headers).values()) == {401}, name
        assert requests.get(f"{server.url}/api/users/self", auth=wim.basic, timeout=10).status_code == 401
        assert session.get(f"{server.url}/api/users/self", timeout=10).status_code == 401
        server.cli("user", "set", "wim", "--active", "true")
        assert statuses(server, wim.headers)["send"] == 201
        # Logins ended with it; the token is a thing of its own.
        assert session.get(f"{server.url}/api/users/self", timeout=10).status_code == 401


SCOPES = [
    # Method, path and body of an administrator's request; the status with a token for all, for reading, for sending.
    ("GET", "/api/users/self", None, (200, 200, 200)),
    ("POST", "/api/events", {"timestamp": events.iso(events.now())}, (201, 403, 201)),
    ("GET", "/api/events", None, (202, 202, 403)),
    ("POST", "/api/events/export", None, (202, 202, 403)),
    ("GET", "/api/requests", None, (200, 200, 403)),
    ("POST", "/api/query", {"sql": "SELECT 1"}, (200, 200, 403)),
    ("GET", "/api/dashboards", None, (200, 200, 403)),
    ("GET", "/analytics/auth", None, (200, 200, 403)),
    ("POST", "/api/dashboards", BOARD, (201, 403, 403)),
    # A narrow token does not make itself a wide one.
    ("GET", "/api/tokens", None, (200, 403, 403)),
    ("POST", "/api/tokens", {"name": "wide"}, (201, 403, 403)),
    ("POST", "/api/auth/password/change", {}, (400, 403, 403)),
    ("GET", "/api/admin/users", None, (200, 403, 403)),
]


def test_scopes_of_tokens(server: Server, admin: User) -> None:
    tokens = [
        server.cli("user", "token", "root", "--scope", scope, "--name", scope).strip()
        for scope in ("all", "read", "send")
    ]
    for method, path, body, expected in SCOPES:
        found = tuple(
            requests.request(
                method, server.url + path, json=body, headers={"Authorization": f"Token {token}"}, timeout=30
            ).status_code
            for token in tokens
        )
        assert found == expected, (method, path)


def test_marked_accounts_see_all_and_change_nothing(server: Server, admin: User) -> None:
    max_ = server.add_user("max", "worker")
    server.add_org("acme", admin)
    for user, org in ((admin, "acme"), (max_, "")):
        assert push(sdk(server, user, "token", org)) == 201
    assert seen(server, max_) == {"max@"}
    server.cli("user", "set", "max", "--analytics-access", "true")
    assert seen(server, max_) == {"root@acme", "max@"}
    assert seen(server, max_, "acme") == 403
    assert export(sdk(server, max_, "token")) == {"max@"}
    saved = requests.post(f"{server.url}/api/dashboards", json=BOARD, headers=max_.headers, timeout=10)
    assert saved.status_code == 403
    server.cli("user", "set", "max", "--analytics-access", "false")
    assert seen(server, max_) == {"max@"}


def test_an_installation_may_show_analytics_to_administrators_only(make_server) -> None:
    server = make_server(analytics_visibility="false", business_edits_dashboards="true").start()
    root, bea, max_ = server.add_user("root", "admin"), server.add_user("bea", "business"), server.add_user("max")
    server.cli("user", "set", "max", "--analytics-access", "true")
    server.add_org("acme", max_, worker=bea)
    for user in (root, bea, max_):
        assert push(sdk(server, user, "token", "acme")) == 201
    assert seen(server, root) == {"root@acme", "bea@acme", "max@acme"}
    for user, in_acme in ((bea, {"bea@acme"}), (max_, {"root@acme", "bea@acme", "max@acme"})):
        assert seen(server, user) == {f"{user.name}@acme"}
        asked = requests.get(f"{server.url}/analytics/auth", headers=user.headers, timeout=10)
        assert asked.status_code == 403
        assert seen(server, user, "acme") == in_acme
        # Who sees own events alone saves no dashboards.
        saved = requests.post(f"{server.url}/api/dashboards", json=BOARD, headers=user.headers, timeout=10)
        assert saved.status_code == 403


@pytest.mark.parametrize(("setting", "status"), [("false", 403), ("true", 201)])
def test_business_may_edit_dashboards_where_it_is_set(make_server, setting: str, status: int) -> None:
    server = make_server(business_edits_dashboards=setting).start()
    bea, max_ = server.add_user("bea", "business"), server.add_user("max")
    server.cli("user", "set", "max", "--analytics-access", "true")
    url = f"{server.url}/api/dashboards"
    assert requests.post(url, json=BOARD, headers=bea.headers, timeout=10).status_code == status
    assert requests.post(url, json=BOARD, headers=max_.headers, timeout=10).status_code == 403
    me = requests.get(f"{server.url}/api/users/self", headers=bea.headers, timeout=10).json()
    assert me["may"]["save_dashboards"] == (status == 201)

"""The administrators' API from end to end: accounts, organizations and tokens, and who may not touch them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests

from support import events
from support.server import Server, User, add_user


class Api:
    """The API as one user sees it."""

    def __init__(self, server: Server, headers: dict[str, str]) -> None:
        self.url = server.url
        self.headers = headers

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        headers = {**self.headers, **headers}
        return requests.request(method, f"{self.url}/api/{path}", json=body, headers=headers, timeout=30)

    def done(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        answer = self.ask(method, path, body)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@pytest.fixture
def root(server: Server, admin: User) -> Api:
    return Api(server, admin.headers)


def log_in(server: Server, name: str, password: str) -> requests.Response:
    body = {"username": name, "password": password}
    return requests.post(f"{server.url}/api/auth/login", json=body, timeout=10)


def test_the_life_of_an_account(server: Server, root: Api) -> None:
    lena = root.done("POST", "admin/users", {"username": "lena", "email": "lena@example.com"}, 201)
    assert (lena["privilege"], lena["is_active"], lena["organizations"], lena["tokens"]) == ("worker", True, [], [])
    login = log_in(server, "lena", lena["password"])
    assert login.status_code == 200
    me = Api(server, {"Authorization": f"Token {login.json()['key']}"})
    assert me.ask("GET", "admin/users").status_code == 403

    path = f"admin/users/{lena['id']}"
    changed = root.done("PATCH", path, {"privilege": "business", "first_name": "Lena", "email": ""})
    assert (changed["privilege"], changed["first_name"], changed["email"]) == ("business", "Lena", "")
    assert "password" not in changed
    self_ = me.done("GET", "users/self")
    assert (self_["privilege"], self_["may"]["query"], self_["may"]["administer"]) == ("business", True, False)

    token = root.done("POST", f"{path}/tokens", {"name": "script", "scope": "send", "expires_in_days": 3}, 201)
    sender = Api(server, {"Authorization": f"Token {token['token']}"})
    sender.done("POST", "events", events.body([events.event()]), 201)
    [listed] = [user for user in root.done("GET", "admin/users")["results"] if user["id"] == lena["id"]]
    assert [(one["name"], one["scope"]) for one in listed["tokens"]] == [("script", "send")]
    assert token["token"] not in str(listed)
    assert listed["tokens"][0]["last_used_date"] is not None

    # A new password ends the logins, not the tokens.
    root.done("PATCH", path, {"password": "entirely new"})
    assert me.ask("GET", "users/self").status_code == 401
    assert log_in(server, "lena", lena["password"]).status_code == 400
    assert log_in(server, "lena", "entirely new").status_code == 200
    sender.done("GET", "users/self")

    root.done("DELETE", path, status=204)
    assert sender.ask("GET", "users/self").status_code == 401
    assert log_in(server, "lena", "entirely new").status_code == 400
    for method, more, body in (("PATCH", "", {}), ("DELETE", "", None), ("POST", "/tokens", {"name": "x"})):
        root.done(method, path + more, body, 404)
    # Events bear the id: nobody gets it again.
    again = root.done("POST", "admin/users", {"username": "lena"}, 201)
    assert again["id"] > lena["id"]


def test_the_life_of_an_organization(server: Server, root: Api) -> None:
    olga, wim = server.add_user("olga"), server.add_user("wim", "worker")
    ids = {user["username"]: user["id"] for user in root.done("GET", "admin/users")["results"]}
    acme = root.done("POST", "admin/organizations", {"slug": "acme", "name": "Acme", "owner": "olga"}, 201)
    path = f"admin/organizations/{acme['id']}"
    assert acme["members"] == [{"user_id": ids["olga"], "username": "olga", "role": "owner"}]

    worker = Api(server, {**wim.headers, "X-Organization": "acme"})
    message = events.body([events.event()])
    assert worker.ask("POST", "events", message).status_code == 403
    root.done("PUT", f"{path}/members/{ids['wim']}", {"role": "worker"})
    worker.done("POST", "events", message, 201)
    question = {"sql": "SELECT count() FROM events"}
    assert Api(server, {**olga.headers, "X-Organization": "acme"}).done("POST", "query", question)["rows"] == [[1]]
    assert worker.done("GET", "users/self")["organizations"] == [
        {"id": acme["id"], "slug": "acme", "name": "Acme", "role": "worker"}
    ]
    changed = root.done("PUT", f"{path}/members/{ids['wim']}", {"role": "supervisor"})
    assert [member["role"] for member in changed["members"]] == ["owner", "supervisor"]

    root.done("PATCH", path, {"slug": "acme-2"})
    assert worker.ask("POST", "events", message).status_code == 404
    renamed = Api(server, {**wim.headers, "X-Organization": "acme-2"})
    renamed.done("POST", "events", events.body([events.event("load:job")]), 201)
    root.done("DELETE", f"{path}/members/{ids['wim']}", status=204)
    assert renamed.ask("POST", "events", message).status_code == 403
    root.done("DELETE", f"{path}/members/{ids['wim']}", status=404)

    root.done("DELETE", path, status=204)
    root.done("DELETE", path, status=404)
    assert root.done("GET", "admin/organizations") == {"results": []}
    assert Api(server, {**olga.headers, "X-Organization": "acme-2"}).ask("POST", "events", message).status_code == 404


def test_the_last_administrator_stays(make_server) -> None:
    server = make_server()
    # Before the first start, so that none is made up beside.
    root = add_user(server.data_dir, "root", "admin")
    server.start()
    api = Api(server, root.headers)
    [me] = api.done("GET", "admin/users")["results"]
    path = f"admin/users/{me['id']}"
    attempts = [("PATCH", {"privilege": "user"}), ("PATCH", {"is_active": False}), ("DELETE", None)]
    for method, body in attempts:
        refused = api.ask(method, path, body)
        assert (refused.status_code, "last administrator" in refused.json()["detail"]) == (409, True)
    assert api.done("GET", "users/self")["may"]["administer"]
    # One who may not log in is none.
    omar = api.done("POST", "admin/users", {"username": "omar", "privilege": "admin"}, 201)
    api.done("PATCH", f"admin/users/{omar['id']}", {"is_active": False})
    api.done("DELETE", path, status=409)
    api.done("PATCH", f"admin/users/{omar['id']}", {"is_active": True})
    api.done("DELETE", path, status=204)
    assert api.ask("GET", "admin/users").status_code == 401
    assert log_in(server, "omar", omar["password"]).status_code == 200


WRONG = {
    "a taken name": ("POST", "admin/users", {"username": "anna"}, 400, "username"),
    "no name": ("POST", "admin/users", {"username": ""}, 400, "username"),
    "a colon": ("POST", "admin/users", {"username": "a:b"}, 400, "username"),
    "an id of nobody": ("POST", "admin/users", {"username": "new", "id": 0}, 400, "id"),
    "an id that nothing is above": ("POST", "admin/users", {"username": "new", "id": 2**63 - 1}, 400, "id"),
    "an organization's id that nothing is above": (
        *("POST", "admin/organizations", {"slug": "new", "owner": "anna", "id": 2**63 - 1}, 400, "id"),
    ),
    "an unknown privilege": ("POST", "admin/users", {"username": "new", "privilege": "king"}, 400, "privilege"),
    "an unknown field": ("POST", "admin/users", {"username": "new", "is_superuser": True}, 400, "is_superuser"),
    "an empty password": ("POST", "admin/users", {"username": "new", "password": ""}, 400, "password"),
    "no owner": ("POST", "admin/organizations", {"slug": "new", "owner": "nobody"}, 404, "nobody"),
    "a bad slug": ("POST", "admin/organizations", {"slug": "a/b", "owner": "anna"}, 400, "slug"),
    "an unknown role": ("PUT", "admin/organizations/1/members/1", {"role": "king"}, 400, "role"),
    "an id that is none": ("DELETE", "admin/users/1e1", None, 404, "user"),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "named"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_and_changes_nothing(
    shared_server: Server, shared_admin: User, shared_anna: User, method, path, body, status: int, named: str
) -> None:
    api = Api(shared_server, shared_admin.headers)
    before = [api.done("GET", f"admin/{things}") for things in ("users", "organizations")]
    answer = api.ask(method, path, body)
    assert (answer.status_code, named in answer.text) == (status, True), answer.text
    assert [api.done("GET", f"admin/{things}") for things in ("users", "organizations")] == before


def test_an_account_is_added_after_one_with_a_high_id(root: Api) -> None:
    """Ids may come from an existing CVAT; the next one has to find room above."""
    for body in ({"username": "old", "id": 2**31}, {"username": "new"}):
        root.done("POST", "admin/users", body, 201)


@pytest.mark.parametrize("privilege", ["business", "user", "worker"])
def test_nobody_else_administers(server: Server, root: Api, privilege: str) -> None:
    """Not even an organization's owner, of the own organization."""
    other = server.add_user("other", privilege)
    acme = server.add_org("acme", other)
    users = {user["username"]: user["id"] for user in root.done("GET", "admin/users")["results"]}
    before = [root.done("GET", f"admin/{things}") for things in ("users", "organizations")]
    api = Api(server, {**other.headers, "X-Organization": "acme"})
    for method, path, body in (
        ("GET", "admin/users", None),
        ("POST", "admin/users", {"username": "new", "privilege": "admin"}),
        ("PATCH", f"admin/users/{users['other']}", {"privilege": "admin"}),
        ("PATCH", f"admin/users/{users['root']}", {"password": "mine"}),
        ("DELETE", f"admin/users/{users['root']}", None),
        ("POST", f"admin/users/{users['root']}/tokens", {"name": "mine"}),
        ("DELETE", f"admin/users/{users['root']}/tokens/1", None),
        ("GET", "admin/organizations", None),
        ("POST", "admin/organizations", {"slug": "mine", "owner": "other"}),
        ("PATCH", f"admin/organizations/{acme}", {"slug": "mine"}),
        ("PUT", f"admin/organizations/{acme}/members/{users['root']}", {"role": "worker"}),
        ("DELETE", f"admin/organizations/{acme}/members/{users['other']}", None),
        ("DELETE", f"admin/organizations/{acme}", None),
    ):
        assert api.ask(method, path, body).status_code == 403, (method, path)
    # The list says when a token was used, up to an hour late; the first use above is one.
    after = [root.done("GET", f"admin/{things}") for things in ("users", "organizations")]
    for users_ in (before[0], after[0]):
        for user in users_["results"]:
            for token in user["tokens"]:
                token["last_used_date"] = None
    assert after == before


def test_own_passwords(server: Server, anna: User) -> None:
    new = uuid.uuid4().hex
    login = log_in(server, anna.name, anna.password)
    me = Api(server, {"Authorization": f"Token {login.json()['key']}"})
    for body, named in (
        ({"old_password": "wrong", "new_password1": new, "new_password2": new}, "old_password"),
        ({"old_password": anna.password, "new_password1": new, "new_password2": "x"}, "new_password2"),
        ({"old_password": anna.password, "new_password1": "", "new_password2": ""}, "password"),
    ):
        answer = me.ask("POST", "auth/password/change", body)
        assert (answer.status_code, named in answer.text) == (400, True), answer.text
    right = {"old_password": anna.password, "new_password1": new, "new_password2": new}
    me.done("POST", "auth/password/change", right)
    assert me.ask("GET", "users/self").status_code == 401
    assert log_in(server, anna.name, anna.password).status_code == 400
    assert log_in(server, anna.name, new).status_code == 200

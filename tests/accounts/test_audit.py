"""annoscope's own server events: who changed which account, who exported, who failed to log in."""

from __future__ import annotations

import json
from typing import Any

import requests

from support import events, exports
from support.server import Server, User, wait_for


def trail(server: Server, admin: User, scope: str) -> list[dict[str, Any]]:
    """The recorded events of that scope, oldest first."""
    sql = "SELECT *, remote_addr FROM events WHERE scope = {scope:String} ORDER BY timestamp, obj_id, obj_name"
    body = {"sql": sql, "params": {"scope": scope}}
    answer = requests.post(f"{server.url}/api/query", json=body, headers=admin.headers, timeout=30)
    assert answer.status_code == 200, answer.text
    names = [column["name"] for column in answer.json()["columns"]]
    return [dict(zip(names, row, strict=True)) for row in answer.json()["rows"]]


def recorded(server: Server, admin: User, scope: str, n: int = 1) -> list[dict[str, Any]]:
    return wait_for(
        f"{n} events {scope}",
        lambda: rows if len(rows := trail(server, admin, scope)) >= n else None,
    )


def test_changes_of_accounts(make_server) -> None:
    server = make_server(audit="true").start()
    admin = server.add_user("root", "admin")
    url, headers = f"{server.url}/api/admin", admin.headers
    made = requests.post(f"{url}/users", json={"username": "lena", "privilege": "user"}, headers=headers, timeout=30)
    assert made.status_code == 201, made.text
    lena, request_id = made.json(), made.headers["X-Request-Id"]
    changed = requests.patch(f"{url}/users/{lena['id']}", json={"privilege": "business"}, headers=headers, timeout=30)
    assert changed.status_code == 200, changed.text

    created = [row for row in recorded(server, admin, "create:user", 2) if row["obj_name"] == "lena"]
    assert len(created) == 1
    assert created[0]["user_name"] == "root"
    assert json.loads(created[0]["payload"])["request"]["id"] == request_id
    assert lena["password"] not in json.dumps(created)

    [update] = recorded(server, admin, "update:user")
    assert (update["obj_name"], update["obj_val"], update["source"]) == ("privilege", "business", "server")
    assert json.loads(update["payload"])["old_value"] == "user"
    # The command line has no request and no user, and is recorded all the same.
    [by_cli] = [row for row in recorded(server, admin, "create:user", 2) if row["obj_name"] == "root"]
    assert by_cli["user_id"] is None
    assert json.loads(by_cli["payload"])["request"]["id"] is None


def test_exports_and_failed_logins(make_server) -> None:
    server = make_server(audit="true").start()
    admin, anna = server.add_user("root", "admin"), server.add_user("anna")
    events.send(server, anna, [events.event()])
    assert len(exports.rows(server, anna)) == 1
    [export] = recorded(server, admin, "export:dataset")
    payload = json.loads(export["payload"])
    assert (export["user_name"], payload["kind"], payload["format"]) == ("anna", "events", "csv")
    assert payload["filter"]["user_id"] == export["user_id"]

    for name in ("anna", "hunter2"):
        answer = requests.get(f"{server.url}/api/users/self", auth=(name, "wrong-password"), timeout=30)
        assert answer.status_code == 401
    failed = recorded(server, admin, "fail:login", 2)
    # Somebody may have typed the password where the name belongs.
    assert sorted(row["obj_name"] or "" for row in failed) == ["", "anna"]
    text = json.dumps(failed)
    assert "wrong-password" not in text
    assert "hunter2" not in text
    assert "127.0.0.1" in text


def test_the_audit_trail_survives_a_kill(make_server) -> None:
    """What was answered for is recorded, whenever the process is killed, and once."""
    server = make_server(audit="true").start()
    admin = server.add_user("root", "admin")
    names = []
    for round_ in range(5):
        for number in range(4):
            name = f"user-{round_}-{number}"
            body = {"username": name, "privilege": "worker", "password": "secret"}
            url = f"{server.url}/api/admin/users"
            answer = requests.post(url, json=body, headers=admin.headers, timeout=30)
            assert answer.status_code == 201, answer.text
            names.append(name)
        server.kill()
        server.start()
    # The first start made admin.
    names += ["admin", "root"]
    rows = recorded(server, admin, "create:user", len(names))
    assert sorted(row["obj_name"] for row in rows) == sorted(names)


def test_it_can_be_switched_off(make_server) -> None:
    server = make_server(audit="false").start()
    admin = server.add_user("root", "admin")
    server.stop()
    server.start()
    assert trail(server, admin, "create:user") == []

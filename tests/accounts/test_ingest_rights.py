"""The ingest port, by which servers write in the name of others: open on loopback, beyond it for administrators."""

from __future__ import annotations

import json

import pytest
import requests
from logstash_async.transport import HttpTransport

from support import events, exports
from support.server import Server, User


@pytest.fixture
def on_all_addresses(make_server) -> Server:
    return make_server(ingest_listen="0.0.0.0:0").start()


def token_of(server: Server, user: User, scope: str) -> dict[str, str]:
    text = server.cli("user", "token", user.name, "--scope", scope, "--name", scope).strip()
    return {"Authorization": f"Token {text}"}


def test_beyond_loopback_the_ingest_port_demands_an_administrator(on_all_addresses: Server) -> None:
    server = on_all_addresses
    root = server.add_user("root", "admin")
    olga, bea = server.add_user("olga"), server.add_user("bea", "business")
    server.add_org("acme", olga)
    cases = [
        ({}, 401),
        ({"Authorization": "Token wrong"}, 401),
        (olga.headers, 403),
        ({**olga.headers, "X-Organization": "acme"}, 403),
        (bea.headers, 403),
        (token_of(server, olga, "send"), 403),
        (token_of(server, root, "read"), 403),
        ({**root.headers, "Origin": "https://evil.example"}, 403),
        (token_of(server, root, "send"), 200),
        (root.headers, 200),
    ]
    for number, (headers, status) in enumerate(cases):
        answer = events.ingest(server, [events.server_event(obj_id=number)], headers=headers)
        assert answer.status_code == status, (headers, answer.text)
    basic = [events.ingest(server, [], auth=user.basic).status_code for user in (root, olga)]
    assert basic == [200, 403]
    stored = {row["obj_id"] for row in exports.rows(server, root)}
    assert stored == {str(number) for number, (_, status) in enumerate(cases) if status == 200}
    server.cli("user", "token", "root", "--revoke", "token")
    assert events.ingest(server, [events.server_event()], headers=root.headers).status_code == 401


def test_cvat_s_handler_sends_with_credentials(on_all_addresses: Server) -> None:
    root = on_all_addresses.add_user("root", "admin")
    port = int(on_all_addresses.ingest_url.rstrip("/").rpartition(":")[2])
    message = json.dumps(events.server_event(obj_id=5))
    credentials = {"username": root.name, "password": root.password}
    HttpTransport("127.0.0.1", port, timeout=10, ssl_enable=False, **credentials).send([message])
    with pytest.raises(requests.HTTPError, match="401"):
        HttpTransport("127.0.0.1", port, timeout=10, ssl_enable=False).send([message])
    assert [row["obj_id"] for row in exports.rows(on_all_addresses, root)] == ["5"]


def warnings(server: Server) -> int:
    return len([line for line in server.log().splitlines() if "WARN" in line and "ingest_open" in line])


def test_an_open_ingest_port_is_warned_of_at_every_start(make_server) -> None:
    server = make_server(ingest_listen="0.0.0.0:0", ingest_open="true").start()
    assert events.ingest(server, [events.server_event()]).status_code == 200
    assert warnings(server) == 1
    assert server.stop() == 0
    server.start()
    assert events.ingest(server, [events.server_event()]).status_code == 200
    assert warnings(server) == 2


def test_on_loopback_the_ingest_port_is_open_to_servers_and_to_no_web_page(server: Server) -> None:
    assert events.ingest(server, [events.server_event()]).status_code == 200
    assert warnings(server) == 0
    for origin in ("https://evil.example", "null", server.url):
        answer = events.ingest(server, [events.server_event()], headers={"Origin": origin})
        assert answer.status_code == 403
    # What a page may send across sites without asking: its browser names the page. Servers send what they like.
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        headers = {"Content-Type": content_type}
        answer = requests.post(server.ingest_url, data=b"[]", headers=headers, timeout=10)
        assert answer.status_code == 200, content_type
        headers["Origin"] = "https://evil.example"
        answer = requests.post(server.ingest_url, data=b"[]", headers=headers, timeout=10)
        assert answer.status_code == 403, content_type

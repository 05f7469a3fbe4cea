"""`event_id`: at least once on the wire, once in the store; an id that is used twice keeps nothing else out."""

from __future__ import annotations

import re

import pytest
import requests

from support import events, exports
from support.server import Server, User

USED_TWICE = "event_id: another event has it"


def named(event_id: object, at: str = "1767604000.5", **fields: object) -> dict:
    return events.server_event("update:job", at, event_id=event_id, **fields)


def stored(server: Server, admin: User) -> list[str]:
    """The `obj_val` of each stored event, sorted."""
    return sorted(row["obj_val"] for row in exports.rows(server, admin))


def send(server: Server, *sent: dict, **more: object) -> requests.Response:
    answer = events.ingest(server, list(sent), **more)
    assert answer.status_code == 200, answer.text
    return answer


def test_a_repeat_is_stored_once_whatever_is_killed(server: Server, admin: User) -> None:
    batch = [named(f"e-{number}", obj_val=str(number)) for number in range(20)]
    send(server, *batch)
    send(server, *batch[:5], named("e-20", obj_val="20"))
    server.kill()
    server.start()
    send(server, *batch, named("e-21", obj_val="21"), named("e-21", obj_val="21"))
    assert stored(server, admin) == sorted(str(number) for number in range(22))
    assert not list(events.dead_letters(server.data_dir))
    # Of the second process: 20 and a twin.
    assert server.metrics()['annoscope_events_deduplicated_total{endpoint="ingest"}'] == 21


def test_events_that_say_the_same_are_as_many_as_their_ids(server: Server, admin: User) -> None:
    twins = [named(f"twin-{number}", obj_val="same") for number in range(3)]
    plain = events.server_event("update:job", "1767604000.5", obj_val="same")
    send(server, *twins, plain, plain)
    send(server, plain, *twins)
    assert stored(server, admin) == ["same"] * 4


def test_an_id_that_is_used_twice_sets_the_later_event_aside(server: Server, admin: User) -> None:
    send(server, named("a", obj_val="first"))
    other = named("a", obj_val="second", more=["kept", "é"])
    batch = [
        named("b", obj_val="b"),
        other,
        named("c", obj_val="c"),
        named("c", obj_val="C"),
        named("d", "1767604001.5", obj_val="d"),
    ]
    send(server, *batch)
    letters = list(events.dead_letters(server.data_dir))
    assert [(letter["reason"], letter["event"]) for letter in letters] == [(USED_TWICE, other), (USED_TWICE, batch[3])]
    # It stays another event, whenever it comes again.
    server.kill()
    server.start()
    send(server, other, named("a", obj_val="first"))
    assert [letter["event"] for letter in events.dead_letters(server.data_dir)][2:] == [other]
    assert stored(server, admin) == ["b", "c", "d", "first"]
    metrics = server.metrics()
    assert metrics["annoscope_event_ids_used_twice_total"] == 1
    assert metrics['annoscope_events_dead_lettered_total{endpoint="ingest",field="event_id"}'] == 1
    assert metrics['annoscope_events_deduplicated_total{endpoint="ingest"}'] == 1
    assert metrics['annoscope_events_received_total{endpoint="ingest"}'] == 2
    # Mended, it is an event like others.
    path = server.data_dir / "dead-letter.ndjson"
    path.write_text(re.sub(r'("event_id": ?)"a"', r'\1"a2"', path.read_text()))
    said = server.cli("dead-letter", "send")
    assert said.startswith("sent 3 events\nstill wrong, and in the file again: 1 event\n"), said
    assert stored(server, admin) == ["b", "c", "d", "first", "second"]


def test_an_event_without_a_time_comes_again_under_its_id(server: Server, admin: User) -> None:
    timeless = {"scope": "create:task", "event_id": "t", "obj_val": "timeless"}
    for _ in range(3):
        send(server, timeless)
    assert stored(server, admin) == ["timeless"]


@pytest.mark.parametrize("event_id", ["", "x" * 129, 5, True, ["a"], {"a": 1}])
def test_what_is_no_id_is_set_aside(server: Server, event_id: object) -> None:
    send(server, named(event_id), named("good"))
    [letter] = events.dead_letters(server.data_dir)
    assert letter["reason"] == "event_id: not a text of 1 to 128 bytes"
    assert letter["event"]["event_id"] == event_id


def test_ids_are_each_senders_own(make_server) -> None:
    server = make_server(ingest_listen="0.0.0.0:0").start()
    root, olga = server.add_user("root", "admin"), server.add_user("olga", "admin")
    for user in (root, olga, root):
        send(server, named("a", obj_val=user.name), headers=user.headers)
    # Another token of the same account is the same sender.
    text = server.cli("user", "token", "root", "--scope", "send", "--name", "relay").strip()
    send(server, named("a", obj_val="root"), headers={"Authorization": f"Token {text}"})
    assert stored(server, root) == ["olga", "root"]
    assert not list(events.dead_letters(server.data_dir))


def test_a_page_s_event_has_no_id(server: Server, admin: User, anna: User) -> None:
    at = events.now()
    for value in ("a", "b"):
        sent = [events.event("draw:object", at, obj_val=value, event_id="same")]
        assert events.send(server, anna, sent, sent_at=at).status_code == 201
    assert stored(server, admin) == ["a", "b"]

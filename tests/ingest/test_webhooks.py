"""Webhooks of CVAT and Label Studio: what they tell is stored once, though it comes twice, late or without a store."""

from __future__ import annotations

import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from support import cvat_webhooks as cvat
from support.boards import BOARDS, Demo, all_of, sql_of
from support.disk import DatabaseAway
from support.query import rows
from support.server import Server, User, wait_for

N_BURST = int(os.environ.get("ANNOSCOPE_WEBHOOKS", "10000" if os.environ.get("ANNOSCOPE_SOAK") == "1" else "1000"))
N_KILLS = 5

TOLD = (
    "SELECT scope, ifNull(obj_name, ''), ifNull(obj_val, ''), ifNull(toString(obj_id), ''), "
    "toString(project_id), toString(task_id), toString(job_id), ifNull(user_name, '') "
    "FROM events WHERE JSONHas(payload, 'webhook') AND scope NOT LIKE 'fail:%' ORDER BY scope, obj_name, obj_id"
)


@pytest.fixture
def secret(server: Server) -> str:
    return server.cli("webhook", "add", "zoo", "--kind", "cvat").splitlines()[0]


def told(server: Server, admin: User, n: int) -> list[list[Any]]:
    """The events of webhooks, once there are as many."""
    return wait_for(f"{n} events", lambda: found if len(found := rows(server, admin, TOLD)) >= n else None)


def sequence(kind: str, form: str) -> list[tuple[str, bytes]]:
    """A resource's life: made, changed, removed."""
    _, resource, change = cvat.RESOURCES[kind]
    later = {"updated_date": "2026-11-02T08:00:00Z"} if "updated_date" in resource else {}
    changed = {**resource, **change, **later}
    before = {name: resource[name] for name in change} if form == "old" else None
    steps = [("create", cvat.body(f"create:{kind}", resource))]
    if change:
        steps.append(("update", cvat.body(f"update:{kind}", changed, before)))
    return [*steps, ("delete", cvat.body(f"delete:{kind}", changed))]


@pytest.mark.parametrize("form", ["old", "new"])
def test_every_resource_of_cvat(server: Server, admin: User, secret: str, form: str) -> None:
    """Made, changed and removed, each delivered twice, and once for another webhook of the same CVAT."""
    expected = []
    for kind, (_, _resource, change) in cvat.RESOURCES.items():
        for action, content in sequence(kind, form):
            for again in (content, content, content.replace(b'"webhook_id": 5', b'"webhook_id": 6')):
                answer = cvat.deliver(server, "zoo", secret, again)
                assert answer.status_code == 200, f"{kind} {action}: {answer.text}"
            expected.append((f"{action}:{kind}", next(iter(change), "") if action == "update" else None))
    found = told(server, admin, len(expected))
    assert sorted(row[0] for row in found) == sorted(scope for scope, _ in expected)
    by_scope = {row[0]: row for row in found}
    for scope, name in expected:
        assert by_scope[scope][7] == "ann"
        if name is not None:
            assert by_scope[scope][1] == name
    assert by_scope["update:job"][2:7] == ["in progress", "", "7", "11", "21"]
    # An issue names its job alone, a comment its issue.
    assert by_scope["create:issue"][3:7] == ["31", "7", "11", "21"]
    assert by_scope["create:comment"][3:7] == ["41", "7", "11", "21"]
    payloads = json.dumps(rows(server, admin, "SELECT payload FROM events"))
    assert "s3cret-key" not in payloads


def test_a_wrong_signature_is_refused_and_leaves_a_trace(make_server) -> None:
    server = make_server(audit="true").start()
    admin = server.add_user("root", "admin")
    secret = server.cli("webhook", "add", "zoo", "--kind", "cvat").splitlines()[0]
    content = cvat.body("create:task", cvat.TASK)
    for wrong in (secret[:-1], "", secret + "x"):
        answer = cvat.deliver(server, "zoo", wrong, content)
        assert answer.status_code == 401, answer.text
    unsigned = requests.post(f"{server.url}/api/webhooks/zoo", data=content, timeout=10)
    assert unsigned.status_code == 401
    unknown = cvat.deliver(server, "farm", secret, content)
    assert unknown.status_code == 404
    assert cvat.deliver(server, "zoo", secret, content.replace(b"cats 1", b"cats 2")).status_code == 200
    trace = "SELECT count() FROM events WHERE scope = 'fail:webhook' AND JSONExtractString(payload, 'webhook') = 'zoo'"
    wait_for("the trace", lambda: rows(server, admin, trace) == [[4]])
    refused = 'annoscope_webhook_deliveries_total{kind="cvat",outcome="unauthenticated"}'
    assert server.metrics()[refused] == 4
    assert secret not in server.log()


def test_what_is_no_delivery_is_named(server: Server, secret: str) -> None:
    cases = [
        (b"{", "no JSON object"),
        (b'{"event": "create:planet", "planet": {}}', "create:planet"),
        (b'{"event": "create:task"}', "task:"),
    ]
    for content, expected in cases:
        answer = cvat.deliver(server, "zoo", secret, content)
        assert answer.status_code == 400
        assert expected in answer.json()["detail"]
    ping = json.dumps({"event": "ping", "webhook": {"id": 5}, "sender": cvat.ANN}).encode()
    assert cvat.deliver(server, "zoo", secret, ping).status_code == 200


def changes(n: int) -> list[bytes]:
    """A job whose state goes back and forth, a change a second."""
    states = ["new", "in progress", "completed"]

    def change(number: int) -> bytes:
        time = f"2026-11-02T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
        return cvat.body("update:job", {**cvat.JOB, "state": states[number % 3], "updated_date": time})

    return [cvat.body("create:job", cvat.JOB), *(change(number) for number in range(1, n))]


def test_a_burst(server: Server, admin: User, secret: str) -> None:
    """Of many resources, by many connections at once, each delivery twice."""
    contents = [cvat.body("create:task", {**cvat.TASK, "id": 1_000 + number}) for number in range(N_BURST // 2)]

    def both(content: bytes) -> list[int]:
        return [cvat.deliver(server, "zoo", secret, content).status_code for _ in range(2)]

    with ThreadPoolExecutor(16) as pool:
        statuses = [status for pair in pool.map(both, contents) for status in pair]
    assert statuses == [200] * len(statuses)
    count = "SELECT count(), uniqExact(obj_id) FROM events WHERE scope = 'create:task'"
    wait_for("all of them", lambda: rows(server, admin, count) == [[len(contents), len(contents)]], deadline_s=60)


def test_a_kill_keeps_states_and_events(server: Server, admin: User, secret: str) -> None:
    """The sender repeats what was not answered, as CVAT does: each change is told once, of the right value before."""
    contents = changes(40)
    chance = random.Random(0)
    kills = {chance.randrange(5, 35) for _ in range(N_KILLS)}
    for number, content in enumerate(contents):
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(cvat.deliver, server, "zoo", secret, content)
            if number in kills:
                # At any moment of it: before, within or after.
                server.kill()
                server.start()
            try:
                is_taken = first.result().status_code == 200
            except requests.RequestException:
                is_taken = False
        if not is_taken:
            assert cvat.deliver(server, "zoo", secret, content).status_code == 200
    sql = (
        "SELECT JSONExtractString(payload, 'old_value'), obj_val FROM events "
        "WHERE scope = 'update:job' AND obj_name = 'state' ORDER BY timestamp"
    )
    found = wait_for("all changes", lambda: f if len(f := rows(server, admin, sql)) >= len(contents) - 1 else None)
    states = ["new", "in progress", "completed"]
    expected = [[states[(number - 1) % 3], states[number % 3]] for number in range(1, len(contents))]
    assert found == expected


def test_deliveries_are_answered_while_the_store_is_away(make_server) -> None:
    server = make_server().start()
    admin = server.add_user("root", "admin")
    secret = server.cli("webhook", "add", "zoo", "--kind", "cvat").splitlines()[0]
    database = DatabaseAway(server)
    database.take()
    contents = changes(20)
    for content in contents:
        assert cvat.deliver(server, "zoo", secret, content).status_code == 200
    database.put_back()
    count = "SELECT count() FROM events WHERE scope LIKE '%:job'"
    wait_for("all of them", lambda: rows(server, admin, count) == [[len(contents)]], deadline_s=60)


def annotation(number: int, second: int, lead_time: float) -> dict[str, Any]:
    """As Label Studio tells of one."""
    time = f"2026-11-02T10:{second // 60:02}:{second % 60:02}.000000Z"
    result = {"id": f"r{number}", "type": "rectanglelabels", "value": {"x": 1, "y": 2, "rectanglelabels": ["cat"]}}
    return {
        "id": number,
        "task": 19,
        "project": 2,
        "completed_by": 4,
        "updated_by": 4,
        "lead_time": lead_time,
        "result": [result],
        "was_cancelled": False,
        "ground_truth": False,
        "result_count": 1,
        "prediction": {},
        "created_at": time,
        "updated_at": time,
    }


def test_label_studio(server: Server, admin: User) -> None:
    """Its own time is reported beside hours, which are the gaps between a person's annotations."""
    secret = server.cli("webhook", "add", "studio", "--kind", "label-studio").splitlines()[0]
    project = {"id": 2, "title": "Opossums", "organization": 1, "token": "9105a1d897e52286"}

    def send(action: str, **content: Any) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        body = {"action": action, "project": project, **content}
        return requests.post(f"{server.url}/api/webhooks/studio", json=body, headers=headers, timeout=10).status_code

    task = {"id": 19, "data": {"text": "what annotators are shown"}, "project": 2, "updated_at": "2026-11-02T09:00:00Z"}
    sent = [
        send("PROJECT_CREATED"),
        send("TASKS_CREATED", tasks=[task, {**task, "id": 20}]),
        send("ANNOTATION_CREATED", annotation=annotation(1, 0, 3_600.0)),
        send("ANNOTATION_CREATED", annotation=annotation(2, 45, 30.5)),
        send("ANNOTATION_CREATED", annotation=annotation(2, 45, 30.5)),
        send("ANNOTATION_UPDATED", annotation={**annotation(1, 60, 3_601.0), "result": []}),
        send("ANNOTATIONS_DELETED", annotations=[{"id": 2}]),
        send("TASKS_DELETED", tasks=[{"id": 20}]),
    ]
    assert sent == [200] * len(sent)
    wrong = requests.post(
        f"{server.url}/api/webhooks/studio", json={}, headers={"Authorization": "Bearer x"}, timeout=10
    )
    assert wrong.status_code == 401
    by_scope = "SELECT scope, count() AS n FROM events WHERE JSONHas(payload, 'webhook') GROUP BY scope ORDER BY scope"
    expected = [
        *(["create:annotations", 2], ["create:project", 1], ["create:task", 2], ["delete:annotations", 1]),
        *(["delete:task", 1], ["send:working_time", 2], ["update:annotations", 1]),
    ]
    wait_for("all of them", lambda: [[s, int(n)] for s, n in rows(server, admin, by_scope)] == expected)
    hours = "SELECT sum(JSONExtractUInt(payload, 'working_time')) FROM events WHERE user_id = 4"
    assert [[int(total)] for [total] in rows(server, admin, hours)] == [[60_000]]
    reported = "SELECT sum(duration) FROM events WHERE JSONExtractString(payload, 'reported_by') = 'Label Studio'"
    assert [[int(total)] for [total] in rows(server, admin, reported)] == [[3_600_000 + 30_500 + 1_000]]
    # And so the timesheet shows it: an hour and 31.5 s, beside one minute.
    demo = Demo(server, admin)
    demo.first_ms, demo.last_ms = 1_793_577_600_000, 1_793_750_400_000
    [panel] = [panel for panel in BOARDS["timesheet"]["panels"] if panel["title"] == "Reported by other tools"]
    [row] = demo.rows(sql_of(panel), all_of("timesheet"))
    assert (row["User"], row["Tool"], int(row["Annotations"])) == ("#4", "Label Studio", 3)
    assert row["Reported (h)"] == pytest.approx(3_631.5 / 3_600)
    assert row["Working time (h)"] == pytest.approx(1 / 60)
    payloads = json.dumps(rows(server, admin, "SELECT payload FROM events"))
    assert "9105a1d897e52286" not in payloads
    assert "what annotators are shown" not in payloads


def test_webhooks_are_managed_over_http_and_on_the_command_line(server: Server, admin: User) -> None:
    url = f"{server.url}/api/admin/webhooks"
    made = requests.post(url, json={"name": "zoo", "kind": "cvat"}, headers=admin.headers, timeout=10)
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    assert cvat.deliver(server, "zoo", secret, cvat.body("create:task", cvat.TASK)).status_code == 200
    [listed] = requests.get(url, headers=admin.headers, timeout=10).json()["results"]
    assert (listed["name"], listed["path"]) == ("zoo", "/api/webhooks/zoo")
    assert listed["last_delivery_date"] is not None
    assert "secret" not in listed
    for body, field in [({"name": "zoo", "kind": "cvat"}, "name"), ({"name": "z", "kind": "paper"}, "kind")]:
        refused = requests.post(url, json=body, headers=admin.headers, timeout=10)
        assert (refused.status_code, list(refused.json())) == (400, [field])
    worker = server.add_user("worker", "worker")
    assert requests.get(url, headers=worker.headers, timeout=10).status_code == 403
    assert server.cli("webhook", "list").startswith("zoo  cvat  last delivery: 2")
    assert requests.delete(f"{url}/zoo", headers=admin.headers, timeout=10).status_code == 204
    assert server.cli("webhook", "list") == ""
    assert cvat.deliver(server, "zoo", secret, b"{}").status_code == 404

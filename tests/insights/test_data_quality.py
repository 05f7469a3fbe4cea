"""`GET /api/health/data`: what is missing in the recorded data is found, and nothing else is."""

from __future__ import annotations

import datetime as dt

import requests

from support import events
from support.server import Server, User

HOUR = dt.timedelta(hours=1)


def findings(server: Server, user: User, **query: object) -> dict[str, list[dict]]:
    answer = requests.get(f"{server.url}/api/health/data", params=query, auth=user.basic, timeout=60)
    assert answer.status_code == 200, answer.text
    found = {}
    for check in answer.json()["checks"]:
        names = [column["name"] for column in check["columns"]]
        found[check["name"]] = [dict(zip(names, row, strict=True)) for row in check["rows"]]
        assert check["findings"] == len(check["rows"])
    return found


def test_each_finding_is_found(server: Server, admin: User) -> None:
    now = dt.datetime.now(dt.UTC).replace(minute=30, second=0, microsecond=0)
    sent = []
    # Five weeks at all hours of two sources: the first falls silent for its last three days, and three
    # hours of last week have nothing of either.
    hole = [now - (24 * 7 + 5 - n) * HOUR for n in range(3)]
    for number in range(24 * 35):
        at = now - number * HOUR
        if at in hole:
            continue
        for source in ("client", "server")[number < 72 :]:
            scope = "click:element" if source == "client" else "update:task"
            sent += [{**events.server_event(scope, at, obj_id=n, user_id=7), "source": source} for n in range(25)]
    hours = '{"working_time": 5000}'
    sent.append(events.server_event("send:working_time", now - HOUR, payload=hours, duration=5000, user_id=7, job_id=9))
    for start in range(0, len(sent), 5000):
        assert events.ingest(server, sent[start : start + 5000]).status_code == 200
    found = findings(server, admin, **{"from": "now-35d"})
    [silent] = found["Sources that fell silent"]
    assert (silent["Source"], silent["Silent (h)"]) == ("client", 72)
    [missing] = found["Holes"]
    assert (missing["Hours"], missing["From"]) == (3, f"{hole[0].replace(minute=0):%Y-%m-%d %H:%M:%S}")
    assert missing["Events usual then"] == 150
    [job] = found["Jobs with hours and no events of the server"]
    assert (job["Job"], job["People"]) == ("#9", 1)
    assert [row["Job"] for row in found["Jobs without frames"]] == ["#9"]
    [booked] = found["Hours without intervals"]
    assert (booked["User"], booked["Rows"]) == ("#7", 1)


def test_nothing_is_found_in_nothing(server: Server, admin: User) -> None:
    assert all(rows == [] for rows in findings(server, admin).values())
    for query, words in (({"from": "x"}, "from: must be"), ({"from": 5, "to": 1}, "to: is before from")):
        answer = requests.get(f"{server.url}/api/health/data", params=query, auth=admin.basic, timeout=20)
        assert answer.status_code == 400
        assert words in answer.text

"""Data directories of an annoscope without a journal, one that was stopped and one that was killed: all of it is there,
and what was sent to it is recognized.

`before_the_journal.tar.xz` was made by commit c6ab3d5: the events of `sent.json` were sent to both ports by the account
anna, and the row for her working time was computed then.
"""

from __future__ import annotations

import collections
import json
import tarfile
from pathlib import Path

import pytest
import requests

from support import events, exports

ARCHIVE = Path(__file__).with_name("before_the_journal.tar.xz")
# The events were received on a day that is ever further away.
WINDOW = {"ingest_dedup_window_days": 3650}


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_data_directory_of_before_the_journal(make_server, tmp_path: Path, end: str) -> None:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    data_dir = tmp_path / end
    sent = json.loads((data_dir / "sent.json").read_text())
    client, server_side = sent["client"], sent["server"]
    server = make_server(data_dir, **WINDOW).start()
    admin = server.add_user("root2", "admin")
    token = {"Authorization": f"Token {server.cli('user', 'token', 'anna').strip()}"}

    rows = exports.rows(server, admin)
    ids = collections.Counter(int(row["obj_id"]) for row in events.without_working_time(rows))
    expected = {item["obj_id"] for item in [*client["events"], *server_side]}
    assert ids == dict.fromkeys(expected, 1)
    assert len(rows) == sent["n_rows"]
    hours = events.stored_hours(rows)
    assert hours == events.expected_hours(client["events"])
    assert server.metric("annoscope_applied_position") == len(rows)

    def send_again() -> None:
        again = requests.post(f"{server.url}/api/events", json=client, headers=token, timeout=60)
        assert again.status_code == 201, again.text
        assert events.ingest(server, server_side).status_code == 200

    send_again()
    # New ones are stored behind them.
    assert events.ingest(server, [events.server_event(obj_id=1_000_000)]).status_code == 200
    server.kill()
    server.start()
    send_again()
    server.wait_until_applied()
    rows = exports.rows(server, admin)
    assert collections.Counter(
        int(row["obj_id"]) for row in events.without_working_time(rows)
    ) == ids + collections.Counter([1_000_000])
    assert events.stored_hours(rows) == hours

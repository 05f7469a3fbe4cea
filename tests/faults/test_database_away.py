"""The database is taken away under load: nothing is refused, and once it is back it catches up within a minute.

`ANNOSCOPE_AWAY_S=60` takes it for so many seconds.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import string
import time

import requests

from support import events, exports
from support.disk import DatabaseAway
from support.load import BATCH, Load
from support.server import Server, User, wait_for

AWAY_S = float(os.environ.get("ANNOSCOPE_AWAY_S", "600" if os.environ.get("ANNOSCOPE_SOAK") == "1" else "10"))
CATCH_UP_S = 60
# 5,000 events a second of five senders, whatever the machine takes: ten minutes of them have room in the journal.
PAUSE_S = 5 * BATCH / 5_000


def test_events_are_taken_while_the_database_is_away(make_server) -> None:
    # The journal has room for all of the time.
    server = make_server(journal_max_bytes="4GiB").start()
    admin = server.add_user("root", "admin")
    database = DatabaseAway(server)
    with Load(server, pause_s=PAUSE_S) as load:
        wait_for("acknowledged events", lambda: load.n_acknowledged() >= 2_000, deadline_s=60)
        database.take()
        begin, n_before = time.monotonic(), load.n_acknowledged()
        wait_for("the database to be missed", lambda: server.metric("annoscope_store_failed_applies_total") > 0)
        wait_for("the time to pass", lambda: load.n_acknowledged() and time.monotonic() - begin > AWAY_S, AWAY_S + 10)
        n_waiting, rate = server.n_waiting(), (load.n_acknowledged() - n_before) / (time.monotonic() - begin)
        # All of the last seconds, at least.
        assert n_waiting > rate * AWAY_S / 2
        answer = requests.get(f"{server.url}/readyz", timeout=10)
        assert (answer.status_code, "behind" in answer.text) == (200, True), answer.text
        database.put_back()
        goal, back = server.metric("annoscope_journal_position"), time.monotonic()
        wait_for(
            "the database to catch up",
            lambda: load.n_acknowledged() and server.metric("annoscope_applied_position") >= goal,
            CATCH_UP_S,
            interval_s=0.05,
        )
        took_s = time.monotonic() - back
        print(
            f"away for {AWAY_S:.0f} s at {rate:.0f} events/s: {n_waiting} waited, visible {took_s:.1f} s"
            f" after its return, while events came"
        )
        load.finish()
        assert load.n_refused() == 0
        load.check(admin)


def test_a_kill_while_the_database_is_away(server: Server, admin: User) -> None:
    """The journal alone has the events then."""
    database = DatabaseAway(server)
    with Load(server) as load:
        wait_for("acknowledged events", lambda: load.n_acknowledged() >= 1_000, deadline_s=60)
        database.take()
        goal = load.n_acknowledged() + 2_000
        wait_for("acknowledged events", lambda: load.n_acknowledged() >= goal, deadline_s=60)
        server.kill()
        database.put_back()
        server.start()
        load.finish()
        load.check(admin)


def test_what_has_no_room_is_refused_before_it_is_read(make_server) -> None:
    """A server that is behind needs its cores to catch up, and not to parse what it refuses."""
    server = make_server(journal_max_bytes="128MiB").start()
    database = DatabaseAway(server)
    database.take()
    random_text = "".join(random.choices(string.ascii_letters, k=1 << 20))
    number = itertools.count()

    def is_full() -> bool:
        answer = events.ingest(server, [events.server_event(obj_id=next(number), payload=json.dumps(random_text))])
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 503

    wait_for("the journal to be full", is_full, 60, interval_s=0)
    broken = "[" + "{" * 100_000
    for url, headers in (
        (server.ingest_url, {}),
        (f"{server.url}/api/events", server.add_user("anna", "user").headers),
    ):
        answer = requests.post(url, broken, headers={"Content-Type": "application/json"} | headers, timeout=30)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), answer.text
    # What is small may find room, and is read.
    assert requests.post(server.ingest_url, "[{", timeout=30).status_code == 400
    database.put_back()
    answers = (requests.post(server.ingest_url, broken, timeout=30).status_code for _ in itertools.count())
    wait_for("room in the journal", lambda: next(answers) == 400, CATCH_UP_S, interval_s=0.05)


def test_a_journal_in_a_directory_of_its_own(make_server, tmp_path) -> None:
    """It is needed at each start: what it holds may be nowhere else."""
    elsewhere = tmp_path / "elsewhere"
    server = make_server(journal_dir=elsewhere, store_min_free_bytes="1000TiB").start()
    admin = server.add_user("root", "admin")
    assert events.ingest(server, [events.server_event(obj_id=1)]).status_code == 200
    assert any(elsewhere.iterdir())
    assert not (server.data_dir / "journal").exists()
    server.kill()

    elsewhere.rename(tmp_path / "lost")
    server.start(wait=False)
    assert server.process.wait(30) != 0
    server.process = None
    assert f"there is no journal in {elsewhere}" in server.log()
    (tmp_path / "lost").rename(elsewhere)
    server.start(store_min_free_bytes="0")
    server.wait_until_applied()
    assert [row["obj_id"] for row in exports.rows(server, admin)] == ["1"]

"""kill -9 under full load: every distinct acknowledged event is there exactly once, and the store opens each time.

`ANNOSCOPE_KILLS=200` kills so often.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from support.disk import Ballast, DatabaseAway, small_disk
from support.load import Load
from support.server import Server, User, wait_for

N_KILLS = int(os.environ.get("ANNOSCOPE_KILLS", "50" if os.environ.get("ANNOSCOPE_SOAK") == "1" else "3"))


def test_kills_under_load(make_server) -> None:
    # A small log limit, so that some kills fall into a checkpoint.
    server = make_server(store_wal_checkpoint_bytes="2MiB").start()
    admin = server.add_user("root", "admin")
    chance = random.Random(0)
    with Load(server) as load:
        for _ in range(N_KILLS):
            goal = load.n_acknowledged() + chance.randint(2_000, 8_000)
            wait_for(f"{goal} acknowledged events", lambda goal=goal: load.n_acknowledged() >= goal, deadline_s=60)
            server.kill()
            server.start()
        load.finish()
        n_events = load.check(admin)
    assert n_events >= N_KILLS * 2_000
    # And the same after a clean stop.
    assert server.stop() == 0
    server.start()
    assert load.check(admin) == n_events


def test_kills_under_load_of_a_database_that_fails(make_server, tmp_path: Path) -> None:
    """Before each kill the database works, or its file is away, or its disk is full."""
    with small_disk(tmp_path / "disk", (256 << 20) + N_KILLS * (4 << 20)) as disk:
        settings = {"store_wal_checkpoint_bytes": "2MiB", "store_min_free_bytes": "4MiB"}
        server = make_server(disk / "data", journal_max_bytes="128MiB", **settings).start()
        admin = server.add_user("root", "admin")
        ballast, database, chance = Ballast(disk), DatabaseAway(server), random.Random(1)
        faults = [lambda: None, database.take, ballast.grow]
        mends = [lambda: None, database.put_back, ballast.drop]
        with Load(server) as load:
            for number in range(N_KILLS):
                # Some events with the fault and without it; on the full disk no more than the journal has room for.
                for prepare in (lambda: None, faults[number % 3]):
                    prepare()
                    goal = load.n_acknowledged() + chance.randint(500, 3_000)
                    n_refused = load.n_refused()

                    def is_enough(goal: int = goal, n_refused: int = n_refused) -> bool:
                        return load.n_acknowledged() >= goal or load.n_refused() > n_refused + 5

                    wait_for("acknowledged events", is_enough, deadline_s=60)
                server.kill()
                mends[number % 3]()
                server.start()
            load.finish()
            n_events = load.check(admin)
        assert server.stop() == 0
        server.start()
        assert load.check(admin) == n_events
        server.close()


def test_stop_under_load(server: Server, admin: User) -> None:
    """SIGTERM while batches are on the way: what was acknowledged is there, and the exit code is 0."""
    with Load(server) as load:
        for _ in range(2):
            goal = load.n_acknowledged() + 3_000
            wait_for(f"{goal} acknowledged events", lambda goal=goal: load.n_acknowledged() >= goal, deadline_s=60)
            assert server.stop() == 0
            server.start()
        load.finish()
        load.check(admin)


def test_kill_during_the_first_start(make_server) -> None:
    """A half-made data directory opens, too."""
    server = make_server()
    for milliseconds in (5, 20, 50, 100, 200):
        server.start(wait=False)
        try:
            server.process.wait(milliseconds / 1000)
        except TimeoutError:
            raise
        except Exception:  # it still runs, as it should
            server.kill()
    server.start()
    assert server.stop() == 0

"""kill -9 under full load: every distinct acknowledged event is there exactly once, and the store opens each time."""

from __future__ import annotations

import os
import random

from support.load import Load
from support.server import Server, User, wait_for

N_KILLS = 50 if os.environ.get("ANNOSCOPE_SOAK") == "1" else 3


def test_kills_under_load(make_server) -> None:
    # A small log limit, so that some kills fall into a checkpoint.
    server = make_server(store_wal_checkpoint_bytes="2MiB", supervise="true").start()
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

"""Disks that are small, full, or without the database."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import events
from support.server import Server


@contextlib.contextmanager
def small_disk(path: Path, n_bytes: int) -> Iterator[Path]:
    """A small file system of its own at `path`."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(path)]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


class Ballast:
    """A file of somebody else that takes all the space there is."""

    def __init__(self, disk: Path):
        self.path = disk / "ballast"

    def grow(self, leave_bytes: int = 0) -> None:
        # ENOSPC is the aim.
        with contextlib.suppress(OSError), self.path.open("ab", buffering=0) as file:
            while (room := self.free_bytes() - leave_bytes) > 0:
                file.write(b"\1" * min(room, 1 << 20))

    def drop(self) -> None:
        self.path.unlink()

    def free_bytes(self) -> int:
        stats = os.statvfs(self.path.parent)
        return stats.f_bavail * stats.f_frsize


class DatabaseAway:
    """Puts a directory in the place of the database's file, and puts the file back."""

    def __init__(self, server: Server):
        self.file = server.data_dir / "events.duckdb"
        self.moved = server.data_dir / "events.duckdb.away"

    def take(self) -> None:
        self.file.rename(self.moved)
        self.file.mkdir()

    def put_back(self) -> None:
        self.file.rmdir()
        self.moved.rename(self.file)


def large_events(first: int, n_events: int = 100) -> list[dict]:
    """Server events of 10 kB each that cannot be compressed much, with obj_id from `first` on."""
    chance = random.Random(first)
    ids = range(first, first + n_events)
    return [events.server_event(obj_id=number, obj_val=chance.randbytes(5_000).hex()) for number in ids]


def fill_journal(server: Server, first: int, most_bytes: int) -> list[int]:
    """Sends large events until they are refused with 503; obj_id of those that were acknowledged."""
    acknowledged = []
    for number in range(first, first + most_bytes // 5_000, 100):
        answer = events.ingest(server, large_events(number))
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) >= 0
            return acknowledged
        assert answer.status_code == 200, answer.text
        acknowledged.extend(range(number, number + 100))
    raise AssertionError(f"{most_bytes} bytes were taken")

"""Debian's PostgreSQL, in a directory of its own, reached by a socket in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Debian has the programs of each version in a directory of its own, and none of them in the PATH.
DIRECTORIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([*map(str, reversed(DIRECTORIES)), os.environ.get("PATH", "")]))
    assert found, f"PostgreSQL's {name} is not there: scripts/need.sh postgresql installs it"
    return found


@contextmanager
def postgres() -> Iterator[str]:
    """A running server; what libpq needs to find it. Its data is gone afterwards."""
    # The path of a socket has 107 bytes at most, and pytest's directories are long.
    with tempfile.TemporaryDirectory(prefix="annoscope-pg-") as directory:
        # It refuses to run as root.
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if user:
            shutil.chown(directory, "postgres")
        data = f"{directory}/data"

        def run(name: str, *arguments: str) -> None:
            subprocess.run([*user, program(name), *arguments], check=True, stdout=subprocess.DEVNULL, cwd=directory)

        run("initdb", "--pgdata", data, "--username", "annoscope", "--auth", "trust", "--no-sync", "--encoding", "UTF8")
        options = f"-k {directory} -c listen_addresses= -c fsync=off"
        run("pg_ctl", "--pgdata", data, "--wait", "--log", f"{directory}/log", "--options", options, "start")
        try:
            yield f"host={directory} user=annoscope dbname=postgres"
        finally:
            run("pg_ctl", "--pgdata", data, "--mode", "immediate", "stop")

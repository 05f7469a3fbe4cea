"""Backups: made, looked into and brought back, by the program and by pandas."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from support import exports
from support.server import BINARY, Server, User, clean_environment, run_cli


def start(*args: str, data_dir: Path, env: dict[str, str] | None = None) -> subprocess.Popen:
    """Starts a command, which is to be killed."""
    return subprocess.Popen(
        [BINARY, *args, "--data-dir", str(data_dir)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**clean_environment(), **(env or {})},
    )


def manifest(directory: Path) -> dict:
    return json.loads((directory / "manifest.json").read_text())


def frame(directory: Path) -> pd.DataFrame:
    """All events of a backup, in the order of an export."""
    return pd.read_parquet(directory / "events").sort_values(["timestamp", "position"], ignore_index=True)


def files(directory: Path) -> dict[str, bytes]:
    """Every file, by its name."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def restore(place: str, data_dir: Path, *args: str) -> str:
    """What the command prints, which has to succeed."""
    done = run_cli("restore", place, "--data-dir", str(data_dir), *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(server: Server, user: User) -> list[bytes]:
    """The lines of an export of all events, without its head."""
    return exports.export(server, user, **exports.ALL).splitlines(keepends=True)[1:]


def restored_server(make_server: Callable[..., Server], place: str, data_dir: Path) -> Server:
    restore(place, data_dir)
    return make_server(data_dir).start()

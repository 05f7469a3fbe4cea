"""A directory as the root of processes: a bare Debian, or an image, with nothing of this machine but its kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from support import ROOT

# Mounts are the process's own and go with it. Arguments: root, "read-only" or "writable", directory outside and
# where it is within (both may be empty), then the command.
ENTER = """
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
if [ "$2" = read-only ]; then mount -o remount,bind,ro "$1"; fi
if [ -n "$3" ]; then mount --bind "$3" "$1$4"; fi
shift 4
exec "$@"
"""


@cache
def bare_debian(name: str, *packages: str) -> Path:
    """The archive of a root with these packages; skips where it cannot be had."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("a bare root needs root and unshare")
    made = subprocess.run([ROOT / "scripts/bare-root.sh", name, *packages], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no bare root: {made.stderr.strip().splitlines()[-1:]}")
    return Path(made.stdout.strip())


class BareRoot:
    """A root directory, made of an archive."""

    def __init__(self, path: Path, archive: Path, read_only: bool = False, volume: tuple[Path, str] | None = None):
        """`volume`: a directory outside, and where it is within."""
        self.path = path
        self.read_only = read_only
        self.volume = volume
        self.extract(archive)

    def extract(self, archive: Path) -> None:
        self.path.mkdir(exist_ok=True)
        subprocess.run(["tar", "-xpf", archive, "-C", self.path, "--numeric-owner"], check=True)
        for name in ("proc", "dev"):
            (self.path / name).mkdir(exist_ok=True)

    def entered(self, command: list[str], user: str = "0:0", env: dict[str, str] | None = None) -> list[str]:
        """What runs the command within, as one process."""
        mode = "read-only" if self.read_only else "writable"
        outside, within = self.volume or ("", "")
        variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **(env or {})}
        return [
            *("unshare", "--mount", "sh", "-euc", ENTER, "enter", str(self.path), mode, str(outside), within),
            *("env", "-i", *(f"{key}={value}" for key, value in variables.items())),
            *("/usr/sbin/chroot", f"--userspec={user}", str(self.path), *command),
        ]

    def run(self, *command: str, stdin: str = "", **place: object) -> str:
        """What a command prints that has to succeed."""
        done = subprocess.run(
            self.entered(list(command), **place), input=stdin, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def host(self, path: str) -> Path:
        """A path of within, as it is outside."""
        if self.volume and path.startswith(self.volume[1]):
            return self.volume[0] / path.removeprefix(self.volume[1]).lstrip("/")
        return self.path / path.lstrip("/")

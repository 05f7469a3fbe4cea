"""SECURITY.md names the tests that cover each point: they exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support import ROOT

NAME = re.compile(r"`([\w/]+\.(?:py|rs))?::(\w+)`")


def named_tests() -> list[tuple[str, str]]:
    """File and name; within a cell, `::name` is in the file before it."""
    found, file = [], ""
    for match in NAME.finditer((ROOT / "SECURITY.md").read_text()):
        file = match[1] or file
        found.append((file, match[2]))
    return found


def path_of(file: str) -> Path:
    if file.startswith("identity/"):
        return ROOT / "crates/server/src" / file
    return ROOT / (file if "/" in file else f"tests/{file}")


def test_there_are_some() -> None:
    assert len(named_tests()) > 50


@pytest.mark.parametrize(("file", "name"), sorted(set(named_tests())))
def test_it_exists(file: str, name: str) -> None:
    text = path_of(file).read_text()
    assert re.search(rf"\b(def|fn) {name}\(", text), f"{file} has no {name}"

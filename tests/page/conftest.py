"""Time zones that the page is tried in."""

from __future__ import annotations

import os
import zlib

import pytest

from support.page import ZONES


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `any_zone` runs in one of them, its neighbours in others; all do with `ANNOSCOPE_ZONES=all`."""
    marks = metafunc.definition.iter_markers("parametrize")
    if "any_zone" not in metafunc.fixturenames or any(mark.args[0] == "any_zone" for mark in marks):
        return
    is_all = os.environ.get("ANNOSCOPE_ZONES") == "all"
    one = zlib.crc32(metafunc.function.__name__.encode()) % len(ZONES)
    metafunc.parametrize("any_zone", ZONES if is_all else [ZONES[one]])

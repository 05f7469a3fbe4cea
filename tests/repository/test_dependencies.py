"""scripts/dependencies.py: which licences it lets pass."""

from __future__ import annotations

import importlib.util

import pytest

from support import ROOT

SPEC = importlib.util.spec_from_file_location("dependencies", ROOT / "scripts/dependencies.py")
dependencies = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(dependencies)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0", False),
        ("MIT/Apache-2.0", True),
        ("GPL-3.0 OR MIT", True),
        ("GPL-3.0 AND MIT", False),
        ("MIT AND (GPL-3.0 OR ISC)", True),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
        ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", True),
        ("GPL-2.0 WITH Classpath-exception-2.0", False),
        ("MIT OR GPL-3.0 AND AGPL-3.0", True),
    ],
)
def test_licences(expression: str, expected: bool) -> None:
    assert dependencies.is_allowed(expression) == expected

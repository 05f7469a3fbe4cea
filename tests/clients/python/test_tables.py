"""The tables of clients/python are those of annoscope's own builders, constant by constant. No server is needed."""

from __future__ import annotations

import re

import pytest
from annoscope_recorder import actions, secrets, tables

from support import ROOT

EVENTS = ROOT / "crates/events/src"


def source(name: str) -> str:
    return (EVENTS / name).read_text(encoding="utf-8")


def constant(file: str, name: str) -> str:
    """The value of a Rust constant, as text."""
    found = re.search(rf"\bconst {name}\b[^=]*=\s*(.*?);\n", source(file), re.DOTALL)
    assert found, f"{file} has no {name}"
    return found[1]


def texts(value: str) -> list[str]:
    return re.findall(r'"([^"]*)"', value)


def number(value: str) -> int:
    return int(value.replace("_", ""))


def test_the_scopes_are_those_of_servers() -> None:
    scopes = source("scope.rs").split("pub const SCOPES")[1].split("#[cfg(test)]")[0]
    of_servers = set(re.findall(r'\bserver\(\s*"([\w:]+)"', scopes))
    # The one that a browser sends, too.
    of_both = set(re.findall(r'name: "([\w:]+)",\s*sender: ScopeSender::Both', scopes))
    assert len(of_servers) > 50
    # Hours are counted by annoscope alone.
    assert tables.scopes() == of_servers | of_both


def test_resources_have_the_same_names_and_secrets() -> None:
    rules = constant("record/resource.rs", "RULES")
    named = {
        kind: texts(named_by)[0] if named_by.startswith("Some") else None
        for kind, named_by in re.findall(r'rule\(\s*ResourceKind::\w+,\s*"(\w+)",\s*(None|Some\("\w+"\)),?\s*\)', rules)
    }
    assert named == tables.NAMES
    of_kinds = re.findall(r'secrets: &\[([^\]]*)\],\s*\.\.rule\(ResourceKind::\w+, "(\w+)"', rules)
    assert {kind: frozenset(texts(names)) for names, kind in of_kinds} == {
        kind: names for kind, names in tables.SECRETS.items() if names
    }


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        ("record/created.rs", "LEFT_OUT", tables.LEFT_OUT_OF_CREATE),
        ("record/updated.rs", "PASSED_OVER", tables.PASSED_OVER_BY_UPDATE),
        ("record/secrets.rs", "SECRET_WORDS", tables.SECRET_WORDS),
        ("record/secrets.rs", "HARMLESS_ENDS", tables.HARMLESS_ENDS),
        ("record/secrets.rs", "REDACTED", {tables.SECRET_SHOWN_AS}),
    ],
)
def test_lists_of_names_are_the_same(file: str, name: str, expected: set[str]) -> None:
    assert set(texts(constant(file, name))) == expected


def test_pairs_of_words_are_the_same() -> None:
    pairs = re.findall(r'\("(\w+)", "(\w+)"\)', constant("record/secrets.rs", "SECRET_PAIRS"))
    assert set(pairs) == tables.SECRET_PAIRS


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        ("record/exceptions.rs", "MAX_MESSAGE_CHARS", tables.LONGEST_CHARS["message"]),
        ("record/exceptions.rs", "MAX_STACK_CHARS", tables.LONGEST_CHARS["stack"]),
        ("record/exceptions.rs", "MAX_URL_CHARS", tables.LONGEST_CHARS["url"]),
        ("record/exceptions.rs", "UNAUTHORIZED", actions.UNAUTHORIZED),
        ("record/secrets.rs", "MAX_LEVELS", secrets.MAX_LEVELS),
    ],
)
def test_limits_are_the_same(file: str, name: str, expected: int) -> None:
    assert number(constant(file, name)) == expected

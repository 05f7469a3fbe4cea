"""Secrets are known by their names, at any depth. Whether there is one is none.

A name is taken apart into words at `_`, `-`, other signs and capital letters.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from annoscope_recorder import tables

# Levels of a value that are looked at; what lies deeper is left out.
MAX_LEVELS = 32


def is_secret(name: str) -> bool:
    """Whether a value of that name is a secret."""
    words = words_of(name)
    if not words or words[-1] in tables.HARMLESS_ENDS:
        return False
    return any(word in tables.SECRET_WORDS for word in words) or any(
        pair in tables.SECRET_PAIRS for pair in pairwise(words)
    )


def words_of(name: str) -> list[str]:
    """`secretKey` and `secret-key` are `secret`, `key`."""
    words = [""]
    was_small = False
    for letter in name:
        if not letter.isalnum() or (letter.isupper() and was_small):
            words.append("")
        if letter.isalnum():
            words[-1] += letter.lower()
        was_small = letter.islower() or letter.isnumeric()
    return [word for word in words if word]


def without_secrets(name: str, value: Any, level: int = 0) -> Any:
    """The value of that name, with secrets in it replaced, also within objects and lists."""
    if value is None or isinstance(value, bool):
        return value
    if is_secret(name):
        return tables.SECRET_SHOWN_AS
    if isinstance(value, (dict, list)) and level == MAX_LEVELS:
        return None
    if isinstance(value, dict):
        return {key: without_secrets(key, member, level + 1) for key, member in value.items()}
    if isinstance(value, list):
        return [without_secrets("", member, level + 1) for member in value]
    return value


def url_without_secrets(url: str) -> str:
    """A path with its query, whose secret parameters have no values."""
    path, mark, query = url.partition("?")
    parameters = []
    for parameter in query.split("&"):
        name, equals, _ = parameter.partition("=")
        parameters.append(f"{name}={tables.SECRET_SHOWN_AS}" if equals and is_secret(name) else parameter)
    return path + mark + "&".join(parameters)

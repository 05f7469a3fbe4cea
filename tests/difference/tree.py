"""Queries as trees of text, so that a generated one can be made smaller."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Kinds of nodes that are no expressions: a list, of which all but one element may go, and a part that may go.
LIST = "list"
OPTIONAL = "optional"


@dataclass(frozen=True)
class Node:
    """A piece of a query. `kind`: of an expression the kind of its value, for which another may stand."""

    kind: str
    parts: tuple[str | Node, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    def size(self) -> int:
        return 1 + sum(part.size() for part in self.parts if isinstance(part, Node))

    def descendants(self) -> Iterator[Node]:
        for part in self.parts:
            if isinstance(part, Node):
                yield part
                yield from part.descendants()


def node(kind: str, *parts: str | Node) -> Node:
    return Node(kind, parts)


def call(kind: str, name: str, arguments: list[Node]) -> Node:
    return Node(kind, (f"{name}(", *separated(arguments), ")"))


def items(nodes: list[Node]) -> Node:
    """A list with commas."""
    return Node(LIST, tuple(separated(nodes)))


def separated(nodes: list[Node]) -> Iterator[str | Node]:
    for number, item in enumerate(nodes):
        if number:
            yield ", "
        yield item


def smaller(whole: Node, literals: dict[str, str]) -> Iterator[Node]:
    """Trees with one thing taken away, the largest steps first. `literals`: the plainest text of each kind."""
    if whole.kind == OPTIONAL and whole.parts:
        yield Node(OPTIONAL, ())
    if whole.kind == LIST:
        elements = [part for part in whole.parts if isinstance(part, Node)]
        for index in range(len(elements)):
            if len(elements) > 1:
                yield items(elements[:index] + elements[index + 1 :])
    elif whole.kind in literals:
        if str(whole) != literals[whole.kind]:
            yield node(whole.kind, literals[whole.kind])
        inner = [part for part in whole.descendants() if part.kind == whole.kind]
        yield from sorted(inner, key=Node.size)
    for index, part in enumerate(whole.parts):
        if isinstance(part, Node):
            for less in smaller(part, literals):
                yield Node(whole.kind, (*whole.parts[:index], less, *whole.parts[index + 1 :]))


def shrink(whole: Node, literals: dict[str, str], still_fails: Callable[[str], bool], n_tries: int = 120) -> Node:
    """The smallest tree that was found to fail, too."""
    tries = itertools.count()
    found = True
    while found:
        found = False
        for candidate in smaller(whole, literals):
            if next(tries) >= n_tries:
                return whole
            if len(str(candidate)) < len(str(whole)) and still_fails(str(candidate)):
                whole, found = candidate, True
                break
    return whole

"""The leaves of the syntax tree: literals, names, types, and what every node has.

``nodes`` holds the rest of the tree and hands these on, so that it is the one place to import from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.apim.policy.tree import NamedValue, Part, Template


@dataclass(frozen=True, slots=True)
class Node:
    """Anything of the tree."""

    at: int = field(default=0, compare=False, kw_only=True)
    """Offset in the source of where it begins (a binary one: of its operator)."""


@dataclass(frozen=True, slots=True)
class Null(Node):
    """``null``."""


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number as written, suffix included: ``1``, ``0x1F``, ``1.5m``."""

    text: str


@dataclass(frozen=True, slots=True)
class Character(Node):
    """``'x'``: one character."""

    value: str


@dataclass(frozen=True, slots=True)
class String(Node):
    """Any string without holes of its own, escapes decoded; named values may stand in it."""

    parts: tuple[Part, ...]

    @property
    def known(self) -> str | None:
        """The text when nothing is filled in, else None."""
        return None if any(not isinstance(p, str) for p in self.parts) else self.text

    @property
    def text(self) -> str:
        """The text with ``{{name}}`` in it."""
        return "".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class QuotedText(Node):
    """``'several characters'``: no C#, and refused by the service, but found in old documents as a string."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Named(Node):
    """``{{name}}`` as code: whatever the named value holds, spliced in before compilation."""

    value: NamedValue


@dataclass(frozen=True, slots=True)
class Filled(Node):
    """``${…}`` as code: filled in by a tool before deployment."""

    value: Template


@dataclass(frozen=True, slots=True)
class Type(Node):
    """A type: ``System.Text.RegularExpressions.Regex``, ``Dictionary<string, int>[]``, ``int?``."""

    name: str
    """With its dots; ``var`` as written; ``()`` for a tuple, whose types are the arguments."""
    arguments: tuple[Type, ...] = ()
    suffix: str = ""
    """``?``, ``[]``, ``[,]`` … as written, blanks removed; after ``.`` for a member of a generic type."""


@dataclass(frozen=True, slots=True)
class Name(Node):
    """An identifier, ``this``, or a built-in type's word such as ``string``; type arguments if it has any."""

    name: str
    arguments: tuple[Type, ...] = ()


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below one."""
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from _nodes(value)


def _nodes(items: tuple[object, ...]) -> Iterator[Node]:
    for item in items:
        if isinstance(item, Node):
            yield item
        elif isinstance(item, tuple):
            yield from _nodes(item)


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the source (a name of a member after its target)."""
    waiting: list[Node] = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(list(children(current))))

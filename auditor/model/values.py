"""The values of wire JSON, and the three things that stand where a value is not known or not shown.

Wire JSON is what Azure's management API sends: ``dict``, ``list``, ``str``, ``int``, ``float``, ``bool``
and ``None``, with the API's own property names. Reading a template or removing secrets leaves four more
kinds of value in that tree:

* :class:`Unresolved` – an expression whose value depends on something the input does not hold;
* :class:`Partial` – a string some pieces of which are known and some are not;
* :class:`PartialObject`, :class:`PartialList` – containers that hold what is known, with more unknown;
* :class:`Redacted` – a secret that was there, replaced when the data came in.

Nothing outside this package needs to test for them: ``Subject.read`` turns them into ``Undetermined``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
"""A value of wire JSON, or one of the stand-ins of this module."""

ABSENT: Final = type("Absent", (), {"__repr__": lambda _: "ABSENT", "__bool__": lambda _: False})()
"""What a lookup gives for a member that is not there. Never stored in a tree."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An expression that could not be evaluated.

    Two of them are equal when their canonical expression is: the same expression in one deployment has
    the same value, so it can name a resource even while the name itself is unknown.
    """

    expression: str
    """The canonical source text, without the surrounding brackets: ``parameters('sku')``."""
    reason: str = ""
    """Why, in words a reader can act on: ``parameter 'sku' has no value``."""

    def __str__(self) -> str:
        return f"[{self.expression}]"


@dataclass(frozen=True, slots=True)
class Partial:
    """A string of which some pieces are known.

    ``pieces`` alternates freely between ``str`` and :class:`Unresolved`; adjacent strings are merged and
    at least one piece is unresolved (see :func:`join`).
    """

    pieces: tuple[str | Unresolved, ...]

    def __str__(self) -> str:
        return "".join(str(piece) for piece in self.pieces)

    @property
    def unresolved(self) -> Unresolved:
        """The first piece that is not known."""
        return next(piece for piece in self.pieces if isinstance(piece, Unresolved))


def join(pieces: Iterable[str | Unresolved | Partial]) -> str | Unresolved | Partial:
    """Concatenate known and unknown pieces into the simplest value that holds them."""
    merged: list[str | Unresolved] = []
    for piece in pieces:
        for part in piece.pieces if isinstance(piece, Partial) else (piece,):
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            elif part != "":
                merged.append(part)
    if not merged:
        return ""
    if len(merged) == 1:
        return merged[0]
    return Partial(tuple(merged))


class PartialObject(dict[str, Json]):
    """An object some of whose members are not known: those it holds are, those it lacks may still exist."""

    __slots__ = ("why",)

    def __init__(self, known: Mapping[str, Json], why: Unresolved) -> None:
        super().__init__(known)
        self.why = why


class PartialList(list[Json]):
    """An array that may have more elements than those it holds."""

    __slots__ = ("why",)

    def __init__(self, known: Iterable[Json], why: Unresolved) -> None:
        super().__init__(known)
        self.why = why


@dataclass(frozen=True, slots=True)
class Redacted:
    """A secret that was removed when the data came in: what a check needs, and nothing to guess against.

    ``group`` numbers equal secrets of one run alike, in order of appearance; no hash of the secret exists.
    """

    kind: str
    """What it was: ``named value``, ``password``, ``connection string``, ``jwt`` ..."""
    length: str = ""
    """A band, never the length: ``1-8``, ``9-32``, ``33-128``, ``over 128``."""
    empty: bool = False
    """The value was the empty string."""
    placeholder: bool = False
    """The value was a mask (``*** MASKED ***``, ``{PASSWORD}``, ``<your key>``), not a secret."""
    reference: str | None = None
    """The display name of the named value when the whole value is ``{{name}}``: then nothing was secret."""
    group: int = 0
    """Equality class within the run, counted from 1."""
    known_format: bool = field(default=False)
    """A documented credential format was recognised (a storage key, a JWT, a private key ...)."""

    def __str__(self) -> str:
        if self.reference is not None:
            return "{{" + self.reference + "}}"
        if self.empty:
            return f"(empty {self.kind})"
        if self.placeholder:
            return f"(masked {self.kind})"
        return f"(redacted {self.kind}, {self.length} characters)"


@dataclass(frozen=True, slots=True)
class Sealed(Redacted):
    """A document that checks read and that no output shows: it prints as what was removed.

    Known credential formats in its text are replaced like everywhere else.
    """

    text: str = field(default="", repr=False, compare=False)


def walk(value: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Every value below ``value`` with its JSON pointer, containers before what they hold."""
    yield pointer, value
    if isinstance(value, dict):
        for key, member in value.items():
            yield from walk(member, f"{pointer}/{escape(str(key))}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from walk(member, f"{pointer}/{index}")


def escape(key: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def unescape(token: str) -> str:
    """The member name a reference token stands for (RFC 6901)."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


@lru_cache(4096)
def tokens(pointer: str) -> tuple[tuple[str, str], ...]:
    """The member names of a JSON pointer, each with the reference token it is written as.

    Kept, for checks read the same few pointers of every resource.
    """
    names = [unescape(token) for token in pointer.split("/")[1:]]
    return tuple((name, escape(name)) for name in names)


def member(value: Mapping[str, Json], name: str) -> tuple[str, Json] | None:
    """The member ``name`` of an object, matched as Azure does: without case. Gives the name as it stands.

    An exact match wins; of several that differ only in case, the last does (as in a JSON parser).
    """
    if name in value:
        return name, value[name]
    size, folded, found = len(name), "", None
    for key in value:
        if len(key) == size:
            folded = folded or name.casefold()
            if key.casefold() == folded:
                found = key
    return None if found is None else (found, value[found])


def peek(element: Json, pointer: str) -> str:
    """What names an element of an array, without logging; empty where it cannot be told."""
    value = element
    for token in pointer.split("/")[1:]:
        found = member(value, unescape(token)) if isinstance(value, dict) else None
        value = found[1] if found else None
    return "" if value is None or isinstance(value, (dict, list)) else str(value)

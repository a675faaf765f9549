"""The one text that stands for an unknown value.

An unresolved value is known by its expression: the same text, the same value. So an expression is printed
from the *values* of its parts, not from its source: a module's parameter bound to the caller's
``parameters('name')`` prints as ``parameters('name')``, and a resource id built in two ways prints once.
Texts are kept short: what is left out is replaced by a digest of the whole, so that two long texts stay
different.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from auditor.arm.syntax import quote
from auditor.model.values import Json, Partial, PartialList, PartialObject, Unresolved, join

MAX_TEXT: Final = 300
_MAX_LITERAL: Final = 100
_MIN_SECRET: Final = 6
_HERE: Final = (
    "/subscriptions/",
    "[subscription().subscriptionId]",
    "/resourceGroups/",
    "[resourceGroup().name]",
)


class Whole(PartialObject):
    """An object whose ``why`` names all of it: ``subscription()``, rather than what is missing from it."""

    __slots__ = ()


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """The text, or its beginning with a digest of all of it."""
    if len(text) <= limit:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
    return f"{text[: limit - 12]}…{digest}"


def derived(text: str, reason: str) -> Unresolved:
    """An unknown value, its text kept within bounds."""
    return Unresolved(shorten(text), reason)


def first_unknown(values: Iterable[Json]) -> Unresolved | None:
    """The first thing not known among values, looking into containers only as far as one level."""
    for value in values:
        found = unknown_of(value)
        if found is not None:
            return found
        if isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                found = unknown_of(item)
                if found is not None:
                    return found
    return None


def unknown_of(value: Json) -> Unresolved | None:
    """What is not known about this very value, its members left aside."""
    if isinstance(value, Unresolved):
        return value
    if isinstance(value, Partial):
        return value.unresolved
    if isinstance(value, PartialObject | PartialList):
        return value.why
    return None


class Printer:
    """Prints values as expressions. Keeps what it printed, since one large value may stand in many texts.

    Texts that came from secure parameters are printed as the parameter: a canonical text is shown to readers.
    """

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._printed: dict[int, tuple[Json, str]] = {}

    def hide(self, value: Json, text: str) -> None:
        """Print what ``value`` holds as ``text`` from now on."""
        if isinstance(value, str):
            if len(value) >= _MIN_SECRET:
                self._secrets.setdefault(value, text)
        elif isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                self.hide(item, text)

    def call(self, name: str, arguments: Iterable[Json]) -> str:
        """The text of a call with these values."""
        return shorten(f"{name}({', '.join(self.show(value) for value in arguments)})")

    def show(self, value: Json) -> str:
        """The text of one value."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Unresolved):
            return value.expression
        if isinstance(value, Partial):
            return self._partial(value)
        if value is None or isinstance(value, bool):
            return {None: "null()", True: "true()", False: "false()"}[value]
        if isinstance(value, Whole):
            return value.why.expression
        if isinstance(value, dict | list):
            known = self._printed.get(id(value))
            if known is None:
                known = self._printed[id(value)] = (value, shorten(self._container(value)))
            return known[1]
        return str(value)

    def plain(self, value: str | Unresolved | Partial) -> str:
        """A text as readers see it, its unknown and its secret pieces as expressions."""
        pieces = value.pieces if isinstance(value, Partial) else (value,)
        shown = [self.show(piece) if isinstance(piece, str) else str(piece) for piece in pieces]
        return "".join(
            piece
            if isinstance(piece, str) and text == quote(shorten(piece, _MAX_LITERAL))
            else _bracketed(text)
            for piece, text in zip(pieces, shown, strict=True)
        )

    def _container(self, value: dict[str, Json] | list[Json]) -> str:
        if isinstance(value, dict):
            parts = [f"{self.show(key)}, {self.show(item)}" for key, item in value.items()]
            name = "createObject"
        else:
            parts = [self.show(item) for item in value]
            name = "createArray"
        if isinstance(value, PartialObject | PartialList):
            parts.append(f"… {value.why.expression}")
        return f"{name}({', '.join(parts)})"

    def _text(self, value: str) -> str:
        for secret, text in self._secrets.items():
            if secret in value:
                shown: list[str] = []
                for index, piece in enumerate(value.split(secret)):
                    shown += [text] if index else []
                    shown += [self._text(piece)] if piece else []
                return shown[0] if len(shown) == 1 else f"concat({', '.join(shown)})"
        return quote(shorten(value, _MAX_LITERAL))

    def _partial(self, value: Partial) -> str:
        if _is_here(value.pieces) and len(value.pieces) == 4:
            return "resourceGroup().id"
        if value.pieces == ("/subscriptions/", value.pieces[1]) and str(value.pieces[1]) == _HERE[1]:
            return "subscription().id"
        found = _resource_id(value)
        if found is not None:
            return f"resourceId({', '.join(self.show(part) for part in found)})"
        return f"concat({', '.join(self.show(piece) for piece in value.pieces)})"


def _bracketed(text: str) -> str:
    return text if text.startswith("[") else f"[{text}]"


def _is_here(pieces: tuple[str | Unresolved, ...]) -> bool:
    """Whether pieces begin with the id of the resource group that is deployed to."""
    return tuple(str(piece) for piece in pieces[:4]) == _HERE


def slash_segments(value: str | Unresolved | Partial) -> list[str | Unresolved | Partial]:
    """A text cut at the slashes in its known pieces."""
    segments: list[list[str | Unresolved]] = [[]]
    for piece in value.pieces if isinstance(value, Partial) else (value,):
        if isinstance(piece, str):
            first, *others = piece.split("/")
            segments[-1].append(first)
            segments.extend([other] for other in others)
        else:
            segments[-1].append(piece)
    return [join(segment) for segment in segments]


def _resource_id(value: Partial) -> list[Json] | None:
    """The arguments of the plain ``resourceId`` call that gives this value, if one does."""
    if len(value.pieces) < 5 or not _is_here(value.pieces):
        return None
    rest = slash_segments(Partial(value.pieces[4:]))
    types, names = rest[3::2], rest[4::2]
    if len(rest) < 5 or rest[:2] != ["", "providers"] or len(types) != len(names) or "" in names:
        return None
    if not all(isinstance(part, str) and part for part in (rest[2], *types)):
        return None
    return ["/".join(str(part) for part in (rest[2], *types)), *names]

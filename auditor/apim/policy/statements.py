"""A section as statements that know where they come from; fragments take the place of their includes.

Sources: "Reuse policy configurations in your API Management policy definitions" (fragments), "Policies in
Azure API Management" (``<base/>``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from auditor.apim.policy.scopes import Library, Place, Unreadable
from auditor.apim.policy.tree import Document, Element, Kind

COMPOSITE: Final = frozenset({"choose", "when", "otherwise", "retry", "wait", "limit-concurrency", "block"})
"""Elements whose children are statements of the pipeline; those of others are parts of one statement."""
BASE: Final = "base"
UNKNOWN: Final = "unknown"
"""Name of a statement that stands for what was not read."""
_INCLUDE: Final = "include-fragment"
_DEPTH: Final = 8
"""Levels of fragments in fragments; the documentation allows none, so real ones are shallow."""
_MOST_INCLUDES: Final = 1_000
"""Fragments put into one section: those that include each other multiply with every level."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a statement is written."""

    place: Place
    line: int
    column: int
    section: str = "inbound"
    fragment: str | None = None
    """The fragment that holds it; then line and column are the fragment's."""

    def __str__(self) -> str:
        where = f"fragment {self.fragment}" if self.fragment is not None else str(self.place)
        return f"{where}, line {self.line}"


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement of an effective section."""

    name: str
    element: Element
    origin: Origin
    library: Library
    children: tuple[Statement, ...] = ()
    """Statements below a composite one."""
    reason: str = ""
    """Of an unknown statement: what was not read."""

    def walk(self) -> Iterator[Statement]:
        """This statement and all below it, in order."""
        waiting = [self]
        while waiting:
            statement = waiting.pop()
            yield statement
            waiting.extend(reversed(statement.children))


class Told(StrEnum):
    """What composition has to say beside its result."""

    CUTS_OFF = "cuts-off"
    """A section without ``<base/>`` keeps wider scopes out."""
    LATE_BASE = "late-base"
    """Statements stand before ``<base/>``: they run before those of wider scopes."""
    SECTION_ABSENT = "section-absent"
    BASE_REPEATED = "base-repeated"
    BASE_NESTED = "base-nested"
    BASE_IN_FRAGMENT = "base-in-fragment"
    UNREADABLE = "unreadable"
    UNSOUND = "unsound"
    """The text is broken: the tree may differ from what the service sees."""
    FRAGMENT_MISSING = "fragment-missing"
    FRAGMENT_NESTED = "fragment-nested"
    FRAGMENT_CYCLIC = "fragment-cyclic"
    FRAGMENT_SECTIONS = "fragment-sections"


NOT_READ: Final = frozenset(
    {Told.UNREADABLE, Told.UNSOUND, Told.FRAGMENT_MISSING, Told.FRAGMENT_CYCLIC, Told.FRAGMENT_SECTIONS}
)
"""What composition notes where a part of a policy was not read, or not surely as the service reads it."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to say, where, and about which scopes or statements."""

    told: Told
    message: str
    origin: Origin
    scopes: tuple[Place, ...] = ()
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class _At:
    """Where the expansion stands."""

    place: Place
    section: str
    library: Library
    fragments: tuple[str, ...] = ()
    nested: bool = False
    """Below ``choose`` or another composite statement."""
    included: list[str] = field(default_factory=list)
    """Every fragment put in so far, shared by the whole section."""

    def origin(self, element: Element) -> Origin:
        fragment = self.fragments[-1] if self.fragments else None
        return Origin(self.place, element.line, element.column, self.section, fragment)


@dataclass(slots=True)
class Expansion:
    """Statements of one section of one document, ``<base/>`` still in them, and what was noticed."""

    statements: tuple[Statement, ...] = ()
    notes: list[Note] = field(default_factory=list)


def expand(section: Element, place: Place, name: str, library: Library) -> Expansion:
    """A section's statements, fragments expanded."""
    result = Expansion()
    result.statements = tuple(_expand_all(section.elements, _At(place, name, library), result.notes))
    return result


def unknown(
    place: Place, section: str, library: Library, reason: str, at: Element | None = None
) -> Statement:
    """A statement that stands for what was not read: it may do anything a policy can."""
    element = at if at is not None else Element(UNKNOWN, (), (), 1, 1)
    origin = Origin(place, element.line, element.column, section)
    return Statement(UNKNOWN, element, origin, library, reason=reason)


def _expand_all(elements: Iterable[Element], at: _At, notes: list[Note]) -> Iterator[Statement]:
    for element in elements:
        if element.name == _INCLUDE:
            yield from _include(element, at, notes)
        elif element.name == BASE and at.fragments:
            text = "<base/> in a fragment is not allowed: what it does there is not documented"
            notes.append(Note(Told.BASE_IN_FRAGMENT, text, at.origin(element)))
            yield _unknown(element, at, text)
        else:
            yield _statement(element, at, notes)


def _statement(element: Element, at: _At, notes: list[Note]) -> Statement:
    children: tuple[Statement, ...] = ()
    if element.name in COMPOSITE:
        inside = _At(at.place, at.section, at.library, at.fragments, nested=True, included=at.included)
        children = tuple(_expand_all(element.elements, inside, notes))
    return Statement(element.name, element, at.origin(element), at.library, children)


def _unknown(element: Element, at: _At, reason: str) -> Statement:
    return Statement(UNKNOWN, element, at.origin(element), at.library, reason=reason)


def _include(element: Element, at: _At, notes: list[Note]) -> Iterator[Statement]:
    """The statements of a fragment, or one unknown statement with the reason."""
    name = element.word("fragment-id")
    origin = at.origin(element)
    if name is None:
        yield _unknown(element, at, "an include-fragment whose fragment-id is not known text")
        return
    at.included.append(name)
    too_many = len(at.fragments) >= _DEPTH or len(at.included) > _MOST_INCLUDES
    if too_many or name.casefold() in (each.casefold() for each in at.fragments):
        text = f"fragment {name} includes itself, or fragments nest too deep"
        notes.append(Note(Told.FRAGMENT_CYCLIC, text, origin))
        yield _unknown(element, at, text)
        return
    read = at.library.fragment(name)
    if read is None or isinstance(read, Unreadable):
        text = f"fragment {name}: {read.reason}" if read is not None else f"fragment {name} was not found"
        notes.append(Note(Told.FRAGMENT_MISSING, text, origin))
        yield _unknown(element, at, text)
        return
    if at.fragments:
        text = f"fragment {at.fragments[-1]} includes {name}; a fragment cannot include another one"
        notes.append(Note(Told.FRAGMENT_NESTED, text, origin))
    inside = _At(at.place, at.section, at.library, (*at.fragments, name), included=at.included)
    yield from _fragment(read, element, inside, notes)


def _fragment(read: Document, include: Element, at: _At, notes: list[Note]) -> Iterator[Statement]:
    if not read.sound:
        text = f"fragment {at.fragments[-1]} is not well written: {read.diagnostics[0].message}"
        notes.append(Note(Told.UNSOUND, text, at.origin(include)))
    root = read.root
    if root is None or read.kind is not Kind.FRAGMENT:
        # Statements without the <fragment> around them are how some tools store a fragment.
        elements = read.elements
        if root is None or read.kind is not Kind.OTHER:
            text = f"fragment {at.fragments[-1]} does not hold a <fragment>"
            notes.append(Note(Told.FRAGMENT_SECTIONS, text, at.origin(include)))
            yield _unknown(include, at, text)
            return
    else:
        elements = root.elements
    yield from _expand_all(elements, at, notes)

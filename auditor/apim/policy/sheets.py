"""One policy document as rules look at it: every element with its section and what stands around it.

A rule on a single document needs no composition: what it says holds wherever the document takes part.
Fragments are sheets of their own, so that what is wrong in one is said once and not for every include.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, Final, TypeVar

from auditor.apim.policy.evaluate.code import Code, compiled, names_in
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.scopes import Library, Scope
from auditor.apim.policy.statements import COMPOSITE
from auditor.apim.policy.tree import (
    SECTIONS,
    Document,
    Element,
    Expression,
    Kind,
    Literal,
    Mixed,
    NamedValue,
    Value,
)

T = TypeVar("T")
_REQUESTS: Final = frozenset({"send-request", "send-one-way-request"})


@dataclass(frozen=True, eq=False)
class Spot:
    """One element of a document, with where it stands."""

    element: Element
    section: str
    """Empty in a fragment or a resolver."""
    parents: tuple[Element, ...]
    """From the section's own child down to the element's parent."""
    library: Library

    @property
    def name(self) -> str:
        """The element's name."""
        return self.element.name

    @property
    def in_pipeline(self) -> bool:
        """Whether it is a statement that runs, not a part of one, like ``set-header`` in ``send-request``."""
        return all(parent.name in COMPOSITE for parent in self.parents)

    @property
    def conditional(self) -> bool:
        """Whether it stands below ``choose``."""
        return any(parent.name in {"when", "otherwise"} for parent in self.parents)

    @property
    def request(self) -> Element | None:
        """The ``send-request`` or ``send-one-way-request`` it is a part of."""
        return next((parent for parent in self.parents if parent.name in _REQUESTS), None)

    def code(self, attribute: str) -> Code | None:
        """An attribute with the known named values put in; None where it is absent."""
        value = self.element.get(attribute)
        return compiled(value, self.library) if value is not None else None

    def text(self) -> Code | None:
        """The element's text likewise; None where it has none, or has child elements."""
        value = self.element.value
        return compiled(value, self.library) if value is not None else None

    def below(self, element: Element) -> Spot:
        """A child element as a spot of its own."""
        return Spot(element, self.section, (*self.parents, self.element), self.library)

    def issue(self, rule: Rule, weight: Weight, message: str, at: Element | None = None) -> Issue:
        """Something to say of this element, or of one below it."""
        place = at if at is not None else self.element
        names = frozenset(_names(self.element))
        return Issue(rule, weight, message, self.element.name, self.section, place.line, place.column, names)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One document with what it refers to."""

    document: Document
    library: Library = field(default_factory=Library)
    scope: Scope | None = None
    """None for a fragment."""
    made: dict[str, Any] = field(default_factory=dict, repr=False)
    """What :func:`once` keeps, by the name of the function that made it."""

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """Every element below the sections, in the order of the document."""
        return tuple(self._spots())

    def named(self, *names: str) -> Iterator[Spot]:
        """The elements of some names, in the order of the document."""
        there = [name for name in names if name in self._by_name]
        if len(there) < 2:
            return iter(self._by_name[there[0]] if there else ())
        return (spot for spot in self.spots if spot.name in there)

    @cached_property
    def _by_name(self) -> dict[str, list[Spot]]:
        found: dict[str, list[Spot]] = {}
        for spot in self.spots:
            found.setdefault(spot.name, []).append(spot)
        return found

    @cached_property
    def writers(self) -> dict[str, list[Spot]]:
        """Statements that write a variable, by the variable's name."""
        found: dict[str, list[Spot]] = {}
        for spot in self.spots:
            for name in _written(spot.element):
                found.setdefault(name, []).append(spot)
        return found

    def _spots(self) -> Iterator[Spot]:
        root = self.document.root
        if root is None:
            return
        if self.document.kind is Kind.POLICIES:
            for section in root.elements:
                if section.name in SECTIONS:
                    for element in section.elements:
                        yield from _walk(Spot(element, section.name, (), self.library))
            return
        top = root.elements if self.document.kind is Kind.FRAGMENT else self.document.elements
        for element in top:
            yield from _walk(Spot(element, "", (), self.library))


def once(compute: Callable[[Sheet], T]) -> Callable[[Sheet], T]:
    """Make what several rules ask of a sheet be worked out once, and kept as long as the sheet is."""
    name = f"{compute.__module__}.{compute.__qualname__}"

    @wraps(compute)
    def kept(sheet: Sheet) -> T:
        if name not in sheet.made:
            sheet.made[name] = compute(sheet)
        found: T = sheet.made[name]
        return found

    return kept


def _walk(spot: Spot) -> Iterator[Spot]:
    waiting = [spot]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(current.below(child) for child in reversed(current.element.elements))


def _written(element: Element) -> Iterator[str]:
    for attribute in element.attributes:
        is_name = attribute.name == "name" if element.name == "set-variable" else False
        if is_name or attribute.name.endswith("variable-name"):
            name = element.word(attribute.name)
            if name is not None:
                yield name


def named_values_of(element: Element) -> tuple[str, ...]:
    """Display names of the named values that an element uses, its parts included, each once."""
    return tuple(dict.fromkeys(_names(element)))


def _names(element: Element) -> Iterator[str]:
    """Display names of all named values that an element uses, its parts included."""
    for each in element.walk():
        for attribute in each.attributes:
            yield from _names_of(attribute.value)
        if each.value is not None:
            yield from _names_of(each.value)


def _names_of(value: Value) -> Iterator[str]:
    match value:
        case Literal():
            yield from (hole.name for hole in value.holes if isinstance(hole, NamedValue))
        case Expression():
            yield from names_in(value.source)
        case Mixed():
            yield from names_in(value.text)

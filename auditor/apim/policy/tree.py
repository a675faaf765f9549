"""What a policy document is once read: elements, attributes, and values that are text or C#.

Nodes are frozen. Elements, texts and documents compare by identity, so they can be keys of a mapping; values
compare by content, without their position. A document may nest ``MAX_DEPTH`` levels: walk it with
``Element.walk``, which does not recurse.

Sources: "Policies in Azure API Management", "API Management policy expressions" (an expression is the whole
of a value) and "Use named values in Azure API Management policies" in the documentation of Azure API
Management.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias
from typing import Literal as OneOf

from auditor.apim.policy.entities import ENTITY, character

MAX_SIZE: Final = 1_000_000
"""Characters of one document. "Azure API Management limits": a policy document may have 256 or 512 KiB."""
MAX_DEPTH: Final = 1_000
"""Elements within elements."""

SECTIONS: Final = ("inbound", "backend", "outbound", "on-error")
RESOLVERS: Final = frozenset(
    {"http-data-source", "sql-data-source", "cosmosdb-data-source", "publish-event", "graphql-data-source"}
)
"""Roots of what answers a GraphQL field: they have no sections and inherit nothing."""


class Kind(StrEnum):
    """What a document is, by its first element."""

    POLICIES = "policies"
    FRAGMENT = "fragment"
    RESOLVER = "resolver"
    OTHER = "other"
    """Another root element: not a document that API Management would take."""
    NONE = "none"
    """No element at all."""


class Code(StrEnum):
    """What can be said against a text; ``structural`` ones leave the tree in doubt."""

    TOO_LONG = "too-long"
    TOO_DEEP = "too-deep"
    NO_ELEMENT = "no-element"
    SEVERAL_ROOTS = "several-roots"
    TEXT_OUTSIDE = "text-outside"
    STRAY_END = "stray-end"
    """An end tag without a start."""
    UNCLOSED = "unclosed"
    """An element whose end tag is missing."""
    UNFINISHED = "unfinished"
    """A tag, comment or CDATA section that the text ends in."""
    BAD_ATTRIBUTE = "bad-attribute"
    """What stands in a start tag is no ``name="value"``."""
    DUPLICATE_ATTRIBUTE = "duplicate-attribute"
    UNBALANCED = "unbalanced-expression"
    """An ``@(`` or ``@{`` whose end cannot be found: its value is kept as text."""
    MIXED = "mixed-value"
    """Text and expression in one value; the service takes an expression as a whole value only."""
    DECLARATION = "declaration"
    """A document type declaration or the like: skipped, never obeyed."""
    NOT_TEXT = "not-text"
    """Characters that no XML document can hold."""
    SYNTAX = "syntax"
    """C# that the parser does not read."""

    @property
    def structural(self) -> bool:
        """Whether the tree may differ from what the service would see: nothing may pass on it."""
        return self not in {Code.DUPLICATE_ATTRIBUTE, Code.MIXED, Code.SYNTAX, Code.TEXT_OUTSIDE}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with a text, and where (line and column count from 1)."""

    code: Code
    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in which something was replaced when the data came in, and where."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class NamedValue:
    """``{{name}}``: replaced by the value of that name, before anything is compiled."""

    name: str

    def __str__(self) -> str:
        return "{{" + self.name + "}}"


@dataclass(frozen=True, slots=True)
class Template:
    """``${…}`` or ``%{…}``: what a tool such as Terraform fills in before deployment; unknown here."""

    source: str
    """With its marks."""

    def __str__(self) -> str:
        return self.source


Part: TypeAlias = str | NamedValue | Template


@dataclass(frozen=True, slots=True)
class Literal:
    """Text, entities decoded; ``parts`` alternate what is written and what is filled in."""

    parts: tuple[Part, ...]
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)

    @property
    def text(self) -> str:
        """As written, holes included."""
        known = self.known
        return "".join(map(str, self.parts)) if known is None else known

    @property
    def known(self) -> str | None:
        """The text when nothing is filled in, else None."""
        if len(self.parts) == 1:  # nearly every one: a text without holes
            only = self.parts[0]
            return only if isinstance(only, str) else None
        return "".join(p for p in self.parts if isinstance(p, str)) if not self.holes else None

    @property
    def holes(self) -> tuple[NamedValue | Template, ...]:
        """What is filled in, in order."""
        if len(self.parts) == 1 and isinstance(self.parts[0], str):
            return ()
        return tuple(part for part in self.parts if not isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Expression:
    """``@(…)`` or ``@{…}``: the C# between the marks, as the compiler would see it."""

    kind: OneOf["expr", "block"]
    source: str
    """Without the marks; entities decoded where the document had them encoded; ``{{name}}`` still in it."""
    line: int = field(default=1, compare=False)
    """Of the ``@``."""
    column: int = field(default=1, compare=False)
    raw: str = field(default="", compare=False, repr=False)
    """The same code as the document has it; empty when it is equal to ``source``."""

    @property
    def text(self) -> str:
        """With its marks."""
        return f"@({self.source})" if self.kind == "expr" else f"@{{{self.source}}}"

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column in the document of an offset in ``source`` (``Node.at`` of its syntax tree)."""
        before = self.source[:offset]
        if self.raw:
            before = self.raw[: _encoded_length(self.raw, offset)]
        lines = before.split("\n")
        if len(lines) == 1:
            return self.line, self.column + 2 + len(before)
        return self.line + len(lines) - 1, len(lines[-1]) + 1


def _encoded_length(raw: str, decoded: int) -> int:
    """How many characters of a text with entities make the first ``decoded`` of it without."""
    at = 0
    for entity in ENTITY.finditer(raw):
        if at + decoded <= entity.start():
            break
        decoded -= entity.start() - at + len(character(entity.group()))
        at = entity.end()
        if decoded <= 0:
            return at
    return at + max(decoded, 0)


@dataclass(frozen=True, slots=True)
class Mixed:
    """Text and expressions in one value: what the service makes of it is not documented."""

    parts: tuple[Part | Expression, ...]
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)

    @property
    def text(self) -> str:
        """As written, marks and holes included."""
        return "".join(part.text if isinstance(part, Expression) else str(part) for part in self.parts)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions in it."""
        return tuple(part for part in self.parts if isinstance(part, Expression))


Value: TypeAlias = Literal | Expression | Mixed


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; the position is that of its name."""

    name: str
    value: Value
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A run of text between elements, comments left out; never blank."""

    value: Value
    line: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element; the position is that of its ``<``."""

    name: str
    attributes: tuple[Attribute, ...]
    children: tuple[Element | Text, ...]
    line: int
    column: int
    start: int = 0
    """Offset of its ``<`` in the text as given."""
    end: int = 0
    """Offset just behind it."""
    elements: tuple[Element, ...] = field(init=False)
    """The child elements."""
    value: Value | None = field(init=False)
    """Its text content; None where it has none or has child elements too."""

    def __post_init__(self) -> None:
        elements = tuple([child for child in self.children if isinstance(child, Element)])
        only = self.children[0] if len(self.children) == 1 else None
        object.__setattr__(self, "elements", elements)
        object.__setattr__(self, "value", only.value if isinstance(only, Text) else None)

    def get(self, name: str) -> Value | None:
        """Value of an attribute; the first, where it is given twice."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute.value
        return None

    def attribute(self, name: str) -> Attribute | None:
        """An attribute with its position; the first, where it is given twice."""
        return next((a for a in self.attributes if a.name == name), None)

    def word(self, name: str) -> str | None:
        """An attribute's text, outer blanks removed; None where it is absent or not known text."""
        value = self.get(name)
        known = value.known if isinstance(value, Literal) else None
        return known.strip() if known is not None else None

    def find(self, name: str) -> Element | None:
        """The first child element of that name."""
        for child in self.elements:
            if child.name == name:
                return child
        return None

    def find_all(self, name: str) -> tuple[Element, ...]:
        """The child elements of that name."""
        return tuple([child for child in self.elements if child.name == name])

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in the order of the document."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.elements))


def _kind_of(elements: tuple[Element, ...]) -> Kind:
    if not elements:
        return Kind.NONE
    name = elements[0].name
    if name in RESOLVERS:
        return Kind.RESOLVER
    return Kind(name) if name in {Kind.POLICIES, Kind.FRAGMENT} else Kind.OTHER


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A text as read: what stands at its top, and everything said against it."""

    children: tuple[Element | Text, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    comments: tuple[Comment, ...] = ()
    """Those that held a credential; of others nothing is kept."""

    elements: tuple[Element, ...] = field(init=False)
    """The elements at its top: one, in a document as it should be."""
    kind: Kind = field(init=False)
    """What the document is, by its first element."""

    def __post_init__(self) -> None:
        elements = tuple(child for child in self.children if isinstance(child, Element))
        object.__setattr__(self, "elements", elements)
        object.__setattr__(self, "kind", _kind_of(elements))

    @property
    def root(self) -> Element | None:
        """The first element."""
        return self.elements[0] if self.elements else None

    @property
    def sound(self) -> bool:
        """Whether the tree is surely what the service would see; where not, no check may pass on it."""
        return not any(diagnostic.code.structural for diagnostic in self.diagnostics)

    def section(self, name: str) -> Element | None:
        """``inbound``, ``backend``, ``outbound`` or ``on-error`` of a ``<policies>`` document."""
        root = self.root
        return root.find(name) if root is not None and self.kind is Kind.POLICIES else None

    def walk(self) -> Iterator[Element]:
        """All elements, in the order of the document."""
        for child in self.elements:
            yield from child.walk()

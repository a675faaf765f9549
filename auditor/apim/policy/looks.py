"""Which statements look at a client certificate, and at what of it; told from the code's syntax tree.

A certificate that code makes of a header or of another service's answer is none of the connection's, and the
uploaded certificates are used to sign and to call backends as well: neither counts as looking at the caller.
Source: "API Management policy expressions" (``context.Request.Certificate``, ``context.Deployment``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.statements import COMPOSITE, UNKNOWN, Statement
from auditor.apim.policy.tree import Literal, Value

_MARK: Final = "ertificate"
_UNPARSED: Final = re.compile(r"Request\s*[?!]?\s*\.\s*Certificate\b")
_VERIFIES: Final = frozenset({"Verify", "VerifyNoRevocation", "Build"})
_FALSE: Final = frozenset({"false", "0"})


class Look(Flag):
    """What a statement looks at."""

    NOTHING = 0
    CONNECTION = auto()
    """The certificate of the caller's TLS connection."""
    CHAIN = auto()
    """Whether its chain leads to an authority that the gateway trusts."""
    UPLOADED = auto()
    """The certificates uploaded to the service."""
    UNCLEAR = auto()
    """Perhaps the certificate of the connection: its code does not parse."""
    UNREAD = auto()
    """It stands for what was not read."""


@dataclass(slots=True)
class Looks:
    """What statements and sections look at, each found out once."""

    _statements: dict[Statement, Look] = field(default_factory=dict)
    _sections: dict[int, tuple[tuple[Statement, ...], Look]] = field(default_factory=dict)

    def of(self, section: tuple[Statement, ...]) -> Look:
        """What the statements of a section look at, all together."""
        known = self._sections.get(id(section))
        if known is None:
            found = Look.NOTHING
            for top in section:
                for statement in top.walk():
                    found |= self.at(statement)
            # With the section itself, so that its id stays its own.
            known = self._sections[id(section)] = (section, found)
        return known[1]

    def at(self, statement: Statement) -> Look:
        """What one statement looks at, without those below it."""
        found = self._statements.get(statement)
        if found is None:
            found = self._statements[statement] = _look(statement)
        return found

    def first(self, sections: Iterable[tuple[Statement, ...]], look: Look) -> Statement | None:
        """The first statement that looks at something."""
        every = (each for section in sections for top in section for each in top.walk())
        return next((each for each in every if self.at(each) & look), None)


def _look(statement: Statement) -> Look:
    if statement.name == UNKNOWN:
        return Look.UNREAD
    if statement.name == "validate-client-certificate":
        trust = (statement.element.word("validate-trust") or "").strip().casefold()
        return Look.CONNECTION if trust in _FALSE else Look.CONNECTION | Look.CHAIN
    found = Look.NOTHING
    for value in _values(statement):
        text = value.text
        if _MARK in text or "{{" in text:
            found |= _of_code(compiled(value, statement.library), value)
    return found


def _values(statement: Statement) -> Iterator[Value]:
    """Its attributes, and everything below it that is no statement of its own."""
    element = statement.element
    parts = (element,) if statement.name in COMPOSITE else element.walk()
    for part in parts:
        yield from (attribute.value for attribute in part.attributes)
        if part.value is not None:
            yield part.value


def _of_code(code: Code, value: Value) -> Look:
    if _MARK not in code.source:
        return Look.NOTHING
    if code.tree is None:
        unclear = not isinstance(value, Literal) and _UNPARSED.search(code.source)
        return Look.UNCLEAR if unclear else Look.NOTHING
    found = Look.NOTHING
    verifies = False
    for node in cs.walk(code.tree):
        if not isinstance(node, cs.Member):
            continue
        if node.name == "Certificate" and not _made(node.target):
            found |= Look.CONNECTION
        elif node.name == "Certificates":
            found |= Look.UPLOADED
        verifies |= node.name in _VERIFIES
    return found | Look.CHAIN if verifies and found & Look.CONNECTION else found


def _made(target: cs.Expr) -> bool:
    """Whether ``.Certificate`` is asked of something that code has made, not of the request."""
    return isinstance(target, cs.New | cs.Call | cs.Index)

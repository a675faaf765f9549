"""What one value is: text with its holes, a whole expression, or a mixture of both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from auditor.apim.policy.entities import decode
from auditor.apim.policy.scan import Span
from auditor.apim.policy.tree import Expression, Literal, Mixed, NamedValue, Part, Template, Value

HOLE: Final = re.compile(
    r"\{\{(?P<name>[A-Za-z0-9._-]++)\}\}"
    r"|[$%]\{(?!\{)(?:[^{}]|\{[^{}]*+\})*+\}"
)
"""A named value (letters, digits, dot, dash, underscore), or what Terraform fills in; one level of braces."""

Piece = str | Expression


def parts(text: str) -> tuple[Part, ...]:
    """Split a decoded text at its holes."""
    found: list[Part] = []
    last = 0
    for hole in HOLE.finditer(text):
        if hole.start() > last:
            found.append(text[last : hole.start()])
        name = hole["name"]
        found.append(NamedValue(name) if name is not None else Template(hole.group()))
        last = hole.end()
    if last < len(text):
        found.append(text[last:])
    return tuple(found)


def literal(text: str, line: int, column: int) -> Literal:
    """A decoded text as a value."""
    return Literal(parts(text), line, column)


def expression(document: str, span: Span, place: tuple[int, int]) -> Expression:
    """An expression found in a document; ``place`` is where its ``@`` stands."""
    raw = document[span.start : span.end]
    kind = "expr" if document[span.start - 1] == "(" else "block"
    encoded = raw if raw != span.source else ""
    return Expression("expr" if kind == "expr" else "block", span.source, *place, encoded)


def combine(pieces: Sequence[Piece], line: int, column: int) -> Value | None:
    """One value of the decoded pieces of a text; None where all is blank.

    Blanks around a single expression do not count: the service takes the value for an expression.
    """
    solid = [piece for piece in pieces if not isinstance(piece, str) or piece.strip()]
    if not solid:
        return None
    if len(solid) == 1 and isinstance(solid[0], Expression):
        return solid[0]
    if all(isinstance(piece, str) for piece in solid):
        return literal("".join(map(str, pieces)), line, column)
    mixed: list[Part | Expression] = []
    for piece in pieces:
        mixed += [piece] if isinstance(piece, Expression) else parts(piece)
    return Mixed(tuple(mixed), line, column)


def text_of(document: str, start: int, end: int) -> str:
    """The decoded text between two offsets."""
    return decode(document[start:end])

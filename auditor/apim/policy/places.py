"""Where a policy puts credentials: the attributes and texts that hold one by what they are for.

Sources: the reference pages of "Authenticate with Basic", "Authenticate with client certificate", "Set HTTP
proxy", "Set header", "Set query parameter", "Check HTTP header", "Validate JWT" and "Set variable".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.issues import Rule
from auditor.apim.policy.scopes import Library
from auditor.apim.policy.sensitive import (
    ends_in_credential,
    is_cookie,
    is_credential_header,
    is_credential_parameter,
    says_credential,
)
from auditor.apim.policy.sheets import Sheet, Spot, once
from auditor.apim.policy.tree import Element, Expression, Literal, Mixed, Value

_ATTRIBUTES: Final = {
    "authentication-basic": ("password",),
    "authentication-certificate": ("body", "password"),
    "proxy": ("password",),
}
_UNFILLED: Final = Library()


@dataclass(frozen=True, slots=True)
class Place:
    """One value at a place for credentials."""

    spot: Spot
    value: Value
    at: Element
    what: str
    """What stands there, in words: ``the password of authentication-basic``."""
    sure: bool = True
    """A credential by the place; otherwise its name only suggests one."""
    rule: Rule = Rule.INLINE_SECRET

    @property
    def code(self) -> Code:
        """The value, named values left as they are."""
        return compiled(self.value, _UNFILLED)


@once
def unfilled(sheet: Sheet) -> Sheet:
    """The same document with named values left as they are, told from what is written out."""
    return Sheet(sheet.document, _UNFILLED, sheet.scope)


@once
def places(sheet: Sheet) -> tuple[Place, ...]:
    """Every place of a document that is one for credentials, or may be."""
    return tuple(_places(sheet))


def _places(sheet: Sheet) -> Iterator[Place]:
    for spot in sheet.spots:
        match spot.name:
            case "authentication-basic" | "authentication-certificate" | "proxy":
                yield from _attributes(spot)
            case "set-header" | "check-header" | "set-query-parameter":
                yield from _values(spot)
            case "issuer-signing-keys" | "decryption-keys":
                yield from _keys(spot)
            case "set-variable":
                yield from _variable(spot)
            case _:
                pass


def _attributes(spot: Spot) -> Iterator[Place]:
    for name in _ATTRIBUTES[spot.name]:
        value = spot.element.get(name)
        if value is not None:
            yield Place(spot, value, spot.element, f"the {name} of {spot.name}")


def _values(spot: Spot) -> Iterator[Place]:
    """The values of a header or a query parameter that carries a credential by its name."""
    name, parameter = spot.element.word("name"), spot.name == "set-query-parameter"
    if name is None or spot.element.word("exists-action") == "delete":
        return
    sure = is_credential_parameter(name) if parameter else is_credential_header(name)
    if name.casefold() == "set-cookie" or (not sure and not is_cookie(name) and not says_credential(name)):
        return
    thing = "query parameter" if parameter else "header"
    words = f"a {thing} that carries a credential" if sure else f"a {thing} whose name suggests a credential"
    for child in spot.element.find_all("value"):
        if child.value is not None:
            yield Place(spot, child.value, child, words, sure)


def _keys(spot: Spot) -> Iterator[Place]:
    """Symmetric keys; those named by a certificate, or given by their public numbers, are no secret."""
    words = (
        "a key that tokens are " + ("signed" if spot.name == "issuer-signing-keys" else "encrypted") + " with"
    )
    for key in spot.element.find_all("key"):
        if key.value is not None and not any(key.get(name) for name in ("certificate-id", "n", "e")):
            yield Place(spot, key.value, key, words, rule=Rule.TOKEN_LITERAL_KEY)


def _variable(spot: Spot) -> Iterator[Place]:
    name, value = spot.element.word("name"), spot.element.get("value")
    if name is not None and value is not None and ends_in_credential(name):
        yield Place(spot, value, spot.element, "a variable whose name suggests a credential", sure=False)


# -- texts and code, wherever they stand -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A text or a piece of code that a document holds."""

    spot: Spot
    at: Element
    text: str = ""
    tree: cs.Expr | cs.Block | None = None


@once
def pieces(sheet: Sheet) -> tuple[Piece, ...]:
    """Every text and every piece of code of a document; code that does not parse comes as its text."""
    return tuple(_all_pieces(sheet))


def _all_pieces(sheet: Sheet) -> Iterator[Piece]:
    for spot in sheet.spots:
        values = [attribute.value for attribute in spot.element.attributes]
        own = spot.element.value
        for value in (*values, *([own] if own is not None else [])):
            yield from _pieces(spot, value)


def _pieces(spot: Spot, value: Value) -> Iterator[Piece]:
    match value:
        case Literal():
            yield Piece(spot, spot.element, value.text)
        case Expression():
            code = compiled(value, _UNFILLED)
            yield Piece(spot, spot.element, "" if code.tree is not None else code.source, code.tree)
        case Mixed(parts=parts):
            for part in parts:
                if isinstance(part, Expression):
                    yield from _pieces(spot, part)
                else:
                    yield Piece(spot, spot.element, str(part))


def strings(tree: cs.Node) -> Iterator[str]:
    """The texts in code, with ``{{name}}`` where a named value stands in one."""
    for node in cs.walk(tree):
        if isinstance(node, cs.String):
            yield node.text
        elif isinstance(node, cs.QuotedText):
            yield "".join(map(str, node.parts))
        elif isinstance(node, cs.Interpolated):
            yield "".join("" if isinstance(part, cs.Hole) else str(part) for part in node.parts)

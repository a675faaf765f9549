"""Named values that policies use: those that carry credentials, and those that cannot be put in.

Source: "Use named values in Azure API Management policies": plain, secret and Key Vault values; Key Vault is
recommended for secrets and not available in workspaces; a value may be an expression; what ``{{name}}`` names
is put in as text. That a named value in another one is not replaced is an observation of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from auditor.apim.policy.carried import Carrier, Carries
from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import compiled, names_in
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.places import Place, pieces, places, strings, unfilled
from auditor.apim.policy.scopes import Library, Missing, Secret
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tree import Element, Expression, Literal, Mixed, NamedValue, Value

_FORM: Final = re.compile(
    r"(?:^|[?&;\s\"'])(?:client_secret|client_assertion|password|sig|subscription-key|api[-_]?key"
    r"|AccountKey|SharedAccessKey)\s*=\s*\{\{(?P<name>[\w.-]+)\}\}",
    re.IGNORECASE,
)
"""A credential in a form, a query or a connection string that a named value fills in."""
_USER: Final = re.compile(r"\{\{(?P<name>[\w.-]+)\}\}:(?=\{\{)")
"""The user name of ``{{user}}:{{password}}``."""
_CODE: Final = re.compile(r"\s*@[({]")


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Credentials that are named values, then every named value that is missing or holds code."""
    plain = unfilled(sheet)
    carrier = Carrier(plain)
    found = [issue for place in places(plain) for issue in _placed(place, carrier, sheet.library)]
    for piece in pieces(plain):
        if piece.tree is None and "{{" not in piece.text:
            continue
        if piece.spot.element.word("template") == "liquid":
            continue  # braces in it are those of the template
        for text in [piece.text] if piece.tree is None else strings(piece.tree):
            for match in _FORM.finditer(text):
                weight, words = _credential(match["name"], sheet.library)
                found.append(_issue(piece.spot, weight, words, piece.at))
    yield from dict.fromkeys(found)
    yield from dict.fromkeys(_resolved(sheet))


def _issue(spot: Spot, weight: Weight, words: str, at: Element) -> Issue:
    return spot.issue(Rule.CREDENTIAL_NAMED_VALUE, weight, words, at)


# -- credentials -----------------------------------------------------------------------------------------


def _placed(place: Place, carrier: Carrier, library: Library) -> Iterator[Issue]:
    """What is said of the named values at a place for credentials."""
    names, others = _used(place, carrier)
    if place.sure:
        for name in names:
            weight, words = _credential(name, library)
            yield _issue(place.spot, weight, words, place.at)
    for name in others if place.sure else (*names, *others):
        weight, words = _credential(name, library)
        if weight in {Weight.FAIL, Weight.WEAK}:
            # One of several that make the credential, or a header that only sounds like one.
            weight, words = Weight.REVIEW, f"if it is a credential: {words}"
        yield _issue(place.spot, weight, words, place.at)


def _used(place: Place, carrier: Carrier) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The named values that surely carry the credential, and those beside them; user names are left out."""
    code = place.code
    texts = [code.source] if code.tree is None else strings(code.tree)
    users = {found["name"] for text in texts for found in _USER.finditer(text)}
    if isinstance(place.value, Literal):
        holes = (hole.name for hole in place.value.holes if isinstance(hole, NamedValue))
        names = tuple(name for name in holes if name not in users)
        return names[-1:], names[:-1]  # "id=...;key=...": the credential stands last
    found = carrier.of(code)
    names = tuple(sorted(name for kind, name in found if kind is Carries.NAMED and name not in users))
    return (names, ()) if len(names) == 1 else ((), names)


def _credential(name: str, library: Library) -> tuple[Weight, str]:
    """What is to be said of a named value that is used as a credential."""
    known = library.named_value(name)
    match known:
        case Secret(vault=True):
            return Weight.FINE, "the named value comes from Key Vault"
        case Secret(shown=True):
            return Weight.FAIL, "a named value that is not marked secret is used as a credential"
        case Secret() if library.in_workspace:
            return Weight.NOTE, "the named value is secret; in a workspace it cannot come from Key Vault"
        case Secret():
            return Weight.WEAK, "the named value is secret and does not come from Key Vault"
        case Missing():
            return Weight.UNKNOWN, "the named value that is used as a credential is not known here"
        case str() if _CODE.match(known):
            return Weight.REVIEW, "the named value that is used as a credential holds an expression"
        case str():
            return Weight.FAIL, "a named value that is not marked secret is used as a credential"


# -- what is put in --------------------------------------------------------------------------------------


def _resolved(sheet: Sheet) -> Iterator[Issue]:
    library = sheet.library
    for spot in sheet.spots:
        for name, doubtful in _references(spot):
            weight, words = _reference(name, library, doubtful=doubtful)
            yield spot.issue(Rule.NAMED_VALUE_MISSING, weight, words)


def _reference(name: str, library: Library, *, doubtful: bool) -> tuple[Weight, str]:
    if name not in library.named_values:
        if not library.complete:
            return Weight.UNKNOWN, "whether the named value it uses exists is not known"
        folded = name.casefold()
        if any(each.casefold() == folded for each in library.named_values):
            return (
                Weight.REVIEW,
                "the named value it uses differs in letter case from the one that exists",
            )
        if doubtful:
            return (
                Weight.REVIEW,
                "doubled braces in a string, which may be meant as braces, name no named value",
            )
        return Weight.FAIL, "the named value it uses does not exist"
    known = library.named_value(name)
    if isinstance(known, Missing):
        return Weight.UNKNOWN, "what the named value it uses holds is not known"
    if isinstance(known, str) and names_in(known):
        return Weight.WEAK, "the named value it uses holds the name of another, which is not put in"
    if isinstance(known, str) and _CODE.match(known):
        return Weight.REVIEW, "the named value it uses holds an expression: read it as a part of the policy"
    return Weight.FINE, "the named value it uses exists"


def _references(spot: Spot) -> Iterator[tuple[str, bool]]:
    """Every named value of one element, and whether the braces may be those of an interpolated string."""
    own = spot.element.value
    values = (*(attribute.value for attribute in spot.element.attributes), *([own] if own else []))
    for value in values:
        yield from _of_value(value)


def _of_value(value: Value) -> Iterator[tuple[str, bool]]:
    if isinstance(value, Literal) and value.known is not None:
        return
    match value:
        case Literal():
            yield from ((hole.name, False) for hole in value.holes if isinstance(hole, NamedValue))
        case Expression():
            braces = _interpolated(value)
            yield from ((name, name in braces) for name in names_in(value.source))
        case Mixed(parts=parts):
            yield from ((part.name, False) for part in parts if isinstance(part, NamedValue))
            for part in value.expressions:
                yield from _of_value(part)


def _interpolated(value: Expression) -> set[str]:
    """Names between doubled braces in interpolated strings."""
    tree = compiled(value, Library()).tree if "$" in value.source else None
    if tree is None:
        return set()
    return {
        part.name
        for node in cs.walk(tree)
        if isinstance(node, cs.Interpolated)
        for part in node.parts
        if isinstance(part, NamedValue)
    }

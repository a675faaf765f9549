"""Names that no policy has: a check that is misspelt is no check.

The service refuses a document with an element or attribute that it does not know, so such a document was
never deployed; or it was, and the name is newer than our table. Only what looks like a slip in a
statement that protects something is called wrong; other unknown names are for a person to look up.

Sources: "API Management policy reference" and the pages it lists; see :mod:`auditor.apim.policy.grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from auditor.apim.policy.grammar import Shape, is_statement, nearest, policies, vocabulary
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.sheets import Sheet
from auditor.apim.policy.tree import SECTIONS, Element, Kind

_SHOWN: Final = re.compile(r"[A-Za-z]{1,20}(-[A-Za-z]{1,20}){0,5}")
"""A name that is shown: made of words. Anything else may be a value that has lost its way."""
_PROTECTS: Final = re.compile(
    r"(validate|authentication|rate-limit|quota)(-|$)|(check-header|ip-filter|cors)$"
)
_INVENTED: Final = {
    "authenticate-jwt": "validate-jwt",
    "basic-authentication": "authentication-basic",
    "check-http-header": "check-header",
    "ip-restriction": "ip-filter",
    "ip-whitelist": "ip-filter",
    "limit-call-rate": "rate-limit",
    "limit-call-rate-by-key": "rate-limit-by-key",
    "require-client-certificate": "validate-client-certificate",
    "restrict-caller-ips": "ip-filter",
    "set-usage-quota": "quota",
    "set-usage-quota-by-key": "quota-by-key",
    "validate-certificate": "validate-client-certificate",
    "validate-client-cert": "validate-client-certificate",
    "verify-jwt": "validate-jwt",
}
"""Names that people make up, most of them out of the titles of the documentation's pages."""
_WISHES: Final = frozenset(
    {
        "audience",
        "check-revocation",
        "issuer",
        "issuer-name",
        "require-revocation-check",
        "secret",
        "signing-key",
    }
    | {"validate-audience", "validate-chain", "validate-expiration", "validate-expiry", "validate-issuer"}
    | {"validate-lifetime", "validate-signature", "verify-chain", "verify-expiry", "verify-signature"}
)
"""Attributes that people make up for statements that check something."""


@dataclass(frozen=True, slots=True)
class _At:
    """Where the walk stands."""

    section: str
    policy: str = ""
    """The statement it is within; empty where statements are expected."""

    @property
    def protects(self) -> bool:
        return _PROTECTS.match(self.policy) is not None


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Elements and attributes that the table does not have; one word of praise where it has them all."""
    root = sheet.document.root
    if root is None:
        return
    found = list(_document(sheet, root))
    yield from found
    if not found:
        yield Issue(
            Rule.UNKNOWN_NAME, Weight.FINE, "its names are known", root.name, "", root.line, root.column
        )


def _document(sheet: Sheet, root: Element) -> Iterator[Issue]:
    match sheet.document.kind:
        case Kind.POLICIES:
            for section in root.elements:
                if section.name in SECTIONS:
                    yield from _statements(section.elements, _At(section.name))
                else:
                    yield _unknown_section(section)
        case Kind.FRAGMENT:
            yield from _statements(root.elements, _At(""))
        case Kind.RESOLVER:
            yield from _element(root, policies()[root.name], _At("", root.name))
        case _:  # statements without a root, which is how some tools store a fragment
            yield from _statements(sheet.document.elements, _At(""))


def _unknown_section(section: Element) -> Issue:
    near = nearest(section.name, frozenset(SECTIONS))
    if near is not None:
        return _issue(
            section, _At(""), Weight.FAIL, f"no section has this name, {near} is near: it never runs"
        )
    return _issue(
        section, _At(""), Weight.WEAK, "what stands here is none of the four sections: it never runs"
    )


def _statements(elements: tuple[Element, ...], at: _At) -> Iterator[Issue]:
    for element in elements:
        if element.name == "base":
            continue
        if is_statement(element.name):
            yield from _element(element, policies()[element.name], _At(at.section, element.name))
        else:
            yield _unknown_policy(element, at)


def _unknown_policy(element: Element, at: _At) -> Issue:
    meant = _INVENTED.get(element.name.casefold()) or nearest(element.name, _protecting())
    if meant is not None:
        text = f"no policy has this name, so nothing is checked here; {meant} is what comes near"
        return _issue(element, at, Weight.FAIL, text)
    if element.name in vocabulary():
        text = "this is a part of other policies, and no statement of its own"
        return _issue(element, at, Weight.REVIEW, text)
    near = nearest(element.name, frozenset(filter(is_statement, policies())))
    if near is not None:
        return _issue(element, at, Weight.WEAK, f"no policy has this name; {near} is what comes near")
    return _issue(element, at, Weight.REVIEW, "a policy that this version does not know")


def _element(element: Element, shape: Shape, at: _At) -> Iterator[Issue]:
    """The attributes of an element and the elements in it."""
    for attribute in element.attributes:
        known = shape.any_attribute or attribute.name in shape.attributes
        if not known and ":" not in attribute.name and attribute.name != "xmlns":
            yield _unknown_attribute(element, attribute.name, shape, at)
    if shape.any_child:
        return
    if shape.holds_statements:
        yield from _statements(element.elements, _At(at.section))
        return
    for child in element.elements:
        below = shape.children.get(child.name)
        if below is not None:
            inside = _At(at.section, at.policy if child.name not in _own_statements(shape) else child.name)
            yield from _element(child, below, inside)
        else:
            yield _unknown_child(child, element, shape.children, at)


def _own_statements(shape: Shape) -> frozenset[str]:
    """Children that are policies themselves: ``authentication-basic`` in ``send-request``."""
    return frozenset(name for name in shape.children if policies().get(name) is shape.children[name])


def _unknown_attribute(element: Element, name: str, shape: Shape, at: _At) -> Issue:
    near = nearest(name, shape.attributes, at_most=3)
    shown = f"the attribute {name}" if _SHOWN.fullmatch(name) else "an attribute"
    hint = f"; {near} is what comes near" if near is not None else ""
    if at.protects and (near is not None or name in _WISHES or name in vocabulary()):
        text = f"{shown} is none that this element has, so it decides nothing{hint}"
        return _issue(element, at, Weight.FAIL, text)
    # The service has been seen to store attributes that no page documents.
    weight = Weight.WEAK if near is not None else Weight.REVIEW
    return _issue(element, at, weight, f"{shown} is not known{hint}")


def _unknown_child(child: Element, parent: Element, known: Mapping[str, Shape], at: _At) -> Issue:
    near = nearest(child.name, frozenset(known), at_most=3)
    where = f"no element of {parent.name}" if _SHOWN.fullmatch(parent.name) else "no element of what holds it"
    hint = f"; {near} is what comes near" if near is not None else ""
    if at.protects:
        return _issue(child, at, Weight.FAIL, f"this is {where}, so it decides nothing{hint}")
    weight = Weight.WEAK if near is not None else Weight.REVIEW
    return _issue(child, at, weight, f"this is {where} that is known{hint}")


def _issue(element: Element, at: _At, weight: Weight, message: str) -> Issue:
    name = element.name if _SHOWN.fullmatch(element.name) else "an element"
    return Issue(Rule.UNKNOWN_NAME, weight, message, name, at.section, element.line, element.column)


@cache
def _protecting() -> frozenset[str]:
    return frozenset(name for name in policies() if _PROTECTS.match(name))

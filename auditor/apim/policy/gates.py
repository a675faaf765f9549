"""``validate-client-certificate``: whom it lets pass.

Within an ``identity`` everything has to hold, of several identities one. Source: "Validate client
certificate" (attributes and defaults); which reason a refusal gives was seen on live
gateways by ronaldbosma/mtls-with-apim.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from auditor.apim.policy.evaluate.code import compiled
from auditor.apim.policy.evaluate.compare import fits
from auditor.apim.policy.evaluate.frame import Frame
from auditor.apim.policy.evaluate.patterns import Pattern
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.states import Prop
from auditor.apim.policy.tree import Element
from auditor.apim.policy.values import FALSE, By, Property, Symbol, Text, Value

_IDENTITY: Final = {
    "thumbprint": Prop.THUMBPRINT,
    "serial-number": Prop.SERIAL,
    "common-name": Prop.SUBJECT,
    "subject": Prop.SUBJECT,
    "dns-name": Prop.SUBJECT,
    "issuer-subject": Prop.ISSUER,
    "issuer-thumbprint": Prop.ISSUER_CERTIFICATE,
    "issuer-certificate-id": Prop.ISSUER_CERTIFICATE,
}


class Passing(Enum):
    """What becomes of a caller."""

    ACCEPTED = "accepted"
    IGNORED = "refused, and the error is ignored"
    REFUSED = "refused"


def passing(statement: Statement, frame: Frame) -> Passing:
    """Whether the policy lets a caller pass, on this path."""
    if _accepts(statement, frame):
        return Passing.ACCEPTED
    ignored = _flag(statement, frame, "ignore-error", default=False)
    return Passing.IGNORED if ignored else Passing.REFUSED


def _accepts(statement: Statement, frame: Frame) -> bool:
    state = frame.state
    if not state.presented:
        return False
    trust = _flag(statement, frame, "validate-trust", default=True)
    if trust and not state.chain:
        return False
    if state.revoked and _flag(statement, frame, "validate-revocation", default=True):
        return False
    if not state.begun and _flag(statement, frame, "validate-not-before", default=True):
        return False
    if not state.running and _flag(statement, frame, "validate-not-after", default=True):
        return False
    identities = statement.element.find("identities")
    if identities is None:
        return True
    listed = identities.find_all("identity")
    if not listed:
        empty = Symbol(By.UNDOCUMENTED, "an empty <identities> accepts every certificate")
        return frame.truth(empty)
    return any(_matches(statement, identity, frame, trust) for identity in listed)


def _flag(statement: Statement, frame: Frame, name: str, default: bool) -> bool:
    """A boolean attribute; a named value in it that is not known leaves it open."""
    value = statement.element.get(name)
    if value is None:
        return default
    found = compiled(value, statement.library).evaluate(frame)
    if isinstance(found, Text):
        word = found.value.strip().casefold()
        if word in {"true", "1"}:
            return True
        if word in {"false", "0"}:
            return False
        return frame.truth(Symbol(By.UNDOCUMENTED, f"{name}={found.value!r} counts as true"))
    return frame.truth(found)


def _matches(statement: Statement, identity: Element, frame: Frame, trust: bool) -> bool:
    """Whether the caller's certificate is the one that an ``identity`` describes."""
    given = [(each, _IDENTITY[each.name]) for each in identity.attributes if each.name in _IDENTITY]
    if not given:
        return frame.truth(Symbol(By.UNDOCUMENTED, "an empty <identity> accepts every certificate"))
    for attribute, prop in given:
        found = compiled(attribute.value, statement.library).evaluate(frame)
        if prop is Prop.ISSUER_CERTIFICATE and not frame.state.chain and not trust:
            signed = Symbol(By.UNDOCUMENTED, f"{attribute.name} is forgeable where trust is not validated")
            if not frame.truth(signed):
                return False
            continue
        if isinstance(found, Text) and not found.value.strip():
            # Whether an empty claim is one is not documented.
            if not frame.truth(Symbol(By.UNDOCUMENTED, f"an empty {attribute.name} matches everything")):
                return False
            continue
        if not frame.truth(_fits(frame, prop, found)):
            return False
    return True


def _fits(frame: Frame, prop: Prop, found: Value) -> Value:
    """Whether a property is the one described; letters' case is taken not to matter here."""
    if isinstance(found, Text):
        pattern = Pattern("eq", found.value.strip(), ignore_case=True)
    elif isinstance(found, Symbol):
        pattern = Pattern("eq", found.text, known=False)
    else:
        return FALSE
    return fits(frame, Property(prop), frozenset({pattern}))

"""What of a request says who calls: which headers can carry a proof, and whose token a statement looks at.

Sources: "Check HTTP header", "Restrict caller IPs", "Validate JWT", "Validate Microsoft Entra token" (where
the token is taken from), "Authenticate with managed identity" and "Authenticate with Basic" (they set the
``Authorization`` header that goes to the backend), "Configure Front Door Standard/Premium in front of Azure
API Management" (every request that comes through a profile carries its id, whoever calls), RFC 9110 (what the
headers of a request are for).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from auditor.apim.policy.demands import code_of
from auditor.apim.policy.evaluate.path import Answer, Question
from auditor.apim.policy.outcomes import Fact
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.tree import Element, Literal
from auditor.apim.policy.values import By, Symbol, Text, Value

TOKENS: Final = frozenset({"validate-jwt", "validate-azure-ad-token"})
SETS_AUTHORIZATION: Final = frozenset({"authentication-managed-identity", "authentication-basic"})
AUTHORIZATION: Final = "authorization"
FRONT_DOOR: Final = "x-azure-fdid"
_FIRST: Final = "0.0.0.0"  # noqa: S104 - the first address, nothing is bound
_LAST: Final = "255.255.255.255"
_ALL: Final = frozenset({_FIRST, "0.0.0.0/0", "::/0", "*"})
_PUBLIC: Final = re.compile(
    r"accept(-.*)?|api-version|cache-control|connection|content-.*|date|expect|forwarded|from|host|if-.*|"
    r"max-forwards|origin|pragma|prefer|range|referer|request-id|sec-.*|te|traceparent|tracestate|transfer-.*|"
    r"upgrade(-.*)?|user-agent|via|x-correlation-id|x-forwarded-.*|x-http-method-override|x-real-ip|"
    r"x-request-id|x-requested-with"
)
"""Headers whose values are no secret of anybody: whoever wants to sends them."""


def fact_of_header(name: str, configured: bool) -> Fact | None:
    """What it proves that a header holds a value that a policy asks for."""
    folded = name.strip().casefold()
    if folded == FRONT_DOOR:
        return Fact.IP
    if _PUBLIC.fullmatch(folded):
        return None
    return Fact.SECRET if configured else Fact.HEADER


def is_gate_of_addresses(statement: Statement) -> bool:
    """Whether an ``ip-filter`` lets some addresses in and no others: a list of the forbidden is no gate."""
    element = statement.element
    if _known(statement, element, "action").casefold() != "allow":
        return False
    texts = {_known(statement, each, "") for each in element.find_all("address")}
    ranges = {
        (_known(statement, each, "from"), _known(statement, each, "to"))
        for each in element.find_all("address-range")
    }
    return (_FIRST, _LAST) not in ranges and not texts & _ALL


def _known(statement: Statement, element: Element, attribute: str) -> str:
    """An attribute with the named values that are known; "" is the element's text."""
    code = code_of(statement, element, attribute)
    return code.fixed.value.strip() if code is not None and isinstance(code.fixed, Text) else ""


def secrets_of(answers: Iterable[tuple[Question, Answer]]) -> frozenset[Fact]:
    """What it proves that some values were known which the policy compares with the request."""
    known = [str(each) for each, answer in answers if answer.by is By.SECRET and answer.value]
    if known and all(FRONT_DOOR in each.casefold() for each in known):
        return frozenset({Fact.IP})
    return frozenset({Fact.SECRET}) if known else frozenset()


def token_header(statement: Statement) -> str | None:
    """The header, in lower case, that a token statement reads; None where it reads something else."""
    element = statement.element
    if element.get("token-value") is not None or element.get("query-parameter-name") is not None:
        return None
    value = element.get("header-name")
    if value is None:
        return AUTHORIZATION
    known = value.known if isinstance(value, Literal) else None
    return known.strip().casefold() if known is not None else None


def is_own(value: Value | None) -> bool:
    """Whether a token is the gateway's own: no caller brought it, so that it says nothing of them."""
    if isinstance(value, Symbol):
        return value.by in {By.CONFIG, By.OUTSIDE} and not value.header
    return isinstance(value, Text)

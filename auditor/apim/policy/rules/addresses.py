"""Where policies send requests: whether they travel encrypted, and who decides where they go.

Sources: "Set backend service", "Send request", "Send one way request", "HTTP data source for a resolver",
"Validate JWT" (``openid-config``) and "Set HTTP proxy" policies (only http is supported towards a proxy).
Which attributes of undocumented elements hold addresses follows the schemas of Microsoft's editor extension.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.guarded import Guards
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import Brought, From, Trace, traces
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.urls import (
    Address,
    address,
    decider,
    hands_in,
    is_callers_word,
    is_service_url,
    names_own_host,
    names_scheme,
)

Said = tuple[Weight, str]

_ATTRIBUTES: Final = {
    "set-backend-service": "base-url",
    "openid-config": "url",
    "proxy": "url",
    "invoke-request": "url",
    "authentication-token": "token-service-url",
    "validate-azure-ad-token": "authentication-endpoint",
}
"""Elements with the attribute that is called; ``set-url`` has its address as text."""
_OWN_MACHINE: Final = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d*)?", re.IGNORECASE)
_CLEAR: Final = {
    "set-backend-service": "requests to the backend travel in clear text, over http",
    "openid-config": "the keys that tokens are checked with are read over http: whoever is on the way can "
    "put other keys there",
}
_CLEAR_CALL: Final = "it is called over http, in clear text"
_TO_A_PROXY: Final = (
    "requests go to a proxy over http, as they have to: show that what goes through it is called over https, "
    "and who can listen on the way to it"
)
_ON_ITS_OWN_MACHINE: Final = (
    "something on the gateway's own machine is called over http: show that the request does not leave it"
)
_OWN_HOST: Final = (
    "the host is the one the request was sent to: show that the gateway answers under its own names only"
)
_LOOKED_AT: Final = (
    "the caller names the host, and a condition looks at it: show that only known hosts get through"
)


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Every address that a policy has the gateway call."""
    guards = Guards(sheet)
    for spot in sheet.named("set-url", *_ATTRIBUTES):
        code = spot.text() if spot.name == "set-url" else spot.code(_ATTRIBUTES[spot.name])
        if code is not None:
            found = traces(code, sheet)
            encrypted = (said for form in found for said in _encrypted(form, spot.name))
            yield from _told(spot, Rule.CLEAR_TEXT_URL, encrypted)
            decided = (said for form in found for said in _decided(form, spot, code, guards))
            yield from _told(spot, Rule.REQUEST_BUILT_URL, decided)
    yield from _redirects(sheet)
    for spot in sheet.named("set-backend-service"):
        if any(From.CALLER in hands_in(form) for form in traces(spot.code("backend-id"), sheet)):
            message = "the request has a hand in which of the configured backends is called"
            yield spot.issue(Rule.REQUEST_BUILT_URL, Weight.NOTE, message)


def _told(spot: Spot, rule: Rule, said: Iterator[Said]) -> Iterator[Issue]:
    """What is said of one address, each thing once; that it is fine only where nothing else is said."""
    every = dict.fromkeys(said)
    worth = [each for each in every if each[0] is not Weight.FINE]
    yield from (spot.issue(rule, weight, message) for weight, message in worth or every)


def _redirects(sheet: Sheet) -> Iterator[Issue]:
    for spot in sheet.named("forward-request"):
        if (spot.element.word("follow-redirects") or "").casefold() in {"true", "1"}:
            message = "redirects of the backend are followed wherever they lead, to http as well"
            yield spot.issue(Rule.CLEAR_TEXT_URL, Weight.NOTE, message)


# -- over TLS --------------------------------------------------------------------------------------------


def _encrypted(form: Trace, name: str) -> Iterator[Said]:
    found = address(form)
    if found is None:
        return
    if isinstance(found.scheme, Brought):
        yield _scheme_brought(found.scheme)
    elif found.scheme in {"https", "wss"}:
        yield Weight.FINE, "it is called over https"
    elif found.scheme not in {"http", "ws"}:
        if name != "validate-azure-ad-token":
            yield Weight.REVIEW, "an address whose scheme is neither http nor https"
    elif name == "proxy":
        yield Weight.REVIEW, _TO_A_PROXY
    elif _own_machine(found):
        yield Weight.REVIEW, _ON_ITS_OWN_MACHINE
    else:
        yield Weight.FAIL, _CLEAR.get(name, _CLEAR_CALL)


def _own_machine(found: Address) -> bool:
    text = found.host[0] if len(found.host) == 1 else None
    return found.ended and isinstance(text, str) and _OWN_MACHINE.fullmatch(text.strip()) is not None


def _scheme_brought(scheme: Brought) -> Said:
    if is_service_url(scheme):
        return Weight.NOTE, "it is built on the API's own serviceUrl, which is judged where it is set"
    if names_scheme(scheme.node):
        return (
            Weight.REVIEW,
            "the address has the scheme of the request: it is http where the API answers over http",
        )
    match scheme.who:
        case From.CALLER:
            return Weight.REVIEW, "the request has a hand in whether it is called over http or https"
        case From.OUTSIDE:
            return Weight.REVIEW, "another service's answer says whether it is called over http or https"
        case From.CONFIG if scheme.node is not None and not _filled(scheme.node):
            return Weight.REVIEW, "code that is not followed says whether it is called over http or https"
        case _:
            return Weight.UNKNOWN, "whether it is called over http or https"


def _filled(node: cs.Expr) -> bool:
    """Whether a value that is not known here stands in code."""
    return any(isinstance(each, cs.Named | cs.Filled) or _has_holes(each) for each in cs.walk(node))


def _has_holes(node: cs.Node) -> bool:
    return isinstance(node, cs.String) and node.known is None


# -- who decides -----------------------------------------------------------------------------------------


def _decided(form: Trace, spot: Spot, code: Code, guards: Guards) -> Iterator[Said]:
    found = address(form)
    if found is None:
        return
    hand = decider(found.host)
    if hand is None or is_service_url(hand) or hand.who is From.CONFIG:
        if From.CALLER in hands_in(found.rest):
            yield Weight.NOTE, "the request has a hand in the path or the query, and not in the host"
        else:
            yield Weight.FINE, "the request has no hand in where it goes"
    elif hand.who is From.OUTSIDE:
        yield Weight.NOTE, "another service's answer, or a checked token, says where the request goes"
    elif hand.who is From.UNKNOWN:
        yield Weight.UNKNOWN, "what the host is made of"
    elif names_own_host(hand.node):
        yield Weight.REVIEW, _OWN_HOST
    elif hand.node is None or not is_callers_word(hand.node):
        yield Weight.REVIEW, "the request has a hand in the host, in a way that is not followed"
    elif guards.cover(hand.node, spot, code):
        yield Weight.REVIEW, _LOOKED_AT
    else:
        yield Weight.FAIL, "the caller decides to which host the gateway sends the request"

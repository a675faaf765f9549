"""What policies tell browsers: cross-origin calls, and the two older ways around the same-origin rule.

Sources: "CORS" policy (attributes; only the first ``cors`` that applies is used, ``*`` with credentials is
refused by browsers; an origin is ``*`` or has a scheme, a host and a port), "JSONP" and "Cross-domain"
policies, the Fetch standard (``Access-Control-Allow-Origin``; pages in a sandbox have the origin ``null``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import From, forms
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.values import Text

_ALLOW_ORIGIN: Final = "access-control-allow-origin"
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s*?#/]+/?", re.IGNORECASE)
_TAKEN: Final = "the origin is taken from the request: every page may call"
_LOCAL: Final = re.compile(r"https?://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|/|$)", re.IGNORECASE)


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Origins that may call, and scripts that any origin may read."""
    for spot in sheet.named("cors"):
        yield from _cors(spot, sheet)
    for spot in sheet.named("set-header"):
        if (spot.element.word("name") or "").strip().casefold() == _ALLOW_ORIGIN and _answers(spot):
            yield from _written_by_hand(spot, sheet)
    for spot in sheet.named("jsonp", "cross-domain"):
        words = {
            "jsonp": "answers are wrapped as scripts, which pages of every origin can read",
            "cross-domain": "a policy file for Flash and Silverlight is served, which no browser asks for",
        }
        yield spot.issue(Rule.CROSS_DOMAIN_SCRIPT, Weight.WEAK, words[spot.name])


def _cors(spot: Spot, sheet: Sheet) -> Iterator[Issue]:
    origins = spot.element.find("allowed-origins")
    listed = origins.find_all("origin") if origins is not None else ()
    credentials = _credentials(spot)
    found: list[Issue] = []
    for origin in listed:
        at = spot.below(origin)
        for weight, message in _origin(at.text(), sheet, credentials):
            found.append(spot.issue(Rule.CROSS_ORIGIN, weight, message, origin))
    if not found:
        found.append(spot.issue(Rule.CROSS_ORIGIN, Weight.FINE, "names the origins that may call"))
    yield from dict.fromkeys(found)


def _answers(spot: Spot) -> bool:
    """Whether a header is one of an answer; what inbound sets goes to the backend."""
    if spot.request is not None or (spot.element.word("exists-action") or "").casefold() == "delete":
        return False
    returned = any(parent.name == "return-response" for parent in spot.parents)
    return returned or spot.section not in {"inbound", "backend"}


def _written_by_hand(spot: Spot, sheet: Sheet) -> Iterator[Issue]:
    """What is said of an origin in a header that a policy writes itself, beside ``cors`` or in its place."""
    found: list[Issue] = []
    returned = any(parent.name == "return-response" for parent in spot.parents)
    for value in spot.element.find_all("value"):
        for weight, message in _origin(spot.below(value).text(), sheet, None):
            asked = spot.conditional and _TAKEN in message
            if weight is Weight.FAIL and (asked or not (spot.section or returned)):
                # A condition may keep others out, and a fragment may be included where requests are made.
                weight, message = Weight.REVIEW, f"{message}, unless a condition keeps others out"
            found.append(spot.issue(Rule.CROSS_ORIGIN, weight, message, value))
    if not found:
        found.append(spot.issue(Rule.CROSS_ORIGIN, Weight.FINE, "names the origins that may call"))
    yield from dict.fromkeys(found)


def _credentials(spot: Spot) -> bool | None:
    """Whether credentials may be sent along; None where that is not known."""
    code = spot.code("allow-credentials")
    if code is None:
        return False
    word = code.fixed.value.strip().casefold() if isinstance(code.fixed, Text) else ""
    return {"true": True, "1": True, "false": False, "0": False}.get(word)


def _origin(code: Code | None, sheet: Sheet, credentials: bool | None) -> Iterator[tuple[Weight, str]]:
    """What is wrong with one origin."""
    for form in forms(code, sheet):
        text = form[0] if len(form) == 1 and isinstance(form[0], str) else None
        if text is None:
            hands = {piece for piece in form if isinstance(piece, From)}
            if From.CALLER in hands:
                also = ", with credentials" if credentials else ""
                if code is not None and code.tree is not None and any(map(_asks, cs.walk(code.tree))):
                    yield Weight.REVIEW, f"{_TAKEN}{also}, unless the question before it keeps others out"
                else:
                    yield Weight.FAIL, f"{_TAKEN}{also}"
            else:
                yield Weight.UNKNOWN, "an origin is not known here"
        elif text.strip() == "*":
            also = " together with credentials, which browsers refuse" if credentials else ""
            yield Weight.FAIL, f"every origin may call{also}"
        elif _LOCAL.match(text.strip()):
            yield Weight.NOTE, "a developer's own machine is an allowed origin"
        elif text.strip().casefold().startswith("http://"):
            yield Weight.WEAK, "an origin without TLS is allowed: whoever is on its path can change the page"
        elif text.strip().casefold() == "null":
            yield Weight.REVIEW, "null is allowed, which is the origin of every page in a sandbox"
        elif not _ORIGIN.fullmatch(text.strip()):
            yield Weight.REVIEW, "an origin is no scheme, host and port: what it fits is not documented"


def _asks(node: cs.Node) -> bool:
    return isinstance(node, cs.Conditional | cs.If)

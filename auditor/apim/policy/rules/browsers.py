"""What policies tell browsers: cross-origin calls, and the two older ways around the same-origin rule.

Sources: "CORS" policy (attributes; only the first ``cors`` that applies is used, ``*`` with credentials is
refused by browsers), "JSONP" and "Cross-domain" policies, the Fetch standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import From, forms
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.values import Text

_LOCAL: Final = re.compile(r"https?://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|/|$)", re.IGNORECASE)


def issues(sheet: Sheet) -> Iterator[Issue]:
    """Origins that may call, and scripts that any origin may read."""
    for spot in sheet.named("cors"):
        yield from _cors(spot, sheet)
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
                yield Weight.FAIL, f"the origin is taken from the request: every page may call{also}"
            else:
                yield Weight.UNKNOWN, "an origin is not known here"
        elif text.strip() == "*":
            also = " together with credentials, which browsers refuse" if credentials else ""
            yield Weight.FAIL, f"every origin may call{also}"
        elif _LOCAL.match(text.strip()):
            yield Weight.NOTE, "a developer's own machine is an allowed origin"
        elif text.strip().casefold().startswith("http://"):
            yield Weight.WEAK, "an origin without TLS is allowed: whoever is on its path can change the page"

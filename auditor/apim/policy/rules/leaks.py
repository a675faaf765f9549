"""Where credentials and details of errors are written to: traces, logs, metrics and answers.

Sources: "Trace", "Log to event hub", "Emit custom metrics", "Return response", "Send one way request" and
"Send request" policies; "Error handling in API Management policies" (``context.LastError``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from auditor.apim.policy.carried import Carried, Carrier, Carries
from auditor.apim.policy.evaluate.code import compiled
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.places import unfilled
from auditor.apim.policy.scopes import Library, Missing, Secret
from auditor.apim.policy.sensitive import is_credential_header, says_credential
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tree import Element, Literal, Mixed, Value


class _Goes(StrEnum):
    """Where a value goes to, in words."""

    TRACE = "goes to a trace"
    LOG = "goes to an event hub"
    METRIC = "goes into a metric"
    ANSWER = "is returned to the caller"
    REQUEST = "is sent to another service"


_METRICS: Final = frozenset({"emit-metric", "llm-emit-token-metric", "azure-openai-emit-token-metric"})
_ANSWERING: Final = frozenset({"outbound", "on-error"})
_SINKS: Final = frozenset({"trace", "log-to-eventhub", *_METRICS, "set-header", "set-body", "set-status"})
_SURE: Final = frozenset({Carries.CREDENTIAL, Carries.KEY, Carries.HEADERS, Carries.COOKIES})
_OWN: Final = frozenset(
    {Carries.BODY, Carries.COOKIES, Carries.MAYBE, Carries.UNREAD, Carries.ADDRESS, Carries.HASHED}
)
"""What an answer may well hold."""
_LIQUID: Final = re.compile(
    r"context\.Request\.Headers(?:\.(?P<dotted>[\w-]+)|\[\s*[\"'](?P<quoted>[\w-]+)[\"']\s*\])?"
)
_WORDS: Final = {
    Carries.CREDENTIAL: (Weight.FAIL, "a credential of the caller"),
    Carries.KEY: (Weight.FAIL, "a subscription key"),
    Carries.HEADERS: (Weight.FAIL, "every header of the request, credentials among them,"),
    Carries.COOKIES: (Weight.FAIL, "a cookie that the backend sets"),
    Carries.MAYBE: (Weight.REVIEW, "what may be a credential of the caller"),
    Carries.BODY: (Weight.REVIEW, "a whole body"),
    Carries.HASHED: (Weight.NOTE, "a digest of a credential"),
    Carries.ADDRESS: (Weight.NOTE, "an address with its query, in which keys can stand,"),
    Carries.UNREAD: (Weight.UNKNOWN, "what code that is not understood makes"),
}


def issues(sheet: Sheet) -> Iterator[Issue]:
    """What the statements that write something carry there."""
    carrier = Carrier(unfilled(sheet))
    for spot in carrier.sheet.named(*_SINKS):
        goes = _goes(spot)
        if goes is None:
            continue
        found = {each: at for at, value in _values(spot) for each in sorted(_carried(value, carrier))}
        yield from _written(spot, goes, found, sheet.library)
        yield from dict.fromkeys(_liquid(spot, goes))
        if goes is _Goes.ANSWER:
            yield from _errors(spot, found)


def _carried(value: Value | None, carrier: Carrier) -> frozenset[Carried]:
    if value is None:
        return frozenset()
    if not isinstance(value, Mixed):
        return carrier.of(compiled(value, carrier.sheet.library))
    # What the service makes of text mixed with code is not documented: a person decides.
    found = (carrier.of(compiled(part, carrier.sheet.library)) for part in value.expressions)
    return frozenset(
        (Carries.MAYBE, "") if each in _SURE else (each, name) for all_ in found for each, name in all_
    )


def _goes(spot: Spot) -> _Goes | None:
    """Where the values of a statement go to; None where that is the request to the backend."""
    if spot.name == "trace":
        return _Goes.TRACE if spot.in_pipeline else None
    if spot.name == "log-to-eventhub":
        return _Goes.LOG
    if spot.name in _METRICS:
        return _Goes.METRIC
    if spot.request is not None:
        return _Goes.REQUEST if spot.request.name == "send-one-way-request" else None
    if any(parent.name == "return-response" for parent in spot.parents):
        return _Goes.ANSWER
    if spot.in_pipeline and (spot.section in _ANSWERING or not spot.section):
        return _Goes.ANSWER
    return None


def _values(spot: Spot) -> Iterator[tuple[Element, Value | None]]:
    """The values that a statement writes; a subscription or user id it adds by itself is no credential."""
    element = spot.element
    match spot.name:
        case "trace":
            yield element, element.get("source")
            for child in element.elements:
                yield child, child.get("value") if child.name == "metadata" else child.value
        case "set-header":
            yield from ((child, child.value) for child in element.find_all("value"))
        case "set-status":
            yield element, element.get("reason")
        case "set-body":
            yield element, element.value
        case "log-to-eventhub":
            yield element, element.value
            yield element, element.get("partition-key")
        case _:
            yield element, element.get("value")
            yield from ((child, child.get("value")) for child in element.find_all("dimension"))


def _written(spot: Spot, goes: _Goes, found: dict[Carried, Element], library: Library) -> Iterator[Issue]:
    # In a fragment it is not said whether a header is one of the request: only what cannot be is judged.
    open_ = goes is _Goes.ANSWER and not spot.section and not _answers(spot)
    told: list[Issue] = []
    for (carries, name), at in found.items():
        weight, words = _weighed(carries, name, goes, library)
        if weight is Weight.FAIL and _usual(spot, carries, name):
            weight = None if name == "cookie" else Weight.REVIEW
        if weight is not None and not open_:
            told.append(spot.issue(Rule.CREDENTIALS_WRITTEN, weight, f"{words} {goes}", at))
    if not told and not open_:
        told.append(spot.issue(Rule.CREDENTIALS_WRITTEN, Weight.FINE, f"no credential {goes}"))
    yield from dict.fromkeys(told)


def _usual(spot: Spot, carries: Carries, name: str) -> bool:
    """Whether a header of an answer mostly has what is in it: a client's id, its own cookie."""
    header = (spot.element.word("name") or "").casefold() if spot.name == "set-header" else ""
    if carries is Carries.NAMED:
        return header in {"location", "www-authenticate", "set-cookie", "access-control-allow-origin"}
    return header == "set-cookie" and name == "cookie"


def _answers(spot: Spot) -> bool:
    return any(parent.name == "return-response" for parent in spot.parents)


def _weighed(carries: Carries, name: str, goes: _Goes, library: Library) -> tuple[Weight | None, str]:
    """How much it weighs that something goes somewhere; None where that is nothing to say."""
    if carries is Carries.NAMED:
        return _named(name, library, goes)
    if carries is Carries.FILTERED:
        words = "every header of the request but for some that the code names"
        return (Weight.NOTE if name == "most" else Weight.REVIEW), words
    if carries is Carries.VARIABLE:
        return (Weight.UNKNOWN if says_credential(name) else None), "a variable that is written elsewhere"
    if carries not in _WORDS:
        return None, ""
    if goes is _Goes.ANSWER and carries in _OWN:
        return None, ""
    weight, words = _WORDS[carries]
    return (Weight.REVIEW if goes is _Goes.REQUEST and weight is Weight.FAIL else weight), words


def _named(name: str, library: Library, goes: _Goes) -> tuple[Weight | None, str]:
    known = library.named_value(name)
    if goes is _Goes.REQUEST or isinstance(known, str):
        return None, ""  # the service it goes to asks for it
    if isinstance(known, Secret):
        return Weight.FAIL, "a named value that is secret"
    assert isinstance(known, Missing)  # noqa: S101 - the third of three
    return Weight.UNKNOWN, "a named value that is not known here"


def _liquid(spot: Spot, goes: _Goes) -> Iterator[Issue]:
    """Headers of the request that a Liquid template puts into an answer."""
    value = spot.element.value
    if spot.name != "set-body" or spot.element.word("template") != "liquid" or not isinstance(value, Literal):
        return
    for found in _LIQUID.finditer(value.text):
        name = found["dotted"] or found["quoted"]
        if name is None:
            words = f"something of the headers of the request {goes}, by a Liquid template"
            yield spot.issue(Rule.CREDENTIALS_WRITTEN, Weight.REVIEW, words)
        elif is_credential_header(name):
            words = f"a credential of the caller {goes}"
            yield spot.issue(Rule.CREDENTIALS_WRITTEN, Weight.FAIL, words)


def _errors(spot: Spot, found: dict[Carried, Element]) -> Iterator[Issue]:
    """Details of an error in an answer."""
    kinds = {carries: at for (carries, _), at in found.items()}
    if Carries.MESSAGE in kinds:
        words = "the gateway's error message is returned to the caller"
        yield spot.issue(Rule.ERROR_DETAILS, Weight.FAIL, words, kinds[Carries.MESSAGE])
    elif Carries.ERROR in kinds:
        words = "only the code or the place of an error is returned"
        yield spot.issue(Rule.ERROR_DETAILS, Weight.NOTE, words, kinds[Carries.ERROR])
    elif spot.section == "on-error":
        yield spot.issue(Rule.ERROR_DETAILS, Weight.FINE, "no detail of an error is returned")

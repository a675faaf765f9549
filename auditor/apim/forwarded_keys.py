"""Whether the subscription key that a caller sends goes on to the backend, over every way to arrive.

The gateway passes a key on in the header or query parameter it came in, unless a policy takes it out.
Source: "Subscriptions in Azure API Management" (the note on keys that are passed to the backend).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from auditor.apim.documents import Way, api_of, ways_in
from auditor.apim.policy.compose import Reading
from auditor.apim.policy.evaluate.code import compiled
from auditor.apim.policy.statements import UNKNOWN, Statement
from auditor.apim.policy.values import Text
from auditor.model.subject import Subject

_ENDS = frozenset({"return-response", "mock-response"})
_ELEMENTS = {"header": "set-header", "query": "set-query-parameter"}


class Taken(IntEnum):
    """Whether something is taken out of a request before it is forwarded; the smallest decides."""

    NO = 0
    UNREAD = 1
    """A statement that was not read may do it."""
    SOMETIMES = 2
    """In a branch, or by what is not known."""
    YES = 3


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What was found out of one API."""

    required: bool | None
    """Whether the API asks for a key."""
    taken: dict[str, Taken]
    """For ``header`` and ``query``; empty where no request is forwarded."""
    way: str
    """In words: the first way to arrive on which most is left in."""
    complete: bool
    """All products were listed, so that all ways to arrive are known."""


def forwarded(api: Subject) -> Forwarded:
    """What the policies of an API leave in a request of the key it came with.

    Raises:
        Undetermined: The API's operations were not listed, or what its key is called is not known.
    """
    required = api_of(api).subscription_required
    prover, ways = ways_in(api)
    names = {
        part: api.text(f"/properties/subscriptionKeyParameterNames/{part}").value() for part in _ELEMENTS
    }
    found: list[tuple[dict[str, Taken], Way]] = []
    known: dict[int, dict[str, Taken]] = {}
    for way in ways:
        if way.arriving.context.key is False:
            continue
        effective = way.arriving.effective
        if id(effective) not in known:
            known[id(effective)] = _least(_of_reading(each, names) for each in effective.readings)
        if known[id(effective)]:
            found.append((known[id(effective)], way))
    worst = min(found, key=lambda each: sum(each[0].values()), default=None)
    return Forwarded(
        required,
        _least(each for each, _ in found),
        str(worst[1]) if worst is not None else "",
        prover.composer.policies.products is not None,
    )


def _least(found: Iterable[dict[str, Taken]]) -> dict[str, Taken]:
    result: dict[str, Taken] = {}
    for each in found:
        for part, taken in each.items():
            result[part] = min(taken, result.get(part, taken))
    return result


def _of_reading(reading: Reading, names: dict[str, str]) -> dict[str, Taken]:
    statements = (*reading.inbound, *reading.backend)
    if not _forwards(reading):
        return {}
    return {part: _taken(statements, _ELEMENTS[part], name.casefold()) for part, name in names.items()}


def _forwards(reading: Reading) -> bool:
    """Whether a request can go on to a backend, as far as that is plain to see."""
    if any(statement.name in _ENDS for statement in reading.inbound):
        return False
    every = (each for top in reading.backend for each in top.walk())
    return any(each.name in {"forward-request", UNKNOWN} for each in every)


def _taken(statements: tuple[Statement, ...], element: str, name: str) -> Taken:
    """The surest of the statements that take something out, or put something else in its place."""
    answers = [Taken.NO]
    for top in statements:
        if top.name == "forward-request":
            break
        for each in top.walk():
            if each.name == UNKNOWN:
                answers.append(Taken.UNREAD)
            elif each.name == element:
                answers.append(_by(each, name, always=each is top))
    return max(answers)


def _by(statement: Statement, name: str, *, always: bool) -> Taken:
    """What one statement does to the header or parameter of a name."""
    written, action = _word(statement, "name"), _word(statement, "exists-action")
    if written is not None and written.casefold() != name:
        return Taken.NO
    if action in {"skip", "append"}:
        return Taken.NO
    known = written is not None and (action is not None or statement.element.get("exists-action") is None)
    return Taken.YES if known and always else Taken.SOMETIMES


def _word(statement: Statement, attribute: str) -> str | None:
    """An attribute's text with the known named values put in; None where it is absent or not known."""
    value = statement.element.get(attribute)
    fixed = compiled(value, statement.library).fixed if value is not None else None
    return fixed.value.strip() if isinstance(fixed, Text) else None

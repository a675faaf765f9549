"""What rules say of the effective policies of an API, over every operation and way to arrive.

What holds in one reading of the documentation only is for a person to decide; what holds in a way to arrive
of which it is not known whether there is one is not known. Nobody may take more from it than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain

from auditor.apim.documents import Way, ways_in
from auditor.apim.policy.compose import Effective, Reading
from auditor.apim.policy.evaluate.frame import Bindings
from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.said import Said
from auditor.apim.policy.scopes import Scope
from auditor.apim.policy.statements import NOT_READ, Origin, Statement
from auditor.apim.policy.values import Value
from auditor.model.subject import Subject

_ORDER = tuple(Weight)
_CERTAIN = frozenset({Weight.FAIL, Weight.WEAK})
_OF_API = frozenset({Scope.API, Scope.OPERATION})

Look = Callable[[Reading, Bindings, Prover], tuple[Said, ...]]
"""A set of rules: what they say of one reading of an effective policy."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing said, with the operations it concerns."""

    rule: Rule
    weight: Weight
    says: str
    statement: Statement
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything said of an API, and whether all it rests on was read."""

    found: tuple[Effect, ...]
    whole: bool

    def of(self, *weights: Weight) -> tuple[Effect, ...]:
        """What has one of some weights."""
        return tuple(each for each in self.found if each.weight in weights)


def effects(api: Subject, name: str, look: Look) -> Effects:
    """What some rules say of an API, the worst first.

    Args:
        api: The API; the documents of its ways in are logged.
        name: Of the rules, under which what they say of a policy is remembered.
        look: The rules.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    prover, ways = ways_in(api)
    # Operations share effective policies: each is looked at once, for the whole service where no document
    # of the API takes part.
    shared = api.audit.memo.setdefault(("auditor.apim.composed", name, f"{id(prover)}"), {})
    own: dict[tuple[int, frozenset[tuple[str, Value]]], tuple[Said, ...]] = {}
    groups: dict[tuple[int, bool], tuple[tuple[Said, ...], list[Way]]] = {}
    for way in ways:
        effective, bindings = way.arriving.effective, way.arriving.bindings
        key = (id(effective), frozenset(bindings.items()))
        known = own if any(place.scope in _OF_API for place in effective.chain) else shared
        if key not in known:
            known[key] = _over_readings(effective, bindings, prover, look)
        said = known[key]
        # A text that is broken may be another one for the service.
        certain = way.arriving.context.certain and not effective.doubts
        groups.setdefault((id(said), certain), (said, []))[1].append(way)
    notes = any(note.told in NOT_READ for way in ways for note in way.arriving.effective.notes)
    whole = not notes and prover.composer.policies.products is not None
    return Effects(_together(groups), whole)


def _over_readings(effective: Effective, bindings: Bindings, prover: Prover, look: Look) -> tuple[Said, ...]:
    """What is said in every reading; what is said in one only is for a person to look at."""
    said = [look(reading, bindings, prover) for reading in effective.readings]
    if len(said) == 1:
        return said[0]
    everywhere = set.intersection(*({_key(each) for each in one} for one in said))
    found: dict[tuple[Rule, Weight, str, Origin], Said] = {}
    for one in chain.from_iterable(said):
        if one.weight in _CERTAIN and _key(one) not in everywhere:
            words = f"depending on what is not documented, {one.says}"
            one = replace(one, weight=Weight.REVIEW, says=words)
        found.setdefault(_key(one), one)
    return tuple(found.values())


def _key(said: Said) -> tuple[Rule, Weight, str, Origin]:
    return said.rule, said.weight, said.says, said.statement.origin


def _together(
    groups: dict[tuple[int, bool], tuple[tuple[Said, ...], list[Way]]],
) -> tuple[Effect, ...]:
    found: dict[tuple[Rule, Weight, str, Origin], tuple[Said, list[str]]] = {}
    for (_, certain), (said, ways) in groups.items():
        operations = [] if all(each.weight is Weight.FINE for each in said) else [str(way) for way in ways]
        for one in said:
            if one.weight in _CERTAIN and not certain:
                one = replace(one, weight=Weight.UNKNOWN)
            found.setdefault(_key(one), (one, []))[1].extend(operations)
    made = (
        Effect(one.rule, one.weight, one.says, one.statement, tuple(dict.fromkeys(operations)))
        for one, operations in found.values()
        if not _told_for_certain(one, found)
    )
    return tuple(sorted(made, key=lambda each: _ORDER.index(each.weight)))


def _told_for_certain(one: Said, found: Iterable[tuple[Rule, Weight, str, Origin]]) -> bool:
    """Whether what may be so in one way to arrive surely is in another."""
    if one.weight is not Weight.UNKNOWN:
        return False
    rule, _, says, origin = _key(one)
    return any((rule, weight, says, origin) in found for weight in _CERTAIN)

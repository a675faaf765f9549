"""What would decide what is unknown: things to do, those that decide most first."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.model.results import FindingJson, GapJson, Results, ServiceJson
from auditor.model.verdict import Severity
from reports.summary import findings_of

_MOST_FACTS = 3
_COMMAND = re.compile(r"(?:az|auditor) [a-z]")
_NEEDS = re.compile(r"(?P<do>.*\S) \(needs (?P<permission>[\w.*/ -]+)\)", re.DOTALL)

Pair = tuple[str, str]
"""Ids of a service and of a check on it: what counts once, however many resources it looks at."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a gap says is to be done: a command as it is typed, or words."""

    command: str
    words: str
    permission: str
    """The permission that a command needs; empty where none is named."""

    @classmethod
    def of(cls, text: str) -> Remedy:
        """A remedy as the stored result writes it."""
        if not _COMMAND.match(text):
            return cls("", text, "")
        found = _NEEDS.fullmatch(text)
        return cls(found["do"], "", found["permission"]) if found else cls(text, "", "")


@dataclass(slots=True)
class Fact:
    """Something that is missing, in the words of the service where it was missed first."""

    text: str
    pairs: set[Pair] = field(default_factory=set)
    """What lacks it."""


@dataclass(slots=True)
class Step:
    """One thing to do that would decide more, and what it would decide."""

    remedy: str
    facts: dict[str, Fact] = field(default_factory=dict)
    """What it would bring, by its text without names of services, in the order it was missed."""
    pairs: set[Pair] = field(default_factory=set)
    """What waits for it."""
    severe: set[Pair] = field(default_factory=set)
    """Those that a finding of high severity or worse waits in."""
    checks: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)
    services: dict[str, None] = field(default_factory=dict)
    """Ids of the services it would decide them for; the texts are those of the first."""
    alike: set[str] = field(default_factory=set)
    """Remedies of the first service that differ in a resource's name only; the texts are the first one's."""

    @property
    def do(self) -> Remedy | None:
        """What to do; nothing where a gap told only what is needed."""
        told = any(fact.text == self.remedy for fact in self.facts.values())
        return None if told else Remedy.of(self.remedy)

    @property
    def ranked(self) -> list[Fact]:
        """The facts, those that most wait for first."""
        return sorted(self.facts.values(), key=lambda fact: -len(fact.pairs))

    @property
    def needed(self) -> str:
        """The facts in one line: the first three of them, with how many checks wait for each."""
        return self.needed_within(0)

    def needed_within(self, longest: int) -> str:
        """The same with as many facts as a length holds, whole ones; the first in any case.

        Args:
            longest: Characters of the facts; 0 for no limit.
        """
        ranked = self.ranked
        several = len(ranked) > 1
        facts = [f"{one.text} ({len(one.pairs):,})" if several else one.text for one in ranked[:_MOST_FACTS]]
        while len(facts) > 1 and 0 < longest < len("; ".join(facts)):
            facts.pop()
        first = "; ".join(facts)
        more = len(ranked) - len(facts)
        text = f"{first}; and {more:,} more" if more > 0 else first
        if len(self.services) > 1:
            others = len(self.services) - 1
            return f"{text} (and of {others:,} more service{'s' if others > 1 else ''})"
        return f"{text} (and of {len(self.alike) - 1:,} more like it)" if len(self.alike) > 1 else text


def steps(results: Results) -> list[Step]:
    """What would decide the unknown findings, most useful first; one step where services lack the same."""
    return ranked(step_index(results))


def step_index(results: Results) -> dict[tuple[str, str], Step]:
    """The steps by service id and remedy (what is needed, where a gap has none)."""
    by_shape: dict[str, Step] = {}
    found: dict[tuple[str, str], Step] = {}
    for service in results["services"]:
        shape = functools.cache(shaper(service))  # many findings of a service lack the same
        for gap, finding in _gaps(service):
            remedy = gap["remedy"] or gap["needed"]
            step = found.get((service["id"], remedy))
            if step is None:
                # In a request the subject's name follows a slash: /certificates/NAME?api-version=...
                key = shape(remedy).replace(f"/{finding['subjects'][0]['name']}", "/\1")
                step = by_shape.setdefault(key, Step(remedy))
                found[service["id"], remedy] = step
            _count(step, service, finding, gap, shape)
    return found


def _count(
    step: Step, service: ServiceJson, finding: FindingJson, gap: GapJson, shape: Callable[[str], str]
) -> None:
    pair = (service["id"], finding["check"])
    step.services[service["id"]] = None
    fact = shape(gap["needed"])
    # What is asked of several is said in the words of the first.
    if len(step.services) == 1:
        remedy = gap["remedy"] or gap["needed"]
        if remedy == step.remedy:
            step.facts.setdefault(fact, Fact(gap["needed"]))
        else:
            step.alike |= {step.remedy, remedy}
    if fact in step.facts:
        step.facts[fact].pairs.add(pair)
    step.pairs.add(pair)
    step.checks.add(finding["check"])
    step.reasons |= {gap["reason"]} - {""}
    if Severity(finding["severity"]).rank <= Severity.HIGH.rank:
        step.severe.add(pair)


def ranked(index: Mapping[tuple[str, str], Step]) -> list[Step]:
    """The steps of an index, each once, those that decide most checks on most services first."""
    unique = {id(step): step for step in index.values()}
    return sorted(unique.values(), key=lambda step: (-len(step.pairs), -len(step.severe), step.remedy))


def gaps(finding: FindingJson) -> list[GapJson]:
    """What a finding lacks. One that is unknown for no named gap lacks what its message says."""
    if finding["status"] != "unknown" or finding["gaps"]:
        return finding["gaps"]
    return [GapJson(reason="", needed=finding["message"], remedy="")]


def _gaps(service: ServiceJson) -> Iterator[tuple[GapJson, FindingJson]]:
    for finding in findings_of(service):
        if finding["status"] == "unknown":
            for gap in gaps(finding):
                yield gap, finding


def shaper(service: ServiceJson) -> Callable[[str], str]:
    """A function that makes texts equal that differ in the service they name only."""
    # The id first: the name is a part of it. As whole words: a service may be called "api".
    names = sorted({service["id"], service["name"]} - {""}, key=len, reverse=True)
    if not names:
        return lambda text: text
    pattern = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, names)) + r")(?![\w-])", re.IGNORECASE)
    return lambda text: pattern.sub("\0", text)

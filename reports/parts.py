"""What a page is arranged of: findings by check, services, rows, and names for places on the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from auditor.model.results import CheckTextJson, FindingJson, InputJson, ServiceJson, WithheldJson
from auditor.model.verdict import Severity, fold

MOST_DRAWN = 40
"""Findings of one check that are drawn with their evidence; the next ones have a line each."""
_MOST_NAMED = 300
_MOST_IN_ANCHOR = 80


@dataclass(slots=True)
class Found:
    """A finding with its service."""

    service: ServiceView
    finding: FindingJson


@dataclass
class Group:
    """What one check found at several places."""

    check: CheckTextJson
    anchor: str
    found: list[Found] = field(default_factory=list)

    @cached_property
    def severity(self) -> str:
        """The worst of its findings."""
        return min({one.finding["severity"] for one in self.found}, key=lambda name: Severity(name).rank)

    @cached_property
    def status(self) -> str:
        """Of all its findings; a check that only ever broke did not find anything wanting."""
        return fold({one.finding["status"] for one in self.found}).value

    @property
    def listed(self) -> list[Found]:
        """Those that are drawn with their evidence."""
        return self.found[:MOST_DRAWN]

    @property
    def named(self) -> list[Found]:
        """Those beyond, each with a line of its own."""
        return self.found[MOST_DRAWN : MOST_DRAWN + _MOST_NAMED]

    @property
    def messages(self) -> list[tuple[str, list[Found]]]:
        """Those that are drawn, by what is said of them: the same sentence stands once."""
        groups: dict[str, list[Found]] = {}
        for one in self.listed:
            groups.setdefault(one.finding["message"], []).append(one)
        return list(groups.items())

    @property
    def more(self) -> int:
        """How many are neither drawn nor have a line."""
        return max(0, len(self.found) - MOST_DRAWN - _MOST_NAMED)

    @cached_property
    def names(self) -> list[str]:
        """The services it concerns, by name."""
        return list({id(one.service): one.service.data["name"] for one in self.found}.values())

    @property
    def services(self) -> int:
        """How many services it concerns."""
        return len(self.names)

    @property
    def varied(self) -> bool:
        """Whether not the same is said of all that are drawn."""
        return len(self.messages) > 1


@dataclass(slots=True)
class ServiceView:
    """A service with what is counted and pointed at."""

    data: ServiceJson
    anchor: str
    counts: Mapping[str, int]
    statuses: Mapping[str, str]
    """Status by check id."""

    @property
    def weight(self) -> tuple[int, int, str]:
        """Sorts the service with most failures first."""
        count = self.counts
        return -(count["fail"] + count["error"]), -count["unknown"], self.data["name"].lower()


@dataclass(slots=True)
class Hidden:
    """Something the input could not show, of one or more services."""

    first: WithheldJson
    scopes: int = 0


@dataclass(slots=True)
class InputGroup:
    """Inputs of one kind."""

    first: InputJson
    members: list[InputJson] = field(default_factory=list)


@dataclass(slots=True)
class Rows:
    """What one check found of one status under a feature of a service."""

    check: CheckTextJson
    status: str
    listed: list[FindingJson]
    more: int
    steps: list[int]
    """What would decide it, by number."""
    reasons: list[str]
    shown: bool
    """Whether a group shows the evidence of all that are listed."""

    @property
    def count(self) -> int:
        """How many findings there are."""
        return len(self.listed) + self.more


class Anchors:
    """Names for places on a page, made from any text, each different."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._used: set[str] = set()

    def of(self, prefix: str, text: str) -> str:
        """The name for a text, the same each time."""
        given = self._given.get((prefix, text))
        if given is None:
            slug = re.sub(r"[^a-z0-9]+", "-", text.lower())[:_MOST_IN_ANCHOR].strip("-")
            given = base = f"{prefix}-{slug}"
            number = 2
            while given in self._used:
                given, number = f"{base}-{number}", number + 1
            self._used.add(given)
            self._given[prefix, text] = given
        return given

"""Controls, features and checks: the catalogue an audit is run against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.model.inventory import Resource
from auditor.model.knowledge import Audit, Knowledge
from auditor.model.results import AzurePolicyJson
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Source, Status, Verdict

BEYOND = "Beyond the baseline"
"""The feature that additional checks sit in, so that a baseline row's status is the baseline's alone."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of subject, and how all of a service's are found."""

    name: str
    """For readers: ``named value``."""
    find: Callable[[Subject], Iterator[Subject]]
    """Yields the subjects of a service, then raises ``Undetermined`` if there may be more."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A question to the tier table that is asked before anything else."""

    capability: str
    """The row of the table, for readers."""
    closed: Callable[[Subject], Verdict | None]
    """Asked with the service: the verdict that ends it (not applicable), or None to go on."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a check says to people, from the control's Markdown."""

    title: str
    why: str
    fix: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One testable statement, judged on one kind of subject."""

    id: str
    """``apim.ns-2.gateway-not-public``; stable."""
    feature: str
    """Title of the feature it belongs to, in its home control."""
    on: Kind
    source: Source
    severity: Severity
    judge: Callable[[Subject], Verdict]
    outcomes: frozenset[Status]
    """Every status it can reach; a fixture shows each."""
    also: tuple[str, ...] = ()
    """Further controls it counts for, ``NS-2`` or ``NS-2: Disable Public Network Access``."""
    filed: tuple[str, ...] = ()
    """Further controls Microsoft's own initiative files the rule under, for reference."""
    needs: Gate | None = None

    @property
    def control(self) -> str:
        """Id of the control it lives under: ``NS-2``."""
        return self.id.split(".")[1].upper()

    @property
    def slug(self) -> str:
        """The last part of the id."""
        return self.id.rpartition(".")[2]

    @property
    def observation(self) -> bool:
        """It informs: folds, totals and the gate skip it."""
        return self.severity is Severity.INFO


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of the service baseline under a control."""

    title: str
    source: Source
    supported: str = ""
    """``yes``, ``no`` or empty where the baseline has no such column (other guidance)."""
    enabled_by_default: str = ""
    responsibility: str = ""
    """``customer``, ``microsoft``, ``shared``, or empty where the baseline says not applicable."""
    says: str = ""
    """What the row asks for, in our words."""
    reference: str = ""
    note: str = ""
    """Where the product has moved on since the baseline was written."""
    noted: str = ""
    """Day the note was written, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control of the benchmark as the service baseline uses it."""

    id: str
    title: str
    domain: str
    summary: str
    features: tuple[Feature, ...]
    mappings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)
    """By the slug of the check."""

    def feature(self, title: str) -> Feature:
        """The feature with a title.

        Raises:
            KeyError: There is none.
        """
        for feature in self.features:
            if feature.title == title:
                return feature
        raise KeyError(f"{self.id} has no feature {title!r}")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a check was judged on, and what came of it."""

    service: Resource
    check: Check
    resource: Resource
    item: str
    """Of the resource; empty for the resource itself."""
    status: Status


Beside = Callable[[Audit, Judged], list[AzurePolicyJson]]
"""Gives what Azure Policy says of what was judged: shown beside the verdict, it changes nothing of it."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything an audit of one kind of service judges, in the baseline's order."""

    version: str
    """Day of the newest reviewed source, ISO 8601."""
    controls: tuple[Control, ...]
    checks: tuple[Check, ...]
    knowledge: Knowledge
    beside: Mapping[str, Beside] = field(default_factory=dict)
    """What else is said of the subjects of a check, by its id."""

    def control(self, control_id: str) -> Control:
        """The control with an id, in any case.

        Raises:
            KeyError: There is none.
        """
        for control in self.controls:
            if control.id == control_id.upper():
                return control
        raise KeyError(control_id)

    def words(self, check: Check) -> Words:
        """What a check says to people."""
        return self.control(check.control).words[check.slug]

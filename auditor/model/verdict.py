"""Verdicts, statuses and severities, and how several are folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from auditor.model.evidence import Gap


class Status(StrEnum):
    """What a finding, a feature, a control or a service says to the outside."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    MANUAL = "manual"
    NOT_APPLICABLE = "not_applicable"
    INHERITED = "inherited"
    WAIVED = "waived"
    ERROR = "error"


FOLD_ORDER: tuple[Status, ...] = (
    Status.FAIL,
    Status.ERROR,
    Status.UNKNOWN,
    Status.WAIVED,
    Status.MANUAL,
    Status.PASS,
    Status.INHERITED,
    Status.NOT_APPLICABLE,
)
"""Worst first: the fold of several statuses is the first of these that is among them."""

_RANK: Mapping[str, int] = {status: rank for rank, status in enumerate(FOLD_ORDER)}


def fold(statuses: Iterable[Status | str]) -> Status:
    """The status that stands for several. Of nothing at all nothing is known."""
    # A status is a string, so either spelling finds its rank.
    worst = min([_RANK[status] for status in statuses], default=None)
    return Status.UNKNOWN if worst is None else FOLD_ORDER[worst]


class Severity(StrEnum):
    """How much a failure matters. ``info`` marks observations, which no fold, total or gate counts."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst; a larger number is milder."""
        return _SEVERITIES.index(self)


_SEVERITIES = list(Severity)


class Source(StrEnum):
    """Which document asks for a check."""

    BASELINE = "baseline"
    CLIENT_CERTIFICATES = "client-certificates"
    ADDITIONAL = "additional"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check concludes. It has no truth value: ``if verdict:`` is a mistake, and raises."""

    message: str
    """One sentence a reader can check: the value, where it stands, what would turn it."""
    details: Mapping[str, Any] | None = None
    """Structured addition with a ``kind`` that the results schema describes."""

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is neither true nor false: match on its class")


@dataclass(frozen=True, slots=True)
class Pass(Verdict):
    """The statement of the check holds."""


@dataclass(frozen=True, slots=True)
class Fail(Verdict):
    """The statement of the check does not hold."""

    severity: Severity | None = None
    """Where this failure is milder or worse than the check's own severity."""


@dataclass(frozen=True, slots=True)
class Unknown(Verdict):
    """What was read does not decide it."""

    gaps: tuple[Gap, ...] = ()
    """What is missing."""


@dataclass(frozen=True, slots=True)
class Manual(Verdict):
    """A person has to decide: everything was read, and it is not a matter of configuration."""


@dataclass(frozen=True, slots=True)
class NotApplicable(Verdict):
    """The check does not concern this subject, and the message says why."""


@dataclass(frozen=True, slots=True)
class Inherited(Verdict):
    """Microsoft's responsibility, on by default. Only the catalogue says this."""


STATUS_OF: Mapping[type[Verdict], Status] = {
    Pass: Status.PASS,
    Fail: Status.FAIL,
    Unknown: Status.UNKNOWN,
    Manual: Status.MANUAL,
    NotApplicable: Status.NOT_APPLICABLE,
    Inherited: Status.INHERITED,
}

"""The comparison of two stored results (``auditor diff --format json``, schema version 1).

The JSON Schema beside the reports (``reports/diff.schema.json``) describes the same shapes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NotRequired, TypedDict

from auditor.model.results import EvidenceJson, GapJson, SubjectJson

DIFF_VERSION = 1


class Change(StrEnum):
    """What became of one check on one subject: exactly one of these, in the order readers want them."""

    NEW = "new"
    """It fails. It was judged before and did not fail, or it was not there."""
    NO_LONGER_ASSESSED = "no_longer_assessed"
    """It was decided, and is not now, for whatever reason. This is never a fix."""
    NEWLY_ASSESSED = "newly_assessed"
    """It is decided, also as a failure, where the old result had not decided it or not looked."""
    CHANGED = "changed"
    """It says something else, and none of the other classes says what."""
    FIXED = "fixed"
    """It failed, and passes now: both were decided."""
    STILL = "still"
    """It says what it said."""
    APPEARED = "appeared"
    """Only the new result has it, and has not passed or failed it."""
    DISAPPEARED = "disappeared"
    """Only the old result has it, and had not passed or failed it."""


class Missing(StrEnum):
    """Why one of the two results says nothing of a subject."""

    SERVICE = "service"
    """It does not have the service."""
    CHECK = "check"
    """Its catalogue did not hold the check, or did not count it."""
    NOT_ASKED = "not-asked"
    """The control was left out of it with ``--controls``."""
    NOT_LISTED = "not-listed"
    """It could not list all subjects of the check: whether this one is there is not known."""
    NOT_APPLICABLE = "not-applicable"
    """The check did not apply to the service as a whole: its tier, or nothing there to judge."""
    ABSENT = "absent"
    """It listed the subjects of the check to the end, and this one is not among them."""


class DiffSideJson(TypedDict):
    """One of the two results."""

    path: str
    tool: str
    catalogue: str
    as_of: str
    inputs: list[str]
    services: int


class DiffServiceJson(TypedDict):
    """A service of either result, and how it was found in the other."""

    name: str
    old_id: str | None
    new_id: str | None
    matched: str | None
    counts: dict[str, int]


class DiffCheckJson(TypedDict):
    """The words for a check that the changes name."""

    title: str
    control: str
    feature: str


class DiffVerdictJson(TypedDict):
    """What one result says of a subject."""

    status: str
    severity: str
    message: str
    gaps: list[GapJson]


class DiffEvidenceJson(TypedDict):
    """One value as either result read it; a side that did not read it has no member."""

    old: NotRequired[EvidenceJson]
    new: NotRequired[EvidenceJson]


class ChangeJson(TypedDict):
    """One check on one subject that does not say what it said, or that fails as before."""

    change: str
    fails_anew: bool
    check: str
    source: str
    service: int
    severity: str
    subject: SubjectJson
    old: DiffVerdictJson | None
    new: DiffVerdictJson | None
    missing: NotRequired[str]
    evidence: list[DiffEvidenceJson]


class DiffGateJson(TypedDict):
    """The decision, and why."""

    fail_on: str
    allow_removed: bool
    exit_code: int
    reason: str


class DiffJson(TypedDict):
    """The whole comparison. What still says the same is counted; only failures among it are listed."""

    diff_version: int
    tool: dict[str, str]
    old: DiffSideJson
    new: DiffSideJson
    caveats: list[str]
    counts: dict[str, int]
    still: dict[str, int]
    gate: DiffGateJson
    checks: dict[str, DiffCheckJson]
    services: list[DiffServiceJson]
    changes: list[ChangeJson]

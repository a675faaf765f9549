"""The stored result (``results.json``, schema version 1): the one form every report is made from.

The JSON Schema beside the reports (``reports/results.schema.json``) describes the same shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

SCHEMA_VERSION = 1


class OriginJson(TypedDict):
    """Where a value was read: a place in a file, a request, or a document that states it."""

    file: NotRequired[str]
    pointer: NotRequired[str]
    line: NotRequired[int]
    column: NotRequired[int]
    request: NotRequired[str]
    attestation: NotRequired[str]
    catalogue: NotRequired[str]


class DefaultJson(TypedDict):
    """The documented default that was applied."""

    source: str
    reviewed: str
    since: NotRequired[str]


class EvidenceJson(TypedDict):
    """One value that was read."""

    resource: str
    pointer: str
    value: Any
    expression: NotRequired[str]
    defaulted: NotRequired[DefaultJson]
    origin: OriginJson


class GapJson(TypedDict):
    """One fact that is missing."""

    reason: str
    needed: str
    remedy: str


class SubjectJson(TypedDict):
    """What a finding is about."""

    id: str
    type: str
    name: str
    item: NotRequired[str]
    fingerprint: str


class WaiverJson(TypedDict):
    """Who accepted a finding, why, and until when; what it was without."""

    status: str
    kind: str
    reason: str
    owner: str
    expires: str
    place: str
    evidence: NotRequired[str]
    links: NotRequired[list[str]]


class AttestationJson(TypedDict):
    """What a person answered, and what the question was."""

    verdict: str
    statement: str
    by: str
    date: str
    expires: str
    place: str
    question: str
    links: NotRequired[list[str]]


class AzurePolicyJson(TypedDict):
    """What Azure Policy says of the subject of a finding: its own answer, which decides nothing here."""

    definition: str
    name: str
    state: str
    resource: str
    timestamp: str
    agrees: bool | None
    reason: NotRequired[str]
    note: str
    resources: NotRequired[int]


class FindingJson(TypedDict):
    """One verdict on one subject, or equal passes of several."""

    check: str
    source: str
    subjects: list[SubjectJson]
    status: str
    severity: str
    message: str
    observation: NotRequired[bool]
    evidence: list[EvidenceJson]
    more_evidence: NotRequired[int]
    gaps: list[GapJson]
    details: NotRequired[dict[str, Any]]
    evidence_digest: NotRequired[str]
    attestation: NotRequired[AttestationJson]
    waiver: NotRequired[WaiverJson]
    azure_policy: NotRequired[list[AzurePolicyJson]]


class FeatureResultJson(TypedDict):
    """One row of the baseline for one service."""

    title: str
    responsibility: str
    status: str
    findings: list[FindingJson]
    see: list[str]


class ControlResultJson(TypedDict):
    """One control for one service."""

    id: str
    title: str
    domain: str
    status: str
    asked: NotRequired[bool]
    features: list[FeatureResultJson]


class ServiceJson(TypedDict):
    """One API Management service."""

    id: str
    name: str
    tier: str
    location: str
    status: str
    input: str
    controls: list[ControlResultJson]


class WithheldJson(TypedDict):
    """A collection that the input could not show."""

    scope: str
    collection: str
    reason: str
    needed: str
    remedy: str


class TotalsJson(TypedDict):
    """Shares over (service, check) pairs; null where there is nothing to divide by."""

    compliance: float | None
    coverage: float | None
    passed: int
    failed: int
    unknown: int
    manual: int
    waived: int
    error: int
    not_applicable: int
    inherited: int


class AgainstJson(TypedDict):
    """The earlier result that a decision was made against, and what stood in it already."""

    path: str
    as_of: str
    new: int
    known: int
    undecided_anew: int
    known_undecided: int
    gone: int
    notes: list[str]


class GateJson(TypedDict):
    """The decision, and why."""

    fail_on: str
    exit_code: int
    reason: str
    against: NotRequired[AgainstJson]


class SummaryJson(TypedDict):
    """The numbers of the run."""

    counts: dict[str, int]
    totals: dict[str, TotalsJson]
    judged: dict[str, int]
    gate: GateJson


class InputJson(TypedDict):
    """One file that was read."""

    path: str
    kind: str
    title: str
    cannot_show: str
    sha256: str
    declared: bool
    notes: list[str]


class ProblemJson(TypedDict):
    """A file that could not be read."""

    path: str
    message: str
    line: NotRequired[int]
    column: NotRequired[int]


class UserFileJson(TypedDict):
    """A file that a person wrote for the tool."""

    path: str
    sha256: str


class EntryJson(TypedDict):
    """An entry of a waiver or attestation file, and what came of it."""

    place: str
    selector: dict[str, str]
    decision: str
    text: str
    who: str
    expires: str
    state: str
    says: str
    applied: int


class RegisterJson(TypedDict):
    """The entries of all waiver files, or of all attestation files."""

    files: list[UserFileJson]
    soon_days: int
    entries: list[EntryJson]


class ConfigurationJson(TypedDict):
    """The configuration that was used; path and digest are null where there was no file."""

    path: str | None
    sha256: str | None
    settings: dict[str, Any]


class RunJson(TypedDict):
    """What was run, on what, when."""

    tool: dict[str, str]
    catalogue: str
    started: str
    finished: str
    as_of: str
    scope: dict[str, Any]
    inputs: list[InputJson]
    problems: list[ProblemJson]
    identity: str | None
    configuration: NotRequired[ConfigurationJson]
    waivers: NotRequired[RegisterJson]
    attestations: NotRequired[RegisterJson]


class FeatureTextJson(TypedDict):
    """The baseline's columns and our words for one feature."""

    title: str
    source: str
    supported: str
    enabled_by_default: str
    responsibility: str
    says: str
    reference: str
    note: str
    noted: str


class ControlTextJson(TypedDict):
    """The texts of one control."""

    id: str
    title: str
    domain: str
    summary: str
    mappings: dict[str, list[str]]
    links: list[str]
    features: list[FeatureTextJson]


class CheckTextJson(TypedDict):
    """The texts of one check."""

    id: str
    control: str
    feature: str
    title: str
    subject: str
    severity: str
    source: str
    also: list[str]
    filed: list[str]
    why: str
    remediation: str
    notes: str


class CatalogueJson(TypedDict):
    """Texts that findings refer to, once."""

    controls: list[ControlTextJson]
    checks: list[CheckTextJson]


class Results(TypedDict):
    """The whole stored result."""

    schema_version: int
    run: RunJson
    summary: SummaryJson
    catalogue: CatalogueJson
    withheld: list[WithheldJson]
    services: Sequence[ServiceJson]
    """In the order they were judged. Those of a large estate are packed: see :mod:`auditor.packed`."""

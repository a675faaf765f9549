"""Findings -> the stored result: folded by feature, control and service; the texts, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from auditor.engine import Finding, judge
from auditor.model.check import Beside, Catalogue, Check, Control, Feature, Judged
from auditor.model.evidence import Log
from auditor.model.inventory import Resource
from auditor.model.knowledge import Audit
from auditor.model.results import (
    AzurePolicyJson,
    CatalogueJson,
    ControlResultJson,
    FeatureResultJson,
    FindingJson,
    ServiceJson,
    WithheldJson,
)
from auditor.model.subject import Subject
from auditor.model.values import member
from auditor.model.verdict import Status, fold
from auditor.rows import Cache, finding_rows

Treatment: TypeAlias = Callable[[Resource, list[FindingJson]], None]
"""Changes the findings of one check on a service in place: attestations, waivers, severities."""


def _as_judged(_: Resource, __: list[FindingJson]) -> None:
    """Leave findings as they were judged."""


@dataclass(frozen=True, slots=True)
class Row:
    """One feature with the checks that count for it."""

    feature: Feature
    own: tuple[Check, ...]
    also: tuple[Check, ...]
    """Checks that live elsewhere and are listed here."""

    @property
    def counted(self) -> tuple[Check, ...]:
        """Those that its status is folded from."""
        return tuple(check for check in (*self.own, *self.also) if not check.observation)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to judge, worked out once for all services."""

    checks: tuple[Check, ...]
    controls: tuple[tuple[Control, tuple[Row, ...] | None], ...]
    """Every control; None instead of rows where it was not asked for."""
    every_evidence: bool = False
    """Keep the evidence of each passing subject, not of the first alone."""
    beside: Mapping[str, Beside] = field(default_factory=dict)
    """See :class:`Catalogue`."""


def plan(catalogue: Catalogue, asked: frozenset[str] | None = None, every_evidence: bool = False) -> Plan:
    """What to judge of a catalogue.

    Args:
        catalogue: Controls and checks.
        asked: Ids of the controls to judge; None for all. Others are listed as not asked.
        every_evidence: See :class:`Plan`.
    """
    checks = tuple(check for check in catalogue.checks if asked is None or check.control in asked)
    controls: list[tuple[Control, tuple[Row, ...] | None]] = []
    for control in catalogue.controls:
        if asked is not None and control.id not in asked:
            controls.append((control, None))
            continue
        own = [check for check in checks if check.control == control.id]
        rows = tuple(
            Row(
                feature,
                tuple(check for check in own if check.feature == feature.title),
                tuple(check for check in checks if _listed_under(check, control, feature)),
            )
            for feature in control.features
        )
        controls.append((control, rows))
    return Plan(checks, tuple(controls), every_evidence, catalogue.beside)


def _listed_under(check: Check, control: Control, feature: Feature) -> bool:
    """Whether a check of another feature is listed here by its ``also``."""
    for target in check.also:
        control_id, _, title = target.partition(": ")
        if control_id == control.id and feature.title == (title or control.features[0].title):
            return True
    return False


def audit_service(what: Plan, audit: Audit, service: Resource, treat: Treatment = _as_judged) -> ServiceJson:
    """Judge one service.

    Args:
        what: The checks.
        audit: What all services share.
        service: The service.
        treat: Changes what was judged as the user says, before anything is folded from it.

    What is worked out of one service serves no other, and is let go: an estate's policies do not add up.
    """
    try:
        return _judged(what, audit, service, treat)
    finally:
        audit.memo.clear()


def _judged(what: Plan, audit: Audit, service: Resource, treat: Treatment) -> ServiceJson:
    cache: Cache = {}
    rows_of: dict[str, list[FindingJson]] = {}
    statuses: dict[str, Status] = {}
    for check in what.checks:
        # Findings of one check at a time: their evidence is as long as the policies of an estate.
        found = list(judge(check, audit, service))
        beside = what.beside.get(check.id)
        said = [] if beside is None else [_said(beside, audit, service, one) for one in found]
        rows = rows_of[check.id] = finding_rows(found, service, what.every_evidence, cache, said)
        treat(service, rows)
        statuses[check.id] = fold(row["status"] for row in rows)
    controls = [
        _not_asked(control) if under is None else _control(control, under, rows_of, statuses)
        for control, under in what.controls
    ]
    return ServiceJson(
        id=service.id,
        name=service.name,
        tier=_plain(service, "sku", "name"),
        location=_plain(service, "location"),
        status=fold(control["status"] for control in controls if control.get("asked", True)).value,
        input=service.input.path,
        controls=controls,
    )


def _said(beside: Beside, audit: Audit, service: Resource, finding: Finding) -> list[AzurePolicyJson]:
    """What the catalogue knows that others say of a finding's subject."""
    judged = Judged(service, finding.check, finding.resource, finding.item, finding.status)
    return beside(audit, judged)


def _not_asked(control: Control) -> ControlResultJson:
    return ControlResultJson(
        id=control.id,
        title=control.title,
        domain=control.domain,
        status=Status.UNKNOWN.value,
        asked=False,
        features=[],
    )


def _control(
    control: Control,
    rows: tuple[Row, ...],
    rows_of: Mapping[str, list[FindingJson]],
    statuses: Mapping[str, Status],
) -> ControlResultJson:
    features: list[FeatureResultJson] = []
    counts: list[Status] = []
    for row in rows:
        counted = [statuses[check.id] for check in row.counted]
        if counted:
            counts.append(fold(counted))
        findings = [finding for check in row.own for finding in rows_of[check.id]]
        features.append(
            FeatureResultJson(
                title=row.feature.title,
                responsibility=row.feature.responsibility,
                status=fold(counted or [statuses[check.id] for check in row.own]).value,
                findings=findings,
                see=[check.id for check in row.also],
            )
        )
    return ControlResultJson(
        id=control.id,
        title=control.title,
        domain=control.domain,
        # A row that holds observations only informs; it does not weigh on its control.
        status=fold(counts).value,
        features=features,
    )


def _plain(service: Resource, *path: str) -> str:
    node: Any = service.body
    for name in path:
        found = member(node, name) if isinstance(node, dict) else None
        node = found[1] if found else None
    return "unknown" if node is None or isinstance(node, (dict, list)) else str(node)


# -- the whole ---------------------------------------------------------------------------------------


def withheld(audit: Audit, services: Iterable[Resource]) -> list[WithheldJson]:
    """What the input could not show, service by service."""
    return [
        WithheldJson(
            scope=row.scope,
            collection=row.collection,
            reason=row.reason.value,
            needed=row.needed,
            remedy=row.remedy,
        )
        for service in services
        for row in audit.knowledge.withheld(Subject(audit, service, Log()))
    ]


def texts(catalogue: Catalogue) -> CatalogueJson:
    """The words that findings refer to, once."""
    return CatalogueJson(
        controls=[
            {
                "id": control.id,
                "title": control.title,
                "domain": control.domain,
                "summary": control.summary,
                "mappings": {name: list(ids) for name, ids in control.mappings.items()},
                "links": list(control.links),
                "features": [
                    {
                        "title": feature.title,
                        "source": feature.source.value,
                        "supported": feature.supported,
                        "enabled_by_default": feature.enabled_by_default,
                        "responsibility": feature.responsibility,
                        "says": feature.says,
                        "reference": feature.reference,
                        "note": feature.note,
                        "noted": feature.noted,
                    }
                    for feature in control.features
                ],
            }
            for control in catalogue.controls
        ],
        checks=[_check_text(catalogue, check) for check in catalogue.checks],
    )


def _check_text(catalogue: Catalogue, check: Check) -> Any:
    words = catalogue.words(check)
    return {
        "id": check.id,
        "control": check.control,
        "feature": check.feature,
        "title": words.title,
        "subject": check.on.name,
        "severity": check.severity.value,
        "source": check.source.value,
        "also": list(check.also),
        "filed": list(check.filed),
        "why": words.why,
        "remediation": words.fix,
        "notes": words.notes,
    }

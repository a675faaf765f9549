"""Findings -> the stored result: folded by feature, control and service, with totals."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditor.engine import Finding, judge
from auditor.model.check import Catalogue, Check, Control, Feature
from auditor.model.evidence import Evidence, Log, Reason
from auditor.model.inventory import Origin, Resource
from auditor.model.knowledge import Audit
from auditor.model.results import (
    CatalogueJson,
    ControlResultJson,
    EvidenceJson,
    FeatureResultJson,
    FindingJson,
    OriginJson,
    ServiceJson,
    SubjectJson,
    TotalsJson,
    WithheldJson,
)
from auditor.model.subject import Subject
from auditor.model.values import Partial, Redacted, Unresolved
from auditor.model.verdict import FOLD_ORDER, Source, Status, fold

_LONGEST = 300
"""Characters of a value that a report quotes."""
_FOLDED = frozenset({Status.PASS, Status.NOT_APPLICABLE, Status.INHERITED})


def audit_service(
    catalogue: Catalogue,
    audit: Audit,
    service: Resource,
    asked: frozenset[str] | None = None,
    every_evidence: bool = False,
) -> ServiceJson:
    """Judge one service by the whole catalogue.

    Args:
        catalogue: What to judge.
        audit: Inventory, knowledge, clock.
        service: The service.
        asked: Ids of the controls to judge; None for all. Others are listed as not asked.
        every_evidence: Keep the evidence of each passing subject, not of the first alone.
    """
    wanted = [check for check in catalogue.checks if asked is None or check.control in asked]
    by_check = {check.id: list(judge(check, audit, service)) for check in wanted}
    statuses = {check_id: fold(finding.status for finding in found) for check_id, found in by_check.items()}
    controls: list[ControlResultJson] = []
    for control in catalogue.controls:
        if asked is not None and control.id not in asked:
            row = ControlResultJson(
                id=control.id,
                title=control.title,
                domain=control.domain,
                status=Status.UNKNOWN.value,
                asked=False,
                features=[],
            )
        else:
            row = _control(control, wanted, by_check, statuses, service, every_evidence)
        controls.append(row)
    judged = [Status(control["status"]) for control in controls if control.get("asked", True)]
    return ServiceJson(
        id=service.id,
        name=service.name,
        tier=_plain(service, "sku", "name"),
        location=_plain(service, "location"),
        status=fold(judged).value,
        input=service.input.path,
        controls=controls,
    )


def _control(
    control: Control,
    checks: list[Check],
    by_check: Mapping[str, list[Finding]],
    statuses: Mapping[str, Status],
    service: Resource,
    every_evidence: bool,
) -> ControlResultJson:
    features: list[FeatureResultJson] = []
    counts: list[Status] = []
    for feature in control.features:
        own = [check for check in checks if check.control == control.id and check.feature == feature.title]
        also = [check for check in checks if _listed_under(check, control, feature)]
        counted = [statuses[check.id] for check in (*own, *also) if not check.observation]
        if counted:
            counts.append(fold(counted))
        findings = [row for check in own for row in _findings(by_check[check.id], service, every_evidence)]
        features.append(
            FeatureResultJson(
                title=feature.title,
                responsibility=feature.responsibility,
                status=fold(counted or [statuses[check.id] for check in own]).value,
                findings=findings,
                see=[check.id for check in also],
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


def _listed_under(check: Check, control: Control, feature: Feature) -> bool:
    """Whether a check of another feature is listed here by its ``also``."""
    for target in check.also:
        control_id, _, title = target.partition(": ")
        if control_id == control.id and feature.title == (title or control.features[0].title):
            return True
    return False


# -- findings ------------------------------------------------------------------------------------------


def _findings(found: list[Finding], service: Resource, every_evidence: bool) -> Iterator[FindingJson]:
    """Worst first; equal passes of several subjects as one entry with the evidence of the first."""
    groups: dict[tuple[str, str], FindingJson] = {}
    rows: list[FindingJson] = []
    for finding in found:
        subject = _subject(finding, service)
        if finding.status in _FOLDED and not every_evidence:
            key = (finding.status.value, finding.message)
            if key in groups:
                groups[key]["subjects"].append(subject)
                continue
            groups[key] = row = _finding(finding, subject)
        else:
            row = _finding(finding, subject)
        rows.append(row)
    order = {status.value: rank for rank, status in enumerate(FOLD_ORDER)}
    rows.sort(key=lambda row: (order[row["status"]], row["subjects"][0]["id"].lower(), row["message"]))
    return iter(rows)


def _finding(finding: Finding, subject: SubjectJson) -> FindingJson:
    row = FindingJson(
        check=finding.check.id,
        source=finding.check.source.value,
        subjects=[subject],
        status=finding.status.value,
        severity=finding.severity.value,
        message=finding.message,
        evidence=[_evidence(entry) for entry in _telling(finding.evidence)],
        gaps=[
            {"reason": gap.reason.value, "needed": gap.needed, "remedy": gap.remedy} for gap in finding.gaps
        ],
    )
    if finding.check.observation:
        row["observation"] = True
    if finding.details is not None:
        row["details"] = finding.details
    return row


def _subject(finding: Finding, service: Resource) -> SubjectJson:
    resource = finding.resource
    identity = [finding.check.id, service.id.lower()]
    if resource is not service:
        identity.append(resource.id.lower())
    if finding.item:
        identity.append(finding.item.lower())
    fingerprint = hashlib.sha256("\n".join(identity).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    subject = SubjectJson(id=resource.id, type=resource.type, name=resource.name, fingerprint=fingerprint)
    if finding.item:
        subject["item"] = finding.item
    return subject


def _telling(evidence: tuple[Evidence, ...]) -> Iterator[Evidence]:
    """Without the containers that were only passed through on the way to what was read."""
    below = {(entry.resource.key, _above(entry.pointer)) for entry in evidence}
    for entry in evidence:
        passed = isinstance(entry.value, (dict, list)) and (entry.resource.key, entry.pointer) in below
        if not passed:
            yield entry


def _above(pointer: str) -> str:
    return pointer.rpartition("/")[0]


def _evidence(entry: Evidence) -> EvidenceJson:
    row = EvidenceJson(
        resource=entry.resource.id,
        pointer=entry.pointer,
        value=show(entry.value),
        origin=_origin(entry),
    )
    expression = _expression(entry)
    if expression:
        row["expression"] = expression
    if entry.default is not None:
        row["defaulted"] = {"source": entry.default.source, "reviewed": entry.default.reviewed}
        if entry.default.since:
            row["defaulted"]["since"] = entry.default.since
    return row


_PLAIN_EXPRESSION = re.compile(r"\[(?:parameters|variables)\('[^']{1,80}'\)\]")


def _expression(entry: Evidence) -> str:
    """How a template writes a value that it takes from a parameter or a variable as it is.

    Longer expressions are not quoted: they may hold literals that were removed from the value.
    """
    source = entry.resource.input
    if not source.declared or entry.origin is not None:
        return ""
    origin = _standing(entry)
    if origin.document is None:
        return ""
    written = origin.document.written(_file_pointer(origin, entry.pointer))
    return written if isinstance(written, str) and _PLAIN_EXPRESSION.fullmatch(written) else ""


def show(value: Any) -> Any:
    """A value as a report quotes it: bounded, and never a secret (those are replaced long before)."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, Redacted, Unresolved, Partial)):
        text = str(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
    if isinstance(value, list):
        if len(value) <= 12 and all(not isinstance(item, (dict, list)) for item in value):
            return [show(item) for item in value]
        return f"{len(value)} items"
    if isinstance(value, dict):
        names = ", ".join(sorted(value)[:8]) + (", ..." if len(value) > 8 else "")
        return f"{{{names}}}"
    return str(value)


def _origin(entry: Evidence) -> OriginJson:
    origin = entry.origin or _standing(entry)
    pointer = origin.pointer if entry.origin else _file_pointer(origin, entry.pointer)
    if origin.request:
        return OriginJson(request=origin.request, pointer=pointer)
    if origin.document is None:
        return OriginJson(catalogue=origin.pointer)
    row = OriginJson(file=origin.document.path, pointer=pointer)
    position = origin.document.locate(pointer)
    if position is not None:
        row["line"], row["column"] = position.line, position.column
    return row


def _standing(entry: Evidence) -> Origin:
    """Which of the documents a resource was merged from holds what was read."""
    top = entry.pointer.split("/")[1:3]
    for origin, body in entry.resource.overlays:
        node: Any = body
        for token in top:
            node = node.get(token) if isinstance(node, dict) else None
        if node is not None:
            return origin
    return entry.resource.origin


def _file_pointer(origin: Origin, pointer: str) -> str:
    if origin.flat:
        pointer = pointer.removeprefix("/properties")
    return origin.pointer + pointer


def _plain(service: Resource, *path: str) -> str:
    node: Any = service.body
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return "unknown" if node is None or isinstance(node, (dict, list)) else str(node)


# -- the whole -----------------------------------------------------------------------------------------


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


def pairs(services: Iterable[ServiceJson]) -> Iterator[tuple[str, str, str, Status, list[FindingJson]]]:
    """(service, check, source, status, findings) of everything that counts: observations do not."""
    for service in services:
        by_check: dict[str, list[FindingJson]] = {}
        for control in service["controls"]:
            for feature in control["features"]:
                for finding in feature["findings"]:
                    if not finding.get("observation"):
                        by_check.setdefault(finding["check"], []).append(finding)
        for check_id, findings in by_check.items():
            status = fold(finding["status"] for finding in findings)
            yield service["id"], check_id, findings[0]["source"], status, findings


def totals(services: list[ServiceJson]) -> tuple[dict[str, int], dict[str, TotalsJson], dict[str, int]]:
    """Counts by status, totals by source and over all, and what this input could have shown."""
    names = [status.value for status in Status]
    counts: dict[str, dict[str, int]] = {
        source: dict.fromkeys(names, 0) for source in [*(s.value for s in Source), "all"]
    }
    needs_live = 0
    for _, _, source, status, findings in pairs(services):
        counts[source][status.value] += 1
        counts["all"][status.value] += 1
        gaps = [gap for finding in findings if finding["status"] == "unknown" for gap in finding["gaps"]]
        if status is Status.UNKNOWN and gaps and all(gap["reason"] == Reason.INPUT for gap in gaps):
            needs_live += 1
    overall = counts["all"]
    decided = overall["pass"] + overall["fail"] + overall["waived"]
    undecided = overall["unknown"] + overall["error"]
    judged = {
        "decided": decided,
        "showable": decided + undecided - needs_live,
        "needs_live": needs_live,
        "manual": overall["manual"],
    }
    return overall, {source: _totals(found) for source, found in counts.items()}, judged


def _totals(counts: Mapping[str, int]) -> TotalsJson:
    decided = counts["pass"] + counts["fail"]
    applicable = sum(counts.values()) - counts["not_applicable"] - counts["inherited"]
    return TotalsJson(
        compliance=round(counts["pass"] / decided, 4) if decided else None,
        coverage=round((decided + counts["waived"]) / applicable, 4) if applicable else None,
        passed=counts["pass"],
        failed=counts["fail"],
        unknown=counts["unknown"],
        manual=counts["manual"],
        waived=counts["waived"],
        error=counts["error"],
        not_applicable=counts["not_applicable"],
        inherited=counts["inherited"],
    )


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

"""Findings as rows of the stored result: subjects, evidence and the places it stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from auditor.digest import OF, evidence_digest
from auditor.engine import Finding
from auditor.model.evidence import Evidence, Gap
from auditor.model.inventory import Origin, Resource
from auditor.model.results import AzurePolicyJson, EvidenceJson, FindingJson, GapJson, OriginJson, SubjectJson
from auditor.model.values import Partial, Redacted, Unresolved
from auditor.model.verdict import FOLD_ORDER, Severity, Source, Status

_LONGEST = 300
"""Characters of a value that a report quotes."""
_MOST_GAPS = 5
"""Gaps that one entry for several subjects names."""
_MOST_EVIDENCE = 40
"""Values that one entry lists: an API may rest on the policies of a hundred operations."""
_FOLDED = frozenset({Status.PASS, Status.NOT_APPLICABLE, Status.INHERITED})
_WORDS = {word: word.value for word in (*Status, *Severity, *Source)}
"""Plain strings, by what a finding has: each status is stored a thousand times."""
_ORDER = {status.value: rank for rank, status in enumerate(FOLD_ORDER)}


Cache = dict[tuple[str, str, bool], EvidenceJson]
"""Evidence of one service by resource, pointer and whether it was defaulted: checks read the same values."""


def finding_rows(
    found: list[Finding],
    service: Resource,
    every_evidence: bool,
    cache: Cache,
    said: Sequence[list[AzurePolicyJson]] = (),
) -> list[FindingJson]:
    """Worst first. Equal passes of several subjects are one entry with the evidence of the first.

    So are unknowns that lack a fact for the same reasons: twenty named values whose refresh a template cannot
    show are one thing to know. Their gaps are named together, up to a few.

    Args:
        found: What one check says.
        service: The service it was judged on.
        every_evidence: Keep every subject's own entry.
        cache: Evidence that was written before.
        said: What Azure Policy says beside each finding, where it says anything.
    """
    about = f"{found[0].check.id}\n{service.id.lower()}" if found else ""
    groups: dict[tuple[str, ...], FindingJson] = {}
    rows: list[FindingJson] = []
    for finding, beside in zip(found, said or repeat([]), strict=False):
        subject = _subject(finding, service, about)
        key = _group(finding, every_evidence, beside)
        if key and key in groups:
            _join(groups[key], finding, subject)
            continue
        row = _finding(finding, subject, cache, None if every_evidence else _MOST_EVIDENCE)
        if beside:
            row["azure_policy"] = beside
        rows.append(row)
        if key:
            groups[key] = row
    for row in groups.values():
        more = len(row["subjects"]) - 1
        if more and row["status"] == Status.UNKNOWN:
            row["message"] = f"{row['message']} The same holds for {more} more."
    order(rows)
    return rows


def order(rows: list[FindingJson]) -> None:
    """Sort the findings of one check, worst first."""
    if len(rows) > 1:
        rows.sort(key=lambda row: (_ORDER[row["status"]], row["subjects"][0]["id"].lower(), row["message"]))


def _group(finding: Finding, every_evidence: bool, beside: list[AzurePolicyJson]) -> tuple[str, ...]:
    """What findings have in common that are one entry; empty for one that stands alone."""
    answers = [f"{one['definition']} {one['state']} {one['note']}" for one in beside] if beside else ()
    if finding.status in _FOLDED and not every_evidence:
        return (finding.status, finding.message, *answers)
    if finding.status is Status.UNKNOWN and finding.details is None:
        reasons = sorted({gap.reason for gap in finding.gaps})
        return (finding.status, *reasons, *answers)
    return ()


def _join(row: FindingJson, finding: Finding, subject: SubjectJson) -> None:
    row["subjects"].append(subject)
    for gap in finding.gaps:
        if len(row["gaps"]) < _MOST_GAPS:
            row["gaps"].append(_gap(gap))


def _gap(gap: Gap) -> GapJson:
    return {"reason": gap.reason.value, "needed": gap.needed, "remedy": gap.remedy}


def _finding(finding: Finding, subject: SubjectJson, cache: Cache, most: int | None) -> FindingJson:
    telling = list(_telling(finding.evidence))
    row = FindingJson(
        check=finding.check.id,
        source=_WORDS[finding.check.source],
        subjects=[subject],
        status=_WORDS[finding.status],
        severity=_WORDS[finding.severity],
        message=finding.message,
        evidence=[_cached(entry, cache) for entry in telling[:most]],
        gaps=[_gap(gap) for gap in finding.gaps],
    )
    if most is not None and len(telling) > most:
        row["more_evidence"] = len(telling) - most
    if finding.check.observation:
        row["observation"] = True
    if finding.details is not None:
        row["details"] = finding.details
    if finding.status in OF:
        row["evidence_digest"] = evidence_digest(finding)
    return row


def _subject(finding: Finding, service: Resource, about: str) -> SubjectJson:
    resource, identity = finding.resource, about
    if resource is not service:
        identity = f"{identity}\n{resource.id.lower()}"
    if finding.item:
        identity = f"{identity}\n{finding.item.lower()}"
    fingerprint = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    subject: SubjectJson = {
        "id": resource.id,
        "type": resource.type,
        "name": resource.name,
        "fingerprint": fingerprint,
    }
    if finding.item:
        subject["item"] = finding.item
    return subject


def _telling(evidence: tuple[Evidence, ...]) -> Iterator[Evidence]:
    """Without the containers that were only passed through on the way to what was read."""
    containers = [entry for entry in evidence if isinstance(entry.value, (dict, list))]
    if not containers or (len(evidence) == 1 and evidence[0].pointer):
        yield from evidence
        return
    below = {(entry.resource.key, _above(entry.pointer)) for entry in evidence}
    for entry in evidence:
        passed = isinstance(entry.value, (dict, list)) and (entry.resource.key, entry.pointer) in below
        if not passed:
            yield entry


def _above(pointer: str) -> str:
    return pointer.rpartition("/")[0]


def _cached(entry: Evidence, cache: Cache) -> EvidenceJson:
    key = (entry.resource.key, entry.pointer, entry.default is not None)
    row = cache.get(key)
    if row is None:
        row = cache[key] = _evidence(entry)
    return row


def _evidence(entry: Evidence) -> EvidenceJson:
    origin = entry.origin or _standing(entry)
    pointer = origin.pointer if entry.origin else _file_pointer(origin, entry.pointer)
    row = EvidenceJson(
        resource=entry.resource.id,
        pointer=entry.pointer,
        value=show(entry.value),
        origin=_origin(origin, pointer),
    )
    expression = "" if entry.origin else _expression(entry, origin, pointer)
    if expression:
        row["expression"] = expression
    if entry.default is not None:
        row["defaulted"] = {"source": entry.default.source, "reviewed": entry.default.reviewed}
        if entry.default.since:
            row["defaulted"]["since"] = entry.default.since
    return row


_PLAIN_EXPRESSION = re.compile(r"\[(?:parameters|variables)\('[^']{1,80}'\)\]")
_FUNCTION = re.compile(r"\[(\w{1,40})\(")


def _expression(entry: Evidence, origin: Origin, pointer: str) -> str:
    """The expression a template writes for a value, or for what holds it; empty where it writes the value.

    A parameter or variable is quoted as it is. Of longer expressions only the function is named: they may
    hold literals that were removed from the value.
    """
    if not entry.resource.input.declared or origin.document is None:
        return ""
    written = origin.document.written(pointer)
    while written is None and pointer.count("/") > origin.pointer.count("/") + 1:
        pointer = _above(pointer)
        written = origin.document.written(pointer)
    if not isinstance(written, str):
        return ""
    if _PLAIN_EXPRESSION.fullmatch(written):
        return written
    found = _FUNCTION.match(written)
    return f"[{found[1]}(...)]" if found else ""


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


def _origin(origin: Origin, pointer: str) -> OriginJson:
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
    if not entry.resource.overlays:
        return entry.resource.origin
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

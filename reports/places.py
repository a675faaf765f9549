"""What machine-readable reports share: URIs of files, where a finding stands, moments, checks in one fold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from auditor.model.results import (
    CheckTextJson,
    ControlResultJson,
    EvidenceJson,
    FeatureResultJson,
    FindingJson,
    Results,
    ServiceJson,
)
from auditor.model.verdict import Severity, fold
from reports.safe import line, plain
from reports.summary import subject_name, telling

_DRIVE = re.compile(r"([A-Za-z]:)[\\/]")


def uri(path: str) -> str:
    """A file's path as a URI reference: relative where the path is, percent-encoded, never empty.

    An absolute path becomes a ``file:`` URI, which GitHub makes relative to the checkout by itself.
    """
    if not path:
        return "input"
    windows = _DRIVE.match(path)
    if windows or ("\\" in path and "/" not in path):
        path = path.replace("\\", "/")
    if windows:
        return f"file:///{windows[1]}{_encoded(path[2:])}"
    if path.startswith("/"):
        return f"file:///{_encoded(path.lstrip('/'))}"
    while path.startswith("./") and len(path) > 2:
        path = path[2:].lstrip("/") or "input"
    return _encoded(path)


def _encoded(path: str) -> str:
    # A lone surrogate has no bytes: it is written out, as everywhere in reports.
    return quote(path.encode("utf-8", "backslashreplace"), safe="/~")


def moment(text: str) -> datetime | None:
    """A stored moment in UTC; nothing where it is not one."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def written(when: datetime) -> str:
    """A moment as SARIF and OSCAL write it: ``2026-11-21T10:00:00Z``."""
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


def main_evidence(finding: FindingJson) -> EvidenceJson | None:
    """The value with a place in a file that best shows what the finding is about."""
    placed = [one for one in telling(finding) if "file" in one["origin"] and "line" in one["origin"]]
    return placed[-1] if placed else None


@dataclass(slots=True)
class Judged:
    """What one check says of one service."""

    service: ServiceJson
    control: ControlResultJson
    feature: FeatureResultJson
    check: str
    findings: list[FindingJson] = field(default_factory=list)

    @property
    def status(self) -> str:
        """Of all its findings."""
        return fold(one["status"] for one in self.findings).value

    @property
    def deciding(self) -> list[FindingJson]:
        """The findings of that status, the worst first."""
        status = self.status
        own = [one for one in self.findings if one["status"] == status]
        return sorted(own, key=lambda one: Severity(one["severity"]).rank)

    @property
    def severity(self) -> str:
        """The worst of the findings that decide."""
        return self.deciding[0]["severity"]

    @property
    def subjects(self) -> int:
        """How many subjects the deciding findings have."""
        return sum(len(one["subjects"]) for one in self.deciding)


def judged(
    service: ServiceJson,
    control: ControlResultJson,
    feature: FeatureResultJson,
    *,
    observations: bool = False,
) -> list[Judged]:
    """The checks under a feature of a service, each once, in the order they are stored.

    Args:
        service: The service.
        control: One of its controls.
        feature: One of the control's features.
        observations: The checks that only inform, instead of those that count.
    """
    found: dict[str, Judged] = {}
    for finding in feature["findings"]:
        if bool(finding.get("observation")) == observations:
            row = found.setdefault(finding["check"], Judged(service, control, feature, finding["check"]))
            row.findings.append(finding)
    return list(found.values())


def all_judged(results: Results) -> Iterator[Judged]:
    """Every check that counts, service by service."""
    for service in results["services"]:
        for control in service["controls"]:
            for feature in control["features"]:
                yield from judged(service, control, feature)


def is_asked(control: ControlResultJson) -> bool:
    """Whether a control was to be judged."""
    return control.get("asked", True)


def check_texts(results: Results) -> dict[str, CheckTextJson]:
    """The catalogue's texts by check id."""
    return {one["id"]: one for one in results["catalogue"]["checks"]}


def said(value: object, longest: int, otherwise: str = "(empty)") -> str:
    """A text on one line that is never empty: for members that formats do not allow to be."""
    return line(value, longest).strip() or otherwise


def about(finding: FindingJson, service: ServiceJson) -> str:
    """What a finding is about, on one line."""
    return said(subject_name(finding, service), 300)


def waived_status(findings: Iterable[FindingJson]) -> str:
    """What some waived findings were before: ``fail``, ``manual``, or both; empty where it is not stored."""
    waivers: list[Mapping[str, Any]] = [each.get("waiver") or {} for each in findings]
    return " ".join(sorted({said(str(waiver["status"]), 40) for waiver in waivers if "status" in waiver}))


def waiver_words(finding: FindingJson, longest: int = 600) -> str:
    """Who waived a finding, why and until when, on one line; members that are not known are told too."""
    waiver: Mapping[str, Any] = finding.get("waiver") or {}
    known = ("reason", "owner", "expires", "kind")
    names = [*(name for name in known if name in waiver), *(name for name in waiver if name not in known)]
    parts = (f"{line(name, 40)}: {line(plain(waiver[name], longest), longest)}" for name in names[:12])
    return "; ".join(parts) or "no reason is stored"

"""Counts and shares over (service, check) pairs, so that a service with many items weighs like any other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.model.evidence import Reason
from auditor.model.results import FindingJson, ServiceJson, TotalsJson
from auditor.model.verdict import Source, Status, fold


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


class Tally:
    """Counts of judged services, taken while each is at hand."""

    def __init__(self) -> None:
        names = [status.value for status in Status]
        self._counts: dict[str, dict[str, int]] = {
            source: dict.fromkeys(names, 0) for source in [*(s.value for s in Source), "all"]
        }
        self._needs_live = 0

    def add(self, source: str, status: Status, findings: list[FindingJson]) -> None:
        """Count one of :func:`pairs`."""
        self._counts[source][status.value] += 1
        self._counts["all"][status.value] += 1
        if status is Status.UNKNOWN:
            gaps = [gap for finding in findings if finding["status"] == "unknown" for gap in finding["gaps"]]
            self._needs_live += bool(gaps) and all(gap["reason"] == Reason.INPUT for gap in gaps)

    def told(self) -> tuple[dict[str, int], dict[str, TotalsJson], dict[str, int]]:
        """Counts by status, totals by source and over all, and what this input could have shown."""
        overall = self._counts["all"]
        decided = overall["pass"] + overall["fail"] + overall["waived"]
        undecided = overall["unknown"] + overall["error"]
        judged = {
            "decided": decided,
            "showable": decided + undecided - self._needs_live,
            "needs_live": self._needs_live,
            "manual": overall["manual"],
        }
        return overall, {source: _totals(found) for source, found in self._counts.items()}, judged


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

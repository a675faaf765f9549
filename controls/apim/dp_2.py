"""DP-2: monitor anomalies and threats targeting sensitive data. Words in dp_2.md."""

from __future__ import annotations

from auditor.apim.kinds import SERVICE
from auditor.model.subject import Subject
from auditor.model.verdict import NotApplicable, Severity, Verdict
from controls.declare import check, stated

_FEATURE = "Data Leakage/Loss Prevention"


@check(
    "apim.dp-2.not-supported",
    feature=_FEATURE,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="not_applicable",
)
def not_supported(service: Subject) -> Verdict:
    """No solution against data loss works with the service."""
    stated(service, f"{_FEATURE}: not supported")
    return NotApplicable("The baseline lists data loss prevention as not supported for API Management.")


CHECKS = (not_supported,)

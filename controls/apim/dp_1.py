"""DP-1: discover, classify, and label sensitive data. Words in dp_1.md."""

from __future__ import annotations

from auditor.apim.kinds import SERVICE
from auditor.model.subject import Subject
from auditor.model.verdict import NotApplicable, Severity, Verdict
from controls.declare import check, stated

_FEATURE = "Sensitive Data Discovery and Classification"


@check(
    "apim.dp-1.not-supported",
    feature=_FEATURE,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="not_applicable",
)
def not_supported(service: Subject) -> Verdict:
    """Tools for discovering and classifying data do not work with the service."""
    stated(service, f"{_FEATURE}: not supported")
    return NotApplicable(
        "The baseline lists data discovery and classification as not supported for API Management."
    )


CHECKS = (not_supported,)

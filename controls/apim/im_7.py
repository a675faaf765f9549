"""IM-7: restrict resource access based on conditions. Words in im_7.md."""

from __future__ import annotations

from auditor.apim.kinds import SERVICE
from auditor.model.subject import Subject
from auditor.model.verdict import NotApplicable, Severity, Verdict
from controls.declare import check, stated


@check(
    "apim.im-7.not-supported",
    feature="Conditional Access for Data Plane",
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="not_applicable",
)
def not_supported(service: Subject) -> Verdict:
    """The baseline lists Conditional Access for the data plane as not supported."""
    stated(service, "Conditional Access for Data Plane: not supported")
    return NotApplicable(
        "The baseline says that Conditional Access cannot govern the data plane of API Management."
    )


CHECKS = (not_supported,)

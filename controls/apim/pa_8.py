"""PA-8: determine access process for cloud provider support. Words in pa_8.md."""

from __future__ import annotations

from auditor.apim.kinds import SERVICE
from auditor.model.subject import Subject
from auditor.model.verdict import Manual, Severity, Verdict
from controls.declare import check


@check(
    "apim.pa-8.lockbox",
    feature="Customer Lockbox",
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="manual",
)
def lockbox(service: Subject) -> Verdict:
    """Microsoft's support sees the customer's data only after the customer's approval."""
    return Manual(
        f"Customer Lockbox belongs to the tenant of {service.name}, and its setting stands in no file about "
        "the service. Show that the tenant has opted in (Azure portal, Customer Lockbox for Microsoft "
        "Azure, Administration)."
    )


CHECKS = (lockbox,)

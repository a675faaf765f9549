"""PA-8: determine access process for cloud provider support. Words in pa_8.md."""

from __future__ import annotations

from auditor.apim.kinds import SERVICE
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, Pass, Severity, Verdict
from controls.declare import check

_TENANTS = "microsoft.customerlockbox/tenantoptedin"


@check(
    "apim.pa-8.lockbox",
    feature="Customer Lockbox",
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="pass fail manual unknown",
)
def lockbox(service: Subject) -> Verdict:
    """Microsoft's support sees the customer's data only after the customer's approval."""
    tenants = _tenants(service) if service.audit.inventory.of_type(_TENANTS) else []
    if len(tenants) == 1:
        if tenants[0].flag("/isOptedIn"):
            return Pass("The tenant has opted in to Customer Lockbox.")
        return Fail(
            f"The tenant {tenants[0].name} has not opted in to Customer Lockbox (isOptedIn is false), so "
            "access by Microsoft's support waits for no approval of yours: opt in."
        )
    return Manual(
        f"Customer Lockbox belongs to the tenant of {service.name}, and its setting stands in no file about "
        "the service. Show that the tenant has opted in (Azure portal, Customer Lockbox for Microsoft "
        "Azure, Administration)."
    )


def _tenants(service: Subject) -> list[Subject]:
    """The tenant of the service, where its setting was read in the same run.

    A run signs in to one tenant and reads services of that alone. A service that says which tenant its
    identity is of is believed.
    """
    own = ""
    if service.has("/identity") and service.has("/identity/tenantId"):
        own = service.text("/identity/tenantId").value().casefold()
    return [
        service.of(found)
        for found in service.audit.inventory.of_type(_TENANTS)
        if found.input.path == service.source.path and own in ("", found.name.casefold())
    ]


CHECKS = (lockbox,)

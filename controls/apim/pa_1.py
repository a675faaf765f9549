"""PA-1: separate and limit highly privileged/administrative users. Words in pa_1.md."""

from __future__ import annotations

from auditor.apim.kinds import SERVICE, TENANT_ACCESS
from auditor.apim.portal import setting, shown
from auditor.apim.tiers import Capability
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Pass, Severity, Verdict
from controls.declare import check

_LOCAL_ADMINS = "Local Admin Accounts"


@check(
    "apim.pa-1.direct-management",
    feature=_LOCAL_ADMINS,
    on=TENANT_ACCESS,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    also=("NS-2: Disable Public Network Access",),
    filed=("PV-2",),
    needs=shown("tenant", "access", Capability.DIRECT_MANAGEMENT),
)
def direct_management(access: Subject) -> Verdict:
    """The direct management API, which has credentials of its own, is switched off."""
    if access.flag("/properties/enabled"):
        return Fail(
            "The direct management API is enabled, whose keys administer the service past Azure roles; it "
            "was retired on 15 March 2025. Set enabled of tenant/access to false."
        )
    return Pass("The direct management API is off.")


@check(
    "apim.pa-1.administrators",
    feature=_LOCAL_ADMINS,
    on=SERVICE,
    severity=Severity.INFO,
    outcomes="pass unknown not_applicable",
    needs=shown("groups", "administrators"),
)
def administrators(service: Subject) -> Verdict:
    """How many accounts the built-in group of administrators holds."""
    group = setting(service, "groups", "administrators")
    count = sum(1 for _ in group.children("users"))
    members = "1 account" if count == 1 else f"{count} accounts"
    return Pass(f"The built-in group Administrators holds {members}.")


CHECKS = (direct_management, administrators)

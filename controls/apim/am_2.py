"""AM-2: use only approved services. Words in am_2.md."""

from __future__ import annotations

from auditor.apim.collections import full_id
from auditor.apim.kinds import SERVICE
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Unknown, Verdict
from controls.declare import check


@check(
    "apim.am-2.policy-assigned",
    feature="Azure Policy Support",
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="unknown",
)
def policy_assigned(service: Subject) -> Verdict:
    """Azure Policy watches the service."""
    scope = full_id(service)
    gap = Gap(
        Reason.INPUT,
        f"the Azure Policy assignments at and above {service.name}, which this version does not read",
        f"az policy assignment list --scope {scope} --disable-scope-strict-match "
        "(needs Microsoft.Authorization/policyAssignments/read)",
    )
    return Unknown("Whether Azure Policy watches the service is not in the input.", None, (gap,))


CHECKS = (policy_assigned,)

"""IM-1: in which order policies authenticate, and whether revisions are alike. Words in im_1.md."""

from __future__ import annotations

from auditor.apim.kinds import API
from auditor.apim.policy.issues import Rule
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.composed import concluded
from controls.declare import check

_ENTRA = "Azure AD Authentication Required for Data Plane Access"


@check(
    "apim.im-1.authentication-order",
    feature=_ENTRA,
    on=API,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown manual not_applicable",
)
def authentication_order(api: Subject) -> Verdict:
    """Callers are authenticated before anything is done for them, in a place that is always reached."""
    api.listed("operations")
    # Reading policies takes a tenth of a second to import: only inputs that hold operations pay for it.
    from auditor.apim.composed import effects
    from auditor.apim.policy.order import order

    return concluded(
        api,
        effects(api, "order", order),
        passed="Callers are authenticated before anything answers or calls out for them.",
        nothing="No policy authenticates callers.",
        needed=f"what runs for the API {api.name} before callers are authenticated",
        severities={Rule.MISPLACED_AUTHENTICATION: Severity.HIGH},
        fix={
            Rule.BEFORE_AUTHENTICATION: "Authenticate first: move it behind the authentication.",
            Rule.MISPLACED_AUTHENTICATION: "Put the authentication first in the inbound section.",
        },
    )


CHECKS = (authentication_order,)

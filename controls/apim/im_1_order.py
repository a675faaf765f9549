"""IM-1: in which order policies authenticate, and whether revisions are alike. Words in im_1.md."""

from __future__ import annotations

from auditor.apim.kinds import API
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.evidence import Evidence, Gap, Reason, Undetermined
from auditor.model.logic import every
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Verdict
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


@check(
    "apim.im-1.revisions-alike",
    feature=BEYOND,
    on=API,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
)
def revisions_alike(api: Subject) -> Verdict:
    """Every revision that can be called demands of its callers what the current one does."""
    # Reading policies takes a tenth of a second to import.
    from auditor.apim.revisions import current_of, others_of

    current = current_of(api)
    if current is None:
        needed = f"which revision of {api.name} is the current one"
        remedy = "add the API itself to the input, as the list of APIs shows it"
        raise Undetermined(Gap(Reason.ABSENT, needed, remedy))
    if current.key != api.key:
        api.log.add(Evidence(api.resource, "#name", api.name))
        return NotApplicable(f"The current revision, {current.name}, is compared with this one.")
    return every(
        others_of(api),
        lambda revision: _as_strict(api.with_log(revision.log), revision),
        "Every revision that can be called demands what the current one does.",
        NotApplicable("The API has no other revision that can be called."),
    )


def _as_strict(current: Subject, revision: Subject) -> Verdict:
    from auditor.apim.revisions import weaker

    found = weaker(current, revision)
    if found is None:
        return Pass("The revision demands what the current one does.")
    served = found.served.weakest.word if found.served.weakest else "nothing"
    demanded = found.demanded.possible
    asks = f"demands {demanded.word}" if demanded is not None else "refuses everybody"
    where = f"operation {found.operation} of revision" if found.operation else "revision"
    details = {
        "kind": "revisions",
        "rules": [str(Rule.WEAKER_REVISION)],
        "revision": revision.name,
        "current": current.name,
        "operation": found.operation,
        "served_with": served,
        "current_asks_for": demanded.word if demanded is not None else "nobody is served",
    }
    return Fail(
        f"Callers of {where} {revision.name} are served with {served}, while the current revision "
        f"{current.name} {asks}. Take the revision offline, delete it, or give it the current policies.",
        details,
    )


CHECKS = (authentication_order, revisions_alike)

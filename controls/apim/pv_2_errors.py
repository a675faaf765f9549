"""PV-2: what answers tell of errors. Words in pv_2.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import judged


@check(
    "apim.pv-2.error-details",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.LOW,
    outcomes="pass fail unknown not_applicable",
)
def error_details(scope: Subject) -> Verdict:
    """Answers tell callers nothing of how the gateway is made."""
    return judged(
        scope,
        {Rule.ERROR_DETAILS},
        passed="No policy returns the gateway's error messages.",
        nothing="No policy makes the answer to an error.",
        fix="Return a text of your own, and log the message instead.",
    )


CHECKS = (error_details,)

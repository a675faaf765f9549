"""NS-6: what policies tell browsers. Words in ns_6.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import judged


@check(
    "apim.ns-6.cross-origin",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
)
def cross_origin(scope: Subject) -> Verdict:
    """Policies let pages of named origins call, and no others."""
    return judged(
        scope,
        {Rule.CROSS_ORIGIN, Rule.CROSS_DOMAIN_SCRIPT},
        passed="Every statement that lets other origins call names them.",
        nothing="No policy lets pages of another origin call.",
        fix="Name the origins that need it.",
    )


CHECKS = (cross_origin,)

"""DP-7: how policies name the certificates they use. Words in dp_7.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import judged


@check(
    "apim.dp-7.certificate-by-id",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.LOW,
    outcomes="pass fail unknown not_applicable",
)
def certificate_by_id(scope: Subject) -> Verdict:
    """Policies name the certificates they send to backends by id."""
    return judged(
        scope,
        {Rule.CERTIFICATE_BY_THUMBPRINT},
        passed="Policies name the certificates they use by id.",
        nothing="No policy names a certificate to send to a backend.",
        fix="Name it with certificate-id.",
    )


CHECKS = (certificate_by_id,)

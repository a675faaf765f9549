"""IM-4: what single statements of policies compare certificates and tokens with. Words in im_4.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Source, Verdict
from controls.declare import check
from controls.policies import judged

_FEATURE = "Client certificate authentication"
_SOURCE = Source.CLIENT_CERTIFICATES


@check(
    "apim.im-4.placeholders",
    feature=_FEATURE,
    on=POLICY_SCOPE,
    source=_SOURCE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown manual not_applicable",
)
def placeholders(scope: Subject) -> Verdict:
    """No certificate or token is compared with the text of an example."""
    return judged(
        scope,
        {Rule.PLACEHOLDER},
        passed="Certificates and tokens are compared with real values.",
        nothing="No policy compares a certificate or a token with a value.",
        fix="Put in the real value, best by a named value.",
    )


@check(
    "apim.im-4.never-equal-comparison",
    feature=_FEATURE,
    on=POLICY_SCOPE,
    source=_SOURCE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown manual not_applicable",
)
def never_equal_comparison(scope: Subject) -> Verdict:
    """No certificate is compared with a value that it can never have."""
    return judged(
        scope,
        {Rule.NEVER_EQUAL},
        passed="Certificates are compared with values they can have.",
        nothing="No policy compares a certificate with a value.",
        fix="Write thumbprints as 40 upper-case hexadecimal digits.",
    )


CHECKS = (placeholders, never_equal_comparison)

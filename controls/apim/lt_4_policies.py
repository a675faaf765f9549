"""LT-4: what policies write to traces, logs, metrics and answers. Words in lt_4.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import judged


@check(
    "apim.lt-4.credentials-written",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.HIGH,
    outcomes="pass fail manual unknown not_applicable",
)
def credentials_written(scope: Subject) -> Verdict:
    """Policies write no credentials to traces, logs, metrics or answers."""
    return judged(
        scope,
        {Rule.CREDENTIALS_WRITTEN},
        passed="No policy writes a credential to a trace, a log, a metric or an answer.",
        nothing="No policy writes to a trace, a log, a metric or an answer.",
        fix="Leave it out, and renew what was written.",
    )


CHECKS = (credentials_written,)

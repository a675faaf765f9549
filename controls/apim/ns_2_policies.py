"""NS-2: where policies let the gateway be sent. Words in ns_2.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import judged


@check(
    "apim.ns-2.request-built-url",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.HIGH,
    outcomes="pass fail manual unknown not_applicable",
)
def request_built_url(scope: Subject) -> Verdict:
    """Policies decide where the gateway sends requests, and callers do not."""
    return judged(
        scope,
        {Rule.REQUEST_BUILT_URL},
        passed="No caller decides to which host a policy sends a request.",
        nothing="No policy sends a request to an address of its own.",
        fix="Let code choose among hosts that the policy names.",
    )


CHECKS = (request_built_url,)

"""NS-2: whom address filters let in. Words in ns_2.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import judged


@check(
    "apim.ns-2.address-filter",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown manual not_applicable",
)
def address_filter(scope: Subject) -> Verdict:
    """Filters on the caller's address name addresses, and believe no header."""
    return judged(
        scope,
        {Rule.ADDRESS_FILTER},
        passed="No address filter lets everybody in, and no condition believes a header for an address.",
        nothing="No policy filters callers by their address.",
        fix="List the addresses that callers come from.",
    )


CHECKS = (address_filter,)

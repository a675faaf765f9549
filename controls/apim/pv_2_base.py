"""PV-2: what policies inherit, and whether they forward. Words in pv_2.md."""

from __future__ import annotations

from auditor.apim.kinds import POLICY_SCOPE
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import folded


@check(
    "apim.pv-2.base-inherited",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown manual not_applicable",
)
def base_inherited(scope: Subject) -> Verdict:
    """No policy loses, or runs ahead of, a protection that a wider scope has set."""
    from auditor.apim.inherited import inherited

    read = inherited(scope)
    return folded(
        scope,
        read,
        list(read.found),
        passed="What the wider scopes protect with runs for every request, before anything answers.",
        nothing="No policy stands here that has wider scopes to inherit from.",
        weak=Severity.MEDIUM,
        failing=Severity.HIGH,
        fix="Put <base/> first in the section.",
    )


@check(
    "apim.pv-2.backend-section",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.INFO,
    outcomes="pass fail unknown manual not_applicable",
)
def backend_section(scope: Subject) -> Verdict:
    """Requests are forwarded, by a backend section of one statement."""
    from auditor.apim.forwarding import forwarding

    read = forwarding(scope)
    return folded(
        scope,
        read,
        list(read.found),
        passed="Requests are forwarded or answered, and no backend section holds more than one statement.",
        nothing="No policy stands here that has a backend section.",
        weak=Severity.INFO,
        fix="Let the backend section hold <base/>, or one forward-request.",
    )


CHECKS = (base_inherited, backend_section)

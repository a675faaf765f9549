"""PV-2: whether policy documents hold what API Management knows, and could be read. Words in pv_2.md."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.apim.kinds import POLICY_SCOPE
from auditor.apim.policy.issues import Rule, Weight
from auditor.model.check import BEYOND
from auditor.model.subject import Subject
from auditor.model.verdict import Severity, Verdict
from controls.declare import check
from controls.policies import folded

if TYPE_CHECKING:
    from auditor.apim.written import Found

_STORED = "the service has stored it, so it may be newer than our table"


@check(
    "apim.pv-2.fragments",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
)
def fragments(scope: Subject) -> Verdict:
    """Every fragment that is included is there, and holds statements only."""
    from auditor.apim.readable import misplaced
    from auditor.apim.written import written

    read = written(scope)
    return folded(
        scope,
        read,
        [each for each in read.found if each.issue.rule is Rule.FRAGMENT] + misplaced(scope),
        passed="Every fragment that is included is there, and fragments hold statements only.",
        nothing="No fragment is included.",
    )


@check(
    "apim.pv-2.known-names",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown manual not_applicable",
)
def known_names(scope: Subject) -> Verdict:
    """Policies hold elements and attributes that API Management has."""
    from auditor.apim.written import written

    read = written(scope)
    return folded(
        scope,
        read,
        [_stored(each) for each in read.found if each.issue.rule is Rule.UNKNOWN_NAME],
        passed="Every element and attribute is one that API Management documents.",
        nothing="No policy stands here.",
    )


def _stored(found: Found) -> Found:
    """An unknown name in what was read from a service is no slip: the service refuses those."""
    issue = found.issue
    if found.holder.source.declared or issue.weight not in {Weight.FAIL, Weight.WEAK}:
        return found
    doubtful = replace(issue, weight=Weight.REVIEW, message=f"{issue.message} ({_STORED})")
    return replace(found, issue=doubtful)


@check(
    "apim.pv-2.policies-readable",
    feature=BEYOND,
    on=POLICY_SCOPE,
    severity=Severity.INFO,
    outcomes="pass fail unknown not_applicable",
)
def policies_readable(scope: Subject) -> Verdict:
    """Every policy was read, down to its expressions."""
    from auditor.apim.readable import readable

    read = readable(scope)
    return folded(
        scope,
        read,
        list(read.found),
        passed="Every document was read, and every expression in it.",
        nothing="No policy stands here.",
        weak=Severity.INFO,
    )


CHECKS = (fragments, known_names, policies_readable)

"""AM-2: use only approved services. Words in am_2.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auditor.apim.assigned_policies import (
    ASSIGNMENTS,
    BUILT_IN,
    EXPECTED,
    REVIEWED,
    Watch,
    covered,
    watches,
    watching,
)
from auditor.apim.kinds import SERVICE
from auditor.apim.policy_states import State, states_of
from auditor.apim.scopes import written_scope
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Pass, Severity, Verdict
from controls.declare import check

_MOST = 20
"""Assignments, and states, that the details of one finding list."""


@check(
    "apim.am-2.policy-assigned",
    feature="Azure Policy Support",
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown",
)
def policy_assigned(service: Subject) -> Verdict:
    """Azure Policy watches the service."""
    watched = some(service.around(ASSIGNMENTS), lambda assignment: watches(service, assignment))
    if not watched and service.source.declared:
        needed = f"what is assigned above {service.name}, which no template shows"
        raise Undetermined(Gap(Reason.INPUT, needed, "audit the deployed service"))
    found = watching(service)
    held = covered(found)
    missing = [BUILT_IN[guid] for guid in EXPECTED if guid not in held]
    verdict = _passed(found, missing) if watched else _failed(service)
    return replace(verdict, details=_in_detail(service, found, missing))


def _passed(found: list[Watch], missing: list[str]) -> Verdict:
    named = ", ".join(sorted({watch.name for watch in found})[:3]) + (", ..." if len(found) > 3 else "")
    told = f"Azure Policy watches the service: assigned at or above it is {named}."
    unenforced = sum(watch.enforcement.casefold() == "donotenforce" for watch in found)
    if unenforced:
        told += f" {unenforced} of {len(found)} assignments report only (enforcementMode DoNotEnforce)."
    if missing:
        told += (
            f" {len(missing)} of {len(EXPECTED)} built-in definitions for API Management are not assigned."
        )
    return Pass(told)


def _failed(service: Subject) -> Verdict:
    return Fail(
        f"None of the policy assignments at or above {service.name} looks at API Management (built-in "
        f"definitions as of {REVIEWED}): assign the Microsoft cloud security benchmark to its subscription."
    )


def _in_detail(service: Subject, found: list[Watch], missing: list[str]) -> dict[str, Any]:
    shown = sorted(found, key=lambda watch: (not watch.built_in, watch.name, watch.assignment.key))
    states = [state for several in states_of(service).values() for state in several if state.is_not]
    details: dict[str, Any] = {
        "kind": "policy-assignments",
        "assigned": [_assigned(watch) for watch in shown[:_MOST]],
        "not_assigned": missing,
        "non_compliant": [_non_compliant(state) for state in sorted(states, key=_order)[:_MOST]],
    }
    more = max(len(shown) - _MOST, 0) + max(len(states) - _MOST, 0)
    return {**details, "more": more} if more else details


def _assigned(watch: Watch) -> dict[str, Any]:
    return {
        "name": watch.name,
        "definition": watch.definition,
        "assignment": watch.assignment.name,
        "scope": written_scope(watch.assignment) or "/",
        "enforcement": watch.enforcement or "not stated",
        "built_in": len(watch.built_in),
        "custom": list(watch.own[:_MOST]),
    }


def _non_compliant(state: State) -> dict[str, Any]:
    name = BUILT_IN.get(state.definition, state.definition)
    return {"name": name, "resource": state.about, "timestamp": state.timestamp}


def _order(state: State) -> tuple[str, str]:
    return state.definition, state.about.lower()


CHECKS = (policy_assigned,)

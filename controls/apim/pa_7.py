"""PA-7: follow just enough administration (least privilege) principle. Words in pa_7.md."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from auditor.apim.kinds import SERVICE, SUBSCRIPTION
from auditor.apim.roles import CLASSIC, Role, assigned_within, inherited, principal_of, role_of
from auditor.apim.scopes import Standing, standing, written_scope
from auditor.apim.subscriptions import BUILT_IN, Breadth, breadth_of, is_active, says_inactive
from auditor.model.evidence import Log
from auditor.model.logic import every, settled
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Verdict
from controls.declare import check

_RBAC = "Azure RBAC for Data Plane"
_INACTIVE = "The subscription is not active."
_MOST = 50
"""Roles that the details of one finding list."""


@check(
    "apim.pa-7.role-assignments",
    feature=_RBAC,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown",
)
def role_assignments(service: Subject) -> Verdict:
    """No broad role stands where one made for API Management would do."""
    listed: list[dict[str, Any]] = []

    def judge(assignment: Subject) -> Verdict:
        role = role_of(service, assignment)
        if not role.broad:
            quiet = settled(partial(principal_of, assignment.with_log(Log())))
            _tell(listed, assignment, role, quiet if isinstance(quiet, str) else "not told")
            return Pass("The role is not broad.")
        if standing(service, assignment.resource) is not Standing.WITHIN:
            return Pass("The role is held elsewhere.")
        kind = principal_of(assignment)
        _tell(listed, assignment, role, kind)
        return _broad(assignment, role, kind)

    verdict = every(
        assigned_within(service),
        judge,
        lambda count: _passed(listed, count),
        Pass("No role is assigned at the service or below it."),
    )
    details = _roles_in_detail(service, listed)
    return replace(verdict, details=details) if details else verdict


def _tell(listed: list[dict[str, Any]], assignment: Subject, role: Role, kind: str) -> None:
    row = {
        "role": role.name,
        "custom": role.custom,
        "broad": role.broad,
        "writes": role.writes,
        "principal": kind,
        "scope": written_scope(assignment.resource),
        "assignment": assignment.name,
    }
    listed.append(row)


def _broad(assignment: Subject, role: Role, kind: str) -> Verdict:
    custom = "the custom role " if role.custom else ""
    condition = ", under a condition" if assignment.mentions("/properties/condition") else ""
    held = (
        f"holds {custom}{role.name}{condition} at {written_scope(assignment.resource)} "
        f"(role assignment {assignment.name})"
    )
    if kind in ("User", "ServicePrincipal"):
        who = "A user" if kind == "User" else "A service principal"
        return Fail(
            f"{who} {held}: assign a role made for API Management, such as API Management Service "
            "Contributor or Reader, then remove this one."
        )
    return Manual(
        f"A {kind} {held}. Its members are not in the input: show who they are, and that a role made for "
        "API Management would not do."
    )


def _passed(listed: list[dict[str, Any]], count: int) -> str:
    custom = sorted({row["role"] for row in listed if row["custom"]})
    told = (
        f" Custom roles among them: {', '.join(custom[:5])}{', ...' if len(custom) > 5 else ''}."
        if custom
        else ""
    )
    return f"None of the {count} roles assigned at the service or below it is broad.{told}"


def _roles_in_detail(service: Subject, listed: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Roles assigned here, and the broad ones held above, which are information: they are decided there."""
    above = [
        {"role": held.role, "principal": held.principal, "scope": held.scope} for held in inherited(service)
    ]
    classic = len(service.audit.inventory.of_type(CLASSIC))
    if not (listed or above or classic):
        return None
    here = sorted(listed, key=lambda row: (not row["broad"], not row["writes"], row["scope"], row["role"]))
    details: dict[str, Any] = {"kind": "role-assignments", "here": here[:_MOST], "inherited": above[:_MOST]}
    if len(above) > _MOST or len(here) > _MOST:
        details["more"] = max(len(above) - _MOST, 0) + max(len(here) - _MOST, 0)
    if classic:
        details["classic_administrators"] = classic
    return details


@check(
    "apim.pa-7.all-apis-subscription",
    feature=_RBAC,
    on=SUBSCRIPTION,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
)
def all_apis_subscription(subscription: Subject) -> Verdict:
    """No active subscription opens all APIs."""
    if says_inactive(subscription):
        return NotApplicable(_INACTIVE)
    breadth = breadth_of(subscription)
    if breadth is Breadth.SERVICE:
        return NotApplicable(
            "A subscription over the whole service is judged by apim.pa-7.all-access-subscription."
        )
    if breadth is Breadth.NARROW:
        return Pass("The subscription is for a product or an API.")
    if not is_active(subscription):
        return NotApplicable(_INACTIVE)
    return Fail(
        f"Subscription {subscription.name} is active and its scope {subscription.text('/properties/scope')} "
        "is all APIs: replace it by one for a product or an API, then cancel it."
    )


@check(
    "apim.pa-7.all-access-subscription",
    feature=_RBAC,
    on=SUBSCRIPTION,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
)
def all_access_subscription(subscription: Subject) -> Verdict:
    """Nobody uses the subscription that opens the whole service."""
    if breadth_of(subscription) is not Breadth.SERVICE:
        return NotApplicable("The subscription does not cover the whole service.")
    if not is_active(subscription):
        return Pass("The subscription over the whole service is not active.")
    if subscription.name.casefold() != BUILT_IN:
        return Fail(
            f"Subscription {subscription.name} is active and opens the whole service: replace it by one for "
            "a product or an API, then cancel it."
        )
    return Manual(
        "The built-in subscription over the whole service is active; it comes with the service and cannot "
        "be removed. Show that no client holds its keys, when they were last regenerated, and who may read "
        "them."
    )


@check(
    "apim.pa-7.subscription-tracing",
    feature=_RBAC,
    on=SUBSCRIPTION,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
)
def subscription_tracing(subscription: Subject) -> Verdict:
    """No active subscription may trace requests."""
    if says_inactive(subscription):
        return NotApplicable(_INACTIVE)
    if not subscription.flag("/properties/allowTracing"):
        return Pass("The subscription may not trace requests.")
    if not is_active(subscription):
        return NotApplicable(_INACTIVE)
    return Fail(
        f"Subscription {subscription.name} is active and may trace requests (allowTracing is true), and a "
        "trace shows what policies hold, named values from Key Vault among them: set allowTracing to false."
    )


CHECKS = (role_assignments, all_apis_subscription, all_access_subscription, subscription_tracing)

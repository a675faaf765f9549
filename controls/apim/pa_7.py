"""PA-7: follow just enough administration (least privilege) principle. Words in pa_7.md."""

from __future__ import annotations

from auditor.apim.collections import full_id
from auditor.apim.kinds import SERVICE, SUBSCRIPTION
from auditor.apim.subscriptions import BUILT_IN, Breadth, breadth_of, is_active, says_inactive
from auditor.model.evidence import Gap, Reason
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.declare import check

_RBAC = "Azure RBAC for Data Plane"
_INACTIVE = "The subscription is not active."


@check(
    "apim.pa-7.role-assignments",
    feature=_RBAC,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="unknown",
)
def role_assignments(service: Subject) -> Verdict:
    """No broad role stands where one made for API Management would do."""
    gap = Gap(
        Reason.INPUT,
        "who holds Owner, Contributor, User Access Administrator or Role Based Access Control "
        f"Administrator on {service.name} and below it: this version does not read role assignments",
        f'az role assignment list --scope "{full_id(service)}" --include-inherited '
        "(needs Microsoft.Authorization/roleAssignments/read)",
    )
    return Unknown("This version does not read role assignments.", None, (gap,))


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

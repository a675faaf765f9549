"""LT-1: enable threat detection capabilities. Words in lt_1.md."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditor.apim.kinds import SERVICE
from auditor.apim.tiers import Capability, needs
from auditor.model.check import BEYOND
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import conditional_gap, every, settled, some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Verdict
from controls.declare import check, stated

_PRICINGS = "Microsoft.Security/pricings"
_ONBOARDED = "Microsoft.Security/apiCollections"
_HTTP = "http"
_API_TYPES = (_HTTP, "soap", "websocket", "graphql", "odata", "grpc", "mcp", "a2a")
_PLAN = ("Free", "Standard")


@check(
    "apim.lt-1.not-supported",
    feature="Microsoft Defender for Service / Product Offering",
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="not_applicable",
)
def not_supported(service: Subject) -> Verdict:
    """The baseline's row on a Defender offering: not supported."""
    stated(service, "LT-1, Microsoft Defender for Service / Product Offering: supported = no")
    return NotApplicable(
        "The baseline says that there is no Defender offering for API Management; what exists today is "
        "judged by apim.lt-1.defender-for-apis."
    )


def _subscription(resource_id: str) -> str:
    head, _, tail = resource_id.lower().partition("/subscriptions/")
    return "" if head or not tail else tail.split("/")[0]


def _plans(service: Subject) -> Iterator[Subject]:
    """The plan for APIs of the service's own subscription, as far as it is in the input."""
    own = _subscription(service.resource.id)
    for found in service.audit.inventory.of_type(_PRICINGS.lower()):
        if found.name.casefold() != "api":
            continue
        theirs = _subscription(found.id)
        if theirs == own and (own or found.input.path == service.source.path):
            yield service.of(found)


def _listed(service: Subject) -> int:
    """How many plans were read, once it is certain that none is missing."""
    return sum(1 for _ in service.around(_PRICINGS))


def _plan(service: Subject) -> Subject:
    for plan in _plans(service):
        if plan.resource.condition is not None:
            raise Undetermined(conditional_gap(plan))
        return plan
    listed = settled(partial(_listed, service))
    if isinstance(listed, Undetermined) and listed.gaps[0].reason is not Reason.INPUT:
        raise listed
    raise Undetermined(
        Gap(
            Reason.INPUT,
            f"the Defender for APIs plan of the subscription of {service.name}",
            "az security pricing show --name Api (needs Microsoft.Security/pricings/read)",
        )
    )


@check(
    "apim.lt-1.defender-for-apis",
    feature=BEYOND,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    filed=("DP-1", "DP-2", "IR-3", "IR-5"),
    needs=needs(Capability.DEFENDER),
)
def defender_for_apis(service: Subject) -> Verdict:
    """Defender for APIs is on, and the APIs are onboarded to it."""
    if _plan(service).read("/properties/pricingTier", one_of=_PLAN) == "Free":
        return Fail(
            "The Defender for APIs plan of the subscription is Free, that is off: set pricingTier of "
            "Microsoft.Security/pricings/Api to Standard, then onboard the APIs."
        )
    return every(
        service.children("apis"),
        lambda api: _onboarded(service.with_log(api.log), api),
        "The Defender for APIs plan is on, and the APIs it can watch are onboarded.",
    )


def _onboarded(service: Subject, api: Subject) -> Verdict:
    name = api.name.partition(";rev=")[0].casefold()
    if some(service.extensions(_ONBOARDED), lambda collection: collection.name.casefold() == name):
        return Pass("The API is onboarded.")
    if api.read("/properties/type", one_of=_API_TYPES) != _HTTP:
        return NotApplicable("Defender for APIs watches REST APIs only.")
    return Fail(
        f"The API {api.name} is not onboarded to Defender for APIs, though the plan is on: onboard it."
    )


CHECKS = (not_supported, defender_for_apis)
